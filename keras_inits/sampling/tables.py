"""The inverse of the normal distribution, as tables whose products are exact.

Between two knots the inverse is a straight line, `value + slope * fraction`. The slope
has 12 significant bits and the fraction is a 12-bit integer over 4096, so that their
product is exact in float32: whether a compiler fuses it with the sum cannot change a
bit of the result, which is therefore the same on every machine.
"""

import functools
import math
import statistics
from typing import NamedTuple

import numpy as np

SEGMENTS_LOG2 = 12  # segments of equal probability, for bounds up to 2 std
MANTISSA_LOG2 = 8  # segments in each power of two of the tail probability
EXPONENTS = 31
EQUAL_SEGMENTS_UP_TO = 2.0  # beyond, the last segment would be too wide for a line


class Table(NamedTuple):
    """Absolute values at the knots, and slopes to the next ones; both float32.

    Attributes:
        values: At the knots.
        slopes: To the next knots.
        both: Of each knot, the bits of the value, and above them those of the slope.
    """

    values: np.ndarray
    slopes: np.ndarray
    both: np.ndarray


def upper_tail(z: float) -> float:
    """P(Z > z) of the standard normal."""
    return 0.5 * math.erfc(z / math.sqrt(2))


def truncated_std(bound: float) -> float:
    """Std of N(0, 1) cut at ±bound.

    The variance is `1 - 2 c φ(c) / (2 Φ(c) - 1)`; for small bounds, where that cancels,
    the series `c²/3 - 2 c⁴/45 + ...` of the same expression.

    Examples:
    >>> round(truncated_std(2.0), 6)
    0.879626
    """
    if bound < 1e-2:
        return bound * math.sqrt(1 / 3 - 2 * bound**2 / 45)
    density = math.exp(-(bound**2) / 2) / math.sqrt(2 * math.pi)
    mass = math.erf(bound / math.sqrt(2))
    return math.sqrt(1 - 2 * bound * density / mass)


def _exact_slopes(knots: np.ndarray) -> np.ndarray:
    significand, exponent = np.frexp(np.diff(knots))
    slopes = np.ldexp(np.round(np.ldexp(significand, 12)), exponent - 12)
    return np.asarray(slopes, "float32")


def _frozen(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)  # shared by every draw of the process
    return array


def _table(knots: np.ndarray, after: int = 0) -> Table:
    """The table of knots in rows, and as many zeros after them as `after` says."""
    rows = knots[..., :-1].astype("float32"), _exact_slopes(knots)
    zeros = np.zeros(after, np.float32)
    values, slopes = (_frozen(np.append(part.ravel(), zeros)) for part in rows)
    low, high = (part.view(np.uint32).astype(np.uint64) for part in (values, slopes))
    return Table(values, slopes, _frozen(low | high << np.uint64(32)))


@functools.lru_cache(maxsize=32)
def by_probability(bound: float) -> Table:
    """|z| over equal steps of probability, for N(0, 1) cut at ±bound."""
    count = 2**SEGMENTS_LOG2
    mass = math.erf(bound / math.sqrt(2)) / 2
    inverse = statistics.NormalDist().inv_cdf
    inside = [inverse(0.5 + i / count * mass) for i in range(count)]
    return _table(np.array([*inside, bound]))


@functools.lru_cache(maxsize=32)
def by_tail(bound: float) -> Table:
    """|z| over the tail probability, for N(0, 1) cut at ±bound, which may be infinite.

    The argument is a float32 in [1, 2**31): times 2**-31, the probability of a larger
    |z|. One row of the table is a power of two, so the tail is as fine as the centre.
    """
    outside = 0.0 if math.isinf(bound) else upper_tail(bound)
    steps = 1 + np.arange(2**MANTISSA_LOG2 + 1) / 2**MANTISSA_LOG2
    tails = np.ldexp(steps, np.arange(EXPONENTS)[:, None] - 32)
    probabilities = outside + (1 - 2 * outside) * tails
    inverse = statistics.NormalDist().inv_cdf
    knots = [-inverse(p) if p < 0.5 else 0.0 for p in probabilities.ravel().tolist()]
    # The last 64 arguments round up to 2**31, half of the probability: zero.
    return _table(np.array(knots).reshape(tails.shape), after=1)
