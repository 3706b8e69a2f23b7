"""Kernels of orthonormal filters, mirrored halves, or rotations."""

import keras
import numpy as np
import pytest

import keras_inits
from support.distributions import values

RANDOM = np.random.default_rng(7)
KOLMOGOROV = 1.95  # its distance times √n, once in a thousand samples


def drawn(name, shape, **arguments):
    """A kernel of a scheme, as an array."""
    return values(keras_inits.get(name, **arguments)(shape, "float32"))


# Convolution-aware.
def gram_error(kernel, scale, transform=None):
    """How far filters of each output are from orthonormal, block by block."""
    *window, inputs, outputs = kernel.shape
    filters = np.moveaxis(kernel, (-2, -1), (1, 0)).reshape(outputs, inputs, *window)
    if transform:
        axes = tuple(range(2, filters.ndim))
        filters = transform(filters, axes=axes, norm="ortho")
    size = int(np.prod(window))
    filters = filters.reshape(outputs, inputs, size) / np.sqrt(scale / inputs)
    errors = []
    for start in range(0, inputs, size):
        block = filters[:, start : start + size]
        gram = block @ block.conj().transpose(0, 2, 1)
        errors.append(abs(gram - np.eye(block.shape[1])).max())
    return max(errors)


@pytest.mark.parametrize(
    "shape", [(5, 3, 7), (3, 13, 2), (3, 2, 6, 5), (2, 3, 25, 4), (2, 3, 2, 5, 3)]
)
def test_filters_of_an_output_are_orthonormal(shape, figure):
    """In space and in frequencies, and their mean square is exact. Twin: He normal."""
    kernel = drawn("convolution_aware", shape, scale=3.0, seed=7)
    fan_in = np.prod(shape[:-1])
    assert gram_error(kernel, 3.0, np.fft.fftn) < 1e-5
    assert abs((kernel**2).mean() * fan_in / 3 - 1) < 1e-5
    twin = np.sqrt(3.0 / fan_in) * RANDOM.normal(size=shape)
    what, errors = "Gram matrix, from 1", [gram_error(k, 3.0) for k in (kernel, twin)]
    figure("convolution_aware", what, errors[0], 1e-5, errors[1], beyond=0.3)


def evenness(kernel):
    """The share of the squares in the part that a half turn leaves unchanged."""
    axes = tuple(range(kernel.ndim - 2))
    turned = np.roll(np.flip(kernel, axes), [1] * len(axes), axes)
    return (((kernel + turned) / 2) ** 2).sum() / (kernel**2).sum()


def test_filters_are_not_even():
    """5 of 9 dimensions are. Twin: real Fourier coefficients (keras-contrib)."""
    kernel = drawn("convolution_aware", (3, 3, 4, 2000), seed=7)
    std = np.sqrt(2 * 5 * 4 / 9**2 / 11)  # of the share, Beta(5/2, 4/2)
    assert abs(evenness(kernel) - 5 / 9) < 5 * std / np.sqrt(4 * 2000)
    twin = np.fft.irfftn(RANDOM.normal(size=(3, 2, 4, 5)), s=(3, 3), axes=(0, 1))
    assert evenness(twin) > 0.99


def test_noise_adds_its_variance():
    kernel = drawn("convolution_aware", (3, 3, 40, 91), noise=0.05, seed=7)
    clean = 2 / 360
    added = (kernel**2).mean() - clean
    std = np.sqrt((2 * 0.05**4 + 4 * clean * 0.05**2) / kernel.size)
    assert abs(added - 0.05**2) < 5 * std
    assert gram_error(kernel, 2.0) > 0.1


@pytest.mark.parametrize("shape", [(4, 5), (1, 1, 4, 5), (1, 4, 5)])
def test_filters_of_one_tap_are_refused(shape):
    with pytest.raises(ValueError, match="Received") as error:
        drawn("convolution_aware", shape)
    error.match("(?i)orthogonal")


# Looks linear.
def parts_of(shapes):
    """First, hidden and last: the name of each kernel's part."""
    return ["first"] + ["hidden"] * (len(shapes) - 2) + ["last"]


def halves(kernel, part):
    """The inner matrix, cut out of the kernel."""
    inputs, outputs = kernel.shape
    return kernel[
        : inputs // 2 if part != "first" else None,
        : outputs // 2 if part != "last" else None,
    ]


def through(kernels, x):
    """Dense layers with ReLU between them."""
    for number, kernel in enumerate(kernels):
        last = number == len(kernels) - 1
        layer = keras.layers.Dense(
            kernel.shape[1], activation=None if last else "relu", use_bias=False
        )
        layer.build(x.shape)
        layer.kernel.assign(kernel)
        x = values(layer(x.astype("float32")))
    return x


def linearity_error(kernels, x):
    """How far a network is from the linear map of its inner matrices."""
    expected = x
    for kernel, part in zip(kernels, parts_of(kernels), strict=True):
        expected = expected @ halves(kernel, part)
    size = np.linalg.norm(expected, axis=1).max()
    return abs(through(kernels, x) - expected).max() / size


def cosine(a, b):
    """Of the angle between two vectors."""
    return a @ b / np.linalg.norm(a) / np.linalg.norm(b)


SHAPES = [(5, 16), *[(16, 16)] * 24, (16, 22), *[(22, 22)] * 25, (22, 13)]


def test_a_network_that_looks_linear_is_linear(figure):
    """And keeps lengths and angles. Twin: gain √2, under which angles collapse."""
    x = RANDOM.normal(size=(7, 5))
    kernels = [
        drawn("looks_linear", shape, part=part, seed=n)
        for n, (shape, part) in enumerate(zip(SHAPES, parts_of(SHAPES), strict=True))
    ]
    y = through(kernels, x)
    lengths = np.linalg.norm(y, axis=1) / np.linalg.norm(x, axis=1)
    assert abs(lengths - 1).max() < 1e-4
    assert abs(cosine(*y[:2]) - cosine(*x[:2])) < 1e-4
    twins = [
        drawn("orthogonal", shape, gain=2**0.5, seed=n)
        for n, shape in enumerate(SHAPES)
    ]
    found, wrong = linearity_error(kernels, x), linearity_error(twins, x)
    what = "distance from a linear map in 51 layers"
    figure("looks_linear", what, found, 1e-4, wrong, beyond=0.1)
    assert cosine(*through(twins, x)[:2]) > 0.9
    assert cosine(*x[:2]) < 0.8


@pytest.mark.parametrize("part", ["first", "hidden", "last"])
def test_the_inner_initializer_draws_half_sizes(part):
    """With their fans; the halves of a convolution are mirrored, too."""
    kernel = drawn(
        "looks_linear", (3, 80, 60), initializer="he_fan_in", part=part, seed=7
    )
    assert kernel.shape == (3, 80, 60)
    rows, columns = 80, 60
    if part != "first":
        rows = 40
        np.testing.assert_array_equal(kernel[:, :40], -kernel[:, 40:])
    if part != "last":
        columns = 30
        np.testing.assert_array_equal(kernel[..., :30], -kernel[..., 30:])
    inner = kernel[:, :rows, :columns]
    std = np.sqrt(2 / (3 * rows))
    assert abs(inner.std() / std - 1) < 5 / np.sqrt(2 * inner.size)


@pytest.mark.parametrize(
    ("part", "shape"),
    [("first", (4, 5)), ("hidden", (3, 4)), ("hidden", (4, 3)), ("last", (5, 4))],
)
def test_odd_sizes_have_no_halves(part, shape):
    with pytest.raises(ValueError, match="Received: shape="):
        drawn("looks_linear", shape, part=part)


def test_looks_linear_refuses_another_part():
    with pytest.raises(ValueError, match=r"part.*Received: part='middle'"):
        keras_inits.get("looks_linear", part="middle")


# Rotations of pairs.
def rotation_error(kernel):
    """How far from a matrix of 2×2 rotations on the diagonal."""
    pairs = np.kron(np.eye(len(kernel) // 2), np.ones((2, 2)))
    gram = kernel @ kernel.T - np.eye(len(kernel))
    odd, even = slice(1, None, 2), slice(0, None, 2)
    cosines = kernel[even, even].diagonal() - kernel[odd, odd].diagonal()
    return max(abs(error).max() for error in (gram, cosines, kernel * (1 - pairs)))


def angles(kernel):
    """Of the rotations, each in (-π, π], up to a sign that all share."""
    even, odd = slice(0, None, 2), slice(1, None, 2)
    sines, cosines = kernel[even, odd].diagonal(), kernel[even, even].diagonal()
    return np.arctan2(sines, cosines)


def distance(sample, low, high):
    """Kolmogorov's, times √n, from U(low, high) or from its mirror image."""
    n, found = len(sample), []
    for signed in (sample, -sample):
        cdf = np.clip((np.sort(signed) - low) / (high - low), 0, 1)
        steps = np.arange(n + 1) / n
        farthest = np.maximum(abs(steps[1:] - cdf), abs(steps[:-1] - cdf)).max()
        found.append(farthest * np.sqrt(n))
    return min(found)


@pytest.mark.parametrize(
    ("low", "high"), [(-np.pi, np.pi), (0, np.pi / 2), (0.25, 1.0)]
)
def test_pairs_are_rotated_by_uniform_angles(low, high, figure):
    """Twins: angles of U(0, π), and a reflection of each pair."""
    arguments = {} if low == -np.pi else {"low": low, "high": high}
    kernel = drawn("block_rotation", (600, 600), seed=7, **arguments)
    wrong = rotation_error(kernel * (1 - 2 * (np.arange(600) % 2)))
    what = "distance from rotations"
    figure("block_rotation", what, rotation_error(kernel), 1e-6, wrong, beyond=0.1)
    assert distance(angles(kernel), low, high) < KOLMOGOROV
    assert distance(RANDOM.uniform(0, np.pi, size=300), low, high) > KOLMOGOROV


def test_a_recurrent_state_keeps_the_lengths_of_its_pairs():
    """Through 100 steps without inputs; twin: a Haar matrix keeps only the whole's."""
    start = RANDOM.normal(size=(3, 6)).astype("float32")
    haar, _ = np.linalg.qr(RANDOM.normal(size=(6, 6)))
    errors = []
    for kernel in (drawn("block_rotation", (6, 6), seed=7), haar):
        layer = keras.layers.SimpleRNN(6, "linear", kernel_initializer="zeros")
        layer.build((3, 100, 1))
        layer.cell.recurrent_kernel.assign(kernel)
        nothing = keras.ops.zeros((3, 100, 1))
        end = values(layer(nothing, initial_state=keras.ops.convert_to_tensor(start)))
        pairs = [np.linalg.norm(s.reshape(3, 3, 2), axis=-1) for s in (start, end)]
        errors.append(abs(pairs[1] / pairs[0] - 1).max())
    assert errors[0] < 1e-5
    assert errors[1] > 0.1


def test_gates_are_rotated_each_by_itself():
    kernel = drawn("block_rotation", (6, 18), gates=3, seed=7)
    parts = np.split(kernel, 3, axis=1)
    assert max(map(rotation_error, parts)) < 1e-6
    assert abs(angles(parts[0]) - angles(parts[1])).min() > 1e-3


@pytest.mark.parametrize("shape", [(5, 5), (4, 6), (4,), (4, 8)])
def test_other_matrices_have_no_rotations_of_pairs(shape):
    with pytest.raises(ValueError, match="Received: shape="):
        drawn("block_rotation", shape)


def test_rotations_need_low_below_high():
    with pytest.raises(ValueError, match=r"low.*Received"):
        keras_inits.get("block_rotation", low=1.0, high=1.0)
