"""The map from words to values, searched where it could go wrong: its ends."""

import math

import numpy as np
import pytest
from scipy import special

from keras_inits import sampling
from keras_inits.sampling import tables
from keras_inits.sampling.arrays import numpy_dtype
from keras_inits.sampling.distributions import Distribution
from keras_inits.sampling.engines.numpy import NumpyOperations
from keras_inits.sampling.values import standard_values
from support import sampling_engines as engines

ALL_WORDS = np.arange(2**24, dtype=np.uint32) << np.uint32(8)
INTERVALS = [(-1, 1), (-0.3, 0.3), (0, 1), (0.1, 0.7), (-1e-3, 5.0), (-7.0, -6.5)]


def test_the_uniform_distribution_has_2_to_the_24_values_and_no_end():
    """Every word's 24 leading bits give a value of their own, in order."""
    values = engines.values_of(sampling.uniform(-1, 1), ALL_WORDS)
    assert (np.diff(values) > 0).all()
    assert values[0] > -1
    assert values[-1] < 1
    np.testing.assert_array_equal(values, -values[::-1])
    rest = engines.values_of(sampling.uniform(-1, 1), ALL_WORDS[:9] | np.uint32(0xFF))
    np.testing.assert_array_equal(rest, values[:9])  # the other bits change nothing


@pytest.mark.parametrize("ends", INTERVALS[:4], ids=str)
def test_a_scaled_uniform_distribution_has_2_to_the_23_values(ends):
    values = engines.values_of(sampling.uniform(*ends), ALL_WORDS)
    assert 1 + np.count_nonzero(np.diff(values)) >= 2**23


@pytest.mark.parametrize("dtype", engines.DTYPES)
@pytest.mark.parametrize("ends", INTERVALS, ids=str)
def test_no_word_gives_an_end_of_a_uniform_distribution(ends, dtype):
    words = np.concatenate([ALL_WORDS[:70_000], ALL_WORDS[-70_000:]])
    distribution = sampling.uniform(*ends)
    drawn = engines.values_of(distribution, words, dtype).astype(numpy_dtype(dtype))
    drawn = drawn.astype("float64")
    assert ends[0] < drawn.min()
    assert drawn.max() < ends[1]


def test_rounding_alone_would_reach_the_ends():
    """Twin: without the limits of the type, float16 gives both ends."""
    drawn = engines.values_of(sampling.uniform(-1, 1), ALL_WORDS, "float32")
    assert set(drawn.astype("float16")[[0, -1]]) == {-1.0, 1.0}


CUTS = [
    (mean, std, bound)
    for mean in (0.0, 0.3, -3.3)
    for std in (0.05, 0.7, 1.3)
    for bound in (0.2, 1.0, 1.1, 2.0, 2.5, 3.0, 4.0)
]


def extreme_words():
    """The words of the outermost segment of either table, and of the middle."""
    fraction = np.arange(2**12, dtype=np.uint32) << np.uint32(8)
    outermost = fraction | np.uint32(0xFFF00000)
    tail = np.arange(2**13, dtype=np.uint32)
    sizes = np.concatenate([fraction, outermost, tail << np.uint32(1)])
    return np.concatenate([sizes | np.uint32(1), sizes & np.uint32(0xFFFFFFFE)])


def outside(mean, std, bound, dtype, limits_of):
    """How many of the extreme values of a truncated normal are beyond its bound."""
    distribution = sampling.truncated_normal(mean, std, bound)
    drawn = engines.values_of(distribution, extreme_words(), limits_of)
    drawn = drawn.astype(numpy_dtype(dtype)).astype("float64")
    low, high = mean - bound * std, mean + bound * std
    return int(((drawn < low) | (drawn > high)).sum())


@pytest.mark.parametrize("dtype", engines.DTYPES)
def test_no_word_leaves_the_bounds_of_a_truncated_normal(dtype):
    assert [cut for cut in CUTS if outside(*cut, dtype, dtype)] == []


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_rounding_alone_would_leave_the_bounds(dtype):
    """Twin: without the limits of the type."""
    assert len([cut for cut in CUTS if outside(*cut, dtype, "float32")]) > len(CUTS) / 4


def test_the_words_become_the_inverse_of_the_normal_distribution():
    """Within 2e-6 everywhere, the 65,536 words farthest out in the tail included."""
    words = np.random.default_rng(0).integers(0, 2**32, 2**20, dtype=np.uint32)
    words = np.concatenate([words, np.arange(2**16, dtype=np.uint32)])
    drawn = engines.values_of(sampling.normal(0, 1), words).astype("float64")
    tail = ((words >> np.uint32(1)) | np.uint32(1)) * 2.0**-32
    sign = np.where(words & np.uint32(1), -1, 1)
    error = abs(drawn - sign * -special.ndtri(tail)).max()
    assert error < 2e-6
    assert 6.2 < drawn.max() < 6.3
    assert not abs(drawn - sign * -special.ndtri(tail * 1.0001)).max() < 2e-6


@pytest.mark.parametrize("bound", [1e-3, 0.5, 1.0, 2.0])
def test_the_words_become_the_inverse_of_the_truncated_distribution(bound):
    words = np.random.default_rng(0).integers(0, 2**32, 2**20, dtype=np.uint32)
    drawn = engines.values_of(sampling.truncated_normal(0, 1, bound), words)
    size = (words >> np.uint32(8)) * 2.0**-24
    expected = special.ndtri(0.5 + size * (special.ndtr(bound) - 0.5))
    sign = np.where(words & np.uint32(1), -1, 1)
    assert abs(drawn - sign * expected).max() < 2e-6 * max(1, bound)


def test_the_std_of_a_truncated_distribution_is_exact():
    for bound in (1e-6, 1e-3, 0.0099, 0.0101, 0.5, 1.0, 2.0, 3.0, 8.0, 40.0):
        # Quadrature of the density.
        z, weight = np.polynomial.legendre.leggauss(200)
        density = weight * np.exp(-((z * min(bound, 12)) ** 2) / 2)
        std = min(bound, 12) * math.sqrt((density * z**2).sum() / density.sum())
        assert math.isclose(tables.truncated_std(bound), std, rel_tol=2e-9), bound


@pytest.mark.parametrize("bound", [math.inf, 3.0])
def test_the_words_next_to_half_the_probability_are_zero(bound):
    """As float32 they round up to 2**31, one past the last segment of the table."""
    words = np.array([0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFF82, 0xFFFFFF01], np.uint32)
    distribution = Distribution("tail", 1.0, bound=bound)
    values = standard_values(distribution, words, NumpyOperations())
    assert (values[:3] == 0).all()
    assert 0 < abs(values[3]) < 1e-6
