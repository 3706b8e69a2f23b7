"""Copies with noise: deep networks of tanh keep a signal, whatever their width."""

import math

import keras
import numpy as np
import pytest

import keras_inits
from support.distributions import Normal, values

LAYERS, SAMPLES, ALPHA = 600, 32, 0.085


def copied(inputs, outputs):
    """The copy by hand: output i is the input of number i modulo the inputs."""
    kernel = np.zeros((inputs, outputs))
    for output in range(outputs):
        kernel[output % inputs, output] = 1
    return kernel


@pytest.mark.parametrize("shape", [(4, 8), (4, 4), (8, 4), (3, 7)])
def test_outputs_repeat_the_inputs_in_turn(shape):
    """Without noise to speak of. Twin: `idinit`, which with fewer outputs adds up."""
    kernel = values(keras_inits.get("tanh_fixed_point", alpha=1e-12, seed=7)(shape))
    np.testing.assert_allclose(kernel, copied(*shape), rtol=0, atol=1e-11)
    twin = values(keras_inits.get("idinit", noise=0.0)(shape))
    assert np.array_equal(twin, copied(*shape)) is (shape[0] <= shape[1])


def test_the_noise_is_normal_and_everywhere():
    """Std alpha / sqrt(fan_in); twin: of fan_out."""
    shape = (90, 364)
    kernel = values(keras_inits.get("tanh_fixed_point", alpha=0.5, seed=7)(shape))
    noise = kernel - copied(*shape)
    assert Normal(0.0, 0.5 / math.sqrt(90)).complaints(noise) == []
    assert Normal(0.0, 0.5 / math.sqrt(364)).complaints(noise)


def spread(scheme, width):
    """Max - min over samples behind many layers of tanh, on average over units."""
    drawn = np.random.default_rng(3).normal(size=(SAMPLES, width))
    x = keras.ops.convert_to_tensor(drawn.astype("float32"))
    for number in range(LAYERS):
        kernel = keras_inits.get(scheme, seed=number)
        x = keras.layers.Dense(
            width, "tanh", use_bias=False, kernel_initializer=kernel, name="dense"
        )(x)
    return float(np.ptp(values(x), axis=0).mean())


def least_spread(width):
    """Of a signal of the rms at which noise and tanh are in balance.

    A layer multiplies x by 1 + z: log‖x‖² grows by alpha² (1 - 2 / width) on average.
    tanh(x) = x - x³/3 takes (2/3) E x⁴ / E x² from it, 2 rms² for a normal x. They are
    equal at rms² = alpha² (1 - 2 / width) / 2. What is ±rms, the least that can spread
    at that rms, has max - min = 2 rms; normal samples have twice as much.
    """
    return 2 * ALPHA * math.sqrt((1 - 2 / width) / 2)


@pytest.mark.parametrize("width", [16, 32, 64, 128])
def test_a_signal_stays_in_a_deep_network_of_tanh(width, figure):
    """Twin: Xavier, under whose kernels it vanishes, at width 128 after 600 layers."""
    least = least_spread(width)
    what = "least spread behind 600 layers of tanh, over the one found"
    found = least / spread("tanh_fixed_point", width)
    twin = least / spread("glorot_normal", width)
    figure("tanh_fixed_point", what, found, 1, twin, beyond=2)


@pytest.mark.parametrize("alpha", [0, -0.1, math.inf, "small"])
def test_the_noise_has_a_size(alpha):
    with pytest.raises(ValueError, match=r"`alpha`.*Received: alpha="):
        keras_inits.get("tanh_fixed_point", alpha=alpha)


@pytest.mark.parametrize("shape", [(6,), (3, 4, 6), (3, 3, 4, 6)])
def test_vectors_and_windows_are_refused(shape):
    with pytest.raises(ValueError, match=r"Received: shape="):
        keras_inits.get("tanh_fixed_point")(shape)


def test_each_group_and_each_expert_copies():
    """A window of one tap is no hindrance."""
    tiny = {"alpha": 1e-12, "seed": 7}
    grouped = values(keras_inits.get("tanh_fixed_point", groups=2, **tiny)((1, 2, 10)))
    for part in np.split(grouped[0], 2, axis=-1):
        np.testing.assert_allclose(part, copied(2, 5), rtol=0, atol=1e-11)
    experts = keras_inits.get("tanh_fixed_point", kernel_format="experts", **tiny)
    for one in values(experts((3, 2, 5))):
        np.testing.assert_allclose(one, copied(2, 5), rtol=0, atol=1e-11)
