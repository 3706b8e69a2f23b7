"""How a random 32-bit word becomes a value of a distribution.

The words become standard values by shifts, masks and one table look-up, all exact; the
scaling is exact up to one rounding, or, with a shift, a fixed sequence of roundings
that no compiler can fuse away.
"""

from typing import Any, TypeAlias

import numpy as np

from keras_inits.sampling import tables
from keras_inits.sampling.distributions import LOW_BITS, Distribution

Array: TypeAlias = Any  # of the library that the operations are of
HALF_OF_24_BITS = 8388607.5


class Operations:
    """What `standard_values` and `place` need of an array library, over 32-bit words.

    Every method takes and returns arrays of that library.
    """

    def shift_right(self, words: Array, bits: int) -> Array:
        """Shifts in zeros."""
        raise NotImplementedError

    def to_float(self, words: Array) -> Array:
        """Words below 2**31 as float32, rounded to nearest."""
        raise NotImplementedError

    def to_index(self, words: Array) -> Array:
        """Words as signed integers that index."""
        raise NotImplementedError

    def take(self, table: np.ndarray, index: Array) -> Array:
        """Entries of a vector."""
        raise NotImplementedError

    def bits_of(self, floats: Array) -> Array:
        """The words that represent float32 numbers."""
        raise NotImplementedError

    def floats_of(self, words: Array) -> Array:
        """The float32 numbers that words represent."""
        raise NotImplementedError

    def clip(self, floats: Array, low: np.float32, high: np.float32) -> Array:
        """Entries moved into [low, high]."""
        raise NotImplementedError

    def shift_left(self, words: Array, bits: int) -> Array:
        """Shifts in zeros."""
        raise NotImplementedError

    def rotate(self, words: Array, bits: int) -> Array:
        """Rotates left."""
        return self.shift_left(words, bits) | self.shift_right(words, 32 - bits)


def standard_values(distribution: Distribution, words: Array, ops: Operations) -> Array:
    """The values of the standard distribution that words stand for; float32."""
    if distribution.kind == "uniform":
        centred = ops.to_float(ops.shift_right(words, 8)) - np.float32(HALF_OF_24_BITS)
        # No value is clipped: graph optimizers would merge this factor with a small
        # scale to a subnormal one, which some machines take for zero.
        one = np.float32(1)
        return ops.clip(centred * np.float32(2.0**-23), -one, one)
    values, slopes, _ = distribution.table
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


def scaled(
    distribution: Distribution, standard: Array, dtype: str, ops: Operations
) -> Array:
    """Standard values scaled, shifted and kept between the limits; float32."""
    low, high = distribution.limits(dtype)
    if distribution.shift == 0:
        return ops.clip(standard * np.float32(distribution.scale), low, high)
    # Two numbers of 12 bits have an exact product, fused with a sum or not. Only
    # differences: TensorFlow's graph optimizer reorders trees of sums.
    _, scale_high, scale_low, *_ = distribution.scaling()
    cut = ops.shift_right(ops.bits_of(standard), LOW_BITS)
    upper = ops.floats_of(ops.shift_left(cut, LOW_BITS))
    lower = standard - upper
    total = upper * scale_high - np.float32(-distribution.shift)
    total = total - (upper * -scale_low - lower * scale_high)
    return ops.clip(total - lower * -scale_low, low, high)
