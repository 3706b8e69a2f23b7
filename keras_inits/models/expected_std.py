"""The standard deviation that a scheme means its values to have."""

import math
from typing import Any

import keras
import numpy as np

from keras_inits import sampling
from keras_inits.initializers import Ones, Orthogonal, Zeros
from keras_inits.initializers.base import Initializer


def of_distribution(distribution: sampling.Distribution) -> float:
    """Standard deviation of a distribution's entries."""
    if distribution.kind == "uniform":
        return distribution.scale / math.sqrt(3)
    cut = (
        1.0
        if math.isinf(distribution.bound)
        else sampling.truncated_std(distribution.bound)
    )
    return distribution.scale * cut


def of_scheme(scheme: Any, shape: tuple[int, ...]) -> float | None:
    """Standard deviation that a scheme gives a tensor; None where it is not known.

    Raises:
        ValueError: If the scheme cannot fill the shape.
    """
    if isinstance(scheme, Orthogonal):
        _, rows, columns = scheme.geometry.blocks(shape)
        return abs(scheme.gain) / math.sqrt(max(rows, columns, 1))
    if isinstance(scheme, Zeros | Ones):
        return 0.0
    if not isinstance(scheme, Initializer):
        return None
    if not scheme.is_random:
        return of_values(scheme.drawn(shape, "float32", sampling.Key(0, 0)))
    try:
        return of_distribution(scheme.entry_distribution(shape))
    except NotImplementedError:
        return None


def of_values(tensor: Any) -> float | None:
    """Standard deviation of a tensor's values; None if it is empty or not all here."""
    if not getattr(tensor, "is_fully_addressable", True):  # shards of other machines
        return None
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
