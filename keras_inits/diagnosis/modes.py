"""What training lets pass that inference does not mind: dropout on the way."""

import dataclasses
from typing import Any

from keras_inits.graph.elementwise import DROPOUTS
from keras_inits.graph.graph import Graph
from keras_inits.graph.moments import AVERAGES


@dataclasses.dataclass(frozen=True)
class DropoutRecord:
    """A layer that drops a part of what it is given.

    Attributes:
        name: Name of the layer.
        rate: The part that it drops.
        kept: What it and the dropout before it leave, on the way that leaves most.
            Noise before an average over steps or pixels is not counted.
    """

    name: str
    rate: float
    kept: float


def _rate(layer: Any) -> float:
    """The largest part that a layer drops."""
    names: tuple[str, ...] = ("rate", "dropout", "recurrent_dropout")
    if type(layer).__name__ in DROPOUTS:
        names = ("rate",)
    elif hasattr(layer, "rate"):
        names = names[1:]
    found = [getattr(layer, name, None) for name in names]
    return max((float(r) for r in found if isinstance(r, int | float)), default=0.0)


def dropouts(
    graph: Graph, layers: list[Any], names: dict[int, str]
) -> tuple[DropoutRecord, ...]:
    """The layers of a model that drop a part of what they are given.

    Args:
        graph: Of the model.
        layers: All its layers.
        names: Of layers, by their identity.
    """
    passed: dict[int, float] = {}
    kept: dict[int, float] = {}
    for step in graph.steps:
        most = max((passed.get(x, 1.0) for x in step.inputs), default=1.0)
        if step.name in AVERAGES:
            most = 1.0
        if step.name in DROPOUTS:
            most *= 1.0 - _rate(step.operation)
            kept[id(step.operation)] = most
        passed.update(dict.fromkeys(step.outputs, most))
    return tuple(
        DropoutRecord(
            names.get(id(layer), layer.name),
            rate,
            kept.get(id(layer), 1.0 - rate),
        )
        for layer in layers
        if (rate := _rate(layer)) > 0
    )
