"""Values that are one formula, or nearly: STFT, affine maps, the unit ball, NaN."""

import keras
import numpy as np
import pytest

import keras_inits
from support.distributions import Uniform, values

RANDOM = np.random.default_rng(7)


def drawn(name, shape, dtype="float32", **arguments):
    """A kernel of a scheme, as an array."""
    return values(keras_inits.get(name, **arguments)(shape, dtype))


# Short-time Fourier transform.
WINDOWS = {"hann": np.hanning, "hamming": np.hamming, None: np.ones}


def spectrogram(real, imag, signal, stride):
    """The complex output of two strided convolutions."""
    parts = []
    for kernel in (real, imag):
        length, _, bins = kernel.shape
        layer = keras.layers.Conv1D(bins, length, strides=stride, use_bias=False)
        layer.build((None, len(signal), 1))
        layer.kernel.assign(kernel)
        parts.append(values(layer(signal[None, :, None].astype("float32")))[0])
    return parts[0] + 1j * parts[1]


def transform(signal, length, bins, stride, window, scaling):
    """The same by numpy: rfft of windowed frames, divided."""
    taps = WINDOWS[window](length)
    starts = range(0, len(signal) - length + 1, stride)
    frames = np.stack([signal[start : start + length] for start in starts]) * taps
    scale = {"density": np.sqrt((taps**2).sum()), "spectrum": abs(taps).sum()}
    if window is None:
        scale = {}
    return np.fft.rfft(frames, n=2 * (bins - 1)) / scale.get(scaling, 1)


@pytest.mark.parametrize("scaling", ["density", "spectrum", None])
@pytest.mark.parametrize("window", ["hann", "hamming", None])
def test_two_convolutions_are_a_fourier_transform_of_frames(window, scaling, figure):
    """Twin: the sign of the sine."""
    signal = RANDOM.normal(size=50)
    for length, bins in ((16, 9), (11, 9), (13, 7)):
        if length > 2 * (bins - 1):
            length = 2 * (bins - 1)
        arguments = {"window": window, "scaling": scaling}
        kernels = [
            drawn("stft", (length, 1, bins), side=side, **arguments)
            for side in ("real", "imag")
        ]
        expected = transform(signal, length, bins, 5, window, scaling)
        largest = abs(expected).max()
        found = spectrogram(*kernels, signal, 5)
        twin = spectrogram(kernels[0], -kernels[1], signal, 5)
        errors = [abs(x - expected).max() / largest for x in (found, twin)]
        what = "error of a Fourier transform, relative"
        figure("stft", what, errors[0], 1e-5, errors[1], beyond=0.1)


@pytest.mark.parametrize("side", ["real", "imag"])
@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize(
    ("window", "scaling"),
    [("hann", "density"), ("hann", "spectrum"), ("blackman", None), (None, "density")],
)
def test_stft_equals_that_of_keras(side, periodic, window, scaling):
    arguments = {
        "side": side,
        "window": window,
        "scaling": scaling,
        "periodic": periodic,
    }
    ours = drawn("stft", (29, 1, 17), **arguments)
    keras_own = values(keras.initializers.STFT(**arguments)((29, 1, 17), "float32"))
    assert abs(ours - keras_own).max() < 1e-5


def test_angles_of_a_long_stft_are_exact():
    """Float32 loses them: t · f reaches a million, and their cosine is off by 0.1."""
    kernel = drawn("stft", (2048, 1, 1025), window=None)
    turns = np.outer(np.arange(2048), np.arange(1025)) % 2048
    assert abs(kernel[:, 0] - np.cos(2 * np.pi * turns / 2048)).max() < 1e-6


@pytest.mark.parametrize("shape", [(8, 2, 5), (8, 5), (8, 1, 1, 5)])
def test_stft_refuses_other_shapes(shape):
    """Keras would ignore the middle axis."""
    with pytest.raises(ValueError, match="Received: shape="):
        drawn("stft", shape)


@pytest.mark.parametrize(
    "arguments", [{"side": "left"}, {"scaling": "power"}, {"window": "no such window"}]
)
def test_stft_refuses_other_names(arguments):
    (name,) = arguments
    with pytest.raises(ValueError, match=rf"(?s){name}.*Received"):
        drawn("stft", (8, 1, 5), **arguments)


# NaN.
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3, 5)])
def test_nan_fill_is_nan_everywhere(dtype, shape, figure):
    filled = drawn("nan_fill", shape, dtype)
    assert filled.shape == shape
    found, zeros = (np.count_nonzero(~np.isnan(x)) for x in (filled, np.zeros(shape)))
    figure("nan_fill", "entries that are numbers", found, 0, zeros)


def test_a_layer_whose_weights_nobody_set_returns_nan():
    layer = keras.layers.Dense(3, kernel_initializer=keras_inits.get("nan_fill"))
    assert np.isnan(values(layer(np.ones((2, 5), "float32")))).all()


@pytest.mark.parametrize("dtype", ["int32", "bool"])
def test_nan_fill_refuses_integers(dtype):
    with pytest.raises(ValueError, match=r"floating-point.*Received"):
        keras_inits.get("nan_fill")((3,), dtype)


# Affine maps.
def moves(bias, points):
    """How far the affine map of a bias, row by row, carries points."""
    n = points.shape[1]
    matrix = bias.reshape(n, -1)
    extended = np.column_stack([points, np.ones(len(points))])[:, : matrix.shape[1]]
    return abs(extended @ matrix.T - points).max()


@pytest.mark.parametrize(
    ("size", "dimensions"), [(1, 1), (2, 1), (4, 2), (6, 2), (9, 3), (12, 3), (20, 4)]
)
def test_the_bias_of_a_spatial_transformer_moves_no_point(size, dimensions, figure):
    """Twin: the matrix column by column."""
    points = RANDOM.normal(size=(11, dimensions))
    bias = drawn("affine_identity", (size,))
    assert bias.shape == (size,)
    twin = None
    if size == dimensions * (dimensions + 1) and dimensions > 1:
        twin = moves(bias.reshape(dimensions, -1).T.ravel(), points)
    what, found = "how far a point is moved", moves(bias, points)
    figure("affine_identity", what, found, 0, twin, beyond=0.1)


def test_a_localization_network_starts_as_the_identity():
    """The last layer has a kernel of zeros and this bias."""
    layer = keras.layers.Dense(
        6,
        kernel_initializer="zeros",
        bias_initializer=keras_inits.get("affine_identity"),
    )
    for theta in values(layer(RANDOM.normal(size=(3, 5)).astype("float32"))):
        assert moves(theta, RANDOM.normal(size=(7, 2))) == 0


@pytest.mark.parametrize("shape", [(3,), (5,), (8,), (), (2, 3)])
def test_other_sizes_are_no_affine_map(shape):
    with pytest.raises(ValueError, match="Received: shape="):
        drawn("affine_identity", shape)


# The positive unit ball.
def sum_error(kernel):
    """How far the sum of an output's weights is from 1."""
    sums = kernel.reshape(-1, kernel.shape[-1]).sum(axis=0)
    return abs(sums - 1).max()


@pytest.mark.parametrize("shape", [(40, 91), (3, 3, 7, 5), (5, 2, 13)])
def test_positive_unitball_averages_its_inputs(shape, figure):
    """A constant stays the same. Twin: divided by sums along the outputs."""
    kernel = drawn("positive_unitball", shape, seed=7)
    assert kernel.min() >= 0
    twin = sum_error(kernel / kernel.sum(axis=-1, keepdims=True))
    what = "sum of a unit's weights, from 1"
    figure("positive_unitball", what, sum_error(kernel), 1e-5, twin)
    if len(shape) == 2:
        layer = keras.layers.Dense(
            shape[1], kernel_initializer=keras_inits.get("positive_unitball", seed=7)
        )
        out = values(layer(np.full((1, shape[0]), 3.0, "float32")))
        assert abs(out - 3).max() < 3e-5


def test_positive_unitball_is_uniform_before_the_division():
    """So are weights divided by the largest of 4999, for the law of 20 outputs."""
    kernel = drawn("positive_unitball", (4999, 20), seed=7)
    assert Uniform(0, 1).complaints(kernel / kernel.max(axis=0)) == []
    twin = RANDOM.uniform(size=(4999, 20)) ** 1.05
    assert Uniform(0, 1).complaints(twin / twin.max(axis=0))
