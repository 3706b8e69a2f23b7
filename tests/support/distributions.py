"""Distributions to hold samples against: what a draw should be, and is not.

A sample is refused if its mean or its standard deviation is five standard errors from
the distribution's, if its distribution function is as far from the distribution's as
chance allows once in 1.7 million samples (five standard deviations of a normal), or if
a value lies outside the support. `test_distributions.py` shows which wrong
distributions this tells apart.
"""

import dataclasses
import math
from typing import ClassVar

import keras
import numpy as np

SIGMAS = 5.0
EXCESS = "moments and distribution, over what chance allows"
CHANCE = math.erfc(SIGMAS / math.sqrt(2))  # of a normal deviate beyond five std
# Kolmogorov: P(sqrt(n) * distance > x) = 2 exp(-2 x²), to first order.
KS = 1.95  # √n times the distance that a right law exceeds once in a thousand draws
FROM_UNIFORM = "√n times the distance from uniform"
POINTS = 2000  # where it is evaluated, which only lowers the distance
FARTHEST = math.sqrt(math.log(2 / CHANCE) / 2)
EPSILON = {"float16": 2**-11, "bfloat16": 2**-8, "float32": 2**-24, "float64": 2**-24}


def has_float64():
    """Whether the backend has the type; JAX by default has not."""
    if keras.backend.backend() != "jax":
        return True
    import jax

    return jax.config.jax_enable_x64


def values(tensor):
    """A tensor or variable of any floating-point type as a float64 array, exactly."""
    if isinstance(tensor, keras.Variable):
        tensor = keras.ops.reshape(tensor, tensor.shape)
    if keras.backend.standardize_dtype(tensor.dtype) in ("float16", "bfloat16"):
        tensor = keras.ops.cast(tensor, "float32")
    return np.array(keras.ops.convert_to_numpy(tensor)).astype("float64")


def phi(x):
    """The distribution function of the standard normal."""
    return 0.5 * (1 + np.vectorize(math.erf)(np.asarray(x) / math.sqrt(2)))


def density(x):
    """The density of the standard normal."""
    return math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


class Independent:
    """Entries that are independent draws of one distribution."""

    def errors(self, sample):
        """Of the mean and the std, in standard errors, and of the function, of 1."""
        sample = np.sort(np.ravel(sample))
        n = sample.size
        mean_error = (sample.mean() - self.mean) / (self.std / math.sqrt(n))
        relative = math.sqrt((self.kurtosis - 1) / (4 * n))
        std_error = (sample.std() / self.std - 1) / relative
        ranks = np.unique(np.linspace(0, n - 1, POINTS).astype(int))
        above = (ranks + 1) / n - self.cdf(sample[ranks])
        return mean_error, std_error, max(above.max(), (1 / n - above).max())

    def excess(self, sample):
        """The largest error over what chance allows: a right sample is below 1."""
        mean_error, std_error, distance = self.errors(sample)
        farthest = math.sqrt(np.size(sample)) * distance / FARTHEST
        return max(abs(mean_error) / SIGMAS, abs(std_error) / SIGMAS, farthest)

    def complaints(self, sample, epsilon=2**-24):
        """What is wrong with a sample rounded with relative error `epsilon`."""
        mean_error, std_error, distance = self.errors(sample)
        sample = np.sort(np.ravel(sample))
        n = sample.size
        found = []
        if not abs(mean_error) < SIGMAS:
            found.append(f"mean {sample.mean():.6g}, {mean_error:.1f} standard errors")
        if not abs(std_error) < SIGMAS:
            found.append(
                f"std {sample.std():.6g} for {self.std:.6g}, "
                f"{std_error:.1f} standard errors"
            )
        if not math.sqrt(n) * distance < FARTHEST:
            found.append(f"distribution function off by {distance:.4g}")
        lowest, highest = self.support
        slack = epsilon * max(abs(sample[0]), abs(sample[-1]))
        if sample[0] < lowest - slack or sample[-1] > highest + slack:
            found.append(f"values from {sample[0]} to {sample[-1]}")
        return found


@dataclasses.dataclass(frozen=True)
class Normal(Independent):
    """N(mean, std²)."""

    mean: float
    std: float
    kurtosis: ClassVar[float] = 3.0
    support: ClassVar[tuple] = (-math.inf, math.inf)

    def cdf(self, x):
        """The distribution function."""
        return phi((x - self.mean) / self.std)


@dataclasses.dataclass(frozen=True)
class Truncated(Independent):
    """N(mean, before²) given that it is within `bound` times `before` of the mean."""

    mean: float
    before: float
    bound: float = 2.0

    @classmethod
    def with_std(cls, std, bound=2.0):
        """The distribution whose std is `std` after the tails are cut."""
        return cls(0.0, std / cls(0.0, 1.0, bound).std, bound)

    @property
    def _moments(self):
        c, inside = self.bound, math.erf(self.bound / math.sqrt(2))
        second = 1 - 2 * c * density(c) / inside
        return second, 3 * second - 2 * c**3 * density(c) / inside

    @property
    def std(self):
        """The std after the tails are cut."""
        return self.before * math.sqrt(self._moments[0])

    @property
    def kurtosis(self):
        """The fourth moment over the squared second."""
        second, fourth = self._moments
        return fourth / second**2

    @property
    def support(self):
        """The lowest and the highest possible value."""
        reach = self.bound * self.before
        return self.mean - reach, self.mean + reach

    def cdf(self, x):
        """The distribution function."""
        below = phi(-self.bound)
        inside = 1 - 2 * below
        z = (x - self.mean) / self.before
        return np.clip((phi(z) - below) / inside, 0, 1)


@dataclasses.dataclass(frozen=True)
class Uniform(Independent):
    """U(low, high)."""

    low: float
    high: float
    kurtosis: ClassVar[float] = 1.8

    @classmethod
    def with_std(cls, std):
        """The distribution with mean 0 and this std."""
        return cls(-math.sqrt(3) * std, math.sqrt(3) * std)

    @property
    def mean(self):
        """The middle."""
        return (self.low + self.high) / 2

    @property
    def std(self):
        """The width over the square root of twelve."""
        return (self.high - self.low) / math.sqrt(12)

    @property
    def support(self):
        """The lowest and the highest possible value."""
        return self.low, self.high

    def cdf(self, x):
        """The distribution function."""
        return np.clip((x - self.low) / (self.high - self.low), 0, 1)


def ks(sample, low, high):
    """The Kolmogorov-Smirnov distance from U(low, high), times √n."""
    sample = np.sort(np.ravel(sample))
    n = sample.size
    above = np.arange(1, n + 1) / n - Uniform(low, high).cdf(sample)
    return math.sqrt(n) * max(above.max(), (1 / n - above).max())


@dataclasses.dataclass(frozen=True)
class Orthonormal:
    """gain times a matrix whose shorter side's vectors are orthonormal."""

    gain: float
    columns: tuple = (-1,)  # axes that index outputs; all others are summed over

    def complaints(self, sample, epsilon=2**-24):
        """What is wrong with a kernel rounded with relative error `epsilon`."""
        columns = tuple(axis % sample.ndim for axis in self.columns)
        sample = np.moveaxis(sample, columns, range(-len(columns), 0))
        matrix = sample.reshape(-1, math.prod(sample.shape[-len(columns) :]))
        if matrix.shape[0] < matrix.shape[1]:
            matrix = matrix.T
        gram = matrix.T @ matrix / self.gain**2
        error = abs(gram - np.eye(len(gram))).max()
        return [] if error < 1e-5 + 4 * epsilon else [f"gram matrix off by {error:.3g}"]


@dataclasses.dataclass(frozen=True, eq=False)
class Fixed:
    """One array, rounded to the type."""

    array: np.ndarray

    def complaints(self, sample, epsilon=2**-24):
        """What is wrong with a tensor rounded with relative error `epsilon`."""
        expected = np.broadcast_to(self.array, sample.shape)
        far = abs(sample - expected) > epsilon * abs(expected)
        return [f"{far.sum()} entries differ"] if far.any() else []
