"""Drawing on TensorFlow: host arrays when eager, a compiled program inside a graph."""

import functools
from collections.abc import Callable

import ml_dtypes
import numpy as np
import tensorflow as tf

from keras_inits._utils.types import Layout, Shape
from keras_inits.sampling import bits
from keras_inits.sampling.bits import Key, Word
from keras_inits.sampling.distributions import Distribution
from keras_inits.sampling.engines import staged


class TensorFlowOperations(staged.StagedOperations):
    """Words are uint32 tensors, which wrap by themselves."""

    def shift_right(self, words: tf.Tensor, bits: int) -> tf.Tensor:
        return tf.bitwise.right_shift(words, tf.constant(bits, tf.uint32))

    def shift_left(self, words: tf.Tensor, bits: int) -> tf.Tensor:
        return tf.bitwise.left_shift(words, tf.constant(bits, tf.uint32))

    def to_float(self, words: tf.Tensor) -> tf.Tensor:
        return tf.cast(tf.bitcast(words, tf.int32), tf.float32)

    def to_index(self, words: tf.Tensor) -> tf.Tensor:
        return tf.bitcast(words, tf.int32)

    def take(self, table: np.ndarray, index: tf.Tensor) -> tf.Tensor:
        return tf.gather(table, index)

    def bits_of(self, floats: tf.Tensor) -> tf.Tensor:
        return tf.bitcast(floats, tf.uint32)

    def floats_of(self, words: tf.Tensor) -> tf.Tensor:
        return tf.bitcast(words, tf.float32)

    def clip(self, floats: tf.Tensor, low: np.float32, high: np.float32) -> tf.Tensor:
        return tf.minimum(tf.maximum(floats, low), high)

    def word(self, value: Word) -> tf.Tensor:
        return tf.cast(value, tf.uint32)

    def iota(self, size: int) -> tf.Tensor:
        return tf.bitcast(tf.range(size, dtype=tf.int32), tf.uint32)

    def stack(self, arrays: list[tf.Tensor], axis: int) -> tf.Tensor:
        return tf.stack(arrays, axis)

    def reshape(self, array: tf.Tensor, shape: Shape) -> tf.Tensor:
        return tf.reshape(array, shape)

    def cast(self, array: tf.Tensor, dtype: str) -> tf.Tensor:
        return tf.cast(array, dtype)


OPS = TensorFlowOperations()


@functools.lru_cache(maxsize=256)
def _words_program(blocks: int) -> Callable[..., tf.Tensor]:
    def program(k0: tf.Tensor, k1: tf.Tensor) -> tf.Tensor:
        return staged.words(Key(k0, k1), blocks, OPS)

    compiled: Callable[..., tf.Tensor] = tf.function(program, jit_compile=True)
    return compiled


@functools.lru_cache(maxsize=256)
def _values_program(
    distribution: Distribution, shape: Shape, dtype: str
) -> Callable[..., tf.Tensor]:
    def program(words: tf.Tensor) -> tf.Tensor:
        return staged.values(distribution, words, shape, dtype, OPS)

    compiled: Callable[..., tf.Tensor] = tf.function(program, jit_compile=True)
    return compiled


class TensorFlowEngine(staged.StagedEngine):
    """Draws inside graphs, too."""

    ops = OPS

    def is_tracing(self) -> bool:
        return not tf.executing_eagerly()

    def adopt(self, array: np.ndarray) -> tf.Tensor:
        if array.size and array.dtype in (np.float32, np.float64, np.float16):
            return tf.experimental.dlpack.from_dlpack(array.__dlpack__())
        if array.dtype == ml_dtypes.bfloat16 and array.size:
            words = array.view(np.int16).__dlpack__()
            words = tf.experimental.dlpack.from_dlpack(words)
            return tf.bitcast(words, tf.bfloat16)
        return tf.convert_to_tensor(array)

    def is_symbolic(self, state: tf.Tensor) -> bool:
        return not hasattr(state, "numpy")

    def words_of_state(self, state: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        # Seeds are any 64-bit integers there; their low words are the seed.
        state = tf.bitwise.bitwise_and(tf.cast(state, tf.int64), bits.WORD)
        return tf.cast(state[0], tf.uint32), tf.cast(state[1], tf.uint32)

    def draw_staged(
        self,
        distribution: Distribution,
        shape: Shape,
        dtype: str,
        key: Key,
        layout: Layout,
    ) -> tf.Tensor:
        # Two programs: in one, XLA draws the bits anew for each look-up.
        words = _words_program(staged.blocks(shape))(OPS.word(key.k0), OPS.word(key.k1))
        return _values_program(distribution, shape, dtype)(words)


ENGINE = TensorFlowEngine()
