"""`initialize(..., data=x)`: draws, then calibrates, as a whole."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_inits import calibrate, initialize
from support.model_zoo import row, same, weights

X = np.random.default_rng(7).normal(2.0, 3.0, (300, 6)).astype("float32")


def stack():
    """Sigmoids, with a bias that outweighs its signal."""
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(16, "sigmoid", name="first"),
            layers.Dense(12, "sigmoid", bias_initializer="ones", name="second"),
            layers.Dense(3, name="head"),
        ]
    )


def test_it_is_initialize_and_then_calibrate():
    one, other = stack(), stack()
    report = initialize(one, "auto", seed=7, data=X)
    initialize(other, "auto", seed=7)
    assert not same(weights(one), weights(other))
    calibrate(other, X)
    assert same(weights(one), weights(other))
    told = row(report, "second/kernel")
    assert told.scheme.startswith("CenteredVarianceScaling")
    assert told.std_after == pytest.approx(1, abs=1e-3)
    assert "by data: mean 0, variance 1" in told.note
    assert report.seed == 7


def test_a_dry_run_needs_no_data_and_sets_nothing():
    model = stack()
    before = weights(model)
    report = initialize(model, "auto", seed=7, data=X, dry_run=True)
    assert same(before, weights(model))
    assert row(report, "second/kernel").std_after is None


def test_bad_data_changes_nothing():
    model = stack()
    before = weights(model)
    hole = X.copy()
    hole[3, 2] = np.nan
    for wrong, said in ((hole, r"finite.* \(3, 2\)"), (X[:, :5], "could not run")):
        with pytest.raises(ValueError, match=said):
            initialize(model, "auto", seed=7, data=wrong)
        assert same(before, weights(model))


def test_what_include_leaves_out_stays():
    model = stack()
    before = weights(model)
    initialize(model, "auto", seed=7, data=X, include="second/*")
    after = weights(model)
    changed = {path for path in before if not np.array_equal(before[path], after[path])}
    assert changed == {"second/kernel", "second/bias"}


def heavy(value):
    """A bias of ten times its signal, or as large as it."""
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(8, bias_initializer=keras.initializers.Constant(value)),
        ]
    )


def test_a_bias_that_outweighs_its_signal_is_named():
    """The author's choice stays. An LSTM's forget bias is none."""
    note = row(initialize(heavy(10.0), "auto", seed=7), "dense[0]/bias").note
    assert "outweighs its signal: 10" in note
    assert row(initialize(heavy(1.0), "auto", seed=7), "dense[0]/bias").note == ""
    model = keras.Sequential([keras.Input((5, 6)), layers.LSTM(4)])
    assert row(initialize(model, "auto", seed=7), "lstm[0]/cell/bias").note == ""
