"""Zero-copy NumPy views of tensors on the CPU.

On a CPU a tensor's memory is an array's: slicing it there costs no copy, and less than
a dozen operations of the backend, each of which takes longer than the arithmetic. What
is cut over several devices has no such memory, and is worked on where it lies.
"""

import math
import sys

import keras
import numpy as np

from keras_inits._utils.types import Tensor


def numpy_view(x: Tensor) -> np.ndarray | Tensor:
    """A tensor as an array that shares its memory; where that cannot be, the tensor."""
    backend = keras.backend.backend()
    if isinstance(x, np.ndarray):
        return x
    if backend == "torch":
        if x.device.type != "cpu":
            return x
        if str(x.dtype) == "torch.bfloat16":  # of which NumPy knows only by ml_dtypes
            import ml_dtypes
            import torch

            words: np.ndarray = x.detach().view(torch.int16).numpy()
            return words.view(ml_dtypes.bfloat16)
        return x.detach().numpy()
    if backend == "tensorflow":
        is_near = hasattr(x, "numpy") and "CPU" in (getattr(x, "device", None) or "")
        return _in_place(x) if is_near else x
    if backend == "jax":
        import jax

        is_near = isinstance(x, jax.Array) and not isinstance(x, jax.core.Tracer)
        is_near = is_near and [d.platform for d in x.devices()] == ["cpu"]
        return np.asarray(x) if is_near else x
    return x


def _in_place(x: Tensor) -> np.ndarray:
    """The memory of TensorFlow's tensor or variable, which `numpy()` would copy."""
    tensor = x.read_value() if hasattr(x, "read_value") else x
    try:
        return np.asarray(memoryview(tensor))
    except ValueError:  # bfloat16, of which buffers know nothing
        return np.asarray(tensor.numpy())


def to_numpy(x: Tensor) -> np.ndarray:
    """A tensor as an array, without a copy where that can be.

    One that is cut over several processes is gathered, so all of them must ask for it.
    """
    x = numpy_view(x)
    if isinstance(x, np.ndarray):
        return x
    if not getattr(x, "is_fully_addressable", True):
        from jax.experimental import multihost_utils

        if x.is_fully_replicated:
            return np.asarray(x.addressable_data(0))
        return np.asarray(multihost_utils.process_allgather(x, tiled=True))
    return np.asarray(keras.ops.convert_to_numpy(x))


def raw_bytes(x: Tensor) -> np.ndarray:
    """A tensor's bytes, little-endian, in the order of its entries; a flat array.

    NumPy knows few of the small floating-point types, and backends convert them to
    others: their bytes are taken as they are.
    """
    if keras.backend.backend() == "torch" and not isinstance(x, np.ndarray):
        import torch

        x = x.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
    array = np.ascontiguousarray(to_numpy(x)).reshape(-1)
    if sys.byteorder == "big":
        array = array.byteswap()
    return array.view("uint8")


def host_parts(x: Tensor) -> dict[str, np.ndarray]:
    """The different parts of a tensor that this process holds, by their place in it.

    An array of JAX's that is cut over devices is never put together: it would hold the
    whole a second time for as long as it lives. No part is copied where that can be.
    """
    if isinstance(x, keras.Variable):
        x = x.value
    shards = getattr(x, "addressable_shards", ())
    if shards and len(x.devices()) > 1:  # by place: copies of one part are one
        parts = {str(shard.index): shard.data for shard in reversed(shards)}
        return {place: to_numpy(part) for place, part in parts.items()}
    return {"": to_numpy(x)}


def all_finite(x: np.ndarray) -> bool:
    """Whether every value is finite, in one pass and without a second array."""
    with np.errstate(all="ignore"):
        total = x.sum(dtype="float64" if x.size < 2**16 else "float32")
    return bool(np.isfinite(total)) or bool(np.isfinite(x).all())


def rms(x: np.ndarray | Tensor) -> float:
    """Root of the mean square."""
    if not isinstance(x, np.ndarray):
        return math.sqrt(to_numpy(keras.ops.mean(keras.ops.square(x))))
    return float(np.sqrt(np.mean(np.square(x, dtype="float64"))))
