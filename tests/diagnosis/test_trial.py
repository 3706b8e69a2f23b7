"""Fixes are tried before they are offered, and the model is as before."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_inits.diagnosis import diagnose, trial
from keras_inits.diagnosis.report import HEALTHY

LABELS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def data(samples=96):
    random = np.random.default_rng(0)
    x = random.standard_normal((samples, 24)).astype("float32")
    return x, random.integers(0, 5, samples)


def network(std, activation="relu", depth=8, bias=0.0):
    made = [
        layers.Dense(
            24,
            activation,
            kernel_initializer=keras.initializers.RandomNormal(stddev=std, seed=place),
            bias_initializer=keras.initializers.Constant(bias),
        )
        for place in range(depth)
    ]
    head = layers.Dense(5, kernel_initializer=keras.initializers.GlorotUniform(seed=9))
    return keras.Sequential([keras.Input((24,)), *made, head])


def tried(model):
    x, y = data()
    before = [np.array(w) for w in model.get_weights()]
    first = diagnose(model, x[:32], y[:32], loss=LABELS)
    again = lambda: diagnose(model, x[32:], y[32:], loss=LABELS)  # noqa: E731
    found = trial.tried(first, model, x[:32], again)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    return first, found


@pytest.mark.parametrize("std", [0.02, 1.0])
def test_a_fix_that_heals_says_so(std):
    first, found = tried(network(std))
    assert found.verdict == first.verdict != HEALTHY
    assert {f.tried for f in found.findings if f.severity != "info"} == {"healthy"}


def test_one_pass_of_data_is_offered_where_no_drawing_helps():
    first, found = tried(network(0.3, "sigmoid", 12))
    assert first.verdict != HEALTHY
    severe = [f for f in found.findings if f.fix.startswith("keras_inits.")]
    assert not [f for f in severe if f.tried == ""]


def test_what_weights_cannot_mend_is_not_tried():
    model = network(0.3, "exponential", 6)
    _, found = tried(model)
    about = next(f for f in found.findings if f.kind == "unbounded activation")
    assert about.tried == ""
    assert about.fix.startswith("#")


def test_an_interrupt_leaves_the_weights():
    model = network(1.0)
    before = model.get_weights()
    x, y = data()

    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trial.tried(diagnose(model, x, y, loss=LABELS), model, x, interrupted)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_fix_that_cannot_be_done_is_left_as_it_was():
    """Random tokens stand in where nothing is calibrated: only drawing is tried."""
    model = network(1.0)
    first = diagnose(model)
    found = trial.tried(first, model, None, lambda: diagnose(model, seed=1))
    assert all("calibrate" not in f.fix for f in found.findings)
    assert {f.tried for f in found.findings if f.severity != "info"} == {"healthy"}
