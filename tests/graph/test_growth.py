"""How much a network that is centred enlarges differences."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_inits.graph.growth import centred_growth, factor
from keras_inits.graph.trace import trace
from keras_inits.graph.weights import weights_of
from support.small_graphs import functional, stack

Dense = layers.Dense
RELU = 0.5 / (0.5 - 0.5 / np.pi)  # E f'² / Var f, in closed form


def growth(model):
    return centred_growth(trace(model), weights_of(model))


def test_factors_of_activations():
    """ReLU and the exponential in closed form; the line has 1."""
    assert factor(keras.activations.relu) == pytest.approx(RELU, rel=1e-3)
    exponential = np.e**2 / (np.e**2 - np.e)
    assert factor(keras.activations.exponential) == pytest.approx(exponential, rel=1e-3)
    assert factor(lambda x: 3 * x + 1) == pytest.approx(1, rel=1e-3)


def test_a_stack_multiplies_its_factors():
    model = stack(*[Dense(5, "relu") for _ in range(7)], Dense(3))
    assert growth(model) == pytest.approx(RELU**7, rel=1e-2)
    separate = [(Dense(5), layers.ReLU()) for _ in range(7)]
    model = stack(*[layer for pair in separate for layer in pair], Dense(3))
    assert growth(model) == pytest.approx(RELU**7, rel=1e-2)


def residual(blocks):
    def build(x):
        x = Dense(6)(x)
        for _ in range(blocks):
            x = x + Dense(6)(Dense(9, "relu")(x))
        return x

    return functional(build)


def test_sums_grow_by_powers_not_exponentially():
    """The product of 1 + 0.47 / (n + 1): below n to the power of 0.47."""
    for blocks in (5, 20):
        bound = np.prod(1 + (RELU - 1) / (np.arange(blocks) + 2))
        assert growth(residual(blocks)) == pytest.approx(bound, rel=1e-2)
    assert growth(residual(20)) < 5 < RELU**20


def measured(depth, width=256):
    """What centred ReLU layers make of a small difference, by simulation."""
    random = np.random.default_rng(7)
    x = random.normal(size=(400, width))
    moved = x + 1e-4 * random.normal(size=x.shape)
    for _ in range(depth):
        kernel = random.normal(size=(width, width))
        z, other = x @ kernel, moved @ kernel
        mean, std = z.mean(0), z.std(0)
        x = np.maximum((z - mean) / std, 0)
        moved = np.maximum((other - mean) / std, 0)
    centred = x - x.mean(0)
    return ((moved - x) ** 2).mean() / (centred**2).mean()


def test_the_factor_is_what_happens():
    """Between 2 and 12 layers, by the spread of samples; twin: none."""
    ratio = (measured(12) / measured(2)) ** 0.1
    assert ratio == pytest.approx(RELU, rel=0.1)
    assert abs(ratio - 1) > 0.3


def test_what_cannot_be_read_has_no_growth():
    model = stack(layers.Lambda(lambda x: ops.flip(x, 1)), Dense(3))
    assert growth(model) == 1
