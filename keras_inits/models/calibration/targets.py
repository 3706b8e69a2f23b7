"""What a model's targets ask of its heads: a class prior, or a mean."""

from typing import Any

import keras
import numpy as np

from keras_inits.graph.heads import SIGMOID, SOFTMAX, Head
from keras_inits.graph.weights import WeightInfo
from keras_inits.models.calibration.goals import HEAD_STD, Goal
from keras_inits.signals.terms import CATEGORICAL, canonical_name

BINARY = ("binary_crossentropy", "binary_focal_crossentropy")


def _by_output(model: keras.Model, heads: list[Head], y: Any) -> dict[str, Any]:
    """The targets of each head.

    Raises:
        ValueError: If there are several, and which is whose is unknown.
    """
    outputs = getattr(model, "outputs", None) or []
    if not isinstance(y, list | tuple | dict):
        return {head.path: y for head in heads}
    names = list(getattr(model, "output_names", None) or [])
    if isinstance(y, dict) and set(y) <= set(names):
        given = [y.get(name) for name in names]
    else:
        given = list(keras.tree.flatten(y))
    if len(given) != len(outputs):
        raise ValueError(
            "`y` must have targets for each output of the model. Received: "
            f"{len(given)} for {len(outputs)} outputs that are known. Pass one for "
            "each in their order, or leave out y."
        )
    places = {id(tensor): n for n, tensor in enumerate(outputs)}
    found = {}
    for head in heads:
        own = [places[x] for x in head.outputs if x in places]
        if len(own) == 1 and given[own[0]] is not None:
            found[head.path] = given[own[0]]
    return found


def _loss(model: keras.Model) -> str:
    """The name of the loss that a model was compiled with; empty if unknown."""
    loss = model.__dict__.get("loss")
    single = loss is not None and not isinstance(loss, list | tuple | dict)
    return canonical_name(loss) if single else ""


def _refused(y: np.ndarray, head: Head, units: int) -> ValueError:
    return ValueError(
        f"`y` must have a target for each of the {units} outputs of the head "
        f"{head.path!r}. Received: y of shape {y.shape}. Pass targets as the loss "
        "takes them, or leave out y."
    )


def _classes(y: np.ndarray, units: int, head: Head) -> np.ndarray:
    """How often each class occurs.

    Raises:
        ValueError: If a label is none of a head's classes.
    """
    if y.ndim > 1 and y.shape[-1] == units and units > 1:
        return np.asarray(y.reshape(-1, units).sum(0), "float64")
    if y.ndim > 1 and y.shape[-1] != 1 and y.dtype.kind == "f":
        raise _refused(y, head, units)
    labels = y.ravel()
    if labels.min() < 0 or labels.max() >= units or (labels != labels.round()).any():
        raise ValueError(
            f"`y` must hold classes 0 to {units - 1} for the head {head.path!r}. "
            f"Received: y from {labels.min()} to {labels.max()}. Pass integers from "
            "0, or one-hot rows."
        )
    return np.bincount(labels.astype("int64"), minlength=units).astype("float64")


def goal_of(y: Any, head: Head, units: int, loss: str) -> Goal:
    """What targets ask of a head.

    Args:
        y: Targets.
        head: The head.
        units: Its number of outputs.
        loss: The compiled loss's name; empty if unknown.

    Raises:
        ValueError: If they do not fit its units.
    """
    y = np.asarray(y)
    whole = y.dtype.kind in "biu"
    is_sparse = whole and units > 1 and (y.ndim == 1 or y.shape[-1] != units)
    if loss in CATEGORICAL or head.kind == SOFTMAX or (not loss and is_sparse):
        counts = _classes(y, units, head)
        prior = (counts + 1) / (counts.sum() + units)  # no class is impossible
        mean = np.log(prior) - np.log(prior).mean()
        return Goal(HEAD_STD, mean, "head: predicts the class priors", per_unit=True)
    if y.ndim == 1 and units == 1:
        y = y[:, None]
    if y.ndim < 2 or y.shape[-1] != units:
        raise _refused(y, head, units)
    rows = y.reshape(-1, units).astype("float64")
    if loss in BINARY or head.kind == SIGMOID or (not loss and whole):
        prior = (rows.sum(0) + 1) / (len(rows) + 2)
        if not ((rows >= 0) & (rows <= 1)).all():
            raise ValueError(
                f"`y` must be from 0 to 1 for the head {head.path!r}, whose outputs "
                f"are probabilities. Received: y from {rows.min()} to {rows.max()}. "
                "Scale the targets, or leave out y."
            )
        mean = np.log(prior / (1 - prior))
        return Goal(HEAD_STD, mean, "head: predicts the prior", per_unit=True)
    spread = rows.std(0)
    std = np.where(spread > 0, HEAD_STD * spread, HEAD_STD)
    return Goal(std, rows.mean(0), "head: predicts the targets' mean", per_unit=True)


def targets(
    model: keras.Model, infos: list[WeightInfo], heads: list[Head], y: Any
) -> dict[str, Goal]:
    """What targets ask of each head, by its path.

    Args:
        model: The model.
        infos: Its weights.
        heads: Its heads.
        y: Targets in the structure of its outputs; None for none.

    Raises:
        ValueError: If they fit no output.
    """
    if y is None:
        return {}
    sizes = {info.path: info.shape[-1] for info in infos if info.shape}
    given, loss = _by_output(model, heads, y), _loss(model)
    found = {}
    for head in heads:
        if head.path in given:
            own = goal_of(given[head.path], head, sizes[head.path], loss)
            found[head.path] = own
    return found
