"""Drawing on JAX: host arrays when eager, a staged program inside a trace or a mesh."""

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from keras_inits.sampling import bits, staged
from keras_inits.sampling.distributions import Law, placed, standard_values


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


def is_tracing() -> bool:
    """Whether operations are being staged into a program."""
    return isinstance(jnp.zeros(()), jax.core.Tracer)


def supported(dtype: str) -> str:
    """The type that JAX gives for `dtype`: without x64, float32 for float64."""
    return str(jax.dtypes.canonicalize_dtype(dtype))


def adopt(array: np.ndarray) -> jax.Array:
    """The JAX array of a new host array, uncopied on a CPU.

    The array must not be written to afterwards.
    """
    return jax.device_put(array, may_alias=True)


def laid_out(array: jax.Array, layout: Any) -> jax.Array:
    """The array, sharded."""
    return jax.jit(lambda x: x, out_shardings=layout)(array)


def filled(value: Any, shape: tuple[int, ...], dtype: str, layout: Any) -> jax.Array:
    """A number or an array in every device's shard."""

    def program() -> jax.Array:
        return jnp.broadcast_to(jnp.asarray(value, dtype), shape)

    return jax.jit(program, out_shardings=layout)()


def generator_words(state: Any) -> tuple[Any, Any]:
    """The two words of a seed generator's state, inside a trace."""
    return state[0].astype(jnp.uint32), state[1].astype(jnp.uint32)


def draw_staged(
    law: Law, shape: tuple[int, ...], dtype: str, key: bits.Key, layout: Any
) -> jax.Array:
    """Draws inside a trace, or, with a layout, each device its own shard."""
    key = bits.Key(OPS.word(key.k0), OPS.word(key.k1))
    if layout is not None:
        return _sharded(law, shape, dtype, layout)(key)
    words = staged.words(key, staged.blocks(shape), OPS)
    words = jax.lax.optimization_barrier(words)
    return staged.values(law, words, shape, dtype, OPS)


def _flat_index(shape: tuple[int, ...], layout: Any) -> tuple[jax.Array, jax.Array]:
    """Low and high words of every entry's index, computed where the entry lives."""
    low = jnp.zeros((), jnp.uint32)
    high = jnp.zeros((), jnp.uint32)
    stride = math.prod(shape)
    for axis, size in enumerate(shape):
        stride //= size
        place = jax.lax.broadcasted_iota(
            jnp.uint32, shape, axis, out_sharding=layout
        )
        # place * stride in 64 bits, from halves whose products fit in 32 bits.
        p0, p1 = place & 0xFFFF, place >> 16
        s0, s1 = stride & 0xFFFF, stride >> 16 & 0xFFFF
        middle = p0 * np.uint32(s1) + (p0 * np.uint32(s0) >> 16)
        carried = p1 * np.uint32(s0) + (middle & 0xFFFF)
        upper = p1 * np.uint32(s1) + (middle >> 16) + (carried >> 16)
        upper += place * np.uint32(stride >> 32 & bits.WORD)
        total = low + place * np.uint32(stride & bits.WORD)
        high = high + upper + (total < low).astype(jnp.uint32)
        low = total
    return low, high


@functools.lru_cache(maxsize=256)
def _sharded(law: Law, shape: tuple[int, ...], dtype: str, layout: Any) -> Any:
    """A program in which each device computes its shard's entries and no others."""

    @jax.jit
    def program(key: bits.Key) -> jax.Array:
        low, high = _flat_index(shape, layout)
        # Index to counter: the block's number without the bit that picks the word.
        is_second = (low >> staged.BLOCK_LOG2) & 1
        block = low >> (staged.BLOCK_LOG2 + 1) | high << (31 - staged.BLOCK_LOG2)
        counter = block << staged.BLOCK_LOG2 | low & (bits.BLOCK - 1)
        above = block >> (32 - staged.BLOCK_LOG2)
        added = bits.schedule(key, word=lambda sum_: sum_)
        x0, x1 = bits.threefry(added, counter, above, OPS.rotate)
        words = jnp.where(is_second == 1, x1, x0)
        values = placed(law, standard_values(law, words, OPS), dtype, OPS)
        return OPS.cast(values, dtype)

    return program
