"""A fixed random direction of the outputs, where there is no loss."""

import math
from typing import Any

import keras
import numpy as np


def projected(flat: list[Any], seed: int) -> Any:
    """The outputs along a random direction, of the size of a mean loss.

    Its gradient by the outputs of a sample is of norm 1 / samples, as that of a
    mean of cross entropies about is.
    """
    real = [x for x in flat if keras.backend.is_float_dtype(str_dtype(x))]
    size = sum(math.prod(int(n) for n in x.shape) for x in real)
    samples = int(real[0].shape[0]) if real and real[0].shape else 1
    total = keras.ops.zeros((), "float32")
    for number, output in enumerate(real):
        product = keras.ops.cast(output, "float32")
        shape = tuple(int(n) for n in output.shape)
        for factor in direction(shape, seed + number):
            product = product * keras.ops.convert_to_tensor(factor)
        total = total + keras.ops.sum(product)
    return total / math.sqrt(max(1, size * samples))


def direction(shape: tuple[int, ...], seed: int) -> list[np.ndarray]:
    """A fixed random direction of unit variance, as factors that multiply.

    Random signs along every axis but the last, normal values along that: as many
    numbers as there are rows and columns, where the whole may be of a vocabulary's
    size, and the same on every backend.
    """
    random = np.random.default_rng(seed)
    factors = []
    for axis, size in enumerate(shape):
        values = random.standard_normal(size)
        values = values if axis == len(shape) - 1 else np.sign(values)
        along = [1] * len(shape)
        along[axis] = size
        factors.append(values.reshape(along).astype("float32"))
    return factors


def str_dtype(x: Any) -> str:
    """The name of a tensor's type."""
    return str(keras.backend.standardize_dtype(x.dtype))
