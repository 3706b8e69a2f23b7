"""Random bits as a pure function of a key and a counter: Threefry-2x32-20.

Value `i` of a tensor is made from one 32-bit word, and the word from the key and `i`
alone, so that any part of a tensor can be drawn by anyone, in any order. A tensor is
cut into blocks of `2 * BLOCK` values. Block `b` uses the counters `b * BLOCK` to
`(b + 1) * BLOCK - 1`; each gives two words, and the first words of all of them come
before the second ones, so that both halves of a block are contiguous.

The rounds are written once, for arrays of any library. In-place operators update NumPy
and PyTorch arrays in place and rebind those of JAX and TensorFlow.

Reference: Salmon, Moraes, Dror, Shaw (2011), "Parallel Random Numbers: As Easy as
1, 2, 3", SC'11; known-answer vectors from its library, Random123.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np

BLOCK = 2048  # counters in a block: its two buffers of words stay in a core's L1 cache
WORD = 0xFFFFFFFF
PARITY = 0x1BD11BDA
Word: TypeAlias = Any  # an int below 2**32, a scalar or an array of such words
ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))


class Key(NamedTuple):
    """Two 32-bit words: Python ints, or scalars of a program that is being traced.

    Attributes:
        k0: The first word.
        k1: The second word.

    Examples:
    The values are a function of the key, and of nothing else:

    >>> from keras_inits import sampling
    >>> def first(key):
    ...     drawn = sampling.draw(sampling.normal(0, 1), (3,), "float32", key)
    ...     return round(float(drawn[0]), 4)
    >>> first(sampling.Key(1, 2)) == first(sampling.Key(1, 2))
    True
    >>> first(sampling.Key(1, 2)) == first(sampling.Key(1, 3))
    False
    """

    k0: Word
    k1: Word


def schedule(key: Key, word: Callable[[Word], Word] = lambda x: x & WORD) -> list[Word]:
    """The twelve words that the rounds add, in order.

    Args:
        key: The key.
        word: Reduces a sum to 32 bits; the identity where arithmetic wraps by itself.
    """
    keys = (key.k0, key.k1, key.k0 ^ key.k1 ^ PARITY)
    added = [keys[0], keys[1]]
    for group in range(1, 6):
        added += [keys[group % 3], word(keys[(group + 1) % 3] + group)]
    return added


def _rotated(words: np.ndarray, distance: int) -> np.ndarray:
    wrapped = words >> np.uint32(32 - distance)
    words <<= np.uint32(distance)
    words |= wrapped
    return words


def threefry(
    added: list[Word],
    x0: Word,
    x1: Word,
    rotate: Callable[[Word, int], Word] = _rotated,
) -> tuple[Word, Word]:
    """Twenty rounds over two arrays of counter words.

    Args:
        added: `schedule(key)`, in the library's own 32-bit type.
        x0: Low words of the counters; overwritten where the library can.
        x1: High words; likewise.
        rotate: `rotate(x, r)` rotates each word left by `r` bits; by default NumPy's
            uint32 words, in place.

    Returns:
        The two words of every counter.
    """
    x0 += added[0]
    x1 += added[1]
    for group in range(5):
        for distance in ROTATIONS[group % 2]:
            x0 += x1
            x1 = rotate(x1, distance)
            x1 ^= x0
        x0 += added[2 * group + 2]
        x1 += added[2 * group + 3]
    return x0, x1


def threefry_of_ints(key: Key, counter: tuple[int, int]) -> tuple[int, int]:
    """The two words of one counter, in Python's integers."""
    added, (x0, x1) = schedule(key), counter
    # Python's integers grow: the reduction to 32 bits belongs to each rotation and sum.
    x0, x1 = (x0 + added[0]) & WORD, (x1 + added[1]) & WORD
    for group in range(5):
        for r in ROTATIONS[group % 2]:
            x0 = (x0 + x1) & WORD
            x1 = (((x1 << r) | (x1 >> (32 - r))) & WORD) ^ x0
        x0 = (x0 + added[2 * group + 2]) & WORD
        x1 = (x1 + added[2 * group + 3]) & WORD
    return x0, x1
