"""The terms of a loss: one for each output of a model."""

import dataclasses
import functools
import inspect
from typing import Any

import keras

from keras_inits._utils.keras_private import is_of_keras, loss_arguments
from keras_inits._utils.layer_names import snake_case

CATEGORICAL = ("categorical_crossentropy", "sparse_categorical_crossentropy")
# Losses of the difference between an output and its target.
DIFFERENCES = ("mean_squared_error", "mean_absolute_error", "huber", "log_cosh")


@dataclasses.dataclass(frozen=True)
class Term:
    """What is asked of one output.

    Attributes:
        name: Of the output.
        loss: The name of the loss's function, as `keras.losses` has it; "custom" in
            front of one of that name which is not Keras's. None where the output has
            no loss.
        from_logits: Whether the loss takes logits; None where it knows no such thing.
        target: What outputs are compared with, in the shape that the loss is given;
            None where there is none.
        weight: Factor of the loss in the sum, as compiled.
    """

    name: str
    loss: str | None = None
    from_logits: bool | None = None
    target: Any = None
    weight: float = 1.0


def loss_name(loss: Any) -> str:
    """The name of a loss, as Keras writes it."""
    if isinstance(loss, str):
        return snake_case(loss) if loss[:1].isupper() else loss
    return getattr(loss, "__name__", None) or snake_case(type(loss).__name__)


def _function(loss: Any) -> Any:
    """What is in Keras's wrapper of a function; a loss of any other class as it is."""
    wrapped = getattr(loss, "fn", None)
    plain = type(loss).__name__ == "LossFunctionWrapper" and wrapped is not None
    return wrapped if plain else loss


def canonical_name(loss: Any) -> str:
    """The name of what a loss computes, however it was passed."""
    if isinstance(loss, str):
        return loss_name(loss)
    found = _function(loss)
    while isinstance(found, functools.partial):
        found = found.func
    name = loss_name(found)
    home = found if hasattr(found, "__name__") else type(found)
    is_known = not hasattr(keras.losses, name) or is_of_keras(home)
    return name if is_known else f"custom {name}"


def takes_logits(loss: Any) -> bool | None:
    """Whether a loss takes logits; None where it knows no such thing."""
    own = getattr(loss, "from_logits", loss_arguments(loss).get("from_logits"))
    if own is None:
        try:
            parameters = inspect.signature(_function(loss)).parameters
        except (TypeError, ValueError):
            return None
        own = parameters["from_logits"].default if "from_logits" in parameters else None
    return bool(own) if isinstance(own, bool | int) else None


def squeezed(target: Any, shape: tuple[int, ...]) -> Any:
    """A target in the rank that Keras gives it beside an output of a shape."""
    rank = len(target.shape)
    if rank == len(shape) + 1 and target.shape[-1] == 1 and len(shape) > 1:
        return target[..., 0]
    if rank == 1 and len(shape) == 2 and shape[-1] == 1:
        return target[:, None]
    return target
