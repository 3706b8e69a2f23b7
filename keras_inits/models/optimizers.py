"""Resets an optimizer's slots to those of a freshly built one."""

from collections.abc import Iterator
from typing import Any

import keras


def of_model(model: keras.Model) -> list[Any]:
    """The optimizers of a compiled model, those of its own attributes included."""
    found = {
        id(value): value
        for value in [getattr(model, "optimizer", None), *vars(model).values()]
        if isinstance(value, keras.optimizers.Optimizer)
    }
    return list(found.values())


def fresh_copy(optimizer: Any) -> Any:
    """An optimizer of the same configuration that has seen no variable.

    Raises:
        ValueError: If its configuration does not tell enough.
    """
    try:
        config = optimizer.get_config()
        rate = getattr(optimizer, "_learning_rate", None)
        if callable(rate):  # a schedule or a function, which may not be serializable
            config["learning_rate"] = rate
        return type(optimizer).from_config(config)
    except Exception as error:
        raise ValueError(
            "The optimizer's state is reset to what one built from its configuration "
            f"has, but that failed: {error} Received: optimizer=True for "
            f"{type(optimizer).__name__}. Pass optimizer=False, and compile the model "
            "again with a new optimizer. Nothing was written."
        ) from error


def initial_values(optimizer: Any, copy: Any) -> Iterator[tuple[Any, Any]]:
    """Each of an optimizer's variables, and the value it starts with.

    The learning rate stays what it is: the configuration holds the present one. Some
    optimizers start from the weights, so those must have their new values by now.

    Args:
        optimizer: The one in use.
        copy: From `fresh_copy`; builds its own variables.
    """
    if optimizer.built:
        copy.build(optimizer._trainable_variables)
    yield from (
        (variable, other.value)
        for variable, other in zip(optimizer.variables, copy.variables, strict=True)
    )
