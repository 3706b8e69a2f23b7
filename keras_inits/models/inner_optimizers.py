"""Which optimizers can be scaled, and how files name them."""

from collections.abc import Mapping
from typing import Any

import keras

from keras_inits.models.multipliers import Multiplier

ADAMS = ("Adam", "AdamW", "Nadam", "Adamax", "ScheduleFreeAdamW")
DECAYS = ("weight_decay", "adam_weight_decay")  # the second one is Muon's


def checked(optimizer: Any) -> Any:
    """The optimizer, if one can be made from its configuration for each group.

    Raises:
        ValueError: If it is of no kind that can.
    """
    try:
        found = keras.optimizers.get(optimizer)
    except (TypeError, ValueError):
        found = None
    if not isinstance(found, keras.optimizers.Optimizer):
        raise ValueError(
            "`optimizer` is a Keras optimizer, or its name. Received: "
            f"optimizer={optimizer!r}. For example keras.optimizers.Adam(1e-3)."
        )
    name = type(found).__name__
    if name in ("LossScaleOptimizer", "MultiOptimizer", "ScaledOptimizer"):
        raise ValueError(
            "`optimizer` does the steps itself, and hands them to no other. Received: "
            f"optimizer={name}. Scale the one inside, and wrap the result: "
            "keras.optimizers.LossScaleOptimizer(scaled_optimizer(Adam(), ...))."
        )
    if found.built:
        raise ValueError(
            "`optimizer` must be new: its slots would be lost. Received: a built "
            f"{name}. Pass keras.optimizers.{name}(...) as it was made."
        )
    if found.gradient_accumulation_steps and found.global_clipnorm:
        raise ValueError(
            "Accumulated gradients are clipped group by group, which a norm of all "
            f"gradients does not allow. Received: {name} with "
            f"gradient_accumulation_steps={found.gradient_accumulation_steps}, "
            f"global_clipnorm={found.global_clipnorm}. Use clipnorm or clipvalue."
        )
    return found


def check_epsilons(optimizer: Any, multipliers: Mapping[str, Multiplier]) -> None:
    """Refuses multipliers of epsilon for an optimizer that has none like Adam's.

    Under a root, as in RMSprop, an epsilon is one of squared gradients.

    Raises:
        ValueError: If there are any.
    """
    known = [getattr(keras.optimizers, name, None) for name in ADAMS]
    if isinstance(optimizer, tuple(cls for cls in known if cls is not None)):
        return
    name = type(optimizer).__name__
    for pattern, one in multipliers.items():
        if one.epsilon != 1:
            raise ValueError(
                "Multipliers of epsilon are for Adam and its like, whose epsilon is "
                f"beside the root of squared gradients: {', '.join(ADAMS)}. Received: "
                f"{pattern!r}: {tuple(one)} for {name}. Use one of these, such as "
                "keras.optimizers.AdamW(1e-3). Those of recipes.completep are for them "
                "as a whole, rates too; it has no table for others."
            )


def class_of(optimizer: Any) -> dict[str, Any]:
    """The class of an optimizer as files name it: Keras's own on every backend."""
    name = type(optimizer).__name__
    public = getattr(keras.optimizers, name, None)
    if isinstance(public, type) and isinstance(optimizer, public):
        # PyTorch's classes are of the same name, and would not open elsewhere.
        return {
            "module": "keras.optimizers",
            "class_name": name,
            "registered_name": None,
        }
    told = keras.saving.serialize_keras_object(optimizer)
    return {key: told[key] for key in ("module", "class_name", "registered_name")}


def decaying(cls: type, config: dict[str, Any], factor: float | None) -> Any:
    """An optimizer of a configuration, whose weight decays are multiplied.

    Args:
        cls: Of the optimizer.
        config: Its configuration.
        factor: Of the decays; None where all its variables are exempt: PyTorch's
            optimizers want one that is not.
    """
    config = dict(config)
    for name in DECAYS:
        if factor is not None and config.get(name) is not None:
            config[name] *= factor
    made: Any = cls.from_config(config)  # type: ignore[attr-defined]
    if factor is None:  # afterwards: AdamW's constructor refuses None
        for name in DECAYS:
            setattr(made, name, None)
    return made
