"""The distributions that can be drawn: uniform, normal and truncated normal.

Each is a standard distribution (uniform on (-1, 1), or a normal, cut or not), times a
scale, plus a shift. `values` turns random words into its values.
"""

import functools
import math
from dataclasses import dataclass
from typing import Literal

import ml_dtypes
import numpy as np

from keras_inits.sampling import tables
from keras_inits.sampling.arrays import numpy_dtype
from keras_inits.sampling.tables import Table

Kind = Literal["uniform", "segments", "tail"]
LOW_BITS = 12  # of a float32's 24 significant bits: what is split off


def _split(value: float) -> tuple[np.float32, np.float32]:
    """Two float32 of at most 12 significant bits each that add up to float32(value)."""
    whole = np.float32(value)
    high = (whole.view(np.uint32) >> LOW_BITS << LOW_BITS).view(np.float32)
    return high, np.float32(whole - high)


@dataclass(frozen=True)
class Distribution:
    """How independent entries are distributed: `shift + scale * standard value`.

    Made by `uniform`, `normal` and `truncated_normal`.

    Attributes:
        kind: How words become standard values.
        scale: Factor of the standard values; float32 rounds it.
        shift: Added to them.
        bound: Where the standard normal is cut; infinite if it is not.
        open_ends: For a uniform distribution, the two ends, of which neither is drawn.

    Examples:
    A cut at two std leaves less of the std; a table of its quantiles, in two halves
    of equal slope, is what draws from it:

    >>> from keras_inits import sampling
    >>> cut = sampling.truncated_normal(0.0, 1.0, bound=2.0)
    >>> round(cut.std, 4), float(cut.table.values.max()) < 2
    (0.8796, True)
    """

    kind: Kind
    scale: float
    shift: float = 0.0
    bound: float = math.inf
    open_ends: tuple[float, float] | None = None

    @property
    def std(self) -> float:
        """Standard deviation of an entry."""
        if self.kind == "uniform":
            return self.scale / math.sqrt(3)
        cut = 1.0 if math.isinf(self.bound) else tables.truncated_std(self.bound)
        return self.scale * cut

    @property
    def table(self) -> Table:
        """Knots and slopes; of no use, but present, for the uniform distribution."""
        if self.kind == "tail":
            return tables.by_tail(self.bound)
        bound = self.bound if self.kind == "segments" else tables.EQUAL_SEGMENTS_UP_TO
        return tables.by_probability(bound)

    # A model draws many kernels from few distributions: what follows from one is kept.

    @functools.lru_cache(maxsize=512)  # noqa: B019  distributions are small
    def scaling(self) -> tuple[np.float32, ...]:
        """Scale, its halves, shift and limits, for float32.

        The halves are two float32 whose products with 12 bits are exact.
        """
        scale, shift = np.float32(self.scale), np.float32(self.shift)
        return (scale, *_split(self.scale), shift, *self.limits("float32"))

    @functools.lru_cache(maxsize=512)  # noqa: B019
    def limits(self, dtype: str) -> tuple[np.float32, np.float32]:
        """Smallest and largest float32 that may be drawn and then cast to `dtype`.

        They are values of `dtype` themselves, so the cast cannot round past them.
        """
        if self.open_ends is not None:
            low, high = self.open_ends
            return _inside(low, +1, dtype), _inside(high, -1, dtype)
        if math.isinf(self.bound):
            largest = np.float32(ml_dtypes.finfo(np.float32).max)
            return np.float32(-largest), largest
        reach = self.scale * self.bound
        ends = self.shift - reach, self.shift + reach
        return _toward(ends[0], +1, dtype), _toward(ends[1], -1, dtype)


def _toward(value: float, direction: int, dtype: str) -> np.float32:
    """The number of `dtype` nearest to `value` that is not beyond it."""
    kind = numpy_dtype("float32" if dtype == "float64" else dtype)
    largest = float(ml_dtypes.finfo(kind).max)
    rounded = np.asarray(min(max(value, -largest), largest)).astype(kind)
    if (float(rounded) - value) * direction < 0:
        rounded = np.nextafter(rounded, np.asarray(direction * largest).astype(kind))
    return np.float32(rounded)


def _inside(value: float, direction: int, dtype: str) -> np.float32:
    """The number of `dtype` nearest to `value` that lies strictly inside it."""
    kind = numpy_dtype("float32" if dtype == "float64" else dtype)
    nearest = _toward(value, direction, dtype)
    if float(nearest) != value:
        return nearest
    largest = np.asarray(direction * float(ml_dtypes.finfo(kind).max)).astype(kind)
    return np.float32(np.nextafter(nearest.astype(kind), largest))


def uniform(low: float, high: float) -> Distribution:
    """U(low, high), neither end included.

    Examples:
    The largest float16 below 0.1, to which float32 values are rounded:

    >>> uniform(0.0, 0.1).limits("float16")[1]
    np.float32(0.099975586)
    """
    middle, half = (low + high) / 2, (high - low) / 2
    return Distribution(
        "uniform", half, middle, open_ends=(low, high) if half else None
    )


def normal(mean: float, std: float) -> Distribution:
    """N(mean, std²).

    Examples:
    >>> import keras
    >>> from keras_inits import sampling
    >>> values = sampling.draw(
    ...     sampling.normal(3.0, 0.5), (10000,), "float32", sampling.Key(1, 2)
    ... )
    >>> round(float(keras.ops.mean(values)), 1), round(float(keras.ops.std(values)), 1)
    (3.0, 0.5)
    """
    return Distribution("tail", std, mean)


def truncated_normal(mean: float, std: float, bound: float) -> Distribution:
    """N(mean, std²) cut at `mean ± bound * std`.

    The cut makes the standard deviation smaller: see `truncated_std`.

    Examples:
    >>> import keras
    >>> from keras_inits import sampling
    >>> cut = sampling.truncated_normal(0.0, 0.5, bound=2.0)
    >>> values = sampling.draw(cut, (10000,), "float32", sampling.Key(1, 2))
    >>> 0.99 < float(keras.ops.max(values)) <= 1
    True
    """
    kind: Kind = "segments" if bound <= tables.EQUAL_SEGMENTS_UP_TO else "tail"
    return Distribution(kind, std, mean, bound)
