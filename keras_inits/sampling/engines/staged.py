"""Drawing as a program for a compiler: an index range, its words, its values.

Nothing in the program is larger than the tables of the normal distribution; the numbers
exist only when it runs.
"""

import math
from typing import Any

from keras_inits.sampling import bits
from keras_inits.sampling.distributions import (
    Distribution,
    Operations,
    placed,
    standard_values,
)

BLOCK_LOG2 = bits.BLOCK.bit_length() - 1


class StagedOperations(Operations):
    """What the programs need besides `Operations`."""

    def word(self, value: Any) -> Any:
        """A scalar, or an int below 2**32, as a 32-bit word."""
        raise NotImplementedError

    def iota(self, size: int) -> Any:
        """The words 0, 1, ..., size - 1."""
        raise NotImplementedError

    def stack(self, arrays: list[Any], axis: int) -> Any:
        """Arrays of one shape, along a new axis."""
        raise NotImplementedError

    def reshape(self, array: Any, shape: tuple[int, ...]) -> Any:
        """The same entries in another shape."""
        raise NotImplementedError

    def cast(self, array: Any, dtype: str) -> Any:
        """Entries rounded to nearest."""
        raise NotImplementedError


def blocks(shape: tuple[int, ...]) -> int:
    """Blocks that hold a tensor; the last one may be partly used."""
    return -(-math.prod(shape) // (2 * bits.BLOCK))


def words(key: bits.Key, count: int, ops: StagedOperations) -> Any:
    """The words of the first `count` blocks, one row a block."""
    block = ops.reshape(ops.iota(count), (count, 1))
    place = ops.reshape(ops.iota(bits.BLOCK), (1, bits.BLOCK))
    low = ops.shift_left(block, BLOCK_LOG2) + place
    high = ops.shift_right(block, 32 - BLOCK_LOG2) + place * ops.word(0)
    added = bits.schedule(
        bits.Key(ops.word(key.k0), ops.word(key.k1)), word=lambda sum_: sum_
    )
    x0, x1 = bits.threefry(added, low, high, ops.rotate)
    return ops.reshape(ops.stack([x0, x1], 1), (count, 2 * bits.BLOCK))


def values(
    distribution: Distribution,
    drawn: Any,
    shape: tuple[int, ...],
    dtype: str,
    ops: StagedOperations,
) -> Any:
    """The tensor whose words are `drawn`."""
    standard = standard_values(distribution, drawn, ops)
    flat = ops.reshape(placed(distribution, standard, dtype, ops), (-1,))
    return ops.cast(ops.reshape(flat[: math.prod(shape)], shape), dtype)
