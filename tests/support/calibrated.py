"""What the tests of `calibrate` share: data, chains of layers, one start."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_inits import replacing_builtins

quickly = replacing_builtins()


@pytest.fixture(autouse=True)
def same_start():
    """The same models at every run."""
    keras.utils.set_random_seed(0)


def data(*shape, seed=0):
    """Of no special mean or scale."""
    return np.random.default_rng(seed).normal(0.5, 2, shape).astype("float32")


@quickly
def chain(*units, activation="relu", inputs=7, bias=True, head=3):
    """Dense layers named by number, each followed by its activation, and a head."""
    model = keras.Sequential([keras.Input((inputs,))])
    for number, size in enumerate(units):
        model.add(layers.Dense(size, use_bias=bias, name=f"hidden_{number}"))
        model.add(layers.Activation(activation))
    model.add(layers.Dense(head, use_bias=bias, name="head"))
    return model
