"""Networks that explode are reported, and NumPy's warnings of overflow do not show.

Warnings are errors in all tests here, those of NumPy as well.
"""

import warnings

import keras
import numpy as np
import pytest
from keras import layers

import keras_inits

WIDTH = 64
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(48, WIDTH)).astype("float32")
Y = RANDOM.normal(size=(48, 10)).astype("float32")


def perceptron(std, depth, activation="relu"):
    def start():
        return keras.initializers.RandomNormal(stddev=std, seed=depth)

    hidden = [
        layers.Dense(WIDTH, activation, kernel_initializer=start())
        for _ in range(depth)
    ]
    model = keras.Sequential([keras.Input((WIDTH,)), *hidden, layers.Dense(10)])
    model.compile("sgd", "mse")
    return model, X, Y


def attention():
    x = inputs = keras.Input((8, 24))
    for _ in range(6):
        start = keras.initializers.RandomNormal(stddev=1e5, seed=1)
        x = x + layers.MultiHeadAttention(3, 8, kernel_initializer=start)(x, x)
    model = keras.Model(inputs, layers.Dense(3)(x))
    model.compile("adam", "mse")
    x = RANDOM.normal(size=(16, 8, 24)).astype("float32")
    return model, x, np.ones((16, 8, 3), "float32")


NETWORKS = {
    "products beyond float32": lambda: perceptron(1e3, 16, "linear"),
    "kernels near its end": lambda: perceptron(1e38, 2, "linear"),
    "few layers, large kernels": lambda: perceptron(1e10, 4),
    "attention": attention,
}


@pytest.mark.parametrize("build", NETWORKS.values(), ids=NETWORKS)
def test_an_explosion_is_reported_and_not_warned_of(build):
    model, x, y = build()
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        found = keras_inits.diagnose(model, x, y)
    assert found.verdict == "unhealthy"
    kinds = {f.kind for f in found.findings if f.severity == "error"}
    assert kinds & {"not finite", "exploding signal", "exploding gradient"}


def test_large_inputs_are_reported_and_not_warned_of():
    """Their squares overflow as they are standardized, to see what else is wrong."""
    model, _, y = perceptron(0.2, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        found = keras_inits.diagnose(model, 1e25 * X, y)
    assert found.verdict == "unhealthy"


@pytest.mark.parametrize("std", [1e3, 1e10])
def test_initialize_by_data_warns_of_no_overflow(std):
    model, x, _ = perceptron(std, 12)
    loud = keras.initializers.RandomNormal(stddev=std, seed=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        report = keras_inits.initialize(model, loud, seed=0, data=x)
    assert all(np.isfinite(row.drawn_std) for row in report.rows if row.fan_in)
