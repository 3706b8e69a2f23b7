"""Units whose weights sum to zero take off the mean that sigmoids add."""

import keras
import numpy as np
import pytest
from keras import layers

import keras_inits
from support.distributions import values
from support.refusals import refused

RANDOM = np.random.default_rng(7)
SCALE = 23.05261  # 1 / Var sigmoid(z), z ~ N(0, 1)


def sums(kernel):
    """Of each unit's weights, in units of their std and number."""
    rows = kernel.reshape(-1, kernel.shape[-1])
    return np.abs(rows.sum(0)) / (rows.std() * len(rows))


@pytest.mark.parametrize("shape", [(64, 5), (3, 3, 7, 11), (2, 200)])
@pytest.mark.parametrize("distribution", ["normal", "truncated_normal", "uniform"])
def test_each_units_weights_sum_to_zero(figure, shape, distribution):
    """Twin: without the means taken off. Sums in float32 are off by 1e-7 a weight."""
    arguments = {"distribution": distribution, "seed": 7}
    kernel = values(keras_inits.CenteredVarianceScaling(2.0, **arguments)(shape))
    twin = values(keras_inits.VarianceScaling(2.0, **arguments)(shape))
    largest = (sums(kernel).max(), 1e-6, sums(twin).max())
    figure("centered_variance_scaling", "sums of units' weights", *largest, beyond=1e-2)


def test_the_variance_is_as_without_the_means():
    """Within five standard errors; a kernel of two rows shows a missing n - 1."""
    kernel = values(keras_inits.CenteredVarianceScaling(2.0, seed=7)((2, 20000)))
    assert abs(kernel.var() - 1.0) < 5 * np.sqrt(3 / 20000)
    assert abs(kernel.var() / 2 - 1.0) > 5 * np.sqrt(3 / 20000)  # without the factor


def test_the_axes_are_those_of_the_geometry():
    """A transposed kernel's inputs come last, those of an attention output first."""
    transposed = keras_inits.CenteredVarianceScaling(kernel_format="transpose", seed=7)
    kernel = values(transposed((3, 3, 5, 11)))
    assert np.abs(kernel.sum((0, 1, 3))).max() < 1e-5
    assert np.abs(kernel.sum((0, 1, 2))).max() > 1e-2
    heads = keras_inits.CenteredVarianceScaling(
        input_axes=(0, 1), output_axes=(2,), seed=7
    )
    kernel = values(heads((3, 5, 11)))
    assert np.abs(kernel.sum((0, 1))).max() < 1e-5


def spread_behind(kernel_initializer, depth=10, width=128):
    """Of outputs of samples, by their size, behind a stack of sigmoids."""
    x = keras.ops.convert_to_tensor(RANDOM.normal(size=(200, width)).astype("float32"))
    for number in range(depth):
        kernel = kernel_initializer(number)((width, width))
        x = keras.ops.matmul(x, kernel)
        pre = values(x)
        x = keras.ops.sigmoid(x)
    return pre.std(0).mean()


def test_ten_sigmoids_keep_samples_apart():
    """Pre-activations keep the variance 1; twin: by the second moment alone."""
    ours = spread_behind(
        lambda n: keras_inits.CenteredVarianceScaling(SCALE if n else 1.0, seed=n)
    )
    assert 0.85 < ours < 1.15
    twin = spread_behind(lambda n: keras_inits.VarianceScaling(3.4, seed=n))
    assert twin < 0.05


def test_works_by_name_in_a_layer():
    layer = layers.Dense(5, kernel_initializer="centered_variance_scaling")
    layer.build((None, 64))
    assert np.abs(values(layer.kernel).sum(0)).max() < 1e-5


def test_a_unit_of_one_weight_is_refused():
    refused(
        lambda: keras_inits.CenteredVarianceScaling(scale=-1.0), "scale", "scale=-1.0"
    )
    with pytest.raises(ValueError, match=r"sum to zero need two .* shape=\(1, 7\)"):
        keras_inits.CenteredVarianceScaling(seed=7)((1, 7))
