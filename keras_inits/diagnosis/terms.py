"""The loss and the targets of each output, as a model was compiled or `loss=` says."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import keras

from keras_inits._utils.keras_private import is_of_keras
from keras_inits.signals.losses import Objective

FROM_LOGITS = (
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "sparse_categorical_crossentropy",
)


class Term(NamedTuple):
    """What one output is compared with.

    Attributes:
        name: Of the output.
        loss: Keras's name of its loss; None if it has none or one of somebody's own.
        from_logits: Whether the loss is told to expect logits; None where it has no
            such option.
        target: What the output is compared with, as it was passed; None without.
        weight: Factor of the loss.
        has_loss: Whether it has a loss at all.
        ignored: Class that the loss leaves out.
    """

    name: str
    loss: str | None = None
    from_logits: bool | None = None
    target: Any = None
    weight: float = 1.0
    has_loss: bool = False
    ignored: int | None = None


def known_loss(loss: Any) -> tuple[str | None, dict[str, Any]]:
    """Keras's name of a loss and its options; no name for one of somebody's own."""
    options: dict[str, Any] = {}
    while isinstance(loss, functools.partial):
        options = {**loss.keywords, **options}
        loss = loss.func
    try:
        found = keras.losses.get(loss)
    except (TypeError, ValueError):  # what compiling would refuse
        return None, {}
    if isinstance(found, keras.losses.Loss):
        function: Any = getattr(found, "fn", None)
        if not is_of_keras(type(found)) or not _is_loss(function):
            return None, {}
        return function.__name__, {**found.get_config(), **options}
    return (found.__name__, options) if _is_loss(found) else (None, {})


def _is_loss(function: Any) -> bool:
    """Whether a function is one of Keras's losses."""
    name = getattr(function, "__name__", "")
    return callable(function) and getattr(keras.losses, name, None) is function


def terms(
    objective: Objective, y: Any, names: list[str], keys: list[str] | None
) -> list[Term]:
    """What each output is compared with.

    Args:
        objective: Of the model.
        y: Targets in any structure, or None.
        names: Of the outputs.
        keys: Of a dictionary of outputs, in the order of `names`; None for others.
    """
    count = len(names)
    if objective.is_own:  # a model's own `compute_loss`: nobody knows
        return [Term(name, has_loss=True) for name in names]
    losses = _spread(objective.spec, count, names, keys, everywhere=True)
    # A list of as many targets as there are losses leaves out what has none.
    given = [number for number, loss in enumerate(losses) if loss is not None]
    targets = _spread(y, count, names, keys, everywhere=False)
    if isinstance(y, list | tuple) and len(y) != count and len(y) == len(given):
        targets = [None] * count
        for number, target in zip(given, y, strict=True):
            targets[number] = target
    weights = _spread(objective.weights, count, names, keys, everywhere=True)
    found = []
    for name, loss, target, weight in zip(names, losses, targets, weights, strict=True):
        kind, options = (None, {}) if loss is None else known_loss(loss)
        logits = None
        if kind in FROM_LOGITS:
            logits = bool(options.get("from_logits", False))
        if options.get("axis", -1) != -1:
            kind = None  # classes along another axis: not read here
        factor = float(weight) if isinstance(weight, int | float) else 1.0
        ignored = options.get("ignore_class")
        found.append(
            Term(name, kind, logits, target, factor, loss is not None, ignored)
        )
    return found


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
