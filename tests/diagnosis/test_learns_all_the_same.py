"""Starts that look ill and learn, beside likenesses of them that do not."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_inits.diagnosis import diagnose
from keras_inits.diagnosis.report import ERROR, HEALTHY, INFO, WARNING
from support.diagnosed.examples import STEP

LABELS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def data(*shape, classes=3, samples=64):
    random = np.random.default_rng(0)
    x = random.standard_normal((samples, *shape)).astype("float32")
    return x, random.integers(0, classes, samples)


def severe(diagnosis):
    return [(f.severity, f.kind) for f in diagnosis.findings if f.severity != INFO]


@pytest.mark.parametrize("value", [1.0, 0.1])
def test_a_head_of_equal_values_opens_in_the_first_step(value):
    keras.utils.set_random_seed(0)
    start = keras.initializers.Constant(value)
    head = layers.Dense(3, kernel_initializer=start)
    hidden = [layers.Dense(24, "relu") for _ in range(2)]
    model = keras.Sequential([keras.Input((16,)), *hidden, head])
    found = diagnose(model, *data(16), loss=LABELS)
    assert found.verdict == HEALTHY, found
    assert found.weights[-2].equal
    assert not found.weights[0].equal


def test_a_hidden_layer_of_equal_values_stays_equal():
    start = keras.initializers.Constant(0.1)
    hidden = [layers.Dense(24, "relu", kernel_initializer=start) for _ in range(2)]
    model = keras.Sequential([keras.Input((16,)), *hidden, layers.Dense(3)])
    found = diagnose(model, *data(16), loss=LABELS)
    assert (ERROR, "symmetric units") in severe(found)


def of_two_units(second):
    """One unit that is on for all samples, and another."""
    model = keras.Sequential(
        [keras.Input((2,)), layers.Dense(2, "relu"), layers.Dense(1)]
    )
    model.layers[0].kernel.assign([[1.0, second], [0.0, second]])
    model.layers[0].bias.assign([1.5, -3.0 if second == 0 else 0.0])
    return model


def test_one_live_unit_tells_samples_apart():
    x, _ = data(2)
    for second in (0.0, 1.0):
        found = diagnose(of_two_units(second), x, x[:, :1], loss="mse")
        assert "collapsed representation" not in dict(map(reversed, severe(found)))


def test_several_live_units_that_do_not_are_collapsed():
    keras.utils.set_random_seed(0)
    hidden = [
        layers.Dense(24, "sigmoid", bias_initializer=keras.initializers.Constant(2.0))
        for _ in range(24)
    ]
    model = keras.Sequential([keras.Input((16,)), *hidden, layers.Dense(3)])
    found = diagnose(model, *data(16), loss=LABELS)
    assert (ERROR, "collapsed representation") in severe(found)


@pytest.mark.parametrize("layer", [layers.LSTM, layers.GRU, layers.SimpleRNN])
def test_one_time_step_leaves_the_recurrent_kernel_alone(layer):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((1, 16)), layer(12), layers.Dense(3)])
    found = diagnose(model, *data(1, 16), loss=LABELS)
    assert found.verdict == HEALTHY, found
    # Nor is Keras's way of counting the fans of gates worth a line.
    assert not found.findings


def exponentials(depth, normalized):
    small = keras.initializers.RandomNormal(stddev=0.02, seed=0)
    model = keras.Sequential([keras.Input((16,))])
    for place in range(depth):
        start = keras.initializers.RandomNormal(stddev=0.02, seed=place)
        if normalized and place:
            model.add(layers.BatchNormalization())
        model.add(layers.Dense(24, "exponential", kernel_initializer=start))
    model.add(layers.Dense(3, kernel_initializer=small))
    return model


LEVELS = [(2, None), (3, WARNING), (4, WARNING), (5, ERROR)]


@pytest.mark.parametrize(
    ("depth", "level", "normalized"),
    [(*level, normalized) for normalized in (False, True) for level in LEVELS][::STEP],
)
def test_exponentials_in_a_row_have_no_weights_that_help(depth, level, normalized):
    found = diagnose(exponentials(depth, normalized), *data(16), loss=LABELS)
    levels = {f.kind: f for f in found.findings}
    about = levels.get("unbounded activation")
    assert (about and about.severity) == level, found
    if about is not None:
        assert 'activation="relu"' in about.fix


def test_exponentials_are_named_where_they_overflow():
    model = keras.Sequential([keras.Input((16,))])
    for place in range(6):
        start = keras.initializers.RandomNormal(stddev=1.0, seed=place)
        model.add(layers.Dense(24, "exponential", kernel_initializer=start))
    model.add(layers.Dense(3))
    found = diagnose(model, *data(16), loss=LABELS)
    assert severe(found)[0] == (ERROR, "unbounded activation")
    assert (ERROR, "not finite") in severe(found)
