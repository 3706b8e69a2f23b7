"""muP's rules and multipliers, weight by weight, and what does not fit."""

import keras
import numpy as np
import pytest
from keras import layers

import keras_inits
from keras_inits import recipes
from keras_inits.models.multipliers import Multiplier
from support.real_models import backbone


def mlp(width, classes=3, names=("first", "hidden", "head")):
    first, hidden, head = names
    return keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(width, "relu", name=first),
            layers.Dense(3 * width, "relu", name=hidden),
            layers.Dense(classes, name=head),
        ]
    )


def transformer(width, key=4, heads=2, vocabulary=11, attend=None):
    inputs = keras.Input((6,), dtype="int32")
    x = layers.Embedding(vocabulary, width, name="tokens")(inputs)
    y = layers.LayerNormalization(name="norm")(x)
    if attend is None:
        y = layers.MultiHeadAttention(heads, key, name="attention")(y, y)
    else:
        y = attend(y, width)
    x = layers.Add()([x, y])
    return keras.Model(inputs, layers.Dense(11, name="head")(x))


def by_path(model, rules):
    """Multipliers of all weights that are trained."""
    given = rules.multipliers
    return {
        v.path.removeprefix(f"{model.name}/"): given.get(v.path, Multiplier()).short()
        for v in model.trainable_variables
    }


def stds(model, rules):
    report = keras_inits.initialize(model, rules, seed=0)
    return {row.path: row.target_std for row in report.rows}


KERNELS = ("first/kernel", "hidden/kernel", "head/kernel")
# Table 3 and 8 of the paper at four times the width: std over the base's, and rates.
TABLES = {
    (3, "adam"): ((1, 0.5, 0.25), (1, 0.25, 0.25), 1),
    (3, "sgd"): ((1, 0.5, 0.25), (4, 1, 0.25), 4),
    (8, "adam"): ((1, 0.5, 1), (1, 0.25, 1), 1),
    (8, "sgd"): ((1, 0.5, 1), (4, 1, 4), 4),
}


@pytest.mark.parametrize(("table", "optimizer"), TABLES)
def test_the_paper_s_tables(table, optimizer):
    model, base = mlp(32), mlp(8)
    rules = recipes.mup(model, base, table=table, optimizer=optimizer)
    wide, narrow = stds(model, rules), stds(base, "auto")
    found = by_path(model, rules)
    factors, rates, bias = TABLES[table, optimizer]
    for path, factor, rate in zip(KERNELS, factors, rates, strict=True):
        assert wide[path] == pytest.approx(factor * narrow[path], rel=1e-5)
        assert found[path] == (rate, 1 / rate)
    assert found["first/bias"] == found["hidden/bias"] == (bias, 1 / bias)
    assert found["head/bias"] == (1, 1)
    assert rules.outputs == ({} if table == 3 else {"head/kernel": 0.25})


def test_at_the_base_s_width_nothing_changes():
    rules = recipes.mup(mlp(8), mlp(8))
    assert rules.multipliers == {}
    assert stds(mlp(8), rules) == stds(mlp(8), "auto")


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_both_tables_are_one_training(optimizer):
    """With the multiplier of the predictions; twin: without it they differ."""

    def trained(table, times):
        inputs = keras.Input((5,))
        x = layers.Dense(32, "tanh", name="first")(inputs)
        x = layers.Dense(16, "tanh", name="hidden")(x)
        x = layers.Rescaling(times, name="times")(x)
        model = keras.Model(inputs, layers.Dense(3, use_bias=False, name="head")(x))
        inputs = keras.Input((5,))
        x = layers.Dense(8, "tanh", name="first")(inputs)
        x = layers.Dense(4, "tanh", name="hidden")(x)
        x = layers.Rescaling(times, name="times")(x)
        base = keras.Model(inputs, layers.Dense(3, use_bias=False, name="head")(x))
        start = {"*": "random_normal"}
        rules = recipes.mup(model, base, table, optimizer, start)
        keras_inits.initialize(model, rules, seed=0)
        inner = keras.optimizers.get(
            {
                "class_name": optimizer,
                "config": {"learning_rate": 0.02}
                | ({"epsilon": 1e-15} if optimizer == "adam" else {}),
            }
        )
        model.compile(keras_inits.scaled_optimizer(inner, rules.multipliers), "mse")
        random = np.random.default_rng(0)
        x, y = random.normal(size=(16, 5)), random.normal(size=(16, 3))
        for _ in range(4):
            model.train_on_batch(x, y)
        return keras.ops.convert_to_numpy(model(x.astype("float32")))

    np.testing.assert_allclose(trained(8, 0.25), trained(3, 1.0), rtol=1e-3, atol=1e-5)
    assert not np.allclose(trained(8, 1.0), trained(3, 1.0), rtol=0.1)


def test_attention_by_heads_and_by_key_size():
    """More heads are width alone; larger ones ask for 1 / d, which a query makes up."""
    base = transformer(8)
    wide = by_path(model := transformer(32, heads=8), recipes.mup(model, base))
    assert wide["attention/query/kernel"] == wide["attention/key/kernel"] == (0.25, 4)
    assert wide["tokens/embeddings"] == wide["norm/gamma"] == (1, 1)
    model = transformer(32, key=16)
    rules = recipes.mup(model, base, start=recipes.gpt2)
    found, wanted = by_path(model, rules), stds(model, rules)
    assert found["attention/query/kernel"] == (0.125, 8)
    assert found["attention/query/bias"] == (0.5, 2)
    assert found["attention/key/kernel"] == (0.25, 4)
    assert wanted["attention/query/kernel"] == pytest.approx(0.02 / 2 / 2)
    assert wanted["attention/key/kernel"] == pytest.approx(0.02 / 2)
    assert wanted["tokens/embeddings"] == pytest.approx(0.02)
    assert wanted["head/kernel"] == pytest.approx(0.02 / 4)
    assert "multiplied by 0.5 in std and rate" in str(rules)
    assert by_path(model, recipes.mup(model, base, optimizer="sgd"))[
        "attention/query/kernel"
    ] == (0.25, 4)


def dense_attention(x, width):
    query, key, value = (layers.Dense(width, name=name)(x) for name in "qkv")
    scores = layers.Softmax()(layers.Dot((2, 2))([query, key]))
    return layers.Dense(width, name="o")(layers.Dot((2, 1))([scores, value]))


def test_attention_of_other_layers_is_named():
    model = transformer(32, attend=dense_attention)
    rules = recipes.mup(model, transformer(8, attend=dense_attention))
    assert "How the scores of 'q/kernel' are scaled is not known" in str(rules)


def test_convolutions_and_cells():
    def build(width):
        return keras.Sequential(
            [
                keras.Input((9, 9, 4)),
                layers.Conv2D(width, 3, name="stem"),
                layers.DepthwiseConv2D(3, name="depthwise"),
                layers.Reshape((-1, width)),
                layers.LSTM(2 * width, name="cell"),
                layers.Dense(3, name="head"),
            ]
        )

    model = build(16)
    rules = recipes.mup(model, build(4), optimizer="sgd")
    assert {path: grown.kind for path, grown in rules.growths.items()} == {
        "stem/kernel": "input",
        "stem/bias": "vector",
        "depthwise/kernel": "vector",
        "depthwise/bias": "vector",
        "cell/cell/kernel": "hidden",
        "cell/cell/recurrent_kernel": "hidden",
        "cell/cell/bias": "vector",
        "head/kernel": "output",
        "head/bias": "fixed",
    }
    found = {row.place.info.path: str(row.scheme) for row in rules.rows}
    assert found["cell/cell/recurrent_kernel"] == "Orthogonal()"  # has the right std


def test_it_prints_and_its_code_does_the_same():
    model, base = mlp(32), mlp(8)
    rules = recipes.mup(model, base)
    line = next(line for line in str(rules).splitlines() if "hidden/kernel" in line)
    cells = [cell.strip() for cell in line.split("│")]
    assert cells[:7] == ["kernel", "hidden", "×4", "×4", "hidden/kernel", "1", "32×96"]
    assert cells[-2:] == ["×0.25", "×4"]
    keras_inits.initialize(model, rules, seed=0)
    expected = [keras.ops.convert_to_numpy(v) for v in model.weights]
    keras_inits.initialize(model, "ones", seed=0)
    space = {"model": model}
    exec(rules.code(), space)
    for variable, wanted in zip(model.weights, expected, strict=True):
        found = keras.ops.convert_to_numpy(variable)
        np.testing.assert_array_equal(found, wanted)
    optimizer = space["optimizer"]
    optimizer.build(model.trainable_variables)
    assert dict(optimizer.multipliers) == rules.multipliers


def test_what_is_frozen_has_no_multiplier():
    """It would mean no variable that is trained."""
    model, base = mlp(32), mlp(8)
    model.get_layer("hidden").trainable = False
    rules = recipes.mup(model, base)
    assert [*by_path(model, rules)] == [
        v.path.removeprefix(f"{model.name}/") for v in model.trainable_variables
    ]
    inner = keras_inits.scaled_optimizer("adam", rules.multipliers)
    inner.build(model.trainable_variables)


def tied(width):
    table = layers.ReversibleEmbedding(11, width, name="tokens")
    x = table(inputs := keras.Input((6,), dtype="int32"))
    x = layers.Dense(width, "tanh", name="hidden")(x)
    return keras.Model(inputs, table(x, reverse=True))


def test_a_tied_embedding_asks_for_table_8():
    with pytest.raises(ValueError, match="'tokens/embeddings' is embedding and head"):
        recipes.mup(tied(32), tied(8))
    model = tied(32)
    rules = recipes.mup(model, tied(8), table=8)
    assert rules.outputs == {"tokens/embeddings": 0.25}
    assert "keras.layers.Rescaling(0.25)" in str(rules)
    assert by_path(model, rules)["tokens/embeddings"] == (1, 1)


def window(width, size=3):
    conv = layers.Conv2D(width, size, padding="same", name="conv")
    return keras.Sequential([keras.Input((8, 8, 2)), conv])


@pytest.mark.parametrize(
    ("model", "base", "words"),
    [
        (lambda: mlp(32), lambda: mlp(8, names="abc"), "the base has 'a/kernel'"),
        (lambda: mlp(32), lambda: window(8), "the base has 'conv/kernel'"),
        (
            lambda: mlp(32),
            lambda: keras.Sequential([keras.Input((5,)), *mlp(8).layers[:2]]),
            "has 6 weights, and the base 4",
        ),
        (lambda: mlp(32, 5), lambda: mlp(8), "makes 1.667 times as many predictions"),
        (lambda: window(32), lambda: window(8, 5), "a window of another size"),
        (
            lambda: transformer(32, vocabulary=13),
            lambda: transformer(8),
            "rows of another size",
        ),
    ],
)
def test_what_differs_in_more_than_width_is_refused(model, base, words):
    """Before anything is written."""
    with pytest.raises(ValueError, match=words) as caught:
        recipes.mup(model(), base())
    assert str(caught.value).startswith("recipes.mup does not fit this model: ")
    assert "same code at another width" in str(caught.value)


def test_bad_arguments_are_refused():
    pair = mlp(32), mlp(8)
    with pytest.raises(ValueError, match="`table` is the paper's form"):
        recipes.mup(*pair, table=9)
    with pytest.raises(ValueError, match="`optimizer` is the kind of the steps"):
        recipes.mup(*pair, optimizer="adan")
    with pytest.raises(ValueError, match="the std of what 'first/kernel' starts with"):
        recipes.mup(*pair, start=keras.initializers.HeNormal(seed=1))
    with pytest.raises(ValueError, match=r"start=keras_inits\.recipes\.spectral"):
        recipes.mup(*pair) | recipes.spectral(pair[0])
    with pytest.raises(ValueError, match="is not joined to one"):
        recipes.spectral(pair[0]) | recipes.mup(*pair)


@pytest.mark.filterwarnings("ignore")  # those of the models' own code
@pytest.mark.parametrize("name", ["GPT2", "Llama", "Bert"])
def test_backbones_against_themselves(name):
    """Every multiplier is 1, whatever the model."""
    assert recipes.mup(backbone(name), backbone(name)).multipliers == {}
