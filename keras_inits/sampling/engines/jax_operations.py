"""JAX's operations on words."""

import jax
import jax.numpy as jnp
import numpy as np

from keras_inits._utils.types import Shape
from keras_inits.sampling.bits import Word
from keras_inits.sampling.engines import staged


class JaxOperations(staged.StagedOperations):
    """Words are uint32 arrays, which wrap by themselves."""

    def shift_right(self, words: jax.Array, bits: int) -> jax.Array:
        return jax.lax.shift_right_logical(words, jnp.full_like(words, bits))

    def shift_left(self, words: jax.Array, bits: int) -> jax.Array:
        return jax.lax.shift_left(words, jnp.full_like(words, bits))

    def to_float(self, words: jax.Array) -> jax.Array:
        return words.astype(jnp.int32).astype(jnp.float32)

    def to_index(self, words: jax.Array) -> jax.Array:
        return words.astype(jnp.int32)

    def take(self, table: np.ndarray, index: jax.Array) -> jax.Array:
        return jnp.asarray(table).at[index].get(mode="promise_in_bounds")

    def bits_of(self, floats: jax.Array) -> jax.Array:
        return jax.lax.bitcast_convert_type(floats, jnp.uint32)

    def floats_of(self, words: jax.Array) -> jax.Array:
        return jax.lax.bitcast_convert_type(words, jnp.float32)

    def clip(self, floats: jax.Array, low: np.float32, high: np.float32) -> jax.Array:
        return jnp.minimum(jnp.maximum(floats, low), high)

    def word(self, value: Word) -> jax.Array:
        return jnp.asarray(value, jnp.uint32)

    def iota(self, size: int) -> jax.Array:
        return jax.lax.iota(jnp.uint32, size)

    def stack(self, arrays: list[jax.Array], axis: int) -> jax.Array:
        return jnp.stack(arrays, axis)

    def reshape(self, array: jax.Array, shape: Shape) -> jax.Array:
        return jnp.reshape(array, shape)

    def cast(self, array: jax.Array, dtype: str) -> jax.Array:
        return array.astype(dtype)


OPS = JaxOperations()
