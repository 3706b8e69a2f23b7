"""The checks of distributions accept right samples and refuse their neighbours'."""

import math

import numpy as np
import pytest

from support.distributions import Fixed, Normal, Orthonormal, Truncated, Uniform

N = 163_800
STD = 0.3


def sample_of(distribution, seed):
    """N values by NumPy's generator, which knows nothing of the code under test."""
    rng = np.random.default_rng(seed)
    if isinstance(distribution, Uniform):
        return rng.uniform(distribution.low, distribution.high, N)
    if isinstance(distribution, Normal):
        return rng.normal(distribution.mean, distribution.std, N)
    drawn = rng.normal(distribution.mean, distribution.before, 3 * N)
    return drawn[
        abs(drawn - distribution.mean) <= distribution.bound * distribution.before
    ][:N]


DISTRIBUTIONS = {
    "normal": Normal(0.0, STD),
    "truncated": Truncated.with_std(STD),
    "cut at three": Truncated.with_std(STD, bound=3.0),
    "cut, not widened": Truncated(0.0, STD),
    "uniform": Uniform.with_std(STD),
    "normal, 2 % wide": Normal(0.0, 1.02 * STD),
    "truncated, 2 % wide": Truncated.with_std(1.02 * STD),
    "uniform, 2 % wide": Uniform.with_std(1.02 * STD),
    "normal, 2 % narrow": Normal(0.0, 0.98 * STD),
    "normal, shifted by 2 %": Normal(0.02 * STD, STD),
    "uniform from zero": Uniform(0.0, math.sqrt(12) * STD),
}
PAIRS = [(a, b) for a in DISTRIBUTIONS for b in DISTRIBUTIONS if a != b]


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize("seed", range(3))
def test_a_distribution_accepts_its_own_samples(name, seed):
    """No false alarm in three samples of each."""
    assert DISTRIBUTIONS[name].complaints(sample_of(DISTRIBUTIONS[name], seed)) == []


@pytest.mark.parametrize(("claimed", "true"), PAIRS)
def test_a_distribution_refuses_the_samples_of_another(claimed, true):
    """Wrong widths, means, tails and shapes are told apart, all but one pair.

    Only beyond three std, where a normal has 0.27 % of its values, do a normal and the
    one cut there and widened differ: see the next test.
    """
    if {claimed, true} == {"normal", "cut at three"}:
        pytest.skip("told apart by the support alone, in one direction")
    assert DISTRIBUTIONS[claimed].complaints(sample_of(DISTRIBUTIONS[true], 0))


def test_one_value_outside_the_support_is_refused():
    """The bound is checked by itself."""
    distribution = Truncated.with_std(STD)
    sample = sample_of(distribution, 0)
    assert distribution.complaints(sample) == []
    sample[7] = 1.001 * distribution.support[1]
    assert len(distribution.complaints(sample)) == 1


def test_nan_is_refused():
    """Comparisons with NaN are false and must not count as fine."""
    sample = sample_of(DISTRIBUTIONS["normal"], 0)
    sample[7] = math.nan
    assert DISTRIBUTIONS["normal"].complaints(sample)


def test_the_std_of_a_truncated_normal_is_the_known_constant():
    """0.87962566103423978 for two std, from the closed form of the variance."""
    assert math.isclose(
        Truncated(0.0, 1.0, 2.0).std, 0.87962566103423978, rel_tol=1e-14
    )
    assert math.isclose(
        Truncated(0.0, 1.0, 3.0).std, 0.98657839255810864, rel_tol=1e-14
    )


def test_orthonormal_accepts_rotations_and_refuses_their_neighbours():
    """A gain off by 2 %, another flattening and a plain normal are told apart."""
    q = np.linalg.qr(np.random.default_rng(0).normal(size=(40, 30)))[0]
    assert Orthonormal(1.0).complaints(q) == []
    assert Orthonormal(1.0).complaints(q.T) == []
    assert Orthonormal(1.0).complaints(1.02 * q)
    assert Orthonormal(1.0, columns=(1, 2)).complaints(q.reshape(40, 6, 5)) == []
    assert Orthonormal(1.0).complaints(q.reshape(40, 6, 5))
    assert Orthonormal(1.0).complaints(
        np.random.default_rng(0).normal(0, 40**-0.5, (40, 30))
    )


def test_fixed_refuses_another_array():
    """One entry off by more than rounding is enough."""
    array = np.arange(6.0).reshape(2, 3)
    assert Fixed(array).complaints(array) == []
    assert Fixed(array).complaints(array + 1e-3 * (array == 4))
