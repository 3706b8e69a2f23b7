"""One seed in many layers: different kernels, and the same ones when run again."""

import json
from itertools import combinations

import keras
import numpy as np
import pytest

import keras_inits
from support import fresh
from support.distributions import values

# Runs here and, as text, in a process of its own.
CODE = """
import keras, keras_inits

def weights():
    'Every weight of some layers that share a seed, by its place.'
    def he(seed=42):
        return keras_inits.HeFanIn(seed=seed)
    x = keras.KerasTensor((2, 3, 8))
    found = {}
    def add(layer, *inputs):
        layer(*inputs)
        for n, v in enumerate(layer.weights):
            found[f"{len(found)}"] = keras.ops.convert_to_numpy(
                keras.ops.reshape(v, (-1,))).tolist()
    add(keras.layers.MultiHeadAttention(2, 4, kernel_initializer=he()), x, x)
    add(keras.layers.Dense(4, kernel_initializer=he()), x)
    orthogonal = keras_inits.Orthogonal(seed=42)
    lstm = keras.layers.LSTM(
        3, kernel_initializer=he(), recurrent_initializer=orthogonal)
    add(keras.layers.Bidirectional(lstm), x)
    generator = keras.random.SeedGenerator(7)
    add(keras.layers.Dense(4, kernel_initializer=he(generator)), x)
    inputs = keras.Input((8,))
    hidden = keras.layers.Dense(4, kernel_initializer=he())(inputs)
    outputs = keras.layers.Dense(4, kernel_initializer=he())(hidden)
    add(keras.Model(inputs, outputs), inputs)
    add(keras.Sequential([keras.layers.Dense(4, kernel_initializer=he())]), inputs)
    return found
"""
SCOPE = {}
exec(CODE, SCOPE)
weights = SCOPE["weights"]


def seeds():
    """The two kinds of seed that repeat."""
    return [
        pytest.param(lambda: 42, id="int"),
        pytest.param(lambda: keras.random.SeedGenerator(42), id="generator"),
    ]


def kernels(layer, *shapes):
    """All kernels of a built layer."""
    layer(*(keras.KerasTensor(shape) for shape in shapes))
    return [
        values(v) for v in layer.weights if len(v.shape) > 1 and "bias" not in v.path
    ]


def all_differ(arrays):
    """Whether no two arrays are equal, nor those of equal size correlated."""
    for one, other in combinations(arrays, 2):
        if one.size == other.size:
            correlation = np.corrcoef(one.ravel(), other.ravel())[0, 1]
            if abs(correlation) > 5 / one.size**0.5:
                return False
    return True


@pytest.mark.parametrize("seed", seeds())
@pytest.mark.parametrize("scheme", [keras_inits.HeFanIn, keras_inits.Orthogonal])
def test_attention_has_different_kernels_for_query_key_and_value(seed, scheme):
    """And for its output, which has another shape."""
    layer = keras.layers.MultiHeadAttention(
        4, 5, kernel_initializer=scheme(seed=seed())
    )
    found = kernels(layer, (2, 3, 20), (2, 3, 20))
    assert len(found) == 4
    assert all_differ(found)


@pytest.mark.parametrize("seed", seeds())
def test_group_query_attention_has_different_kernels(seed):
    """Key and value have one shape, query and output another."""
    he = keras_inits.HeFanIn(seed=seed())
    layer = keras.layers.GroupQueryAttention(5, 4, 2, kernel_initializer=he)
    found = kernels(layer, (2, 3, 20), (2, 3, 20))
    assert len(found) == 4
    assert all_differ(found)


@pytest.mark.parametrize("seed", seeds())
@pytest.mark.parametrize("cell", [keras.layers.LSTM, keras.layers.GRU])
def test_both_directions_have_kernels_of_their_own(seed, cell):
    """Forward and backward."""
    he = keras_inits.HeFanIn(seed=seed())
    layer = keras.layers.Bidirectional(
        cell(12, kernel_initializer=he, recurrent_initializer="zeros")
    )
    found = [kernel for kernel in kernels(layer, (2, 3, 20)) if kernel.any()]
    assert len(found) == 2
    assert all_differ(found)


def test_keras_own_initializer_would_repeat_itself():
    """Twin: the checks above notice equal kernels, which Keras's class gives."""
    for layer in (
        keras.layers.MultiHeadAttention(
            4, 5, kernel_initializer=keras.initializers.HeNormal(seed=42)
        ),
        keras.layers.Bidirectional(
            keras.layers.LSTM(
                12, kernel_initializer=keras.initializers.HeNormal(seed=42)
            )
        ),
    ):
        shapes = [(2, 3, 20)] * (2 if "Head" in type(layer).__name__ else 1)
        assert not all_differ(kernels(layer, *shapes))


def test_the_same_code_gives_the_same_weights_again():
    """Although Keras numbers the default names on: dense, dense_1, dense_2."""
    first = weights()
    for _ in range(3):
        keras.layers.Dense(2)
    assert weights() == first
    keras.backend.clear_session()
    assert weights() == first


@pytest.mark.slow  # another process
def test_the_same_code_gives_the_same_weights_in_another_process():
    """The process of a test run has built other layers before."""
    text = fresh.run(CODE + "\nimport json\nprint(json.dumps(weights()))")
    assert json.loads(text.splitlines()[-1]) == weights()


def dense(name=None, seed=42):
    """The kernel of a Dense layer."""
    he = keras_inits.HeFanIn(seed=seed)
    layer = keras.layers.Dense(20, name=name, kernel_initializer=he)
    return kernels(layer, (2, 30))[0]


def test_names_that_a_person_gave_tell_layers_apart():
    """Numbers in them count; a default name's do not."""
    given = [dense(name) for name in ("block_3", "block_4", "stem", None)]
    assert all_differ(given)
    np.testing.assert_array_equal(dense("block_3"), given[0])
    np.testing.assert_array_equal(dense(), given[3])
    np.testing.assert_array_equal(dense("dense_17"), given[3])


def test_sublayers_of_a_named_layer_are_told_apart():
    """The whole path counts, not its end alone."""
    found = []
    for name in ("left", "right", "left"):
        he = keras_inits.HeFanIn(seed=42)
        layer = keras.layers.MultiHeadAttention(4, 5, kernel_initializer=he, name=name)
        found.append(kernels(layer, (2, 3, 20), (2, 3, 20)))
    assert all_differ(found[0] + found[1])
    for one, again in zip(found[0], found[2], strict=True):
        np.testing.assert_array_equal(one, again)


class Moved:
    """Keras's private state after a change: it has none of the old attributes."""


class Changed:
    """Keras's private state after another change: the scopes are plain strings."""

    @staticmethod
    def get_global_attribute(name):
        """Something else than before."""
        return ["mha", "query"]


@pytest.mark.parametrize("state", [None, Moved, Changed])
def test_without_the_private_state_of_keras_everything_still_builds(monkeypatch, state):
    """Seeds repeat; what is lost is that layers under one seed differ."""
    monkeypatch.setattr(keras_inits._utils.keras_private, "global_state", state)
    he = keras_inits.HeFanIn(seed=42)
    layer = keras.layers.MultiHeadAttention(4, 5, kernel_initializer=he)
    query, key, *_ = kernels(layer, (2, 3, 20), (2, 3, 20))
    np.testing.assert_array_equal(query, key)
    np.testing.assert_array_equal(dense("a"), dense("b"))
    assert not np.array_equal(dense(seed=None), dense(seed=None))
