"""The distributions that can be drawn, and how a 32-bit word becomes a value of one.

A distribution is a standard distribution (uniform on (-1, 1), or a normal, cut or not),
times a scale, plus a shift. The words become standard values by shifts, masks and one
table look-up, all exact; the scaling is exact up to one rounding, or, with a shift, a
fixed sequence of roundings that no compiler can fuse away.
"""

import functools
import math
from dataclasses import dataclass
from typing import Any, Literal

import ml_dtypes
import numpy as np

from keras_inits.sampling import tables

Kind = Literal["uniform", "segments", "tail"]
HALF_OF_24_BITS = 8388607.5
LOW_BITS = 12  # of a float32's 24 significant bits: what `_split` and `placed` cut off


def _split(value: float) -> tuple[np.float32, np.float32]:
    """Two float32 of at most 12 significant bits each that add up to float32(value)."""
    whole = np.float32(value)
    high = (whole.view(np.uint32) >> LOW_BITS << LOW_BITS).view(np.float32)
    return high, np.float32(whole - high)


def numpy_dtype(dtype: str) -> np.dtype:
    """The NumPy type of a Keras dtype's name, `bfloat16` and the float8s included."""
    return np.dtype(getattr(ml_dtypes, dtype, dtype))


@dataclass(frozen=True)
class Distribution:
    """How independent entries are distributed: `shift + scale * standard value`.

    Attributes:
        kind: How words become standard values.
        scale: Factor of the standard values; float32 rounds it.
        shift: Added to them.
        bound: Where the standard normal is cut; infinite if it is not.
        open_ends: For a uniform distribution, the two ends, of which neither is drawn.
    """

    kind: Kind
    scale: float
    shift: float = 0.0
    bound: float = math.inf
    open_ends: tuple[float, float] | None = None

    @property
    def table(self) -> tables.Table:
        """Knots and slopes; of no use, but present, for the uniform distribution."""
        if self.kind == "tail":
            return tables.by_tail(self.bound)
        bound = self.bound if self.kind == "segments" else tables.EQUAL_SEGMENTS_UP_TO
        return tables.by_probability(bound)

    # A model draws many kernels from few distributions: what follows from one is kept.

    @functools.lru_cache(maxsize=512)  # noqa: B019  distributions are small
    def placing(self) -> tuple[np.float32, ...]:
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
    """U(low, high), neither end included."""
    middle, half = (low + high) / 2, (high - low) / 2
    return Distribution(
        "uniform", half, middle, open_ends=(low, high) if half else None
    )


def normal(mean: float, std: float) -> Distribution:
    """N(mean, std²)."""
    return Distribution("tail", std, mean)


def truncated_normal(mean: float, std: float, bound: float) -> Distribution:
    """N(mean, std²) cut at `mean ± bound * std`."""
    kind: Kind = "segments" if bound <= tables.EQUAL_SEGMENTS_UP_TO else "tail"
    return Distribution(kind, std, mean, bound)


class Operations:
    """What `standard_values` and `place` need of an array library, over 32-bit words.

    Every method takes and returns arrays of that library.
    """

    def shift_right(self, words: Any, bits: int) -> Any:
        """Shifts in zeros."""
        raise NotImplementedError

    def to_float(self, words: Any) -> Any:
        """Words below 2**31 as float32, rounded to nearest."""
        raise NotImplementedError

    def to_index(self, words: Any) -> Any:
        """Words as signed integers that index."""
        raise NotImplementedError

    def take(self, table: np.ndarray, index: Any) -> Any:
        """Entries of a vector."""
        raise NotImplementedError

    def bits_of(self, floats: Any) -> Any:
        """The words that represent float32 numbers."""
        raise NotImplementedError

    def floats_of(self, words: Any) -> Any:
        """The float32 numbers that words represent."""
        raise NotImplementedError

    def clip(self, floats: Any, low: np.float32, high: np.float32) -> Any:
        """Entries moved into [low, high]."""
        raise NotImplementedError

    def shift_left(self, words: Any, bits: int) -> Any:
        """Shifts in zeros."""
        raise NotImplementedError

    def rotate(self, words: Any, bits: int) -> Any:
        """Rotates left."""
        return self.shift_left(words, bits) | self.shift_right(words, 32 - bits)


def standard_values(distribution: Distribution, words: Any, ops: Operations) -> Any:
    """The values of the standard distribution that words stand for; float32."""
    if distribution.kind == "uniform":
        centred = ops.to_float(ops.shift_right(words, 8)) - np.float32(HALF_OF_24_BITS)
        # No value is clipped: graph optimizers would merge this factor with a small
        # scale to a subnormal one, which some machines take for zero.
        one = np.float32(1)
        return ops.clip(centred * np.float32(2.0**-23), -one, one)
    values, slopes = distribution.table
    if distribution.kind == "segments":
        index = ops.to_index(ops.shift_right(words, 32 - tables.SEGMENTS_LOG2))
        fraction = ops.shift_right(words, 8) & 0xFFF
    else:
        # 31 bits of tail probability; as a float32, its exponent and leading bits are
        # the segment and the next bits the place in it. The sign's bit is not part.
        tail = ops.bits_of(ops.to_float(ops.shift_right(words, 1) | 1))
        first = 127 << tables.MANTISSA_LOG2
        index = ops.to_index(ops.shift_right(tail, 23 - tables.MANTISSA_LOG2)) - first
        fraction = ops.shift_right(tail, 11 - tables.MANTISSA_LOG2) & 0xFFF
    place = ops.to_float(fraction) * np.float32(2.0**-12)
    size = ops.take(values, index) + ops.take(slopes, index) * place
    # The word's last bit becomes the sign's bit of a number that has none.
    return ops.floats_of(ops.bits_of(size) | ops.shift_left(words, 31))


def placed(
    distribution: Distribution, standard: Any, dtype: str, ops: Operations
) -> Any:
    """Standard values scaled, shifted and kept between the limits; float32."""
    low, high = distribution.limits(dtype)
    if distribution.shift == 0:
        return ops.clip(standard * np.float32(distribution.scale), low, high)
    # Two numbers of 12 bits have an exact product, fused with a sum or not. Only
    # differences: TensorFlow's graph optimizer reorders trees of sums.
    _, scale_high, scale_low, *_ = distribution.placing()
    cut = ops.shift_right(ops.bits_of(standard), LOW_BITS)
    upper = ops.floats_of(ops.shift_left(cut, LOW_BITS))
    lower = standard - upper
    total = upper * scale_high - np.float32(-distribution.shift)
    total = total - (upper * -scale_low - lower * scale_high)
    return ops.clip(total - lower * -scale_low, low, high)
