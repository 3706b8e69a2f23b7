"""Ten million values of each distribution are what theory says of them.

A check fails where chance would make it fail once in a million runs of a right sampler.
Every check is shown to refuse a distribution that is a little wrong.
"""

import functools
import math

import numpy as np
import pytest
from scipy import special, stats

from keras_inits import sampling
from keras_inits.sampling import bits
from keras_inits.sampling.engines import host
from keras_inits.sampling.key import key_of

N = 10_000_000
CHANCE = 1e-6


def cut(bound):
    """The distribution function of N(0, 1) cut at ±bound."""
    outside = special.ndtr(-bound)
    return lambda z: np.clip((special.ndtr(z) - outside) / (1 - 2 * outside), 0, 1)


# Distribution, its function and moments of what the distribution scales and shifts.
DISTRIBUTIONS = {
    "uniform": (sampling.uniform(-1, 1), lambda u: (u + 1) / 2, stats.uniform(-1, 2)),
    "normal": (sampling.normal(0, 1), special.ndtr, stats.norm()),
    "truncated": (
        sampling.truncated_normal(0, 1, 2),
        cut(2),
        stats.truncnorm(-2, 2),
    ),
    "truncated at three": (
        sampling.truncated_normal(0, 1, 3),
        cut(3),
        stats.truncnorm(-3, 3),
    ),
}
each_distribution = pytest.mark.parametrize("name", DISTRIBUTIONS)


@functools.lru_cache(4)
def sample(name, number=0):
    """Ten million values of a distribution by this name; others for every number."""
    key = key_of("int", number, (N,), "")
    return host.draw_on_host(DISTRIBUTIONS[name][0], (N,), "float32", key)


def passes_kolmogorov(values, cdf):
    """Whether the empirical distribution function is as near as chance has it."""
    levels = cdf(np.sort(values).astype("float64"))
    steps = np.arange(len(levels) + 1) / len(levels)
    distance = max((steps[1:] - levels).max(), (levels - steps[:-1]).max())
    return stats.kstwobign.sf(distance * math.sqrt(len(levels))) > CHANCE


def passes_chi_square(values, cdf, bins=2**14):
    """Whether bins of equal probability are filled as evenly as chance does."""
    levels = cdf(values.astype("float64"))
    counts = np.bincount((levels * bins).astype(int).clip(0, bins - 1), minlength=bins)
    expected = len(values) / bins
    p = stats.chi2.cdf(((counts - expected) ** 2).sum() / expected, bins - 1)
    return CHANCE < p < 1 - CHANCE


def passes_moments(values, distribution, sigmas=5):
    """Whether the first four moments are within five standard errors."""
    power, passed = np.ones(len(values)), True
    for k in range(1, 5):
        power *= values
        error = math.sqrt(
            (distribution.moment(2 * k) - distribution.moment(k) ** 2) / len(values)
        )
        passed &= abs(power.mean() - distribution.moment(k)) < sigmas * error
    return bool(passed)


def passes_tails(samples):
    """Whether as many values as chance allows lie beyond quantiles, on either side."""
    total, passed = sum(len(values) for values in samples), True
    for quantile in (1e-2, 1e-3, 1e-4, 1e-5, 1e-6):
        z = special.ndtri(quantile)
        for side in (1, -1):
            count = sum(int((side * values < z).sum()) for values in samples)
            distribution = stats.binom(total, quantile)
            passed &= min(distribution.cdf(count), distribution.sf(count - 1)) > CHANCE
    return bool(passed)


@each_distribution
def test_the_distribution_function_is_the_distributions(name):
    assert passes_kolmogorov(sample(name), DISTRIBUTIONS[name][1])


@each_distribution
def test_bins_of_equal_probability_are_filled_evenly(name):
    assert passes_chi_square(sample(name), DISTRIBUTIONS[name][1])


@each_distribution
def test_the_first_four_moments_are_the_distributions(name):
    assert passes_moments(sample(name), DISTRIBUTIONS[name][2])


def test_the_tails_are_normal_to_one_in_a_million():
    assert passes_tails([sample("normal", number) for number in range(4)])


def rng():
    """A generator that knows nothing of the code under test."""
    return np.random.default_rng(0)


@each_distribution
def test_the_checks_refuse_a_std_that_is_one_percent_off(name):
    _, cdf, distribution = DISTRIBUTIONS[name]
    wrong = sample(name) * np.float32(1.01)
    assert not passes_kolmogorov(wrong, cdf)
    assert not passes_chi_square(wrong, cdf)
    assert not passes_moments(wrong, distribution)


def test_the_checks_refuse_another_distribution_of_the_same_std():
    wrong = sample("uniform") * np.float32(math.sqrt(3))
    assert not passes_kolmogorov(wrong, special.ndtr)
    assert not passes_chi_square(wrong, special.ndtr)
    assert not passes_moments(wrong, stats.norm())


def test_chi_square_refuses_a_grid_and_an_empty_segment():
    """Where the distribution function is hardly off: one segment of 4096 missing."""
    values = sample("uniform")
    assert not passes_chi_square(
        np.round(values * 2**11) / 2**11, DISTRIBUTIONS["uniform"][1]
    )
    hole = values[(values < 0.5) | (values > 0.5 + 2 / 4096)]
    assert not passes_chi_square(hole, DISTRIBUTIONS["uniform"][1])
    assert not passes_chi_square(
        np.linspace(-1, 1, N)[1:-1], DISTRIBUTIONS["uniform"][1]
    )


def test_the_tail_check_refuses_a_normal_that_is_cut():
    samples = [sample("normal", number) for number in range(4)]
    inside = [values[abs(values) < 4.5] for values in samples]
    assert passes_moments(inside[0], stats.norm())  # which would not notice
    assert not passes_tails(inside)


def test_the_tail_check_refuses_a_heavier_tail():
    """Student's distribution of 200 degrees of freedom."""
    assert not passes_tails([rng().standard_t(200, N)])


LAGS = [1, 2, 3, 64, bits.BLOCK, 2 * bits.BLOCK, host.CHUNK]


def correlated(one, other):
    """Whether values, or their sizes, go together more than chance has it."""
    found = False
    for f in (np.asarray, np.abs):
        a, b = f(one).astype("float64"), f(other).astype("float64")
        a, b = a - a.mean(), b - b.mean()
        r = (a @ b) / math.sqrt((a @ a) * (b @ b))
        found |= abs(r) > 5 / math.sqrt(len(a))
    return bool(found)


@pytest.mark.parametrize("lag", LAGS)
def test_neighbouring_values_are_not_correlated(lag):
    values = sample("normal")
    assert not correlated(values[:-lag], values[lag:])


def test_pairs_of_neighbours_fill_the_square_evenly():
    """As do the two words of one counter, which are a block apart."""
    values = (sample("uniform") + 1) / 2
    for lag in (1, bits.BLOCK):
        whole = len(values) // (2 * bits.BLOCK) * 2 * bits.BLOCK
        pairs = values[:whole].reshape(-1, 2, lag)
        cells = (pairs * 128).astype(np.int32)
        counts = np.bincount(
            (cells[:, 0] * 128 + cells[:, 1]).ravel(), minlength=128**2
        )
        expected = counts.mean()
        p = stats.chi2.cdf(((counts - expected) ** 2).sum() / expected, 128**2 - 1)
        assert CHANCE < p < 1 - CHANCE


RELATIVES = [
    (0, (N,), ""),
    (1, (N,), ""),
    (2**32, (N,), ""),
    (0, (N, 1), ""),
    (0, (N + 1,), ""),
    (0, (N,), "dense"),
    (0, (N,), "dense_1"),
]


@pytest.mark.parametrize("other", RELATIVES[1:], ids=str)
def test_neighbouring_seeds_shapes_and_streams_are_not_correlated(other):
    seed, shape, stream = other
    key = key_of("int", seed, shape, stream)
    values = host.draw_on_host(DISTRIBUTIONS["normal"][0], (N,), "float32", key)
    assert not correlated(sample("normal"), values)
    assert not correlated(sample("normal")[1:], values[:-1])


def test_the_correlation_check_refuses_one_part_in_two_hundred():
    """In the values, and in their sizes alone."""
    values, noise = rng().normal(size=(2, N))
    assert not correlated(values, noise)
    assert correlated(values, noise + 0.005 * values)
    assert correlated(values, noise * (1 + 0.01 * abs(values)))
