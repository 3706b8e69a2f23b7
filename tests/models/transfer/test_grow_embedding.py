"""`grow_embedding`: old tokens to the bit, new rows like the old, heads that follow."""

import keras
import numpy as np
import pytest

import keras_inits
from keras_inits.graph.weights import weights_of
from support.refusals import refused

layers = keras.layers
OLD, NEW, UNITS = 20, 23, 8
TOKENS = np.random.default_rng(0).integers(0, OLD, (4, 5))


def values(model):
    return {p.path: keras.ops.convert_to_numpy(p.variable) for p in weights_of(model)}


def outputs(model, x=TOKENS):
    found = model(x)
    return keras.ops.convert_to_numpy(found)


def untied(dtype=None):
    """A table, a layer, and a head with a bias that is not zero."""
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((5,), dtype="int32"),
            layers.Embedding(OLD, UNITS, name="tokens", dtype=dtype),
            layers.Dense(6, "tanh", bias_initializer="normal"),
            layers.Dense(OLD, bias_initializer="normal", name="head"),
        ]
    )


def tied():
    """A table that is the head, too, inside a model that is inside another."""
    keras.utils.set_random_seed(0)
    table = layers.ReversibleEmbedding(OLD, UNITS, name="tokens")
    tokens = keras.Input((5,), dtype="int32")
    inner = keras.Input((5, UNITS))
    mixer = keras.Model(inner, layers.Dense(UNITS, "tanh")(inner), name="mixer")
    return keras.Model(tokens, table(mixer(table(tokens)), reverse=True))


def two_tables():
    """Another table, and a hidden layer with as many units as there are tokens."""
    keras.utils.set_random_seed(0)
    tokens = keras.Input((5,), dtype="int32")
    x = layers.Embedding(OLD, UNITS, name="tokens")(tokens)
    x = x + layers.Embedding(9, UNITS, name="positions")(tokens % 9)
    x = layers.Dense(OLD, "relu", name="wide")(x)  # of the same size by chance
    return keras.Model(tokens, layers.Dense(OLD, name="head")(x))


class Subclassed(keras.Model):
    """A model whose configuration holds the size under another name."""

    def __init__(self, tokens, **arguments):
        super().__init__(**arguments)
        self.table = layers.Embedding(tokens, UNITS, name="tokens")
        self.head = layers.Dense(tokens, name="head")

    def call(self, x):
        return self.head(self.table(x))


def subclassed(size=OLD):
    keras.utils.set_random_seed(0)
    model = Subclassed(size)
    model(TOKENS)
    return model


@pytest.mark.parametrize("make", [untied, tied, two_tables])
@pytest.mark.parametrize("method", ["mean_covariance", "mean"])
def test_old_tokens_are_copied_and_their_logits_stay(make, method):
    model = make()
    before, expected = values(model), outputs(model)
    larger, report = keras_inits.grow_embedding(model, "tokens", NEW, method, seed=7)
    after = values(larger)
    grown = {r.path for r in report.rows}
    assert grown | {r.path for r in report.left_alone} == set(before) == set(after)
    assert "wide/kernel" not in grown
    for path, old in before.items():
        new = after[path]
        if path in grown:
            axis = [a != b for a, b in zip(old.shape, new.shape, strict=True)].index(1)
            new = np.take(new, np.arange(OLD), axis)
        assert (new == old).all(), path
    found = outputs(larger)
    assert found.shape == (4, 5, NEW)
    np.testing.assert_allclose(found[..., :OLD], expected, atol=1e-6)
    assert (outputs(model) == expected).all()  # the old model is as it was
    # The twin: rows in another order give other logits.
    shuffled = found[..., NEW - OLD :]
    assert np.abs(shuffled - expected).max() > 1e-3


def test_means_of_rows_of_a_head_and_of_its_bias():
    model = untied()
    before = values(model)
    larger, report = keras_inits.grow_embedding(model, "tokens", NEW, "mean")
    after = values(larger)
    table = before["tokens/embeddings"].mean(0, "float64")
    kernel = before["head/kernel"].mean(1, "float64")
    bias = before["head/bias"].mean(dtype="float64")
    new = [after["tokens/embeddings"][OLD:], after["head/kernel"].T[OLD:]]
    np.testing.assert_allclose(new[0], np.tile(table, (NEW - OLD, 1)), atol=1e-7)
    np.testing.assert_allclose(new[1], np.tile(kernel, (NEW - OLD, 1)), atol=1e-7)
    np.testing.assert_allclose(after["head/bias"][OLD:], bias, atol=1e-7)
    assert report.seed is None
    # So a new logit is the mean of the old ones.
    logits = outputs(larger)
    mean = logits[..., :OLD].mean(-1, keepdims=True)
    np.testing.assert_allclose(
        logits[..., OLD:], mean + 0 * logits[..., OLD:], atol=1e-6
    )


def test_new_rows_have_the_spread_of_the_old():
    model = tied()
    table = values(model)["tokens/embeddings"].astype("float64")
    larger, _ = keras_inits.grow_embedding(model, "tokens", 4020, spread=0.01, seed=1)
    new = values(larger)["tokens/embeddings"][OLD:].astype("float64")
    expected = 0.01 * np.cov(table.T, bias=True)
    sizes = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    # Five standard errors: (σ_ij² + σ_ii σ_jj) / n is at most 2 σ_ii σ_jj / n.
    error = np.abs(np.cov(new.T, bias=True) - expected) / sizes
    assert error.max() < 5 * np.sqrt(2 / 4000)
    # The twin: independent units of the right size would miss the correlations.
    assert (np.abs(expected - np.diag(np.diag(expected))) / sizes).max() > 0.3


def test_a_seed_repeats_the_rows():
    def table(seed):
        model, _ = keras_inits.grow_embedding(untied(), "tokens", NEW, seed=seed)
        return values(model)["tokens/embeddings"]

    assert (table(7) == table(7)).all()
    assert (table(7) != table(8)).any()


def test_without_a_head():
    model = untied()
    larger, report = keras_inits.grow_embedding(model, "tokens", NEW, head=None)
    assert [r.path for r in report.rows] == ["tokens/embeddings"]
    assert (outputs(larger) == outputs(model)).all()


def test_a_head_by_name():
    model = two_tables()
    larger, report = keras_inits.grow_embedding(model, "tokens", NEW, head="head")
    assert "head/kernel" in {r.path for r in report.rows}
    assert larger.output_shape[-1] == NEW


def test_a_layer_stands_for_itself_and_half_precision_keeps_its_bits():
    model = untied(dtype="bfloat16")
    larger, _ = keras_inits.grow_embedding(model, model.get_layer("tokens"), NEW)
    old, new = (m.get_layer("tokens").embeddings for m in (model, larger))
    assert new.dtype == "bfloat16"
    old, new = (keras.ops.convert_to_numpy(x).astype("float32") for x in (old, new))
    assert (new[:OLD] == old).all()


def test_frozen_layers_stay_frozen():
    model = untied()
    model.layers[1].trainable = False
    larger, _ = keras_inits.grow_embedding(model, "tokens", NEW)
    assert [x.trainable for x in larger.layers] == [x.trainable for x in model.layers]


def test_a_function_builds_what_no_configuration_tells():
    model = subclassed()
    larger, report = keras_inits.grow_embedding(
        model, "tokens", NEW, build=subclassed, seed=0
    )
    assert len(report.rows) == 3
    np.testing.assert_allclose(outputs(larger)[..., :OLD], outputs(model), atol=1e-6)


def test_a_masked_language_model_of_keras_hub():
    """Its size is in a configuration inside another; a bias has a tied kernel."""
    hub = pytest.importorskip("keras_hub")
    keras.utils.set_random_seed(0)
    backbone = hub.models.BertBackbone(30, 2, 2, 8, 16, max_sequence_length=10)
    model = hub.models.BertMaskedLM(backbone)
    random = np.random.default_rng(0)
    x = {i.name: random.integers(0, 2, (2, 6)) for i in model.inputs}
    larger, report = keras_inits.grow_embedding(model, "*/token_embedding", 34)
    assert [r.path for r in report.rows] == [
        "bert_backbone[0]/token_embedding/embeddings",
        "mlm_head/output_bias",
    ]
    found = outputs(larger, x)
    assert found.shape[-1] == 34
    np.testing.assert_allclose(found[..., :30], outputs(model, x), atol=1e-6)


def with_lora():
    model = untied()
    model.layers[0].enable_lora(2)
    return model


def quantized():
    model = untied()
    model.layers[0].quantize("int8")
    return model


@pytest.mark.parametrize(
    ("make", "given", "argument", "received"),
    [
        (untied, ("tokens", OLD), "new_size", f"new_size={OLD}"),
        (untied, ("tokens", 12), "new_size", "new_size=12"),
        (untied, ("tokens", 23.5), "new_size", "new_size=23.5"),
        (untied, ("token", NEW), "layer", "no embedding"),
        (two_tables, ("*", NEW), "layer", "'positions/embeddings'"),
        (untied, ("tokens", NEW, "median"), "method", "method='median'"),
        (with_lora, ("tokens", NEW), "layer", "'tokens/embeddings'"),
        (quantized, ("tokens", NEW), "layer", "no embedding"),
    ],
)
def test_bad_input_is_refused(make, given, argument, received):
    model = make()
    refused(lambda: keras_inits.grow_embedding(model, *given), argument, received)


def test_bad_options_are_refused():
    def grow(make=untied, **given):
        return lambda: keras_inits.grow_embedding(make(), "tokens", NEW, **given)

    refused(grow(spread=-1), "spread", "spread=-1")
    refused(grow(head="tokens"), "head", "head='tokens'")
    refused(grow(build=lambda size: None), "build", "gave None")
    refused(grow(seed="one"), "seed", "seed='one'")
    with pytest.raises(ValueError, match="Pass build="):
        grow(subclassed)()
    with pytest.raises(ValueError, match="same weights"):
        grow(build=lambda size: tied())()
    with pytest.raises(ValueError, match="of 20 tokens still"):
        grow(build=lambda size: untied())()


def test_another_table_of_the_same_name_is_not_grown_along():
    def tower(name):
        tokens = keras.Input((5,), dtype="int32")
        table = keras.layers.Embedding(20, 8, name="tokens")(tokens)
        return keras.Model(tokens, table, name=name)

    inputs = [keras.Input((5,), dtype="int32") for _ in range(2)]
    outputs = [tower(n)(x) for n, x in zip("ab", inputs, strict=True)]
    model = keras.Model(inputs, outputs)
    with pytest.raises(ValueError, match="'b/tokens/embeddings' would, too"):
        keras_inits.grow_embedding(model, "a/tokens", 23)
