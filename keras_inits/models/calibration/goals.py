"""What each kernel's pre-activations shall be: their std, their mean, and why."""

import dataclasses
import math
from typing import Any

from keras_inits.graph.graph import Graph
from keras_inits.graph.growth import centred_growth
from keras_inits.graph.heads import Head
from keras_inits.graph.moments import kernel_inputs
from keras_inits.graph.normalizations import normalized
from keras_inits.graph.streams import streams
from keras_inits.graph.weights import WeightInfo
from keras_inits.models.adjustments import MOSTLY_MEAN

# Logits of this std cost 0.5 % of a cross entropy at chance, ln 10: s²/2 = 0.005 of
# 2.3, where those of std 1 cost 20 %.
HEAD_STD = 0.1
# Of squared gradients, through 18 centred layers of ReLU, or 42 of tanh: three digits
# between the first layer's and the last's, which one learning rate still serves.
CHAOTIC = 1e3
USUAL = "variance 1"


@dataclasses.dataclass(frozen=True)
class Goal:
    """What a kernel's pre-activations shall be over the batch.

    Attributes:
        std: Of each unit; a number, or one for each unit.
        mean: Of each unit; the same.
        why: In words, for the report.
        centred: Whether a kernel without bias shall take off its inputs' mean.
    """

    std: Any = 1.0
    mean: Any = 0.0
    why: str = USUAL
    centred: bool = True
    per_unit: bool | None = None  # None: as the caller says for all


def _calm(graph: Graph, infos: list[WeightInfo], growth: float) -> dict[str, str]:
    """The kernels that may keep their mean, and why."""
    times = f"{math.sqrt(growth):.0f}"
    why = f"{USUAL} as a whole: centred, gradients would grow {times} times"
    given = kernel_inputs(graph, infos)
    return {
        path: why
        for path, moments in given.items()
        if moments is not None and moments.share <= MOSTLY_MEAN
    }


def goals(
    graph: Graph,
    infos: list[WeightInfo],
    branches: str,
    heads: list[Head],
    targets: dict[str, Goal],
    tempered: bool,
) -> dict[str, Goal]:
    """The goals of a model's kernels, by their paths; others have the usual one.

    Args:
        graph: Of the model.
        infos: Its weights.
        branches: "scaled" or "unit".
        heads: Those that shall predict chance.
        targets: From a head's path to what its targets ask for.
        tempered: Whether kernels keep their means where centring all would make the
            model chaotic.
    """
    growth = centred_growth(graph, infos) if tempered else 1.0
    calm = _calm(graph, infos, growth) if growth > CHAOTIC else {}
    found = {path: Goal(centred=False) for path in normalized(graph, infos)}
    if branches == "scaled":
        for path, count in streams(graph, infos).ends.items():
            why = f"ends one of {count} branches of a stream: std 1/sqrt({count})"
            found[path] = Goal(1 / math.sqrt(count), why=why if count > 1 else USUAL)
    for path, why in calm.items():
        own = found.get(path, Goal())
        found[path] = dataclasses.replace(own, why=why, centred=False, per_unit=False)
    chance = Goal(HEAD_STD, why=f"head: predicts chance, std {HEAD_STD}")
    return found | {head.path: targets.get(head.path, chance) for head in heads}
