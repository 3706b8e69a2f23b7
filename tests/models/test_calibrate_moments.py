"""Mean and std of pre-activations, against NumPy's in float64."""

import keras
import numpy as np
import pytest

from keras_inits.models.calibration import moments

SHAPE = (40, 3, 5, 7)


def signal(mean, std, dtype="float32"):
    """Values of a mean and std, each unit of the last axis with another std."""
    values = np.random.default_rng(0).standard_normal(SHAPE)
    return (mean + std * values * np.arange(1, 8)).astype(dtype)


@pytest.mark.parametrize("over", [(0, 1, 2), (0, 2, 3), (0, 1, 2, 3)])
@pytest.mark.parametrize("block", [moments.BLOCK, 64])
@pytest.mark.parametrize(
    ("mean", "std"), [(0.3, 1.0), (1000.0, 1.0), (0.0, 1e25), (0.0, 1e-30)]
)
def test_moments_are_those_of_float64(monkeypatch, over, block, mean, std):
    """Float32 rounds values of 1,000 by 3e-5, and sums of their squares by far more."""
    monkeypatch.setattr(moments, "BLOCK", block)
    x = signal(mean, std)
    found = moments.moments(keras.ops.convert_to_tensor(x), over)
    exact = x.astype("float64")
    np.testing.assert_allclose(
        found.mean, exact.mean(over).ravel(), rtol=2e-6, atol=2e-6 * std
    )
    np.testing.assert_allclose(found.std, exact.std(over).ravel(), rtol=2e-6)


def test_half_precision_is_summed_in_float32():
    x = signal(100.0, 1.0, "float16")
    found = moments.moments(keras.ops.convert_to_tensor(x), (0, 1, 2))
    np.testing.assert_allclose(found.std, x.astype("float64").std((0, 1, 2)), rtol=2e-6)
