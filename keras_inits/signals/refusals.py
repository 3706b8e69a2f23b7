"""What is said of a batch that a model, or the loss on its outputs, cannot take."""

import re
from typing import Any

import keras
import numpy as np

MEMORY = re.compile(
    "out of memory|RESOURCE_EXHAUSTED|OOM when|can't allocate memory", re.IGNORECASE
)


class Unusable(Exception):
    """The targets cannot be used with the loss: for who runs the pass, not a person."""


def is_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory is not enough."""
    names = {cls.__name__ for cls in type(error).__mro__}
    short = {"MemoryError", "OutOfMemoryError", "ResourceExhaustedError"}
    return bool(names & short) or MEMORY.search(str(error)) is not None


def gist(error: BaseException) -> str:
    """The line of an error that tells, without Keras's frame and colours."""
    plain = re.sub(r"\x1b\[\d+m", "", str(error))
    lines = [line.strip() for line in plain.splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith("Exception encountered")]
    found = (told or lines or [type(error).__name__])[0]
    if isinstance(error, KeyError | IndexError) and not isinstance(error, ValueError):
        found = f"{type(error).__name__}: {found}"
    return found if found.endswith(".") else f"{found}."


def shapes(structure: Any) -> str:
    """The shapes of all tensors in a structure."""
    flat = [t for t in keras.tree.flatten(structure) if t is not None]
    return ", ".join(str(tuple(t.shape)) for t in flat)


def refused_batch(error: Exception, x: Any, also: str) -> Exception:
    """An error that says what a model was given; the same for want of memory."""
    if is_of_memory(error):
        return error
    loss, targets = (", or the loss on its outputs and `y`", ", and y as the loss does")
    return ValueError(
        f"The model could not run on `x`{loss if also else ''}. "
        f"Received: x of shape {shapes(x)}, with this error: "
        f"{gist(error)} Pass x as model(x) takes it{targets if also else ''}."
    )


def refused_loss(
    error: Exception, outputs: Any, y: Any, weight: Any, loss: str, labels: str | None
) -> Exception:
    """An error that says what a loss was given; the same for want of memory.

    Args:
        error: What the loss raised.
        outputs: The model's.
        y: Targets.
        weight: Weights of samples.
        loss: Names of the losses.
        labels: What is wrong with labels, where that is known.
    """
    if is_of_memory(error):
        return error
    weights = "" if weight is None else f", sample_weight of shape {shapes(weight)}"
    advice = f"Pass y{' and sample_weight' if weights else ''} as model.fit takes it."
    return ValueError(
        "The loss could not be computed from the model's outputs and `y`. Received: "
        f"outputs of shape {shapes(outputs)}, y of shape {shapes(y)}{weights}, "
        f"loss={loss}, {labels or f'with this error: {gist(error)} {advice}'}"
    )


def labels_out_of_range(target: Any, classes: int) -> str | None:
    """What is wrong with numbers of classes; None if nothing is."""
    if not target.size or target.dtype.kind not in "iuf":
        return None
    low, high = np.min(target), np.max(target)
    if low >= 0 and high < classes:
        return None
    way = f"Give the last layer {int(high) + 1} units."
    if low < 0:
        way = "Pass numbers of classes from 0 on."
    elif low > 0 and high - low < classes:
        way = f"Pass y - {int(low)}."
    return (
        f"with labels from {low:g} to {high:g}, where {classes} units stand for the "
        f"classes 0 to {classes - 1}. {way}"
    )
