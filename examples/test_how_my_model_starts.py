"""For your own CI: a change that makes the network start badly fails a test.

Run it by `pytest test_how_my_model_starts.py`. It takes seconds and trains nothing.
"""

import keras
import numpy as np
import pytest

import keras_inits

x = np.random.default_rng(0).normal(size=(128, 32)).astype("float32")
y = np.arange(128) % 4


def my_model(kernel="he_fan_in"):
    keras.utils.set_random_seed(7)
    hidden = [
        keras.layers.Dense(64, "relu", kernel_initializer=kernel) for _ in range(20)
    ]
    model = keras.Sequential([keras.Input((32,)), *hidden, keras.layers.Dense(4)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def test_it_starts_well():
    keras_inits.diagnose(my_model(), x, y).check()


def test_the_check_would_notice():
    """A check that never fails says nothing."""
    with pytest.raises(AssertionError, match="the signal vanishes"):
        keras_inits.diagnose(my_model("truncated_normal_02"), x, y).check()
