"""A recipe prints, gives code, can be changed, and refuses what it does not fit."""

from functools import partial

import keras
import numpy as np
import pytest
from keras import layers

import keras_inits
from keras_inits import recipes
from support import recipe_models as models
from support.real_models import backbone

TRANSFORMERS = {
    "gpt2": recipes.gpt2,
    "llama_depth": recipes.llama_depth,
    "nanochat": recipes.nanochat,
    "small_wang": recipes.small_wang,
    "layernorm_scaling": recipes.layernorm_scaling,
    "mimetic": lambda model: recipes.mimetic(model, seed=3),
    "torch": recipes.torch,
    "spectral": recipes.spectral,
}


def weights(model):
    return [keras.ops.convert_to_numpy(v) for v in model.trainable_variables]


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_the_code_does_what_the_recipe_does(name):
    """Bit by bit, gains included; and the patterns reach nothing else."""
    model = models.transformer(2)
    rules = TRANSFORMERS[name](model)
    keras_inits.initialize(model, rules, seed=0)
    expected = weights(model)
    keras_inits.initialize(model, "ones", seed=0)
    exec(rules.code(), {"model": model})
    for found, wanted in zip(weights(model), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_it_prints_as_a_table_and_as_code():
    rules = recipes.gpt2(models.transformer(2))
    lines = str(rules).splitlines()
    (row,) = [line for line in lines if "attention_output" in line]
    cells = [cell.strip() for cell in row.split("│")]
    path = "attention_*/attention_output/kernel"
    scheme = "RandomNormal(stddev=0.01)"
    assert cells == [
        *("attention output", "1-2", path, "2", "3×8×24", scheme, "0.01", "1/√(2L)")
    ]
    assert "2 query, 2 key, 2 value, 2 attention output" in lines[-1]
    assert rules.code() == "\n".join(
        [
            "import keras_inits",
            "",
            "rules = {",
            "    # attention output, last of branch",
            "    'mlp_*_out': keras_inits.RandomNormal(stddev=0.01),",
            "    '*/attention_output/kernel': keras_inits.RandomNormal(stddev=0.01),",
            "    # embedding, position, query, key, value, first of branch, head",
            "    '*': keras_inits.RandomNormal(stddev=0.02),",
            "}",
            "keras_inits.initialize(model, rules, seed=0)",
        ]
    )
    assert rules.parts()["attention_0/query/kernel"] == "query"


def test_a_person_can_change_one_rule():
    model = models.transformer(1)
    rules = {**recipes.gpt2(model), "head/kernel": "zeros"}
    keras_inits.initialize(model, rules, seed=0)
    head = model.get_layer("head").kernel
    assert not keras.ops.convert_to_numpy(head).any()
    assert keras.ops.convert_to_numpy(model.get_layer("mlp_0_in").kernel).any()


def test_frozen_weights_are_left_out():
    model = models.transformer(1)
    model.get_layer("tokens").trainable = False
    rules = recipes.gpt2(model)
    assert "tokens/embeddings" not in rules
    report = keras_inits.initialize(model, rules, seed=0)
    assert "tokens/embeddings" in {row.path for row in report.left_alone}


def test_two_depth_factors_are_named():
    """In a warning, in what the rules print, and in the report."""
    model = models.transformer(2)
    gains = recipes.layernorm_scaling(model)
    with pytest.warns(UserWarning, match="Two factors for the depth on 4 branches"):
        both = gains | recipes.gpt2(model)
    assert "1/√l (norm_a0/gamma) beside 1/√(2L)" in str(both).replace("  ", " ")
    report = keras_inits.initialize(model, both, seed=0)
    assert "Two factors for the depth" in str(report)
    assert report.to_dict()["notes"] == list(both.notes)
    stds = {row.path: row.target_std for row in report.rows}
    assert stds["mlp_0_out/kernel"] == pytest.approx(0.01)
    gamma = keras.ops.convert_to_numpy(model.get_layer("norm_a1").gamma)
    np.testing.assert_allclose(gamma, 2**-0.5, rtol=1e-6)


def test_one_depth_factor_is_no_conflict():
    """Either order; "auto" gives way to what a recipe chooses."""
    model = models.transformer(2)
    gains, kernels = recipes.layernorm_scaling(model), recipes.spectral(model)
    one, other = gains | kernels, kernels | gains
    assert {k: str(v) for k, v in one.items()} == {k: str(v) for k, v in other.items()}
    assert "auto" not in one.values()


def test_a_factor_of_the_model_s_own_is_named():
    """A branch that starts small is not to be made smaller still."""

    class Small(models.Scalar):
        def build(self, shape):
            self.factor = self.add_weight(shape=(), initializer="zeros", name="f")

    x = inputs = keras.Input((24,))
    x = layers.Add()([x, Small(name="rezero")(models.mlp(x, "mlp"))])
    model = keras.Model(inputs, layers.Dense(10, name="head")(x))
    (note,) = recipes.gpt2(model).notes
    assert "/f', which starts with Zeros()" in note
    assert recipes.gpt2(models.transformer(1, scalars=True)).notes == ()


def plain():
    return keras.Sequential([keras.Input((24,)), layers.Dense(80), layers.Dense(10)])


def fused():
    def attend(x, n):
        return models.dense_attention(x, [f"w{n}", "", "", f"o{n}"], fused=True)

    return models.transformer(1, norm="", attend=attend)


def tied():
    table = layers.ReversibleEmbedding(50, 24, name="tokens")
    inputs = keras.Input((5,), dtype="int32")
    x = table(inputs)
    x = x + layers.MultiHeadAttention(3, 8)(x, x)
    return keras.Model(inputs, table(x, reverse=True))


def grouped():
    x = inputs = keras.Input((5, 24))
    x = x + layers.GroupQueryAttention(8, 3, 1, name="grouped")(x, x)
    return keras.Model(inputs, layers.Dense(10)(x))


@pytest.mark.parametrize(
    ("recipe", "build", "words"),
    [
        ("gpt2", plain, "no residual branches were found in its graph"),
        ("fixup", plain, "no residual branches"),
        ("fixup", lambda: models.transformer(1, norm=""), "'attention_0/.*' attends"),
        ("t_fixup", models.residual_mlp, "none of its 3 branches attends"),
        ("t_fixup", lambda: models.transformer(1), "normalizes, and the recipe is for"),
        ("t_fixup", fused, "'w0/kernel' is query, key and value in one"),
        ("nanochat", tied, "'tokens/embeddings' is both"),
        ("nanochat", grouped, "and one is missing"),
        ("rezero", models.residual_mlp, "branch 1 of 3 .* neither a factor nor a gain"),
        ("layernorm_scaling", models.residual_mlp, "no gain before its first kernel"),
        ("deepnorm", lambda: models.transformer(1), "is not normalized"),
        ("sub_ln", lambda: models.transformer(1), "no normalization before its last"),
        ("small_wang", models.residual_cnn, "branches have 12, 20 features"),
    ],
)
def test_what_does_not_fit_is_refused(recipe, build, words):
    """In words, and with what to do instead; nothing is written."""
    model = build()
    before = weights(model)
    with pytest.raises(ValueError, match=words) as caught:
        getattr(recipes, recipe)(model)
    assert str(caught.value).startswith(f"recipes.{recipe} does not fit this model: ")
    for found, wanted in zip(weights(model), before, strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_mimetic_refuses_what_cannot_match():
    with pytest.raises(
        ValueError, match=r"\(24, 3, 8\) and .*key/kernel' \(24, 1, 8\)"
    ):
        recipes.mimetic(grouped(), seed=0)
    model = models.transformer(1, attend=lambda x, n: models.dense_attention(x))
    with pytest.raises(ValueError, match="does not tell its heads"):
        recipes.mimetic(model, seed=0)
    with pytest.raises(ValueError, match="`seed` is what makes"):
        recipes.mimetic(model, seed=None)


@pytest.mark.filterwarnings("ignore")  # those of the models' own code
@pytest.mark.parametrize("name", ["GPT2", "Llama", "Gemma", "Mixtral", "ViT", "Bert"])
def test_gpt2_on_backbones(name):
    """Two blocks have four branches: their ends have half the std of the rest."""
    model = backbone(name)
    rules = recipes.gpt2(model)
    report = keras_inits.initialize(model, rules, seed=0)
    ends = {row.path for row in report.rows if row.target_std == 0.01}
    parts = rules.parts()
    assert len(ends) == 4
    assert {parts[path] for path in ends} == {"attention output", "last of branch"}
    others = {r.target_std for r in report.rows if r.fan_in and r.path not in ends}
    assert others == {0.02}


def test_a_subclassed_model():
    model = models.subclassed()
    report = keras_inits.initialize(model, recipes.gpt2(model), seed=0)
    small = [row.path for row in report.rows if row.target_std == 0.01]
    ends = ("mlp_in/kernel", "embedding/kernel")
    assert small == [f"blocks[{n}]/{end}" for n in range(2) for end in ends]


@pytest.mark.parametrize(
    "recipe", ["gpt2", "small_wang", "llama_depth", "nanochat", "t_fixup"]
)
def test_attention_that_is_added_to_nothing_has_no_factor(recipe):
    """A pooling at the end is like any other kernel, and of a width of its own."""
    model = models.transformer(2, norm="" if recipe == "t_fixup" else "pre")
    x = model.layers[-2].output
    pool = layers.MultiHeadAttention(2, 8, output_shape=(9,), name="pool")(x, x)
    model = keras.Model(model.inputs, layers.Dense(10, name="end")(pool))
    rules = getattr(recipes, recipe)(model)
    told = {row.place.info.path: (row.depth, row.std) for row in rules.rows}
    for kernel in ("value", "attention_output"):
        law = rules[f"pool/{kernel}/kernel"]
        assert type(law) is type(rules["pool/query/kernel"])
        assert told[f"pool/{kernel}/kernel"][0] == ""
        assert told[f"pool/{kernel}/kernel"][1] > 0
        is_scaled = kernel == "attention_output" or recipe == "t_fixup"
        assert bool(told[f"attention_0/{kernel}/kernel"][0]) == is_scaled


def test_a_pooling_alone_is_no_transformer():
    model = models.residual_mlp(2)
    x = layers.Reshape((3, 8))(model.layers[-2].output)
    model = keras.Model(model.inputs, layers.MultiHeadAttention(2, 4)(x, x))
    with pytest.raises(ValueError, match="none of its 2 branches attends"):
        recipes.t_fixup(model)


class Factor(layers.Layer):
    """A trained factor."""

    def __init__(self, start, **settings):
        super().__init__(**settings)
        self.start = start

    def build(self, shape):
        self.factor = self.add_weight(shape=(), initializer=self.start, name="factor")

    def call(self, x):
        return x * self.factor


def factored(start, norm=None):
    """Two residual branches, each times a factor."""
    x = inputs = keras.Input((24,))
    for _ in range(2):
        y = layers.Dense(40, "relu")(x)
        y = y if norm is None else norm()(y)
        x = x + Factor(start)(layers.Dense(24)(y))
    return keras.Model(inputs, layers.Dense(10, name="head")(x))


def test_zeros_at_both_ends_of_a_branch_are_warned_of():
    """Neither the last kernel nor the factor would ever get a gradient."""
    model = factored("ones")
    with pytest.warns(UserWarning, match="0 as its factor"):
        _ = recipes.fixup(model) | recipes.rezero(model)


def test_fixup_starts_the_factors_of_a_model_at_one():
    model = factored("zeros")
    keras_inits.initialize(model, recipes.fixup(model), seed=0)
    found = [
        float(keras.ops.convert_to_numpy(v))
        for v in model.trainable_variables
        if v.name == "factor"
    ]
    assert found == [1.0, 1.0]


def test_a_normalization_without_a_gain_is_one():
    """Inside a branch, where no weight tells of it."""
    model = factored("ones", lambda: layers.BatchNormalization(scale=False))
    with pytest.raises(ValueError, match="normalize"):
        recipes.fixup(model)


def normalized(where, layer):
    """Branches without normalization, between one at the start and one at the end."""
    inputs = keras.Input((5, 24))
    x = layer(inputs) if where == "start" else inputs
    for n in range(2):
        x = x + layers.MultiHeadAttention(3, 8)(x, x)
        x = x + models.mlp(x, f"mlp_{n}")
    x = layer(x) if where == "end" else x
    return keras.Model(inputs, layers.Dense(10)(x))


@pytest.mark.parametrize("where", ["start", "end"])
@pytest.mark.parametrize(
    ("layer", "named"),
    [
        (layers.LayerNormalization, "the_norm[^']*/gamma"),
        (layers.RMSNormalization, "the_norm[^']*/scale"),
        (partial(layers.LayerNormalization, scale=False, center=False), "the_norm"),
    ],
    ids=["layer", "rms", "without weights"],
)
def test_t_fixup_refuses_normalization_outside_of_branches(where, layer, named):
    """The paper takes out all: at the embeddings, and after the last block."""
    model = normalized(where, layer(name="the_norm"))
    with pytest.raises(ValueError, match=f"'{named}' normalizes, and the recipe is"):
        recipes.t_fixup(model)


def test_t_fixup_takes_data_that_a_layer_standardizes():
    standard = layers.Normalization(mean=1.0, variance=4.0)
    assert recipes.t_fixup(normalized("start", standard))


def test_a_mapping_on_the_left_gives_way_to_a_recipe():
    rules = recipes.gpt2(models.transformer(2))
    joined = {"head/kernel": "zeros", "other": "ones"} | rules
    assert joined == {"other": "ones", **rules}
    assert rules["head/kernel"] != "zeros"


@pytest.mark.parametrize(
    ("kinds", "blocks"),
    [
        ("AMAM", [1, 1, 2, 2]),
        ("MMMAMMMA", [1, 2, 3, 4, 5, 6, 7, 8]),
        ("AMAMM", [1, 2, 3, 4, 5]),
        ("AAMM", [1, 2, 3, 4]),
    ],
)
def test_blocks_are_counted_where_they_are_alike(kinds, blocks):
    x = inputs = keras.Input((5, 24))
    for kind in kinds:
        y = layers.LayerNormalization()(x)
        if kind == "A":
            x = x + layers.MultiHeadAttention(3, 8)(y, y)
        else:
            x = x + layers.Dense(24)(layers.Dense(40, "gelu")(y))
    rules = recipes.layernorm_scaling(keras.Model(inputs, x))
    gains = [s.value for path, s in rules.items() if "gamma" in str(path)]
    np.testing.assert_allclose(gains, np.array(blocks) ** -0.5)
