"""Draws each weight of a model, from one seed and the weight's path."""

import hashlib
from typing import Any

import keras
import numpy as np

from keras_inits import sampling
from keras_inits.graph.weights import WeightInfo
from keras_inits.initializers.base import Initializer
from keras_inits.models.plan import Task


def layout_of(variable: keras.Variable) -> Any:
    """The sharding of a variable on JAX, as its array has it; None elsewhere."""
    if getattr(variable, "_layout", None) is None:
        return None
    return getattr(variable.value, "sharding", None)


def _seeded(initializer: Any, seed: int, info: WeightInfo) -> Any:
    """A foreign initializer with a seed of this place's own, where it has one.

    Keras's draw the same at every call: two kernels of one shape would be equal.
    """
    if not isinstance(initializer, keras.initializers.Initializer):
        return initializer  # a function: who knows
    config = initializer.get_config()
    own = config.get("seed", "none")
    if own is not None and not isinstance(own, int):
        return initializer  # it takes no seed, or has a generator, which advances
    key = sampling.key_from_seed(seed if own is None else own, info.shape, info.path)
    return initializer.from_config(config | {"seed": key.k0 >> 1})


def draw(task: Task, seed: int) -> Any:
    """The tensor that a weight gets.

    Args:
        task: The weight and its scheme.
        seed: The model's. A scheme that has a seed of its own keeps it.

    Raises:
        ValueError: If the scheme cannot fill the shape, or fills another.
    """
    info, scheme = task.info, task.filled_by
    dtype = keras.backend.standardize_dtype(info.variable.dtype)
    if isinstance(scheme, Initializer):
        own = getattr(scheme, "seed", None)
        own = seed if own is None else own
        key = sampling.key_from_seed(own, info.shape, info.path)
        return scheme.drawn(info.shape, dtype, key, layout_of(info.variable))
    values = _seeded(scheme, seed, info)(info.shape, dtype=dtype)
    values = keras.ops.convert_to_tensor(values, dtype=dtype)
    if tuple(values.shape) != info.shape:
        raise ValueError(
            "An initializer must fill the shape it is asked for. Received: a tensor of "
            f"shape {tuple(values.shape)} for shape={info.shape}."
        )
    return values


class Repeats:
    """Notices tensors that foreign initializers draw twice."""

    def __init__(self) -> None:
        self._first: dict[bytes, str] = {}

    def note(self, task: Task, values: Any, std: float | None) -> str:
        """Where these values have been before; empty if nowhere."""
        if isinstance(task.filled_by, Initializer) or not std:
            return ""
        array = np.ascontiguousarray(keras.ops.convert_to_numpy(values))
        digest = hashlib.blake2b(array.tobytes() + str(array.shape).encode()).digest()
        first = self._first.setdefault(digest, task.info.path)
        return f"the same values as {first}" if first != task.info.path else ""


def check_finite(std: float | None) -> None:
    """Refuses values that are not all finite.

    Raises:
        ValueError: If their standard deviation is not.
    """
    if std is not None and not np.isfinite(std):
        raise ValueError(
            "Weights must be finite. Received: values that are not, or overflow their "
            "type. Use a smaller scale, or a wider dtype."
        )
