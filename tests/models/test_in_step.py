"""What processes that share a model tell each other before they change it."""

import functools

import keras
import numpy as np
import pytest

from keras_inits import initialize
from support.exchanges import two_processes


def dense():
    """A small model."""
    return keras.Sequential([keras.Input((5,)), keras.layers.Dense(3, name="a")])


def ones(shape, dtype=None):
    return keras.ops.ones(shape, dtype)


def twos(shape, dtype=None):
    return 2 * keras.ops.ones(shape, dtype)


def normal(std):
    return keras.initializers.RandomNormal(stddev=std)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (lambda: normal(0.1), lambda: normal(0.2)),
        (lambda: ones, lambda: twos),
        (lambda: "he_normal", lambda: "he_uniform"),
        (
            lambda: keras.initializers.Constant(np.arange(15.0).reshape(5, 3)),
            lambda: keras.initializers.Constant(np.arange(1.0, 16.0).reshape(5, 3)),
        ),
    ],
    ids=["Keras's", "function", "ours", "array"],
)
def test_schemes_of_another_configuration_are_refused(monkeypatch, one, other):
    calls = [
        functools.partial(initialize, dense(), make(), seed=7)
        for make in (one, other, one)
    ]
    for error in two_processes(monkeypatch, *calls[:2]):
        assert isinstance(error, ValueError)
        assert "`initialize` with others in process 1 than in process 0" in str(error)
    # Twin: another object of the same configuration is the same.
    assert two_processes(monkeypatch, calls[0], calls[2]) == [None, None]
