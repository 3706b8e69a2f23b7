"""The weights of samples, as `fit` makes them of what a person passes."""

import numbers
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from keras_inits._utils.host_array import to_numpy


def _needs_targets(name: str) -> ValueError:
    return ValueError(
        f"`{name}` weighs the loss, which needs targets. Received: {name} without y. "
        f"Pass y, or leave out {name}."
    )


def of_outputs(sample_weight: Any, y: Any) -> Any:
    """Weights in the structure of the targets.

    Args:
        sample_weight: None, an array, or one for each output.
        y: Targets.

    Raises:
        ValueError: If they do not go with the targets.
    """
    if sample_weight is None:
        return None
    if y is None:
        raise _needs_targets("sample_weight")
    if not keras.tree.is_nested(y):
        return sample_weight
    if keras.tree.is_nested(sample_weight):
        try:
            keras.tree.assert_same_structure(y, sample_weight)
        except ValueError as error:
            raise ValueError(
                "`sample_weight` must be one array, or one for each output, in the "
                f"structure of `y`. Received: sample_weight as {_form(sample_weight)}, "
                f"y as {_form(y)}. Pass ones for an output that has no weights."
            ) from error
        return sample_weight
    shape = np.shape(sample_weight)
    if len(shape) != 1 and shape[1:] != (1,):
        raise ValueError(
            "`sample_weight` must have one number for each sample where there are "
            f"several outputs. Received: sample_weight of shape {tuple(shape)}. Pass "
            "weights of that kind for each output, in the structure of `y`."
        )
    return keras.tree.map_structure(lambda _: sample_weight, y)


def _form(structure: Any) -> str:
    """A list or dictionary, with a star for what is in it."""
    return str(keras.tree.map_structure(lambda _: "*", structure)).replace("'*'", "*")


def of_classes(y: Any, class_weight: Any) -> np.ndarray:
    """The weight of each sample's class; 1 for a class that has none.

    Args:
        y: Numbers of classes, or a column for each.
        class_weight: From the number of a class to its weight.

    Raises:
        ValueError: If there are no such targets, or the weights are no numbers.
    """
    if not isinstance(class_weight, Mapping) or not all(
        isinstance(label, numbers.Real | np.number)
        and isinstance(weight, numbers.Real | np.number)
        for label, weight in class_weight.items()
    ):
        raise ValueError(
            "`class_weight` must be a dict from numbers of classes to weights. "
            f"Received: class_weight={class_weight!r}. Type class_weight="
            "{0: 1.0, 1: 5.0}."
        )
    targets = [target for target in keras.tree.flatten(y) if target is not None]
    if not targets:
        raise _needs_targets("class_weight")
    if len(targets) > 1:
        raise ValueError(
            "`class_weight` needs a single output, as in `fit`. Received: "
            f"class_weight with targets for {len(targets)} outputs. Pass "
            "sample_weight, one array for each output."
        )
    labels = targets[0].detach().cpu() if hasattr(targets[0], "detach") else targets[0]
    labels = to_numpy(labels) if keras.ops.is_tensor(labels) else np.asarray(labels)
    if labels.ndim > 1:
        last = labels.shape[-1]
        labels = labels[..., 0] if last == 1 else np.argmax(labels, axis=-1)
    with np.errstate(invalid="ignore"):  # NaN, which is no class
        labels = np.rint(labels).astype("int32")
    found = np.ones(labels.shape, keras.config.floatx())
    for label, weight in class_weight.items():
        found[labels == int(label)] = weight
    return found
