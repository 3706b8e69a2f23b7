"""How differences between samples grow in a model whose signals are centred.

Behind a kernel whose pre-activations have mean 0 and variance 1 in each unit, an
activation f multiplies small differences, and squared gradients on their way back, by
χ = E f'(z)² / Var f(z), z ~ N(0, 1): 1.47 for ReLU, 1.18 for tanh, 1.05 for a sigmoid.
Without centring ReLU has 1. So centred ReLU networks are chaotic in depth, as stacks of
batch normalizations are (Yang et al. 2019, arXiv 1902.08129).
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_inits.geometry.gains import normal_nodes
from keras_inits.graph import consumers, elementwise
from keras_inits.graph.graph import Graph, Step
from keras_inits.graph.residual import backwards
from keras_inits.graph.weights import WeightInfo


class _Way(NamedTuple):
    """What a tensor has behind it: growth, and sums that were made on the way."""

    growth: float
    sums: int


def factor(function: Callable[[Any], Any]) -> float:
    """χ of an activation; 1 where it cannot be told."""
    z, mass = normal_nodes()
    with np.errstate(all="ignore"):
        result = function(keras.ops.convert_to_tensor(z.astype("float32")[None]))
        values = keras.ops.convert_to_numpy(result).astype("float64").ravel()
        if values.size != z.size:
            return 1.0
        slopes = np.gradient(values, z[1] - z[0])
        mean = np.sum(mass * values)
        chi = np.sum(mass * slopes**2) / np.sum(mass * (values - mean) ** 2)
    return float(chi) if math.isfinite(chi) else 1.0


class _Reader:
    def __init__(self, graph: Graph, infos: list[WeightInfo]) -> None:
        self.graph = graph
        self.behind = backwards(graph, infos)
        self.after = consumers.followers(graph, infos)
        self.paths = {id(p.variable): p.path for p in infos}
        self.factors: dict[bytes, float] = {}
        self.found: dict[int, _Way] = {}

    def factor(self, step: Step) -> float:
        """χ of what follows the kernels of a step."""
        for variable in step.variables:
            following = self.after.get(self.paths.get(id(variable), ""))
            if following is None or following.kind != consumers.ACTIVATION:
                continue
            assert following.function is not None
            key = elementwise.values(following.function).tobytes()
            if key not in self.factors:
                self.factors[key] = factor(following.function)
            return self.factors[key]
        return 1.0

    def way(self, step: Step, given: list[_Way]) -> _Way:
        """What a step makes of the ways behind it."""
        longest = max(given, key=lambda one: one.growth)
        if self.behind.is_kernel(step):
            return longest._replace(growth=longest.growth * self.factor(step))
        if step.name != "Add" or len(given) < 2:
            return longest
        # A branch is a smaller part of its stream after each sum.
        sums = max(one.sums for one in given) + 1
        least = min(one.growth for one in given)
        share = 1 / (1 + sums)
        return _Way(least + share * (longest.growth - least), sums)

    def run(self) -> float:
        made = {x for step in self.graph.steps for x in step.outputs}
        waiting, before = list(self.graph.steps), -1
        while waiting and len(waiting) != before:
            before, rest = len(waiting), []
            for step in waiting:
                signals = [x for x in self.graph.signals(step) if x in made]
                if all(x in self.found for x in signals):
                    given = [self.found[x] for x in signals] or [_Way(1.0, 0)]
                    way = self.way(step, given)
                    self.found |= dict.fromkeys(step.outputs, way)
                else:
                    rest.append(step)
            waiting = rest
        ends = [self.found[x] for x in self.graph.outputs if x in self.found]
        return max((way.growth for way in ends or self.found.values()), default=1.0)


def centred_growth(graph: Graph, infos: list[WeightInfo]) -> float:
    """By how much squared gradients grow in a model if every kernel is centred.

    Args:
        graph: Of the model.
        infos: Its weights.
    """
    return _Reader(graph, infos).run()
