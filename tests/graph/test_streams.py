"""Residual streams that nothing normalizes: their branches, and who takes them."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_inits
from keras_inits.graph.streams import streams
from keras_inits.graph.trace import trace
from keras_inits.graph.weights import weights_of
from support.small_graphs import functional

Dense = layers.Dense


def found(model):
    """The streams of a model."""
    return streams(trace(model), weights_of(model))


def blocks(x, count=3, width=6, norm=None, place="none", hidden=9):
    """Residual blocks of two kernels, named by number."""
    for n in range(count):
        y = norm()(x) if place == "before" else x
        y = Dense(hidden, "relu", name=f"in_{n}")(y)
        y = Dense(width, name=f"end_{n}")(y)
        y = norm()(y) if place == "end" else y
        x = x + y
        x = norm()(x) if place == "after" else x
    return x


def plain(x):
    return Dense(4, name="head")(blocks(Dense(6, name="first")(x)))


def test_branches_are_counted_and_so_is_what_was_added_before():
    model = functional(plain)
    ends, taken = found(model)
    assert ends == {f"end_{n}/kernel": 3 for n in range(3)}
    assert taken == {
        "in_1/kernel": (1, 3),
        "in_2/kernel": (2, 3),
        "head/kernel": (3, 3),
    }


class OwnNorm(layers.Layer):
    """Divides by the root mean square; its name says nothing."""

    def call(self, x):
        return x / ops.sqrt(ops.mean(x * x, axis=-1, keepdims=True) + 1e-6)


class Scaler(OwnNorm):
    """The same under another name."""


@pytest.mark.parametrize("norm", [layers.LayerNormalization, Scaler])
@pytest.mark.parametrize("place", ["before", "end"])
def test_branches_that_normalize_are_left_out(norm, place):
    """Their stream grows by a constant a block."""
    model = functional(lambda x: blocks(Dense(6)(x), norm=norm, place=place))
    assert found(model).ends == {}


def test_a_stream_that_is_normalized_after_each_sum_has_one_branch():
    norm = layers.LayerNormalization
    model = functional(lambda x: blocks(Dense(6)(x), norm=norm, place="after"))
    ends, taken = found(model)
    assert set(ends.values()) == {1}
    assert taken == {}


def widened(x):
    """A projection begins another stream."""
    x = blocks(Dense(6)(x), count=2)
    y = Dense(8, name="wide_end")(Dense(9, "relu", name="wide_in")(x))
    x = Dense(8, name="projection")(x) + y
    return x + Dense(8, name="last")(ops.relu(x))


def test_a_projection_begins_another_stream():
    ends, taken = found(functional(widened))
    counts = {"end_0": 2, "end_1": 2, "wide_end": 2, "last": 2}
    assert ends == {f"{name}/kernel": count for name, count in counts.items()}
    assert taken["projection/kernel"] == taken["wide_in/kernel"] == (2, 2)
    assert taken["last/kernel"] == (1, 2)


def attention(x):
    """A Transformer's blocks without normalization."""
    x = Dense(8)(x)
    for n in range(2):
        x = x + layers.MultiHeadAttention(2, 4, name=f"attention_{n}")(x, x)
        x = x + Dense(8, name=f"end_{n}")(Dense(12, "gelu", name=f"in_{n}")(x))
    return x


def test_attention_ends_branches_too():
    ends, taken = found(functional(attention, (5, 6)))
    assert set(ends) == {
        *(f"attention_{n}/attention_output/kernel" for n in range(2)),
        *(f"end_{n}/kernel" for n in range(2)),
    }
    assert set(ends.values()) == {4}
    assert taken["attention_1/query/kernel"] == (2, 4)


def towers(x):
    """A sum of two ways with as many kernels is no stream."""
    return Dense(6)(x) + Dense(6)(x)


def test_a_sum_without_a_shortcut_is_no_stream():
    assert found(functional(towers)) == ({}, {})


def growth(depth, adjusted):
    """Variance behind a stream of so many blocks, by that of what it starts with."""
    start = keras.Input((64,))
    first = Dense(64, use_bias=False, name="first")(start)
    model = keras.Model(start, [first, blocks(first, depth, 64, hidden=64)])
    keras_inits.initialize(model, "auto", seed=7)
    if not adjusted:  # as others do: each kernel by itself
        rules = {"in_*": "he_fan_in", "*": "glorot_uniform"}
        keras_inits.initialize(model, rules, seed=7)
    x = np.random.default_rng(7).normal(size=(500, 64)).astype("float32")
    begin, end = (ops.convert_to_numpy(one) for one in model(x))
    return end.var() / begin.var()


def test_auto_keeps_the_variance_of_a_stream():
    """L branches of variance 1 / L give 2, whatever L; twin: 2**L.

    Kernels of width 64 have a variance of their own, as means of branches have.
    """
    for depth in (2, 8, 24):
        assert 1.5 < growth(depth, adjusted=True) < 3
    assert growth(8, adjusted=False) > 50
