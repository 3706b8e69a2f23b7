"""Adapters of low rank: nothing changes at the start, and A counts the kernel's fan."""

import math

import keras
import numpy as np
import pytest

import keras_inits
from support.distributions import EXCESS, Uniform, values


def adapted(layer, shape, rank=4, **arguments):
    """A layer's outputs before and after it is adapted, and the factor A."""
    inputs = np.random.default_rng(3).normal(size=shape).astype("float32")
    before = values(layer(inputs))
    layer.enable_lora(
        rank,
        a_initializer=keras_inits.get("lora_a", seed=7, **arguments),
        b_initializer=keras_inits.get("lora_b"),
    )
    return before, values(layer(inputs)), values(layer.lora_kernel_a)


LAYERS = {
    "Dense": (lambda: keras.layers.Dense(41), (3, 90), (90, 4)),
    "Conv2D": (lambda: keras.layers.Conv2D(41, (3, 2)), (2, 5, 5, 9), (3, 2, 9, 4)),
    "EinsumDense": (
        lambda: keras.layers.EinsumDense("btd,dnh->btnh", (None, 5, 7)),
        (2, 3, 60),
        (60, 5, 4),
    ),
}


@pytest.mark.parametrize("name", LAYERS)
def test_an_adapted_layer_starts_as_it_was(name, figure):
    """Exactly, although A is not zero; twin: a B that is drawn."""
    make, inputs, shape = LAYERS[name]
    layer = make()
    before, after, factor = adapted(layer, inputs)
    assert factor.shape == shape
    assert abs(factor).min() > 0
    layer.lora_kernel_b.assign(0.01 + layer.lora_kernel_b)
    again = np.random.default_rng(3).normal(size=inputs).astype("float32")
    found, twin = (abs(x - before).max() for x in (after, values(layer(again))))
    what = "change of an adapted layer's output"
    figure("lora_b", what, found, 0, twin, beyond=1e-4)


@pytest.mark.parametrize(
    ("convention", "limit"),
    [({}, 1.0), ({"convention": "torch"}, 1.0), ({"convention": "keras"}, 6**0.5)],
)
@pytest.mark.parametrize("shape", [(90, 4), (3, 2, 41, 16), (300, 8)])
def test_a_is_uniform_in_the_convention(convention, limit, shape, figure):
    """±1/√fan_in, or √6 times that; twin: the other convention."""
    factor = values(keras_inits.get("lora_a", seed=7, **convention)(shape))
    limit /= math.sqrt(math.prod(shape[:-1]))
    assert Uniform(-limit, limit).complaints(factor) == []
    other = math.sqrt(6) if "keras" not in convention.values() else 6**-0.5
    twin = Uniform(-limit * other, limit * other)
    assert twin.complaints(factor)
    found = Uniform(-limit, limit).excess(factor)
    figure("lora_a", EXCESS, found, 1, twin.excess(factor))


def variance_errors(factor, inputs):
    """How far white inputs come out from a variance of 1/3, in standard errors.

    For all inputs at once: the mean of squares of A's columns, whose entries are
    uniform, so that their squares have a relative variance of 4/5.
    """
    squares = (factor**2).reshape(math.prod(factor.shape[:inputs]), -1)
    error = math.sqrt(0.8 / squares.size)
    return abs(squares.sum(axis=0).mean() * 3 - 1) / error


@pytest.mark.parametrize(
    ("shape", "axes"), [((60, 5, 8), [0]), ((5, 41, 8), [0, 1]), ((90, 8), [0])]
)
def test_the_factor_of_an_attention_kernel_counts_what_is_summed(shape, axes):
    """The variance is 1/3; twin: all leading axes counted, 1/3 over the heads."""
    outputs = list(range(len(axes), len(shape)))
    scheme = keras_inits.get("lora_a", input_axes=axes, output_axes=outputs, seed=7)
    factor = values(scheme(shape))
    assert variance_errors(factor, len(axes)) < 5
    plain = values(keras_inits.get("lora_a", seed=7)(shape))
    assert (variance_errors(plain, len(axes)) < 5) == (len(axes) == len(shape) - 1)


def test_an_adapted_query_kernel_has_the_fan_of_its_width():
    """In Keras's layer, with the axes given."""
    make, inputs, _ = LAYERS["EinsumDense"]
    _, _, factor = adapted(make(), inputs, input_axes=[0], output_axes=[1, 2])
    assert variance_errors(factor, 1) < 5
    limit = 60**-0.5
    assert Uniform(-limit, limit).complaints(factor) == []


def test_b_is_zero_and_draws_nothing():
    np.testing.assert_array_equal(values(keras_inits.get("lora_b")((4, 41))), 0)


@pytest.mark.parametrize("convention", ["peft", None, 1])
def test_another_convention_is_refused(convention):
    with pytest.raises(ValueError, match="Received"):
        keras_inits.get("lora_a", convention=convention)
