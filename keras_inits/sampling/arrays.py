"""NumPy arrays whose memory a backend can take over without a copy."""

import math

import ml_dtypes
import numpy as np

from keras_inits._utils.types import Shape

HUGE_PAGE = 2**21  # bytes
ALIGNMENT = 64  # bytes: what the backends ask of an array that they adopt uncopied


def numpy_dtype(dtype: str) -> np.dtype:
    """The NumPy type of a Keras dtype's name, `bfloat16` and the float8s included."""
    return np.dtype(getattr(ml_dtypes, dtype, dtype))


def aligned_empty(size: int, dtype: np.dtype) -> np.ndarray:
    """A vector whose memory a backend can adopt without a copy."""
    length = size * dtype.itemsize
    # Two threads that first touch one huge page would both clear it.
    alignment = ALIGNMENT if length < 2 * HUGE_PAGE else HUGE_PAGE
    raw = np.empty(length + alignment, np.uint8)
    start = -raw.ctypes.data % alignment
    return raw[start : start + length].view(dtype)


def empty_on_host(shape: Shape, dtype: str = "float32") -> np.ndarray:
    """An array that `to_array` and the backends take as it is."""
    return aligned_empty(math.prod(shape), numpy_dtype(dtype)).reshape(shape)


def to_array(values: np.ndarray, dtype: str, owned: bool = False) -> np.ndarray:
    """A contiguous and aligned array of the dtype.

    Args:
        values: Any array.
        dtype: Name of a type.
        owned: Whether nobody else holds `values`, so that it may be the result.
    """
    right = values.dtype == numpy_dtype(dtype) and values.flags.c_contiguous
    if owned and right and values.ctypes.data % ALIGNMENT == 0:
        return values
    array = empty_on_host(values.shape, dtype)
    array[...] = values
    return array
