"""The terms of a loss: one for each output of a model, and what each is called."""

import dataclasses
import functools
import inspect
from collections.abc import Callable
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
        loss: The name of the loss's function, as `keras.losses` has it. For one of
            somebody's own: after a pass its own name, with "custom" in front where
            Keras has one of that name; before a pass None. None without a loss.
        from_logits: Whether the loss takes logits; None where it knows no such thing.
        target: What outputs are compared with: after a pass in the shape that the loss
            is given, before it as it was passed; None where there is none.
        weight: Factor of the loss in the sum, as compiled.
        has_loss: Whether the output has a loss at all.
        ignored: Class that the loss leaves out; None where there is none.
    """

    name: str
    loss: str | None = None
    from_logits: bool | None = None
    target: Any = None
    weight: float = 1.0
    has_loss: bool = False
    ignored: int | None = None


def _read(loss: Any) -> tuple[Any, dict[str, Any]]:
    """What computes a loss, past Keras's wrappers, and the options it is called with.

    A function, or an object of a class of somebody's own; a name that Keras does not
    know, as it is.
    """
    options: dict[str, Any] = {}
    if isinstance(loss, str | type):
        try:
            loss = keras.losses.get(loss)
        except (
            TypeError,
            ValueError,
        ):  # what compiling would refuse, or make out later
            return loss, {}
    while True:
        wrapped = getattr(loss, "fn", None)
        if isinstance(loss, functools.partial):
            loss, options = loss.func, {**loss.keywords, **options}
        elif callable(wrapped) and is_of_keras(type(loss)):
            loss, options = wrapped, {**loss_arguments(loss), **options}
        else:
            return loss, options


def known_name(loss: Any) -> str | None:
    """Keras's name of what a loss computes; None for one of somebody's own."""
    function, _ = _read(loss)
    name = getattr(function, "__name__", None)
    is_known = name is not None and getattr(keras.losses, name, None) is function
    return name if is_known else None


def canonical_name(loss: Any) -> str:
    """The name of what a loss computes, however it was passed."""
    function, _ = _read(loss)
    if isinstance(function, str):
        return function
    known = known_name(function)
    own = getattr(function, "__name__", None) or snake_case(type(function).__name__)
    return known or (f"custom {own}" if hasattr(keras.losses, own) else str(own))


def takes_logits(loss: Any) -> bool | None:
    """Whether a loss takes logits; None where it knows no such thing."""
    function, options = _read(loss)
    own = getattr(loss, "from_logits", options.get("from_logits"))
    if own is None:
        try:
            parameters = inspect.signature(function).parameters
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


def _foreseen(name: str, loss: Any, target: Any, weight: Any) -> Term:
    """The term of one output, by what is compiled."""
    factor = float(weight) if isinstance(weight, int | float) else 1.0
    if loss is None:
        return Term(name, target=target, weight=factor)
    kind, (_, options) = known_name(loss), _read(loss)
    logits = None if kind is None else takes_logits(loss)
    axis = options.get("axis", -1)
    if isinstance(axis, int) and axis != -1:
        kind = None  # classes along another axis: not read here
    ignored = options.get("ignore_class")
    return Term(name, kind, logits, target, factor, True, ignored)


def foreseen(
    losses: Any, weights: Any, y: Any, names: list[str], keys: list[str] | None
) -> list[Term]:
    """What will be asked of each output, by what is compiled, before a pass.

    Args:
        losses: What `compile` takes: a loss, or one for each output.
        weights: Their factors, or None.
        y: Targets in any structure, or None.
        names: Of the outputs.
        keys: Of a dictionary of outputs, in the order of `names`; None for others.
    """
    count = len(names)
    spread = _spread(losses, count, names, keys, everywhere=True)
    # A list of as many targets as there are losses leaves out what has none.
    given = [number for number, loss in enumerate(spread) if loss is not None]
    targets = _spread(y, count, names, keys, everywhere=False)
    if isinstance(y, list | tuple) and len(y) != count and len(y) == len(given):
        targets = [None] * count
        for number, target in zip(given, y, strict=True):
            targets[number] = target
    factors = _spread(weights, count, names, keys, everywhere=True)
    return [
        _foreseen(*parts) for parts in zip(names, spread, targets, factors, strict=True)
    ]


def _spread(
    spec: Any,
    count: int,
    names: list[str],
    keys: list[str] | None,
    everywhere: bool,
) -> list[Any]:
    """One entry for each output, None where there is none."""
    if isinstance(spec, dict):
        known: Callable[[str], Any] = spec.get
        by_name = [known(name) for name in names]
        by_key = [known(key) for key in keys] if keys else by_name
        return [a if a is not None else b for a, b in zip(by_key, by_name, strict=True)]
    if isinstance(spec, list | tuple):
        flat = keras.tree.flatten(spec) if len(spec) != count else list(spec)
        return flat if len(flat) == count else [None] * count
    if everywhere or count == 1:
        return [spec] * count
    return [None] * count
