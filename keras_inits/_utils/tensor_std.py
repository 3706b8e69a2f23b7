"""The standard deviation of a tensor's values, whatever their mean and size."""

import math
from collections.abc import Iterator

import keras
import numpy as np

from keras_inits._utils.host_array import host_parts, to_numpy
from keras_inits._utils.types import Tensor

# Values of which two sums are taken while they are in cache; a float32 sum of them has
# five right digits, that of ten million only three.
CHUNK = 2**17


def _wide(array: np.ndarray) -> Iterator[np.ndarray]:
    """The values, in chunks of a type that NumPy adds up well."""
    flat = array.ravel()
    is_wide = flat.dtype in (np.float32, np.float64)
    for start in range(0, flat.size, CHUNK):
        chunk = flat[start : start + CHUNK]
        yield chunk if is_wide else chunk.astype(np.float32)


def tensor_std(tensor: Tensor) -> float | None:
    """Standard deviation of a tensor's values; None if it is empty.

    Args:
        tensor: A tensor, variable or array. Of one that is cut over several processes,
            each looks at its own part, so all of them must ask.
    """
    if not getattr(tensor, "is_fully_addressable", True):
        values = keras.ops.cast(tensor, "float32")
        return float(to_numpy(keras.ops.std(values))) if 0 not in tensor.shape else None
    parts = list(host_parts(tensor).values())
    size = sum(part.size for part in parts)
    if size == 0:
        return None
    # In one pass: the mean of a kernel is so near zero that no digits cancel.
    with np.errstate(over="ignore", invalid="ignore"):
        total = squares = 0.0
        for part in parts:
            for values in _wide(part):
                total += float(values.sum())
                squares += float(np.dot(values, values))
        mean, square = total / size, squares / size
        if math.isfinite(square) and mean**2 < square / 100:
            return math.sqrt(square - mean**2)
        if len(parts) == 1 and parts[0].dtype in (np.float32, np.float64):
            return float(parts[0].std(dtype=np.float64))
        around = 0.0
        for part in parts:
            for values in _wide(part):
                around += float(np.square(values - np.float64(mean)).sum())
        return math.sqrt(around / size)
