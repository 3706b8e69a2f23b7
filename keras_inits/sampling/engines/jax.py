"""Drawing on JAX: host arrays when eager, a staged program inside a trace or a mesh."""

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np

from keras_inits.sampling import bits
from keras_inits.sampling.distributions import Distribution, placed, standard_values
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


try:
    from jax._src.core import trace_state_clean
except ImportError:  # private: without it, ask by making an array, which is slower

    def trace_state_clean() -> bool:
        """Whether no program is being traced."""
        return not isinstance(jnp.zeros(()), jax.core.Tracer)


try:
    from jax._src.interpreters.pxla import batched_device_put
except ImportError:  # private: without it, JAX's own way takes three times as long
    batched_device_put = None


def is_tracing() -> bool:
    """Whether operations are being staged into a program."""
    return not trace_state_clean()


def supported(dtype: str) -> str:
    """The type that JAX gives for `dtype`: without x64, float32 for float64."""
    return str(jax.dtypes.canonicalize_dtype(dtype)) if "64" in dtype else dtype


def adopt(array: np.ndarray) -> jax.Array:
    """The JAX array of a new host array, uncopied on a CPU.

    The array must not be written to afterwards.
    """
    device = jax.config.jax_default_device or _first_device()
    if batched_device_put is None or not isinstance(device, jax.Device):
        return jax.device_put(array, may_alias=True)
    aval, sharding = jax.core.ShapedArray(array.shape, array.dtype), _on(device)
    # Not committed: free to move to where it is used, as all new arrays are.
    adopted: jax.Array = batched_device_put(aval, sharding, [array], [device], False)
    return adopted


@functools.cache
def _first_device() -> Any:
    return jax.local_devices()[0]


@functools.cache
def _on(device: Any) -> jax.sharding.Sharding:
    return jax.sharding.SingleDeviceSharding(device)


def laid_out(array: jax.Array, layout: Any) -> jax.Array:
    """The array, sharded."""
    return jax.jit(lambda x: x, out_shardings=layout)(array)


def filled(value: Any, shape: tuple[int, ...], dtype: str, layout: Any) -> jax.Array:
    """A number or an array in every device's shard."""

    def program() -> jax.Array:
        return jnp.broadcast_to(jnp.asarray(value, dtype), shape)

    return jax.jit(program, out_shardings=layout)()


def is_symbolic(state: Any) -> bool:
    """Whether a generator's state has no value yet."""
    return isinstance(state, jax.core.Tracer)


def next_state(generator: keras.random.SeedGenerator) -> Any:
    """The generator's state, which advances.

    A state with a value is read and advanced on the host, inside a trace too: Keras
    traces the call of an initializer whose tensor is large, and a generator that
    advanced there would keep a value of that trace for ever. Under a mesh of explicit
    axes, Keras's own way to advance is refused.
    """
    if is_symbolic(generator.state.value):
        return generator.next()
    with jax.ensure_compile_time_eval():
        state = np.array(generator.state.value)
        generator.state.assign(state + np.array([0, 1], state.dtype))
    return state


def generator_words(state: Any) -> tuple[Any, Any]:
    """The two words of a seed generator's state, inside a trace."""
    return state[0].astype(jnp.uint32), state[1].astype(jnp.uint32)


def draw_staged(
    distribution: Distribution,
    shape: tuple[int, ...],
    dtype: str,
    key: bits.Key,
    layout: Any,
) -> jax.Array:
    """Draws inside a trace, or, with a layout, each device its own shard."""
    key = bits.Key(OPS.word(key.k0), OPS.word(key.k1))
    if layout is not None:
        return _sharded(distribution, shape, dtype, layout)(key.k0, key.k1)
    words = staged.words(key, staged.blocks(shape), OPS)
    words = jax.lax.optimization_barrier(words)
    return staged.values(distribution, words, shape, dtype, OPS)


def _axes_names(spec: Any, rank: int) -> list[tuple[str, ...]]:
    """For each axis of the tensor, the axes of the mesh that it is cut along."""
    entries = [() if e is None else e if isinstance(e, tuple) else (e,) for e in spec]
    return entries + [()] * (rank - len(entries))


def _flat_index(
    shape: tuple[int, ...], local: tuple[int, ...], devices: list[Any]
) -> tuple[jax.Array, jax.Array]:
    """Low and high words of the index in the whole tensor, for a shard's entries."""
    low = jnp.zeros((), jnp.uint32)
    high = jnp.zeros((), jnp.uint32)
    stride = math.prod(shape)
    for axis, size in enumerate(shape):
        stride //= size
        place = jax.lax.broadcasted_iota(jnp.uint32, local, axis)
        # A shard's own offset and its device's: apart, as their sum may be 2**32.
        for index, step in ((place, stride), (devices[axis], stride * local[axis])):
            upper, lower = _product(index, step)
            total = low + lower
            high = high + upper + (total < low).astype(jnp.uint32)
            low = total
    return low, high


def _product(word: jax.Array, factor: int) -> tuple[jax.Array, jax.Array]:
    """High and low words of a word times an int below 2**64, modulo 2**64."""
    w0, w1 = word & 0xFFFF, word >> 16
    f0, f1 = np.uint32(factor & 0xFFFF), np.uint32(factor >> 16 & 0xFFFF)
    middle = w0 * f1 + (w0 * f0 >> 16)
    carried = w1 * f0 + (middle & 0xFFFF)
    high = w1 * f1 + (middle >> 16) + (carried >> 16)
    high += word * np.uint32(factor >> 32 & bits.WORD)
    return high, word * np.uint32(factor & bits.WORD)


@functools.lru_cache(maxsize=256)
def _sharded(
    distribution: Distribution, shape: tuple[int, ...], dtype: str, layout: Any
) -> Any:
    """A program in which each device computes its shard's entries and no others."""
    mesh = layout.mesh
    names = _axes_names(layout.spec, len(shape))
    cuts = [math.prod(mesh.shape[name] for name in along) for along in names]
    local = tuple(size // cut for size, cut in zip(shape, cuts, strict=True))

    def shard(k0: jax.Array, k1: jax.Array) -> jax.Array:
        devices = [jax.lax.axis_index(along) if along else 0 for along in names]
        devices = [jnp.asarray(device, jnp.uint32) for device in devices]
        low, high = _flat_index(shape, local, devices)
        # Index to counter: the block's number without the bit that picks the word.
        is_second = (low >> staged.BLOCK_LOG2) & 1
        block = low >> (staged.BLOCK_LOG2 + 1) | high << (31 - staged.BLOCK_LOG2)
        counter = block << staged.BLOCK_LOG2 | low & (bits.BLOCK - 1)
        above = block >> (32 - staged.BLOCK_LOG2)
        added = bits.schedule(bits.Key(k0, k1), word=lambda sum_: sum_)
        x0, x1 = bits.threefry(added, counter, above, OPS.rotate)
        words = jnp.where(is_second == 1, x1, x0)
        words = jax.lax.optimization_barrier(words)
        values = placed(
            distribution, standard_values(distribution, words, OPS), dtype, OPS
        )
        return OPS.cast(values, dtype)

    none = jax.sharding.PartitionSpec()
    mapped = jax.shard_map(
        shard, mesh=mesh, in_specs=(none, none), out_specs=layout.spec
    )
    return jax.jit(mapped)
