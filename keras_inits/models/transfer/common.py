"""What all transfers share: their rows in the report, and values on the host."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from keras_inits import sampling
from keras_inits._utils.host_array import to_numpy
from keras_inits._utils.tensor_std import tensor_std
from keras_inits._utils.types import Seed
from keras_inits.graph.weights import WeightInfo
from keras_inits.models.assign import refuse_tracing
from keras_inits.models.draw import layout_of, model_seed
from keras_inits.models.report import InitializedWeight, weight_row


def checked_seed(function: str, seed: Seed) -> int:
    """An int that repeats the weights; a new one for None.

    Args:
        function: Name of the caller, which cannot be part of a traced program.
        seed: What was passed.

    Raises:
        ValueError: If a program is traced, or the seed is no int.
    """
    refuse_tracing(function, f"{function}(...)")
    return model_seed(seed)


def on_host(variable: Any) -> np.ndarray:
    """A variable's value in double precision."""
    value = getattr(variable, "value", variable)
    if keras.backend.standardize_dtype(value.dtype) != "float64":
        value = keras.ops.cast(value, "float32")  # of which NumPy knows
    return np.array(to_numpy(value), "float64")


def as_stored(info: WeightInfo, value: np.ndarray) -> Any:
    """An array as the tensor that a weight takes, rounded once.

    Raises:
        ValueError: If a value is not finite.
    """
    if not np.isfinite(value).all():
        raise ValueError(
            "Weights must be finite. Received: values that are not, for "
            f"{info.path!r}. Look for NaN among the weights that they come from."
        )
    dtype = keras.backend.standardize_dtype(info.variable.dtype)
    layout = layout_of(info.variable)
    if dtype == "float64":
        return keras.ops.convert_to_tensor(value, dtype=dtype)
    return sampling.finished(np.array(value, "float32"), dtype, layout)


def gaussian(seed: int, path: str, name: str, shape: Sequence[int]) -> np.ndarray:
    """Standard normal numbers of a weight: the same on every backend.

    Args:
        seed: The model's.
        path: Of the weight.
        name: Which of several draws for it.
        shape: Of the array.
    """
    key = sampling.substream(sampling.key_from_seed(seed, tuple(shape), path), name)
    drawn = sampling.draw(sampling.normal(0.0, 1.0), tuple(shape), "float32", key)
    return np.array(to_numpy(drawn), "float64")


def row(
    info: WeightInfo,
    value: Any,
    scheme: str,
    rule: str,
    why: str = "",
    note: str = "",
    target_std: float | None = None,
) -> InitializedWeight:
    """The report's row of a weight that is set to a value."""
    return weight_row(
        info,
        scheme=scheme,
        target_std=target_std,
        drawn_std=tensor_std(value),
        rule=rule,
        why=why,
        note=note,
    )
