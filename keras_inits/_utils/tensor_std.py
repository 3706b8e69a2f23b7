"""The standard deviation of a tensor's values, whatever their mean and size."""

import math

import keras
import numpy as np

from keras_inits._utils.host_array import to_numpy
from keras_inits._utils.types import Tensor


def tensor_std(tensor: Tensor) -> float | None:
    """Standard deviation of a tensor's values; None if it is empty.

    Args:
        tensor: A tensor, variable or array. Of one that is cut over several processes,
            each looks at its own part, so all of them must ask.
    """
    if not getattr(tensor, "is_fully_addressable", True):
        values = keras.ops.cast(tensor, "float32")
        return float(to_numpy(keras.ops.std(values))) if 0 not in tensor.shape else None
    values = np.asarray(keras.ops.convert_to_numpy(tensor)).ravel()
    if values.size == 0:
        return None
    if values.dtype not in (np.float32, np.float64):
        values = values.astype(np.float32)
    # One pass each: the mean of a kernel is so near zero that no digits cancel.
    with np.errstate(over="ignore", invalid="ignore"):
        mean = float(values.mean())
        square = float(np.dot(values, values)) / values.size
        if math.isfinite(square) and mean**2 < square / 100:
            return math.sqrt(square - mean**2)
        return float(values.std(dtype=np.float64))
