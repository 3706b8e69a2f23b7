"""CompleteP's rules and multipliers, and the factor of a branch in its last weights."""

import keras
import numpy as np
import pytest
from keras import layers

import keras_inits
from keras_inits import recipes
from keras_inits.models.multipliers import Multiplier


def network(
    blocks,
    width=8,
    factor=None,
    last=None,
    norm="before",
    attends=True,
    vocabulary=11,
    **others,
):
    """A pre-norm Transformer; with a factor, one that multiplies its branches."""
    x = inputs = keras.Input((6,), dtype="int32")
    x = layers.Embedding(vocabulary, width, name="tokens")(x)
    for n in range(blocks):
        for kind in ("attention", "mlp")[not attends :]:
            y = layers.LayerNormalization()(x) if norm != "after" else x
            if kind == "attention":
                y = layers.MultiHeadAttention(width // 4, 4, name=f"attend_{n}")(y, y)
            else:
                y = layers.Dense(3 * width, "gelu", name=f"first_{n}")(y)
                y = layers.Dense(width, last, name=f"last_{n}", **others)(y)
            if norm == "last":
                y = layers.LayerNormalization(name=f"{kind}_norm_{n}")(y)
            x = x + (y if factor is None else layers.Rescaling(factor)(y))
            x = layers.LayerNormalization()(x) if norm == "after" else x
    x = layers.LayerNormalization(name="end")(x)
    return keras.Model(inputs, layers.Dense(11, name="head")(x))


def by_path(model, rules):
    return {
        v.path.removeprefix(f"{model.name}/"): tuple(
            rules.multipliers.get(v.path, Multiplier())
        )
        for v in model.trainable_variables
    }


def stds(model, rules):
    report = keras_inits.initialize(model, rules, seed=0)
    return {row.path: row.target_std for row in report.rows}


# Table 1 of the paper at twice the width and four times the depth: learning rate,
# weight decay and epsilon; m_N = 2, m_L = 4. The head is table 3's form of muP.
M_N, M_L = 2, 4


def table_1(alpha):
    deep = M_L ** (alpha - 1)
    return {
        "tokens/embeddings": (1, 1, 1 / M_N),
        "attend_7/value/kernel": (deep / M_N, M_N, M_L**-alpha / M_N),
        "attend_7/value/bias": (deep, 1, M_L**-alpha / M_N),
        "first_0/kernel": (deep / M_N, M_N, M_L**-alpha / M_N),
        "first_3/bias": (deep, 1, M_L**-alpha / M_N),
        "layer_normalization/gamma": (deep, 1, M_L**-alpha / M_N),
        "attend_1/attention_output/kernel": (deep / M_N, M_N, M_L**-alpha / M_N),
        "last_5/kernel": (deep / M_N, M_N, M_L**-alpha / M_N),
        "last_5/bias": (deep, 1, M_L**-alpha / M_N),
        "end/gamma": (1, 1, 1 / M_N),
        "head/kernel": (1 / M_N, M_N, 1),
        "head/bias": (1, 1, 1),
    }


ENDS = ("attend_1/attention_output/kernel", "last_5/kernel", "last_5/bias")


@pytest.mark.parametrize("alpha", [1, 0.5])
@pytest.mark.parametrize("is_explicit", [True, False])
def test_the_paper_s_table(alpha, is_explicit):
    """As it stands where the model has the factors; else with them in the ends."""
    keras.utils.clear_session(free_memory=False)  # default names from the first
    factor = M_L**-alpha
    model = network(8, 16, factor if is_explicit else None)
    base = network(2, 8, 1.0 if is_explicit else None)
    rules = recipes.completep(model, base, alpha=alpha)
    found, wanted = by_path(model, rules), table_1(alpha)
    wide, narrow = stds(model, rules), stds(base, "auto")
    for path, (rate, decay, epsilon) in wanted.items():
        c = factor if path in ENDS and not is_explicit else 1
        expected = (rate * c, decay / c, epsilon / c)
        assert found[path] == pytest.approx(expected), path
    names = {"attend_1": "attend_0", "last_5": "last_0", "first_0": "first_0"}
    for name, other in names.items():
        inner = "attention_output/kernel" if "attend" in name else "kernel"
        c = factor if name != "first_0" and not is_explicit else 1
        expected = narrow[f"{other}/{inner}"] * c / M_N**0.5
        assert wide[f"{name}/{inner}"] == pytest.approx(expected, rel=1e-5)
    assert wide["tokens/embeddings"] == pytest.approx(
        narrow["tokens/embeddings"], rel=1e-5
    )
    assert ("do not clip" in str(rules)) != is_explicit


def test_at_the_base_nothing_changes():
    rules = recipes.completep(network(2), network(2))
    assert rules.multipliers == {}
    model, base = network(2), network(2)
    assert stds(model, recipes.completep(model, base)) == stds(base, "auto")


def test_the_width_alone_is_mup():
    """But for epsilon."""
    model = network(2, 16)
    found = recipes.completep(model, base := network(2)).multipliers
    wanted = recipes.mup(model, base).multipliers
    for path in {*found, *wanted}:
        other = wanted.get(path, Multiplier())
        assert found.get(path, Multiplier())[:2] == pytest.approx(other[:2])


def values(model):
    return [keras.ops.convert_to_numpy(v) for v in model.trainable_variables]


def trained(model, rules, optimizer, epsilons=True, steps=3):
    """Predictions after some steps of an epsilon as large as gradients."""
    given = {
        path: one if epsilons else one[:2] for path, one in rules.multipliers.items()
    }
    scaled = keras_inits.scaled_optimizer(optimizer, given)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(scaled, loss, run_eagerly=True)  # compiling takes longer
    random = np.random.default_rng(0)
    x, y = random.integers(11, size=(2, 16, 6))
    for _ in range(steps):
        model.train_on_batch(x, y)
    return keras.ops.convert_to_numpy(model(x))


def folded_beside_explicit(optimizer, epsilons=True, **others):
    """The largest difference of the predictions, over their spread."""
    blocks, factor = 4, 0.25
    models = [network(blocks), network(blocks, factor=factor)]
    bases = [network(1), network(1, factor=1.0)]
    both = [recipes.completep(*pair) for pair in zip(models, bases, strict=True)]
    keras_inits.initialize(models[1], {"*": "lecun_normal", "*/bias": "ones"}, seed=0)
    ends = ("/attention_output/kernel", "/attention_output/bias")
    for own, other in zip(
        models[0].trainable_variables, models[1].trainable_variables, strict=True
    ):
        is_end = other.path.endswith(ends) or "last_" in other.path
        own.assign(other.value * (factor if is_end else 1))
    cls = getattr(keras.optimizers, optimizer)
    given = {"weight_decay": 0.5, "epsilon": 1e-4} | others
    found, wanted = (
        trained(model, rules, cls(0.01, **given), epsilons)
        for model, rules in zip(models, both, strict=True)
    )
    return abs(found - wanted).max() / wanted.std()


@pytest.mark.parametrize("optimizer", ["AdamW", "Nadam", "Adamax"])
def test_a_folded_factor_takes_the_same_steps(optimizer):
    """Rounding apart, by which the sums of a product differ."""
    assert folded_beside_explicit(optimizer) < 1e-3


def test_what_makes_a_folded_factor_take_other_steps():
    """Twins: no multiplier of epsilon; clipped gradients, which the docs warn of."""
    assert folded_beside_explicit("AdamW", epsilons=False) > 1e-2
    assert folded_beside_explicit("AdamW", global_clipnorm=1e-3) > 1e-2


def test_a_normalization_at_the_end_takes_the_factor():
    model, base = network(4, norm="last"), network(2, norm="last")
    rules = recipes.completep(model, base)
    found = by_path(model, rules)
    assert found["mlp_norm_3/gamma"] == found["attention_norm_0/beta"] == (0.5, 2, 1)
    assert found["last_3/kernel"] == (1, 1, 0.5)
    keras_inits.initialize(model, rules, seed=0)
    gain = model.get_layer("mlp_norm_2").gamma
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(gain), 0.5)
    assert "'mlp_norm_*/gamma': keras_inits.Constant(" in rules.code()


def test_what_a_relu_at_the_end_gives_is_scaled_by_its_kernel():
    model = network(4, last="relu")
    rules = recipes.completep(model, network(2, last="relu"))
    assert by_path(model, rules)["last_0/kernel"] == (0.5, 2, 1)


def test_a_start_with_a_factor_for_depth_keeps_the_base_s():
    model, base = network(8), network(2)
    found = stds(model, recipes.completep(model, base, start=recipes.gpt2))
    assert found["first_0/kernel"] == pytest.approx(0.02)
    assert found["last_0/kernel"] == pytest.approx(0.02 / 2 / 4)  # 1 / sqrt(2 * 2)


def test_the_depth_of_each_stream_is_its_own():
    """An encoder of twice the blocks, beside a decoder of the same."""

    def build(blocks):
        streams = []
        for name, count in (("encoder", blocks), ("decoder", 2)):
            x = inputs = keras.Input((6, 8))
            for n in range(count):
                y = layers.LayerNormalization()(x)
                y = layers.Dense(16, "gelu")(y)
                x = x + layers.Dense(8, name=f"{name}_{n}")(y)
            streams.append((inputs, x))
        (one, x), (two, y) = streams
        joined = layers.Concatenate()([x, y])
        return keras.Model([one, two], layers.Dense(3, name="head")(joined))

    model = build(4)
    found = by_path(model, recipes.completep(model, build(2)))
    assert found["encoder_3/kernel"] == (0.5, 2, 1)
    assert found["decoder_1/kernel"] == (1, 1, 1)


def shared(blocks):
    first, last = layers.Dense(16, "gelu"), layers.Dense(8)
    x = inputs = keras.Input((8,))
    for _ in range(blocks):
        x = x + last(first(layers.LayerNormalization()(x)))
    return keras.Model(inputs, layers.Dense(3)(x))


def narrowing(*widths):
    x = inputs = keras.Input((8,))
    for width in widths:
        y = layers.Dense(width, "gelu")(layers.LayerNormalization()(x))
        x = x + layers.Dense(8)(y)
    return keras.Model(inputs, layers.Dense(3)(x))


def frozen(blocks):
    model = network(blocks)
    model.get_layer("last_1").trainable = False
    return model


def filled(model, path):
    """The number that a weight is filled with."""
    (variable,) = (v for v in model.weights if v.path.endswith(path))
    value = keras.ops.convert_to_numpy(variable)
    np.testing.assert_array_equal(value, value.flat[0])
    return value.flat[0]


@pytest.mark.parametrize("cls", [keras.initializers.Constant, keras_inits.Constant])
@pytest.mark.parametrize("is_rule", [True, False])
def test_a_constant_at_the_end_is_multiplied(cls, is_rule):
    """By the layer's own code, or by a rule of `start`; 0.5 at four times the depth.

    The bias of the first kernel stays, as it is not at the end.
    """
    others = {} if is_rule else {"bias_initializer": cls(0.5)}
    model, base = network(8, **others), network(2, **others)
    start = {"*/bias": cls(0.5), "*": "auto"} if is_rule else "auto"
    rules = recipes.completep(model, base, start=start)
    assert by_path(model, rules)["last_5/bias"] == (0.25, 4, 1)
    keras_inits.initialize(model, rules, seed=0)
    assert filled(model, "last_5/bias") == 0.125
    assert filled(model, "first_5/bias") == (0.5 if is_rule else 0)
    assert filled(model, "attend_5/attention_output/bias") == (0.125 if is_rule else 0)


def test_a_constant_beta_at_the_end_is_multiplied():
    """That before the branch is not; ones become the factor, zeros stay."""
    model, base = network(8, norm="last"), network(2, norm="last")
    start = {"*/beta": keras_inits.Constant(0.5), "*": "auto"}
    rules = recipes.completep(model, base, start=start)
    keras_inits.initialize(model, rules, seed=0)
    assert filled(model, "mlp_norm_3/beta") == 0.125
    assert filled(model, "mlp_norm_3/gamma") == 0.25
    assert filled(model, "end/beta") == 0.5
    keras_inits.initialize(model, recipes.completep(model, base), seed=0)
    assert filled(model, "mlp_norm_3/beta") == 0


def test_listed_values_at_the_end_are_multiplied():
    """They cannot be where the width differs."""
    given = np.arange(8.0)
    start = {"last_*/bias": keras_inits.Constant(given), "*": "auto"}
    model, base = network(8), network(2)
    keras_inits.initialize(model, recipes.completep(model, base, start=start), seed=0)
    found = keras.ops.convert_to_numpy(model.get_layer("last_5").bias)
    np.testing.assert_array_equal(found, given / 4)

    def by_width(model):
        width = model.get_layer("tokens").output_dim
        listed = keras_inits.Constant(np.arange(float(width)))
        return {"last_*/bias": listed, "*": "auto"}

    with pytest.raises(ValueError, match=r"listed values, of shape \(8,\), and"):
        recipes.completep(network(8, 16), base, start=by_width)


@pytest.mark.parametrize("spread", [0.0, 0.1])
def test_a_mean_at_the_end_is_refused(spread):
    """Twin: one of mean 0 is drawn at the std that is wanted."""
    model, base = network(8), network(2)
    for mean, words in ((0.5, "whose mean is not 0"), (0.0, "")):
        scheme = keras_inits.RandomNormal(mean=mean, stddev=spread)
        start = {"last_*/bias": scheme, "*": "auto"}
        if words:
            with pytest.raises(ValueError, match=words):
                recipes.completep(model, base, start=start)
        else:
            found = stds(model, recipes.completep(model, base, start=start))
            assert found["last_5/bias"] == pytest.approx(spread / 4)


REFUSED = [
    (
        lambda: (network(4, norm="after"), network(2)),
        "is normalized, which undoes a factor",
    ),
    (
        lambda: (network(4, last="gelu"), network(2, last="gelu")),
        "'last_0' has an activation",
    ),
    (
        lambda: (network(4), network(2, attends=False)),
        "branches, 8 in all, and those of",
    ),
    (lambda: (network(4, vocabulary=13), network(2)), "rows of another size"),
    (
        lambda: (network(4, use_bias=False), network(2)),
        "in its block 1: 5 weights beside 6",
    ),
    (
        lambda: (network(4, kernel_regularizer="l2"), network(2)),
        "has a regularizer, which",
    ),
    (
        lambda: (network(4, kernel_constraint="max_norm"), network(2)),
        "has a constraint, which",
    ),
    (lambda: (frozen(4), network(2)), "'last_1/kernel', into which .* is frozen"),
    (lambda: (shared(4), shared(2)), "branches 1 and 2 share 'dense"),
    (
        lambda: (narrowing(16, 16, 16, 16), narrowing(16, 12)),
        "blocks 1 and 2 of the base are",
    ),
    (
        lambda: (keras.Sequential([keras.Input((5,)), layers.Dense(3)]), network(2)),
        "no residual",
    ),
]


@pytest.mark.parametrize(("build", "words"), REFUSED)
def test_what_does_not_fit_is_refused(build, words):
    model, base = build()
    before = values(model)
    with pytest.raises(ValueError, match=words) as caught:
        recipes.completep(model, base)
    assert str(caught.value).startswith("recipes.completep does not fit this model: ")
    for one, other in zip(values(model), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_cannot_be_folded_may_stand_in_the_model():
    """A factor of the model's own asks for nothing; at one depth there is none."""
    model, base = network(4, factor=0.5, last="gelu"), network(2, 8, 1.0, "gelu")
    assert by_path(model, recipes.completep(model, base))["last_0/kernel"] == (
        1,
        1,
        0.5,
    )
    recipes.completep(narrowing(16, 12), narrowing(16, 12))
    recipes.completep(network(2, last="gelu"), network(2, last="gelu"))


@pytest.mark.parametrize("one", [0.0, -0.25, float("nan"), 0.25])
@pytest.mark.parametrize("is_base", [True, False])
def test_a_factor_that_none_can_make_up_for_is_refused(one, is_base):
    """Twin: 0.25 is one of many."""
    given = (1.0, one) if is_base else (one, 1.0)
    model, base = (
        network(blocks, factor=factor, attends=False)
        for blocks, factor in zip((4, 2), given, strict=True)
    )
    if one == 0.25:
        recipes.completep(model, base)
        return
    words = r"by {:.4g}, and the base branch 1 of 2 \(other\) by {:.4g}".format(*given)
    with pytest.raises(ValueError, match=r"it multiplies branch 1 of 4 .*" + words):
        recipes.completep(model, base)


def test_two_negative_factors_are_counted():
    model, base = (network(n, factor=-1.0, attends=False) for n in (4, 2))
    assert by_path(model, recipes.completep(model, base))["last_0/kernel"][0] == 0.5


def test_blocks_of_equal_std_that_start_otherwise_are_refused():
    """Twins: two schemes of one distribution, or of one value, are alike."""
    constant, normal = keras_inits.Constant, keras_inits.RandomNormal(stddev=0.1)
    uniform = keras_inits.RandomUniform(-0.1 * 3**0.5, 0.1 * 3**0.5)
    cases = [
        ("kernel", normal, uniform, keras_inits.RandomNormal(stddev=0.1, seed=3)),
        ("bias", constant(0.5), constant(0.25), keras.initializers.Constant(0.5)),
    ]
    model, base = (network(n, attends=False) for n in (4, 2))
    for name, one, other, same in cases:
        for second, is_alike in ((other, False), (same, True)):

            def start(model, name=name, one=one, second=second):
                count = sum("first_" in layer.name for layer in model.layers)
                given = {f"first_{n}/{name}": second for n in range(1, count)}
                return {f"first_0/{name}": one, **given, "*": "auto"}

            if is_alike:
                recipes.completep(model, base, start=start)
            else:
                with pytest.raises(ValueError, match=rf"gives 'first_0/{name}' "):
                    recipes.completep(model, base, start=start)


def test_networks_without_normalization_are_taken_with_a_start():
    """What "auto" gives them depends on the block."""

    def build(blocks):
        x = inputs = keras.Input((8,))
        for n in range(blocks):
            y = layers.Dense(16, "gelu", name=f"first_{n}")(x)
            x = x + layers.Dense(8, name=f"last_{n}")(y)
        return keras.Model(inputs, layers.Dense(3, name="head")(x))

    model, base = build(4), build(2)
    rules = recipes.completep(model, base, start=recipes.gpt2)
    found = by_path(model, rules)
    assert found["last_3/kernel"] == (0.5, 2, 1)
    assert found["first_3/kernel"] == (1, 1, 0.5)
    with pytest.raises(ValueError, match=r"the same of another block.*recipes\.gpt2"):
        recipes.completep(model, base)


def test_errors_name_the_argument_that_is_meant():
    model, base = network(4), network(2)
    plain = keras.Sequential([keras.Input((5,)), layers.Dense(3)])
    with pytest.raises(ValueError, match=r"fit this base_model: no residual .* same"):
        recipes.completep(model, plain)
    for recipe in (recipes.completep, recipes.mup):
        with pytest.raises(ValueError, match=r"^`base_model` must .* base_model=2 "):
            recipe(model, 2)
        with pytest.raises(ValueError, match=r"^`model` must .* model=2 "):
            recipe(2, base)
        with pytest.raises(
            ValueError, match=r"^`start` is .*recipes\.gpt2.*'he_norml'"
        ):
            recipe(model, model, start="he_norml")
        with pytest.raises(ValueError, match=r"^`start` is .* start={}"):
            recipe(model, model, start={})
    with pytest.raises(ValueError, match=r"4 blocks, the base 2.*recipes\.completep"):
        recipes.mup(model, base)


def test_bad_arguments_are_refused():
    pair = network(4), network(2)
    for alpha in (0, 1.5, "1"):
        with pytest.raises(ValueError, match="`alpha` is the power of the depth"):
            recipes.completep(*pair, alpha=alpha)
    with pytest.raises(ValueError, match="`table` is the paper's form"):
        recipes.completep(*pair, table=4)
    with pytest.raises(ValueError, match=r"`start` gives 'attend_0/.* std 0\.01"):
        recipes.completep(*pair, start=recipes.llama_depth)


def test_a_file_keeps_the_multipliers(tmp_path):
    model, base = network(4, attends=False), network(2, attends=False)
    rules = recipes.completep(model, base)
    trained(model, rules, keras.optimizers.AdamW(0.01, epsilon=1e-4), steps=2)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    random = np.random.default_rng(1)
    x, y = random.integers(11, size=(2, 16, 6))
    for one in (model, again):
        for _ in range(2):
            one.train_on_batch(x, y)
    for one, other in zip(values(model), values(again), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


def test_it_prints_and_its_code_does_the_same():
    model, base = network(4, 16, attends=False), network(2, attends=False)
    rules = recipes.completep(model, base)
    line = next(line for line in str(rules).splitlines() if "last_*/kernel" in line)
    assert [cell.strip() for cell in line.split("│")][-3:] == ["×0.25", "×4", "×0.5"]
    space = {"model": model}
    exec(rules.code(), space)
    found = keras_inits.scaled_optimizer("adam", rules.multipliers)
    optimizer = space["optimizer"]
    assert dict(optimizer.multipliers) == dict(found.multipliers)
