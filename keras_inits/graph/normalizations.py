"""Which layers and operations divide a signal by a size measured on it."""

from typing import Any

import keras

from keras_inits.geometry.roles import Role
from keras_inits.graph.graph import Graph, Step
from keras_inits.graph.symbolic import normalizes, vanishes_at_zero
from keras_inits.graph.weights import WeightInfo

NORMALIZING = {"Normalize", "RMSNorm", "LayerNorm", "BatchNorm"}  # operations


def is_normalization(layer: Any) -> bool:
    """Whether a layer is called a normalization, or an operation is one."""
    name, is_wrapper = type(layer).__name__, isinstance(layer, keras.layers.Wrapper)
    if isinstance(layer, keras.layers.Layer):
        return "Norm" in name and not is_wrapper
    return name in NORMALIZING


def is_normalizing(step: Step) -> bool:
    """Whether a step of a graph normalizes: by its name, or as its results show."""
    operation = step.operation
    if is_normalization(operation):
        return True
    if not isinstance(operation, keras.layers.Layer) or step.closed:
        return False
    is_own = type(operation).__module__.startswith("keras.src.layers.")
    return not is_own and normalizes(operation, *step.arguments)


def added_to_one(graph: Graph) -> set[int]:
    """Identities of the gains that are one less than what they multiply by.

    Args:
        graph: Of the model.
    """
    found: set[int] = set()
    for step in graph.steps:
        layer = step.operation
        is_layer = isinstance(layer, keras.layers.Layer) and not step.closed
        if not is_layer or type(layer).__module__.startswith("keras.src.layers."):
            continue
        if is_normalizing(step) and not vanishes_at_zero(layer, *step.arguments):
            found |= {id(v) for v in layer.trainable_variables}
    return found


def normalized(graph: Graph, infos: list[WeightInfo]) -> set[str]:
    """Paths of the kernels whose outputs nothing but normalizations take."""
    paths = {id(p.variable): p.path for p in infos if p.weight.role == Role.KERNEL}
    found: dict[str, bool] = {}
    for step in graph.steps:
        takers = [taker for x in step.outputs for taker in graph.consumers(x)]
        ends = all(is_normalizing(taker) for taker in takers) and bool(takers)
        for path in (paths[id(v)] for v in step.variables if id(v) in paths):
            found[path] = found.get(path, True) and ends
    return {path for path, ends in found.items() if ends}
