"""Complex weights: circular, of the formula's variance; unitary matrices."""

import math

import keras
import numpy as np
import pytest

import keras_inits

SIDE = 300
N = SIDE * SIDE
VARIANCE = 2 / SIDE
NAMES = ["normal", "uniform", "truncated_normal"]


def drawn(scheme, shape=(SIDE, SIDE), dtype="complex64"):
    """Values of a complex variable, as a backend holds it."""
    return np.array(keras.ops.convert_to_numpy(scheme(shape, dtype=dtype)))


def he(distribution, seed=7):
    """Variance 2 / fan_in."""
    return keras_inits.VarianceScaling(2.0, "fan_in", distribution, seed=seed)


def complaints(w, variance=VARIANCE):
    """What is wrong with circular entries of this variance."""
    n, found = w.size, []
    if not abs((abs(w) ** 2).mean() / variance - 1) < 5 / math.sqrt(n):
        found.append("variance")
    if not abs((w**2).mean()) / variance < 5 * math.sqrt(2 / n):
        found.append("not circular")
    if not abs(np.var(w.real) / np.var(w.imag) - 1) < 10 / math.sqrt(n):
        found.append("unequal parts")
    if not abs(w.mean()) < 5 * math.sqrt(variance / n):
        found.append("mean")
    return found


@pytest.mark.parametrize("distribution", NAMES)
def test_entries_are_circular_with_the_variance(distribution):
    """Twins: both parts of full variance, no imaginary part, one phase."""
    w = drawn(he(distribution))
    assert w.dtype == np.complex64
    assert complaints(w) == []
    assert "variance" in complaints(w * math.sqrt(2))
    assert "not circular" in complaints(math.sqrt(2) * w.real + 1e-6j * w.imag)
    assert "not circular" in complaints(abs(w) * np.exp(0.3j))


def distance(sample, cdf):
    """Kolmogorov and Smirnov's, times the root of the number."""
    ordered = np.sort(np.ravel(sample))
    steps = np.arange(1, ordered.size + 1) / ordered.size
    return abs(cdf(ordered) - steps).max() * math.sqrt(ordered.size)


def test_a_uniform_distribution_is_a_disk():
    """|w|² is uniform; twin: a uniform radius."""
    w = drawn(he("uniform"))
    top = 2 * VARIANCE

    def share(x):
        return np.clip(x / top, 0, 1)

    assert distance(abs(w) ** 2, share) < 1.95
    assert distance((abs(w) ** 2 / top) ** 2 * top, share) > 10
    angles = np.angle(w) / (2 * math.pi) + 0.5
    assert distance(angles, lambda x: np.clip(x, 0, 1)) < 1.95


def test_a_truncated_normal_is_cut_at_two_and_widened():
    """Twin: JAX's constant makes the variance 1.9 % too large."""
    w = drawn(he("truncated_normal"), (1000, 300))
    variance = 2 / 1000
    assert abs(w).max() <= 2.0791 * math.sqrt(variance) * (1 + 1e-6)
    assert abs(w).max() > 2.07 * math.sqrt(variance)
    assert complaints(w, variance) == []
    assert complaints(w * 0.9619618280082135 / 0.9531, variance) == ["variance"]


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (2, 3, 4, 7)])
def test_orthogonal_kernels_are_unitary(shape):
    """The shorter side's vectors, times the gain; twin: the transpose, no conjugate."""
    w = drawn(keras_inits.Orthogonal(gain=1.5, seed=7), shape)
    matrix = w.reshape(-1, shape[-1])
    if matrix.shape[0] < matrix.shape[1]:
        matrix = matrix.T
    gram = matrix.conj().T @ matrix / 2.25
    assert abs(gram - np.eye(len(gram))).max() < 1e-5
    assert abs(matrix.T @ matrix / 2.25 - np.eye(len(gram))).max() > 0.1


def traces(matrices):
    """What Haar says of traces, in standard errors of 5."""
    n = len(matrices)
    t = np.trace(np.array(matrices), axis1=1, axis2=2)
    return [
        abs(t.mean()) * math.sqrt(n) / 5,
        abs((abs(t) ** 2).mean() - 1) * math.sqrt(n) / 5,
        abs((t**2).mean()) / math.sqrt(2 / n) / 5,
    ]


def test_unitary_matrices_are_haar_distributed():
    """Twin: QR without the phases."""
    many = drawn(keras_inits.Orthogonal(kernel_format="experts", seed=7), (4000, 3, 3))
    assert max(traces(many)) < 1
    random = np.random.default_rng(0)
    ginibre = random.normal(size=(4000, 3, 3)) + 1j * random.normal(size=(4000, 3, 3))
    assert max(traces(np.linalg.qr(ginibre)[0])) > 5


def test_complex_kernels_repeat_by_their_seed_and_round_once():
    first, again = drawn(he("normal")), drawn(he("normal"))
    np.testing.assert_array_equal(first, again)
    assert abs(first - drawn(he("normal", seed=8))).max() > 0.01
    wide = drawn(he("normal"), dtype="complex128")
    assert abs(wide - first).max() < 1e-7


def test_a_variable_can_be_complex():
    variable = keras.Variable(
        keras_inits.HeFanIn(seed=7), shape=(4, 3), dtype="complex64"
    )
    assert abs(np.imag(keras.ops.convert_to_numpy(variable.value))).min() > 0


@pytest.mark.parametrize("name", ["random_normal", "sparse"])
def test_others_refuse_complex_types(name):
    scheme = keras_inits.get(name, seed=7)
    with pytest.raises(ValueError, match=r"Received: dtype='complex64'"):
        scheme((4, 5), dtype="complex64")
