"""Orthogonal kernels: the lengths they keep, and the twins that do not keep them."""

import keras
import numpy as np
import pytest

import keras_inits
from support.distributions import values

RANDOM = np.random.default_rng(7)


def drawn(name, shape, **arguments):
    """A kernel of a scheme, as an array."""
    return values(keras_inits.get(name, **arguments)(shape, "float32"))


def run(layer, kernel, inputs):
    """What a layer without bias returns once it has this kernel."""
    if not layer.built:
        layer.build(inputs.shape)
    layer.weights[0].assign(kernel)
    return values(layer(inputs.astype("float32")))


def haar(rows, columns, phases=True):
    """A matrix with orthonormal rows or columns; without phases QR is biased."""
    size = max(rows, columns)
    q, r = np.linalg.qr(RANDOM.normal(size=(size, size)))
    return (q * np.sign(np.diag(r)) if phases else q)[:rows, :columns]


# Scaled to a variance.
def variance(kernel, samples=2000):
    """Of what a dense layer makes of white noise."""
    inputs, outputs = kernel.shape
    layer = keras.layers.Dense(outputs, use_bias=False)
    return (run(layer, kernel, RANDOM.normal(size=(samples, inputs))) ** 2).mean()


@pytest.mark.parametrize(("inputs", "outputs"), [(64, 256), (64, 64), (64, 16)])
def test_orthogonal_keeps_the_variance_or_the_norm(inputs, outputs):
    """Twin: that of the norm has a quarter of the variance on 64 to 256."""
    bound = 5 * np.sqrt(2 / (2000 * min(inputs, outputs)))
    arguments = {"gain": 1.5, "seed": 7}
    shape = (inputs, outputs)
    scaled = drawn("orthogonal", shape, scale_to="variance", **arguments)
    assert abs(variance(scaled) / 2.25 - 1) < bound
    kept = drawn("orthogonal", shape, scale_to="norm", **arguments)
    assert abs(variance(kept) / 2.25 / min(1, inputs / outputs) - 1) < bound
    assert (abs(variance(kept) / 2.25 - 1) < bound) == (inputs >= outputs)
    x = RANDOM.normal(size=(11, inputs))
    ratio = np.linalg.norm(x @ kept, axis=1) / np.linalg.norm(x, axis=1) / 1.5
    assert (abs(ratio - 1).max() < 1e-5) == (inputs <= outputs)
    np.testing.assert_array_equal(kept, drawn("orthogonal", shape, **arguments))


def test_orthogonal_refuses_another_scale():
    with pytest.raises(ValueError, match=r"scale_to.*Received: scale_to='length'"):
        keras_inits.get("orthogonal", scale_to="length")


# Delta-orthogonal.
def drift(kernels, groups=1, side=4):
    """By how much lengths of single pixels change in a chain of convolutions."""
    *window, inputs, _ = kernels[0].shape
    make = getattr(keras.layers, f"Conv{len(window)}D")
    sides = range(side, side + len(window))
    x = RANDOM.normal(size=(2, *sides, inputs * groups)).astype("float32")
    layers, y = {}, x
    for kernel in kernels:
        if kernel.shape not in layers:
            layers[kernel.shape] = make(
                kernel.shape[-1], window, padding="same", groups=groups, use_bias=False
            )
        y = run(layers[kernel.shape], kernel, y)
    norms = [
        np.linalg.norm(images.reshape(*images.shape[:-1], groups, -1), axis=-1)
        for images in (x, y)
    ]
    return abs(norms[1] / norms[0] - 1).max()


def flattened(shape):
    """A twin: orthogonal once the window and the inputs are one axis."""
    return haar(np.prod(shape[:-1]), shape[-1]).reshape(shape)


@pytest.mark.parametrize(("window", "inputs"), [((3,), 5), ((4, 3), 5), ((3, 2, 3), 8)])
def test_pixels_keep_their_lengths_through_a_hundred_layers(window, inputs, figure):
    """With zeros for padding. Twin: orthogonal on the flattened kernel."""
    shapes = [(*window, inputs, 8)] + [(*window, 8, 8)] * 99
    scheme = [drawn("delta_orthogonal", s, seed=n) for n, s in enumerate(shapes)]
    twin = drift([flattened(shape) for shape in shapes[1:21]])
    what = "change of a pixel's length in 100 layers"
    figure("delta_orthogonal", what, drift(scheme), 1e-5, twin, beyond=0.5)


def test_pixels_keep_their_lengths_in_each_group():
    """Times the gain. Twin: one matrix cut into groups."""
    kernel = drawn("delta_orthogonal", (3, 4, 3, 10), groups=2, gain=2.0, seed=7)
    assert drift([kernel / 2], groups=2) < 1e-5
    twin = drawn("delta_orthogonal", (3, 4, 3, 10), seed=7)
    assert drift([twin], groups=2) > 0.1


def traces(kernel, size):
    """Of the square matrices in the middle tap of a grouped kernel."""
    matrices = kernel[kernel.shape[0] // 2].reshape(size, -1, size)
    return np.trace(matrices, axis1=0, axis2=2)


def test_the_matrix_of_a_tap_is_uniform_over_rotations_and_reflections():
    """Traces have mean 0 and mean square 1. Twin: QR without phases is biased."""
    count, size = 2000, 3
    shape = (1, size, size * count)
    found = traces(drawn("delta_orthogonal", shape, groups=count, seed=7), size)
    assert abs(found.mean()) < 5 / np.sqrt(count)
    assert abs((found**2).mean() - 1) < 5 * np.sqrt(2 / count)
    twin = np.hstack([haar(size, size, phases=False) for _ in range(count)])[None]
    assert abs(traces(twin, size).mean()) > 0.3


@pytest.mark.parametrize(
    ("arguments", "shape"),
    [
        ({}, (3, 3, 5, 4)),
        ({"groups": 2}, (3, 3, 5, 8)),
        ({}, (5, 5)),
        ({}, (1, 1, 1, 1, 5, 5)),
    ],
)
def test_delta_orthogonal_refuses_other_shapes(arguments, shape):
    """Fewer outputs than inputs of a group; no window; more than three axes of it."""
    with pytest.raises(ValueError, match="Received"):
        drawn("delta_orthogonal", shape, **arguments)


# Orthogonal convolutions.
def spectrum(kernel, grid=7):
    """All singular values of a circular convolution: its frequencies', one by one."""
    axes = tuple(range(kernel.ndim - 2))
    frequencies = np.fft.fftn(kernel, s=[grid + axis for axis in axes], axes=axes)
    return np.linalg.svd(frequencies, compute_uv=False)


def spectrum_error(kernel, gain=1.0):
    """How far the farthest singular value is from the gain."""
    return abs(spectrum(kernel) / gain - 1).max()


def independent(window, size):
    """A twin: orthogonal taps, one for each, divided so that their squares sum to 1."""
    count = np.prod(window)
    taps = np.stack([haar(size, size) for _ in range(count)]) / np.sqrt(count)
    return taps.reshape(*window, size, size)


def without_its_largest_tap(kernel):
    """A twin: one tap lost (a random one could be zero by itself)."""
    taps = kernel.reshape(-1, *kernel.shape[-2:]).copy()
    taps[(taps**2).sum(axis=(1, 2)).argmax()] = 0
    return taps.reshape(kernel.shape)


@pytest.mark.parametrize(
    "shape", [(5, 4, 7), (2, 6, 6), (3, 3, 8, 8), (4, 4, 3, 5), (2, 2, 2, 3, 4)]
)
def test_all_frequencies_of_an_orthogonal_convolution_keep_their_length(shape, figure):
    """Twins: independent taps, one tap lost, and orthogonal when flattened."""
    kernel = drawn("conv_orthogonal", shape, gain=1.5, seed=7)
    window = shape[:-2]
    total = kernel.sum(axis=tuple(range(len(window)))) / 1.5
    assert abs(total @ total.T - np.eye(len(total))).max() < 1e-5
    square = (*window, shape[-1], shape[-1])
    for twin in (
        independent(window, shape[-1]),
        without_its_largest_tap(kernel / 1.5),
        flattened(square),
    ):
        what = "singular values at all frequencies, from the gain"
        found, wrong = spectrum_error(kernel, 1.5), spectrum_error(twin)
        figure("conv_orthogonal", what, found, 1e-5, wrong, beyond=0.05)


def test_a_circular_orthogonal_convolution_keeps_the_length_of_images():
    """In a layer; twin: of the flattened kernel."""
    x = RANDOM.normal(size=(3, 6, 7, 5))
    wrapped = np.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)], mode="wrap")
    kernels = drawn("conv_orthogonal", (3, 3, 5, 8), seed=7), flattened((3, 3, 5, 8))
    errors = []
    for kernel in kernels:
        y = run(keras.layers.Conv2D(8, 3, use_bias=False), kernel, wrapped)
        lengths = [np.linalg.norm(images.reshape(3, -1), axis=1) for images in (x, y)]
        errors.append(abs(lengths[1] / lengths[0] - 1).max())
    assert errors[0] < 1e-5
    assert errors[1] > 0.01


def test_the_projections_have_the_given_rank_or_a_random_one():
    """A column is kept with probability one half: 6 in half of the cases 3."""
    for rank in (0, 2, 5):
        kernel = drawn("conv_orthogonal", (2, 7, 7), rank=rank, seed=7)
        ranks = np.linalg.matrix_rank(kernel, tol=1e-4)
        assert sorted(ranks) == sorted((rank, 7 - rank))
        assert spectrum_error(kernel) < 1e-5
    kernels = drawn("conv_orthogonal", (2, 6, 6 * 200), groups=200, seed=7)
    taps = np.moveaxis(kernels.reshape(2, 6, 200, 6), 2, 1)
    ranks = np.linalg.matrix_rank(taps, tol=1e-4)[0]
    assert abs(ranks.mean() - 3) < 5 * np.sqrt(6 / 4 / 200)
    assert abs(ranks.var() / 1.5 - 1) < 5 * np.sqrt(2 / 200)


@pytest.mark.parametrize("shape", [(3, 3, 5, 4), (3, 2, 4, 5), (4, 5)])
def test_conv_orthogonal_refuses_other_shapes(shape):
    """Fewer outputs than inputs, a window of unequal sides, none."""
    with pytest.raises(ValueError, match="Received"):
        drawn("conv_orthogonal", shape)
