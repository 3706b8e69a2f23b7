"""Drawing as a program for a compiler: an index range, its words, its values.

Nothing in the program is larger than the tables of the normal distribution; the numbers
exist only when it runs.
"""

import math

from keras_inits._utils.types import Layout, Shape, Tensor
from keras_inits.sampling import bits
from keras_inits.sampling.bits import Key, Word
from keras_inits.sampling.distributions import Distribution
from keras_inits.sampling.engines.base import Engine
from keras_inits.sampling.values import Array, Operations, scaled, standard_values

BLOCK_LOG2 = bits.BLOCK.bit_length() - 1


class StagedOperations(Operations):
    """What the programs need besides `Operations`."""

    def word(self, value: Word) -> Array:
        """A scalar, or an int below 2**32, as a 32-bit word."""
        raise NotImplementedError

    def iota(self, size: int) -> Array:
        """The words 0, 1, ..., size - 1."""
        raise NotImplementedError

    def stack(self, arrays: list[Array], axis: int) -> Array:
        """Arrays of one shape, along a new axis."""
        raise NotImplementedError

    def reshape(self, array: Array, shape: Shape) -> Array:
        """The same entries in another shape."""
        raise NotImplementedError

    def cast(self, array: Array, dtype: str) -> Array:
        """Entries rounded to nearest."""
        raise NotImplementedError


def blocks(shape: Shape) -> int:
    """Blocks that hold a tensor; the last one may be partly used."""
    return -(-math.prod(shape) // (2 * bits.BLOCK))


def words(key: Key, count: int, ops: StagedOperations) -> Array:
    """The words of the first `count` blocks, one row a block."""
    block = ops.reshape(ops.iota(count), (count, 1))
    place = ops.reshape(ops.iota(bits.BLOCK), (1, bits.BLOCK))
    low = ops.shift_left(block, BLOCK_LOG2) + place
    high = ops.shift_right(block, 32 - BLOCK_LOG2) + place * ops.word(0)
    added = bits.schedule(
        Key(ops.word(key.k0), ops.word(key.k1)), word=lambda sum_: sum_
    )
    x0, x1 = bits.threefry(added, low, high, ops.rotate)
    return ops.reshape(ops.stack([x0, x1], 1), (count, 2 * bits.BLOCK))


def values(
    distribution: Distribution,
    words: Array,
    shape: Shape,
    dtype: str,
    ops: StagedOperations,
) -> Array:
    """The tensor that words stand for."""
    standard = standard_values(distribution, words, ops)
    flat = ops.reshape(scaled(distribution, standard, dtype, ops), (-1,))
    return ops.cast(ops.reshape(flat[: math.prod(shape)], shape), dtype)


class StagedEngine(Engine):
    """An engine whose backend compiles programs.

    Attributes:
        ops: The backend's operations.
    """

    ops: StagedOperations

    def is_symbolic(self, state: Tensor) -> bool:
        """Whether a generator's state has no value yet."""
        raise NotImplementedError

    def words_of_state(self, state: Tensor) -> tuple[Word, Word]:
        """The two words of a generator's state, inside a program."""
        raise NotImplementedError

    def draw_staged(
        self,
        distribution: Distribution,
        shape: Shape,
        dtype: str,
        key: Key,
        layout: Layout,
    ) -> Tensor:
        """Draws a tensor that is not empty inside a program, or with a layout."""
        raise NotImplementedError

    def key_of_state(self, base: Key, state: Tensor) -> Key:
        if not self.is_symbolic(state):
            return super().key_of_state(base, state)
        added = [self.ops.word(word) for word in bits.schedule(base)]
        words = self.words_of_state(state)
        return Key(*bits.threefry(added, *words, self.ops.rotate))

    def draw(
        self,
        distribution: Distribution,
        shape: Shape,
        dtype: str,
        key: Key,
        layout: Layout = None,
    ) -> Tensor:
        if 0 in shape or (layout is None and not self.is_tracing()):
            return super().draw(distribution, shape, dtype, key)
        return self.draw_staged(distribution, shape, self.supported(dtype), key, layout)
