"""Kernels with a structure: what a layer does with them, and what twins do instead."""

import math

import keras
import numpy as np
import pytest

import keras_inits
from support.distributions import values

RANDOM = np.random.default_rng(7)


def drawn(name, shape, dtype="float32", **arguments):
    """A kernel of a scheme, as an array."""
    return values(keras_inits.get(name, **arguments)(shape, dtype))


def run(layer, kernel, inputs):
    """What a layer without bias returns once it has this kernel."""
    layer.build(inputs.shape)
    layer.weights[0].assign(kernel)
    return values(layer(inputs.astype("float32")))


def singular_values(matrix):
    """From the largest to the least."""
    return np.linalg.svd(matrix, compute_uv=False)


# Dirac: window, inputs, outputs, groups.
CONVOLUTIONS = [
    ((1,), 3, 5, 1),
    ((2,), 5, 3, 1),
    ((3,), 4, 6, 2),
    ((4,), 6, 9, 3),
    ((5,), 9, 6, 3),
    ((2, 3), 3, 5, 1),
    ((4, 5), 4, 6, 2),
    ((1, 4), 5, 2, 1),
    ((2, 3, 4), 2, 3, 1),
    ((3, 1, 2), 3, 2, 1),
]


def convolved(kernel, inputs, groups=1, padding="same", kind=""):
    """A stride-1 convolution; a transposed one has kernels (*window, out, in)."""
    *window, _, outputs = kernel.shape
    arguments = {"padding": padding, "use_bias": False}
    if kind == "Transpose":
        outputs = kernel.shape[-2]
    else:
        arguments["groups"] = groups
    make = getattr(keras.layers, f"Conv{len(window)}D{kind}")
    return run(make(outputs, window, **arguments), kernel, inputs)


def first_channels(inputs, outputs, groups=1):
    """The first min(in, out) channels of each group, and zeros after them."""
    groups_of_inputs = inputs.reshape(*inputs.shape[:-1], groups, -1)
    expected = np.zeros((*inputs.shape[:-1], groups, outputs // groups))
    n = min(groups_of_inputs.shape[-1], expected.shape[-1])
    expected[..., :n] = groups_of_inputs[..., :n]
    return expected.reshape(*inputs.shape[:-1], outputs)


def image(window, channels):
    """Random float32 numbers, two samples, with axes of unequal length."""
    sides = [6 + axis for axis in range(len(window))]
    return RANDOM.normal(size=(2, *sides, channels)).astype("float32")


def change(kernel, inputs, outputs, groups=1, gain=1.0, **how):
    """How far what a convolution returns is from gain times its input."""
    passed = convolved(kernel, inputs, groups, **how)
    expected = gain * first_channels(inputs, outputs, groups)
    return abs(passed - expected.astype("float32")).max()


def is_passed(*arguments, **how):
    """Whether a convolution returns gain times its input, bit for bit."""
    return change(*arguments, **how) == 0


def moved(kernel, axis=0):
    """A twin: the taps one further along an axis of the window."""
    return np.roll(kernel, 1, axis=axis)


@pytest.mark.parametrize(("window", "inputs", "outputs", "groups"), CONVOLUTIONS)
def test_a_stride_1_convolution_returns_its_input(
    window, inputs, outputs, groups, figure
):
    """Twins: tap k//2 with even k, and one matrix for all groups."""
    x = image(window, inputs)
    shape = (*window, inputs // groups, outputs)
    kernel = drawn("dirac", shape, groups=groups)
    found = change(kernel, x, outputs, groups)
    twin = change(drawn("dirac", shape), x, outputs, groups) if groups > 1 else None
    figure("dirac", "change of a convolution's input", found, 0, twin)
    for axis, k in enumerate(window):
        if k % 2 == 0:
            assert not is_passed(moved(kernel, axis), x, outputs, groups)


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5])
def test_a_causal_convolution_returns_its_input(k):
    """Times the gain. Twin: the tap for "same" padding, which delays it."""
    x = image((k,), 3)
    kernel = drawn("dirac", (k, 3, 5), padding="causal", gain=-0.3)
    assert is_passed(kernel, x, 5, gain=np.float32(-0.3), padding="causal")
    if k > 1:
        twin = drawn("dirac", (k, 3, 5))
        assert not is_passed(twin, x, 5, padding="causal")


@pytest.mark.parametrize(
    ("window", "inputs", "outputs"),
    [((1,), 3, 5), ((2,), 5, 3), ((3,), 3, 5), ((4, 5), 2, 3), ((3, 2), 5, 3)],
)
def test_a_transposed_convolution_returns_its_input(window, inputs, outputs):
    """Twin: tap k//2 with even k."""
    x = image(window, inputs)
    shape = (*window, outputs, inputs)
    kernel = drawn("dirac", shape, kernel_format="transpose")
    assert is_passed(kernel, x, outputs, kind="Transpose")
    for axis, k in enumerate(window):
        if k % 2 == 0:
            twin = moved(kernel, axis)
            assert not is_passed(twin, x, outputs, kind="Transpose")


@pytest.mark.parametrize("window", [(2,), (3,), (2, 3), (4, 5)])
def test_a_depthwise_convolution_returns_its_input(window):
    """In multiplier 0 of each channel; the others are zero."""
    x = image(window, 5)
    kernel = drawn("dirac", (*window, 5, 2), kernel_format="depthwise")
    make = getattr(keras.layers, f"DepthwiseConv{len(window)}D")
    layer = make(window, depth_multiplier=2, padding="same", use_bias=False)
    passed = run(layer, kernel, x).reshape(*x.shape, 2)
    np.testing.assert_array_equal(passed[..., 0], x)
    assert not passed[..., 1].any()


def test_each_gate_returns_the_input():
    """In the kernel of a ConvLSTM; twin: one matrix for all gates."""
    kernel = drawn("dirac", (3, 2, 5, 12), gates=4)
    for part in np.split(kernel, 4, axis=-1):
        np.testing.assert_array_equal(part, drawn("dirac", (3, 2, 5, 3)))
    assert not drawn("dirac", (3, 2, 5, 12))[..., 6:].any()


def test_a_layer_with_dirac_in_its_own_argument_returns_its_input():
    x = image((3, 4), 3)
    layer = keras.layers.Conv2D(
        4, (3, 4), padding="same", kernel_initializer=keras_inits.get("dirac")
    )
    np.testing.assert_array_equal(values(layer(x)), first_channels(x, 4))


@pytest.mark.parametrize(
    ("arguments", "shape"),
    [
        ({}, (3, 4)),
        ({}, (4,)),
        ({"groups": 2}, (3, 4, 5)),
        ({"groups": 3}, (2, 3, 4, 8)),
    ],
)
def test_dirac_refuses_other_shapes(arguments, shape):
    """Matrices are for the identity, and groups must divide the outputs."""
    wanted = "(?i)identity" if len(shape) < 3 else "groups"
    with pytest.raises(ValueError, match="Received") as error:
        drawn("dirac", shape, **arguments)
    error.match(wanted)


def test_dirac_refuses_another_padding():
    with pytest.raises(ValueError, match=r"padding.*Received: padding='valid'"):
        keras_inits.get("dirac", padding="valid")


# ZerO.
@pytest.mark.parametrize("shape", [(3, 4), (5, 8), (8, 8), (7, 16), (9, 6)])
def test_zero_initialization_is_an_isometry(shape, figure):
    """Where outputs are a power of two. Twin: Hadamard's matrix not normalized."""
    kernel = drawn("hadamard_zero", shape)
    x = RANDOM.normal(size=(11, shape[0]))
    twin = kernel * math.sqrt(shape[1])
    found, wrong = (abs(singular_values(k) - 1).max() for k in (kernel, twin))
    figure("hadamard_zero", "singular values, from 1", found, 1e-6, wrong, beyond=0.7)
    if shape[0] >= shape[1]:
        np.testing.assert_array_equal(kernel, np.eye(*shape))
    else:
        out = run(keras.layers.Dense(shape[1], use_bias=False), kernel, x)
        lengths = np.linalg.norm(out, axis=1) / np.linalg.norm(x, axis=1)
        assert abs(lengths - 1).max() < 1e-6


@pytest.mark.parametrize("shape", [(3, 5), (46, 47), (11, 13), (1, 7)])
def test_zero_initialization_has_full_rank_and_entries_of_one_size(shape):
    """And draws nothing."""
    size = 2.0 / math.sqrt(2 ** math.ceil(math.log2(shape[1])))
    kernel = drawn("hadamard_zero", shape, gain=2.0)
    np.testing.assert_allclose(abs(kernel), size, rtol=1e-6)
    assert singular_values(kernel)[-1] > 2 * 0.17
    np.testing.assert_array_equal(kernel, drawn("hadamard_zero", shape, gain=2.0))


@pytest.mark.parametrize(("k", "tap"), [(3, 1), (4, 1), (5, 2)])
def test_a_zero_initialized_convolution_holds_its_matrix_at_one_tap(k, tap):
    kernel = drawn("hadamard_zero", (k, 3, 5))
    np.testing.assert_array_equal(kernel[tap], drawn("hadamard_zero", (3, 5)))
    assert not np.delete(kernel, tap, axis=0).any()


# IDInit.
TILING = "singular values, from those of a tiled identity"


def tiling_error(kernel, tau):
    """How far singular values are from those of tiled identities; 1 with a gap."""
    matrix = kernel.reshape(-1, kernel.shape[-1])
    quotient = max(matrix.shape) / min(matrix.shape)
    sizes = [tau * math.sqrt(n) for n in (int(quotient), math.ceil(quotient))]
    found = singular_values(matrix)
    error = np.min([abs(found - size) for size in sizes], axis=0).max() / tau
    whole = matrix.any(axis=0).all() and matrix.any(axis=1).all()
    return error if whole else max(1, error)


@pytest.mark.parametrize(
    "shape", [(4, 7), (7, 4), (5, 5), (5, 15), (3, 3, 2, 5), (3, 2, 13), (2, 2, 1, 3)]
)
def test_idinit_tiles_identities(shape, figure):
    """Twins: zeros instead of tiles, which kill units, and Dirac."""
    kernel = drawn("idinit", shape, tau=1.5, seed=7)
    rows, columns = math.prod(shape[:-1]), shape[-1]
    square = rows == columns
    twin = None if square else tiling_error(1.5 * np.eye(rows, columns), 1.5)
    figure("idinit", TILING, tiling_error(kernel, 1.5), 1e-5, twin)
    if len(shape) > 2:
        assert tiling_error(drawn("dirac", shape, gain=1.5), 1.5) > 1e-5
        assert kernel.reshape(-1, *shape[-2:]).any(axis=(1, 2)).all()  # each tap


def test_idinit_is_the_identity_but_for_noise():
    """Without it columns j and j + in are twins; it is on the pattern alone."""
    kernel = drawn("idinit", (53, 53), seed=7)
    assert 0 < abs(kernel - np.eye(53)).max() < 6e-6
    assert np.count_nonzero(kernel) == 53
    for noise, equal in ((1e-6, False), (0.0, True)):
        wide = drawn("idinit", (5, 10), noise=noise, seed=7)
        assert np.array_equal(wide[:, :5], wide[:, 5:]) is equal


def test_idinit_zero_is_the_pattern_times_epsilon(figure):
    """Whatever the shape, and it draws nothing."""
    for shape in ((4, 7), (7, 4), (3, 3, 2, 5)):
        kernel = drawn("idinit_zero", shape, epsilon=0.5)
        twin = tiling_error(0.5 * np.eye(math.prod(shape[:-1]), shape[-1]), 0.5)
        figure("idinit_zero", TILING, tiling_error(kernel, 0.5), 1e-5, twin)
        assert set(np.unique(kernel)) == {0.0, 0.5}
        small = drawn("idinit_zero", shape)
        np.testing.assert_allclose(small, kernel * 2e-6, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_idinit_warns_where_its_noise_is_rounded_away(dtype):
    with pytest.warns(UserWarning, match="noise"):
        drawn("idinit", (4, 8), dtype, seed=7)
