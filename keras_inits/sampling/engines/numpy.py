"""NumPy's operations on words, and the draw in NumPy alone."""

import numpy as np

from keras_inits.sampling import bits
from keras_inits.sampling.distributions import Distribution
from keras_inits.sampling.values import Operations, scaled, standard_values

VALUES_OF_BLOCK = 2 * bits.BLOCK
NUMPY_BLOCKS = 8  # blocks in one NumPy call: few calls, and buffers that stay in L2


class NumpyOperations(Operations):
    """Words are uint32 arrays, which wrap by themselves."""

    def shift_right(self, words: np.ndarray, bits: int) -> np.ndarray:
        return words >> np.uint32(bits)

    def shift_left(self, words: np.ndarray, bits: int) -> np.ndarray:
        return words << np.uint32(bits)

    def to_float(self, words: np.ndarray) -> np.ndarray:
        return words.view(np.int32).astype(np.float32)

    def to_index(self, words: np.ndarray) -> np.ndarray:
        return words.view(np.int32)

    def take(self, table: np.ndarray, index: np.ndarray) -> np.ndarray:
        return table.take(index)

    def bits_of(self, floats: np.ndarray) -> np.ndarray:
        return floats.view(np.uint32)

    def floats_of(self, words: np.ndarray) -> np.ndarray:
        return words.view(np.float32)

    def clip(self, floats: np.ndarray, low: np.float32, high: np.float32) -> np.ndarray:
        return np.clip(floats, low, high, out=floats)


def fill(
    distribution: Distribution, key: bits.Key, first: int, out: np.ndarray
) -> None:
    """Fills `out` with the float32 values from index `first`, a multiple of a block."""
    ops = NumpyOperations()
    added = [np.uint32(word) for word in bits.schedule(key)]
    step = NUMPY_BLOCKS * VALUES_OF_BLOCK
    for start in range(0, out.size, step):
        part = out[start : start + step]
        blocks = -(-part.size // VALUES_OF_BLOCK)
        counter = (first + start) // 2
        width = bits.BLOCK if part.size > bits.BLOCK else part.size
        low = np.arange(blocks * width, dtype=np.uint32)
        low += np.uint32(counter & bits.WORD)
        # A block never straddles 2**32, but a step of several may.
        high = np.full(low.shape, counter >> 32, np.uint32)
        high[low < np.uint32(counter & bits.WORD)] += np.uint32(1)
        x0, x1 = bits.threefry(added, low, high)
        words = np.stack([x0.reshape(blocks, width), x1.reshape(blocks, width)], axis=1)
        words = words.reshape(-1)[: part.size]
        part[:] = scaled(
            distribution, standard_values(distribution, words, ops), "float32", ops
        )
