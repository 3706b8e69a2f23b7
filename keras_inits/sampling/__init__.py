"""Which numbers: each value a pure function of a key and its index.

`draw` is the one way in. The engine that runs is chosen here and makes no difference
to the result.
"""

import functools
import importlib
import random
from types import ModuleType
from typing import Any

import keras
import numpy as np

from keras_inits.sampling import bits
from keras_inits.sampling.bits import Key
from keras_inits.sampling.distributions import (
    Distribution,
    normal,
    truncated_normal,
    uniform,
)
from keras_inits.sampling.engines import numpy as host
from keras_inits.sampling.engines.numpy import draw as draw_on_host
from keras_inits.sampling.engines.numpy import empty as empty_on_host
from keras_inits.sampling.tables import truncated_std

__all__ = [
    "Distribution",
    "Key",
    "adopt",
    "draw",
    "draw_on_host",
    "empty_on_host",
    "filled",
    "finished",
    "is_tracing",
    "key_from_seed",
    "normal",
    "truncated_normal",
    "truncated_std",
    "uniform",
]

ENGINES = ("tensorflow", "jax", "torch")


@functools.cache
def _engine() -> ModuleType | None:
    """The engine of the backend; None where arrays are NumPy's."""
    name = keras.backend.backend()
    if name not in ENGINES:
        return None
    return importlib.import_module(f"keras_inits.sampling.engines.{name}")


def is_tracing() -> bool:
    """Whether the backend is staging a program, so that values do not exist yet."""
    engine = _engine()
    return engine is not None and engine.is_tracing()


def adopt(array: np.ndarray) -> Any:
    """The backend's tensor of a new host array, copied only where it must be."""
    engine = _engine()
    return array if engine is None else engine.adopt(array)


def filled(value: Any, shape: tuple[int, ...], dtype: str, layout: Any = None) -> Any:
    """A tensor without chance.

    Args:
        value: A number, or a NumPy array of the shape.
        shape: Shape of the tensor.
        dtype: Name of any type.
        layout: As in `draw`.
    """
    engine = _engine()
    dtype = engine.supported(dtype) if engine else dtype
    if layout is not None and engine is not None:
        return engine.filled(value, shape, dtype, layout)
    if is_tracing():
        rounded = keras.ops.convert_to_tensor(host.to_array(np.asarray(value), dtype))
        return keras.ops.broadcast_to(rounded, shape)
    return adopt(host.to_array(np.broadcast_to(value, shape), dtype))


def finished(tensor: Any, dtype: str, layout: Any = None) -> Any:
    """A computed tensor as its caller wants it.

    Args:
        tensor: A float32 array of NumPy's, which nobody else holds, or the backend's.
        dtype: Name of the type to round to.
        layout: None, or the sharding that the JAX backend asks for.
    """
    engine = _engine()
    dtype = engine.supported(dtype) if engine else dtype
    if isinstance(tensor, np.ndarray):
        tensor = adopt(host.to_array(tensor, dtype, owned=True))
    else:
        tensor = keras.ops.cast(tensor, dtype)
    return engine.laid_out(tensor, layout) if engine and layout is not None else tensor


def key_from_seed(seed: Any, shape: tuple[int, ...], stream: str) -> Key:
    """The key of a tensor's draw; a seed generator advances.

    Args:
        seed: An int, a `keras.random.SeedGenerator`, or None for a seed from Python's
            `random`, which `keras.utils.set_random_seed` governs.
        shape: Shape of the tensor.
        stream: Name of the place of the draw.
    """
    if seed is None:
        seed = random.getrandbits(63)
    if isinstance(seed, int):
        return bits.key_of("int", seed, shape, stream)
    base = bits.key_of("generator", None, shape, stream)
    engine = _engine()
    state = engine.next_state(seed) if engine else seed.next()
    if engine is not None and engine.is_symbolic(state):
        return _folded(base, engine.generator_words(state), engine.OPS)
    words = [int(word) & bits.WORD for word in keras.ops.convert_to_numpy(state)]
    return Key(*bits.threefry_of_ints(base, (words[0], words[1])))


def _folded(base: Key, words: tuple[Any, Any], ops: Any) -> Key:
    added = [ops.word(word) for word in bits.schedule(base)]
    return Key(*bits.threefry(added, *words, ops.rotate))


def draw(
    distribution: Distribution,
    shape: tuple[int, ...],
    dtype: str,
    key: Key,
    layout: Any = None,
) -> Any:
    """Draws a tensor of independent entries.

    Args:
        distribution: The distribution of the entries.
        shape: Shape of the tensor.
        dtype: Name of a floating-point type. Values are drawn in float32 and cast once.
        key: The key, of Python ints or of scalars of the program being traced.
        layout: None, or the sharding that the JAX backend asks for; then each device
            draws its own shard.

    Returns:
        A tensor of the backend: the same values on every backend, eager or traced.
    """
    engine = _engine()
    if engine is None:
        return host.draw(distribution, shape, dtype, key)
    dtype = engine.supported(dtype)
    if 0 not in shape and (layout is not None or engine.is_tracing()):
        return engine.draw_staged(distribution, shape, dtype, key, layout)
    if engine.__name__.endswith("torch") and engine.draws_on_device():
        return engine.draw_on_device(distribution, shape, dtype, key)
    return engine.adopt(host.draw(distribution, shape, dtype, key))
