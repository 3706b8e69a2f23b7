"""Kernels that resample: what becomes of ramps, constants and alternating signals."""

import math

import keras
import numpy as np
import pytest

import keras_inits
from support.distributions import values

RANDOM = np.random.default_rng(7)
STRIDES = [(s, k) for s in range(1, 6) for k in sorted({2 * s - 1, 2 * s})]


def drawn(name, shape, **arguments):
    """A kernel of a scheme, as an array."""
    return values(keras_inits.get(name, **arguments)(shape, "float32"))


def run(layer, kernel, inputs):
    """What a layer without bias returns once it has this kernel."""
    layer.build(inputs.shape)
    layer.weights[0].assign(kernel)
    return values(layer(inputs.astype("float32")))


def usual(stride):
    """The window whose upsampling has pixels' centres at (o + 1/2)/s - 1/2."""
    return 2 * stride - stride % 2


def diagonal(taps, inputs, outputs):
    """One filter for each channel i to channel i, none across."""
    return np.multiply.outer(np.asarray(taps), np.eye(inputs, outputs))


def triangle(k):
    """1, 2, ..., 2, 1, or halves less for even k; the sum is 1."""
    j = np.arange(k)
    rising = np.minimum(j + 1, k - j) - (0.5 if k % 2 == 0 else 0.0)
    return rising / rising.sum()


# Bilinear upsampling.
def upsampled(kernel, signal, strides):
    """A transposed convolution of an array (*window, channels)."""
    *window, outputs, _ = kernel.shape
    make = getattr(keras.layers, f"Conv{len(window)}DTranspose")
    layer = make(outputs, window, strides=strides, padding="same", use_bias=False)
    return run(layer, kernel, signal[None])[0]


def upsampling_errors(kernel, stride):
    """Of the slope of a ramp, of a constant, and of half-pixel positions."""
    k, outputs, inputs = kernel.shape
    ramp = np.arange(16.0)[:, None] * (1 + np.arange(inputs))
    inside = slice(2 * stride, -2 * stride)
    scales = np.where(np.arange(outputs) < inputs, 1.0 + np.arange(outputs), 0.0)
    up = upsampled(kernel, ramp, stride)
    constant = upsampled(kernel, np.ones_like(ramp), stride)[inside]
    position = (np.arange(16 * stride) + 0.5) / stride - 0.5
    return (
        abs(np.diff(up[inside], axis=0) - scales / stride).max(),
        abs(constant - (scales > 0)).max(),
        abs(up - position[:, None] * scales)[inside].max() if k == usual(stride) else 0,
    )


@pytest.mark.parametrize(("stride", "k"), STRIDES)
def test_a_ramp_is_upsampled_to_a_ramp(stride, k, figure):
    """Surplus channels stay zero. Twin: every pair of channels is filled (Paddle)."""
    for inputs, outputs in ((2, 3), (3, 2)):
        kernel = drawn("bilinear_upsampling", (k, outputs, inputs))
        found = max(upsampling_errors(kernel, stride))
        twin = np.broadcast_to(kernel[:, :1, :1], kernel.shape)
        wrong = upsampling_errors(twin, stride)[1]
        what, tolerance = "error of ramps and constants", 1e-5 * 16 * inputs
        figure("bilinear_upsampling", what, found, tolerance, wrong, beyond=0.9)


def product_error(kernel, strides):
    """How far upsampling the function i·j misses it, inside."""
    sides = (9, 11)
    product = np.multiply.outer(*(np.arange(float(n)) for n in sides))
    up = upsampled(kernel, product[..., None], strides)[..., 0]
    finer = [
        (np.arange(n * s) + 0.5) / s - 0.5 for n, s in zip(sides, strides, strict=True)
    ]
    inside = tuple(slice(2 * s, -2 * s) for s in strides)
    return abs(up - np.multiply.outer(*finer))[inside].max()


def true_division(k):
    """A twin, of Paddle and of old MXNet: the row is n / k, with a fraction."""
    f, n = (k + 1) // 2, np.arange(k * k)
    centre = (2 * f - 1 - f % 2) / (2 * f)
    taps = (1 - abs(n % k / f - centre)) * (1 - abs(n / k / f - centre))
    return taps.reshape(k, k, 1, 1)


@pytest.mark.parametrize("strides", [(2, 2), (4, 4), (3, 2), (2, 5), (1, 3)])
def test_a_product_of_coordinates_is_upsampled_exactly(strides):
    """Strides may differ. Twin: true division in the index."""
    kernel = drawn("bilinear_upsampling", (*map(usual, strides), 1, 1))
    assert product_error(kernel, strides) < 1e-5 * 80
    if strides[0] == strides[1]:
        assert product_error(true_division(usual(strides[0])), strides) > 0.3


def test_upsampling_filters_are_on_the_diagonal_of_the_format():
    """The format is "transpose" unless another is given."""
    taps = np.multiply.outer(4 * triangle(7), 2 * triangle(4))
    kernel = drawn("bilinear_upsampling", (7, 4, 3, 2))
    np.testing.assert_allclose(kernel, diagonal(taps, 3, 2), atol=1e-6)
    grouped = drawn("bilinear_upsampling", (3, 6, 2), groups=2)  # three outputs each
    pairs = np.tile(np.eye(2, 3), 2).T
    np.testing.assert_allclose(grouped, np.multiply.outer([0.5, 1, 0.5], pairs))
    depthwise = drawn("bilinear_upsampling", (7, 4, 3, 1), kernel_format="depthwise")
    np.testing.assert_allclose(depthwise, taps[..., None, None] * np.ones((3, 1)))


def test_a_layer_with_bilinear_upsampling_in_its_own_argument_upsamples():
    layer = keras.layers.Conv2DTranspose(
        3, 4, 2, "same", kernel_initializer=keras_inits.get("bilinear_upsampling")
    )
    out = values(layer(np.full((1, 7, 8, 3), 5.0, "float32")))
    assert abs(out[:, 2:-2, 2:-2] - 5).max() < 5e-5


# Linear downsampling.
def downsampled(kernel, signal, stride, groups=1):
    """A strided convolution of an array (length, channels)."""
    k, _, outputs = kernel.shape
    layer = keras.layers.Conv1D(
        outputs, k, stride, "same", groups=groups, use_bias=False
    )
    return run(layer, kernel, signal[None])[0]


def downsampling_errors(kernel, stride, groups=1):
    """Of a ramp's positions, which "same" padding tells, and of constants."""
    k, _, channels = kernel.shape
    signal = np.arange(12.0 * stride)[:, None] * (1 + np.arange(channels))
    down = downsampled(kernel, signal, stride, groups)
    centre = stride * np.arange(12) - (k - stride) // 2 + (k - 1) / 2
    if k == usual(stride):
        assert centre[1] == stride + (stride - 1) / 2
    expected = centre[:, None] * (1 + np.arange(channels))
    constant = downsampled(kernel, np.ones_like(signal), stride, groups)
    return (abs(down - expected)[2:-2].max(), abs(constant - 1)[2:-2].max())


def triangle_error(kernel):
    """How far the taps of channel 0 are from a triangle of sum 1."""
    return abs(kernel[:, 0, 0] - triangle(len(kernel))).max()


@pytest.mark.parametrize(("stride", "k"), STRIDES)
def test_a_ramp_is_downsampled_to_its_middle(stride, k, figure):
    """Twins: not normalized; and a box, which passes the ramp but not the taps."""
    for groups in (1, 3):
        kernel = drawn("linear_downsampling", (k, 3 // groups, 3), groups=groups)
        assert triangle_error(kernel) < 1e-6
        found = max(downsampling_errors(kernel, stride, groups))
        twin = None
        if k > 1:
            twin = downsampling_errors(kernel / triangle(k).max(), stride, groups)[1]
        what, tolerance = "error of ramps and constants", 1e-5 * 36 * stride
        figure("linear_downsampling", what, found, tolerance, twin, beyond=0.3)
    box = diagonal(np.full(k, 1 / k), 3, 3)
    assert max(downsampling_errors(box, stride)) < 1e-5 * 36 * stride
    if k > 2:
        assert triangle_error(box) > 0.01


def test_downsampling_filters_are_on_the_diagonal_of_the_format():
    """Over two axes of unequal length; one filter for each channel if depthwise."""
    taps = np.multiply.outer(triangle(3), triangle(6))
    kernel = drawn("linear_downsampling", (3, 6, 2, 5))
    np.testing.assert_allclose(kernel, diagonal(taps, 2, 5), atol=1e-7)
    depthwise = drawn("linear_downsampling", (3, 6, 5, 1), kernel_format="depthwise")
    np.testing.assert_allclose(
        depthwise, taps[..., None, None] * np.ones((5, 1)), atol=1e-7
    )


# Binomial blur.
def remains(kernel, axis):
    """The largest value that is left of a signal that alternates along an axis."""
    *window, channels, _ = kernel.shape
    signal = np.ones((*(n + 6 for n in window), channels))
    steps = np.arange(signal.shape[axis])
    signal = np.moveaxis(np.moveaxis(signal, axis, -1) * (-1.0) ** steps, -1, axis)
    make = getattr(keras.layers, f"Conv{len(window)}D")
    layer = make(kernel.shape[-1], window, use_bias=False)
    return abs(run(layer, kernel, signal[None])).max()


@pytest.mark.parametrize("window", [(2,), (3,), (4,), (7,), (3, 2), (5, 4)])
def test_a_blur_removes_the_alternating_signal(window, figure):
    """Along every axis, and keeps constants. Twin: a box of 3."""
    kernel = drawn("binomial_blur", (*window, 3, 3))
    for axis in range(len(window)):
        box = remains(diagonal(np.full(3, 1 / 3), 3, 3), 0)
        what = "what is left of an alternating signal"
        figure("binomial_blur", what, remains(kernel, axis), 1e-6, box, beyond=0.3)
    sums = kernel.sum(axis=tuple(range(len(window))))
    np.testing.assert_array_equal(sums, np.eye(3))


@pytest.mark.parametrize("window", [(1,), (2,), (5,), (4, 3), (2, 3, 4)])
def test_a_blur_holds_rows_of_pascals_triangle(window):
    """For each channel: on the diagonal of pairs, or depthwise."""
    rows = [[math.comb(k - 1, j) / 2 ** (k - 1) for j in range(k)] for k in window]
    taps = math.prod(np.ix_(*map(np.array, rows)))
    kernel = drawn("binomial_blur", (*window, 2, 3))
    np.testing.assert_array_equal(kernel, diagonal(taps, 2, 3))
    depthwise = drawn("binomial_blur", (*window, 3, 1), kernel_format="depthwise")
    np.testing.assert_array_equal(depthwise, taps[..., None, None] * np.ones((3, 1)))


@pytest.mark.parametrize(
    "name", ["bilinear_upsampling", "linear_downsampling", "binomial_blur"]
)
@pytest.mark.parametrize("shape", [(), (4,), (4, 4)])
def test_filters_refuse_what_has_no_window(name, shape):
    with pytest.raises(ValueError, match="Received: shape="):
        drawn(name, shape)
