"""Drawing on JAX: host arrays when eager, a staged program inside a trace or a mesh."""

import functools

import jax
import jax.numpy as jnp
import keras
import numpy as np

from keras_inits._utils.types import Layout, Shape
from keras_inits.sampling.arrays import to_array
from keras_inits.sampling.bits import Key
from keras_inits.sampling.distributions import Distribution
from keras_inits.sampling.engines import jax_sharded, staged
from keras_inits.sampling.engines.jax_operations import OPS

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


@functools.cache
def _first_device() -> jax.Device:
    return jax.local_devices()[0]


@functools.cache
def _on(device: jax.Device) -> jax.sharding.Sharding:
    return jax.sharding.SingleDeviceSharding(device)


class JaxEngine(staged.StagedEngine):
    """Draws inside traces and into shards, too."""

    ops = OPS

    def is_tracing(self) -> bool:
        return not trace_state_clean()

    def supported(self, dtype: str) -> str:
        # Without x64, float32 for float64.
        return str(jax.dtypes.canonicalize_dtype(dtype)) if "64" in dtype else dtype

    def adopt(self, array: np.ndarray) -> jax.Array:
        device = jax.config.jax_default_device or _first_device()
        if batched_device_put is None or not isinstance(device, jax.Device):
            return jax.device_put(array, may_alias=True)
        aval, sharding = jax.core.ShapedArray(array.shape, array.dtype), _on(device)
        # Not committed: free to move to where it is used, as all new arrays are.
        return batched_device_put(aval, sharding, [array], [device], False)

    def next_state(self, generator: keras.random.SeedGenerator) -> jax.Array:
        """The generator's state, which advances.

        A state with a value is read and advanced on the host, inside a trace too: Keras
        traces the call of an initializer whose tensor is large, and a generator that
        advanced there would keep a value of that trace for ever. Under a mesh of
        explicit axes, Keras's own way to advance is refused.
        """
        if self.is_symbolic(generator.state.value):
            return generator.next()
        with jax.ensure_compile_time_eval():
            state = np.array(generator.state.value)
            generator.state.assign(state + np.array([0, 1], state.dtype))
        return state

    def is_symbolic(self, state: jax.Array) -> bool:
        return isinstance(state, jax.core.Tracer)

    def words_of_state(self, state: jax.Array) -> tuple[jax.Array, jax.Array]:
        return state[0].astype(jnp.uint32), state[1].astype(jnp.uint32)

    def draw_staged(
        self,
        distribution: Distribution,
        shape: Shape,
        dtype: str,
        key: Key,
        layout: Layout,
    ) -> jax.Array:
        key = Key(OPS.word(key.k0), OPS.word(key.k1))
        if layout is not None:
            program = jax_sharded.program(distribution, shape, dtype, layout)
            return program(key.k0, key.k1)
        words = staged.words(key, staged.blocks(shape), OPS)
        words = jax.lax.optimization_barrier(words)
        return staged.values(distribution, words, shape, dtype, OPS)

    def filled(
        self,
        value: float | np.ndarray,
        shape: Shape,
        dtype: str,
        layout: Layout = None,
    ) -> jax.Array:
        if layout is None:
            return super().filled(value, shape, dtype)
        rounded = to_array(np.asarray(value), self.supported(dtype))
        return jax_sharded.filling(shape, layout)(rounded)

    def finished(
        self, tensor: jax.Array | np.ndarray, dtype: str, layout: Layout = None
    ) -> jax.Array:
        array = super().finished(tensor, dtype)
        if layout is None:
            return array
        return jax.jit(lambda x: x, out_shardings=layout)(array)


ENGINE = JaxEngine()
