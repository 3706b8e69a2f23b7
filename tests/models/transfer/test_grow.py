"""`grow`: the wide model computes what the small one does, and its copies part."""

import keras
import numpy as np
import pytest

import keras_inits
from keras_inits.models.transfer import grow as module
from support.refusals import refused
from support.widths import (
    convolutions,
    mlp,
    outputs,
    recurrent,
    scrambled,
    tied,
    transformer,
    values,
)

layers = keras.layers
RANDOM = np.random.default_rng(0)
TOKENS = RANDOM.integers(0, 11, (5, 6))
MODELS = {
    "dense": (lambda: mlp(4, 6), lambda: mlp(8, 18), RANDOM.normal(size=(5, 8))),
    "convolutions": (
        lambda: convolutions(2),
        lambda: convolutions(4, between=3),
        RANDOM.normal(size=(5, 6, 5, 2)),
    ),
    "wider stream": (lambda: transformer(4), lambda: transformer(8), TOKENS),
    "more heads": (lambda: transformer(4), lambda: transformer(4, heads=6), TOKENS),
    "larger heads": (lambda: transformer(4), lambda: transformer(8, size=6), TOKENS),
    "tied": (lambda: tied(4), lambda: tied(12), TOKENS),
    "recurrent": (
        lambda: recurrent(3),
        lambda: recurrent(6),
        RANDOM.normal(size=(5, 4, 3)),
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_outputs_are_those_of_the_small_model(name):
    make_small, make_large, x = MODELS[name]
    small, large = make_small(), make_large()
    before, expected = values(small), outputs(small, x)
    assert np.abs(outputs(large, x) - expected).max() > 1e-2
    report = keras_inits.grow(large, small, seed=7)
    bound = 1e-5 * max(1, np.abs(expected).max())
    np.testing.assert_allclose(outputs(large, x), expected, atol=bound)
    after = values(small)
    assert all((before[path] == after[path]).all() for path in before)
    done = {r.path for r in report.rows} | {r.path for r in report.left_alone}
    assert done == set(values(large))
    assert report.seed == 7


@pytest.mark.parametrize("name", ["LlamaBackbone", "BertBackbone"])
def test_a_backbone_gives_copies_of_its_features(name):
    """Rotary positions, grouped queries, keras_hub's own layers."""
    hub = pytest.importorskip("keras_hub")

    def make(heads, width, hidden):
        keras.utils.set_random_seed(0)
        own = {"max_sequence_length": 20, "num_heads": heads}
        if name == "LlamaBackbone":
            own = {"num_query_heads": heads, "num_key_value_heads": heads // 2}
        return getattr(hub.models, name)(
            vocabulary_size=30,
            num_layers=2,
            hidden_dim=width,
            intermediate_dim=hidden,
            **own,
        )

    small, large = scrambled(make(2, 8, 16)), make(4, 16, 48)
    report = keras_inits.grow(large, small, seed=0)
    assert not report.left_alone
    x = {i.name: RANDOM.integers(0, 2, (3, 6)) for i in small.inputs}
    wide, narrow = (keras.tree.flatten(model(x)) for model in (large, small))
    for a, b in zip(wide, narrow, strict=True):
        a, b = (keras.ops.convert_to_numpy(y) for y in (a, b))
        np.testing.assert_allclose(a, b.repeat(2, -1), atol=1e-5 * np.abs(b).max())


def test_a_tied_language_model_of_keras_hub():
    hub = pytest.importorskip("keras_hub")

    def make(heads, width, hidden):
        keras.utils.set_random_seed(0)
        own = hub.models.GPT2Backbone(
            30, 2, heads, width, hidden, max_sequence_length=20
        )
        return hub.models.GPT2CausalLM(own)

    small, large = scrambled(make(2, 8, 16)), make(4, 16, 48)
    report = keras_inits.grow(large, small, seed=0)
    x = {i.name: RANDOM.integers(0, 2, (3, 6)) for i in small.inputs}
    expected = outputs(small, x)
    bound = 1e-5 * max(1, np.abs(expected).max())
    np.testing.assert_allclose(outputs(large, x), expected, atol=bound)
    divided = {r.path for r in report.rows if r.note == "divided by 2"}
    assert "gpt2_backbone[0]/layer_norm/gamma" in divided


def test_copies_are_neighbours_divided_by_their_number():
    small, large = mlp(4, 6), mlp(8, 18)
    keras_inits.grow(large, small, noise=0)
    old, new = values(small)["dense[1]/kernel"], values(large)["dense[1]/kernel"]
    np.testing.assert_allclose(new, old.repeat(2, 0).repeat(3, 1) / 2, rtol=1e-6)


def test_noise_tells_copies_apart_and_leaves_the_sums():
    small, large = mlp(4, 6), mlp(8, 18)
    report = keras_inits.grow(large, small, noise=0.1, seed=1)
    old, new = values(small)["dense[1]/kernel"], values(large)["dense[1]/kernel"]
    np.testing.assert_allclose(
        new.reshape(4, 2, 18).sum(1), old.repeat(3, 1), atol=1e-6
    )
    columns = new.reshape(8, 6, 3)
    assert (columns[..., 0] != columns[..., 1]).all()
    spread = new - old.repeat(2, 0).repeat(3, 1) / 2
    # Half of the variance goes with the mean of two; 144 numbers.
    expected = 0.1 * old.std() / 2 * np.sqrt(0.5)
    assert abs(spread.std() / expected - 1) < 5 / np.sqrt(2 * 72)
    assert report.rows[2].note == "divided by 2"


def test_a_seed_repeats_the_noise():
    def grown(seed):
        large = mlp(8, 18)
        keras_inits.grow(large, mlp(4, 6), seed=seed)
        return values(large)["dense[1]/kernel"]

    assert (grown(7) == grown(7)).all()
    assert (grown(7) != grown(8)).any()


@pytest.mark.parametrize(
    ("part", "wrong", "name"),
    [
        ("_copies", lambda one: 1.0, "dense"),
        ("_query_scale", lambda one: 1.0, "larger heads"),
        (
            "_cancelling",
            lambda one, noise, value, seed: 0.01 * RANDOM.normal(size=one.to.shape),
            "dense",
        ),
    ],
)
def test_wrong_twins_are_caught_and_undone(part, wrong, name, monkeypatch):
    """Copies not counted, a head's scores not scaled, noise that does not cancel."""
    make_small, make_large, _ = MODELS[name]
    small, large = make_small(), make_large()
    before = values(large)
    monkeypatch.setattr(module, part, wrong)
    with pytest.raises(ValueError, match="outputs differ by"):
        keras_inits.grow(large, small, seed=0)
    after = values(large)
    assert all((before[path] == after[path]).all() for path in before)


def rotated(width):
    """The units in another order, as no copying knows of."""
    keras.utils.set_random_seed(0)
    x = keras.Input((8,))
    y = keras.ops.roll(layers.Dense(width)(x), 1, axis=-1)
    return scrambled(keras.Model(x, layers.Dense(3)(y)))


@pytest.mark.parametrize(
    ("make_large", "make_small", "received"),
    [
        (lambda: mlp(9), lambda: mlp(4), "9 from 4"),
        (lambda: mlp(2), lambda: mlp(4), "2 from 4"),
        (lambda: mlp(8, classes=6), lambda: mlp(4), "6 from 3"),
        (lambda: mlp(8, inputs=16), lambda: mlp(4), "(16,)"),
        (lambda: mlp(8, 8), lambda: mlp(4), "first that differ"),
        (lambda: mlp(8), lambda: recurrent(4), "first that differ"),
        (lambda: tied(8, "tanh"), lambda: tied(4, "tanh"), "tied to a table"),
        (lambda: rotated(8), lambda: rotated(4), "ways of their own"),
    ],
)
def test_what_does_not_fit_is_refused(make_large, make_small, received):
    large, small = make_large(), make_small()
    before = values(large)
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the parts are checked here
        keras_inits.grow(large, small, seed=0)
    message = str(caught.value)
    assert received in message
    assert "Received" in message
    assert "othing was written" in message
    after = values(large)
    assert all((before[path] == after[path]).all() for path in before)


def test_bad_options_are_refused():
    refused(lambda: keras_inits.grow(mlp(8), mlp(4), noise=-1), "noise", "noise=-1")
    refused(lambda: keras_inits.grow(mlp(8), mlp(4), seed="a"), "seed", "seed='a'")
    refused(lambda: keras_inits.grow(mlp(8), "model"), "model", "model='model'")


def test_outputs_that_are_no_numbers_are_refused():
    """On noise a root has none, so that nothing was compared."""

    def make(width):
        x = inputs = keras.Input((5,))
        x = keras.layers.Dense(width, name="hidden")(keras.ops.sqrt(x))
        return keras.Model(inputs, keras.layers.Dense(3, name="head")(x))

    small, large = make(4), make(8)
    before = [keras.ops.convert_to_numpy(v) for v in large.variables]
    with pytest.raises(ValueError, match="pass data="):
        keras_inits.grow(large, small)
    for one, other in zip(large.variables, before, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(one), other)
    keras_inits.grow(large, small, data=np.ones((4, 5), "float32"))
