"""JAX's operations on words."""

import jax
import jax.numpy as jnp

from keras_inits.sampling.engines import staged


class JaxOperations(staged.StagedOperations):
    """Words are uint32 arrays, which wrap by themselves."""

    def shift_right(self, words, bits):
        return jax.lax.shift_right_logical(words, jnp.full_like(words, bits))

    def shift_left(self, words, bits):
        return jax.lax.shift_left(words, jnp.full_like(words, bits))

    def to_float(self, words):
        return words.astype(jnp.int32).astype(jnp.float32)

    def to_index(self, words):
        return words.astype(jnp.int32)

    def take(self, table, index):
        return jnp.asarray(table).at[index].get(mode="promise_in_bounds")

    def bits_of(self, floats):
        return jax.lax.bitcast_convert_type(floats, jnp.uint32)

    def floats_of(self, words):
        return jax.lax.bitcast_convert_type(words, jnp.float32)

    def clip(self, floats, low, high):
        return jnp.minimum(jnp.maximum(floats, low), high)

    def word(self, value):
        return jnp.asarray(value, jnp.uint32)

    def iota(self, size):
        return jax.lax.iota(jnp.uint32, size)

    def stack(self, arrays, axis):
        return jnp.stack(arrays, axis)

    def reshape(self, array, shape):
        return jnp.reshape(array, shape)

    def cast(self, array, dtype):
        return array.astype(dtype)


OPS = JaxOperations()
