"""Which kernels make a model's predictions: nothing but a softmax or gate follows."""

import collections
from typing import Any, NamedTuple

import keras

from keras_inits.geometry.roles import Role
from keras_inits.graph import elementwise
from keras_inits.graph.consumers import JOINS, SOFTMAXES, own_activation
from keras_inits.graph.graph import Graph, Step
from keras_inits.graph.normalizations import is_normalizing
from keras_inits.graph.weights import WeightInfo

SOFTMAX, SIGMOID, LINEAR = "softmax", "sigmoid", "linear"


def _predicts(function: Any) -> bool:
    """Whether a layer's activation leaves its outputs predictions."""
    name = getattr(function, "__name__", type(function).__name__)
    if name in ("linear", "softmax", "log_softmax"):
        return True
    if not elementwise.is_elementwise(function):
        return False
    values = elementwise.values(function)
    return elementwise.is_affine(values) or elementwise.is_gate(values)


def _hands_on(graph: Graph, step: Step, has_weights: bool) -> bool:
    """Whether what a step makes of a prediction is still that."""
    if has_weights or step.closed or is_normalizing(step):
        return False
    if step.name in SOFTMAXES or elementwise.gates(step):
        return True
    function = getattr(step.operation, "activation", None)
    if callable(function):
        return _predicts(function)
    if len(graph.signals(step)) > 1:
        return step.name in JOINS
    return elementwise.affine(step) or not elementwise.is_elementwise_step(step)


class Head(NamedTuple):
    """A kernel whose outputs are predictions.

    Attributes:
        path: Of the kernel.
        kind: What its outputs become: "softmax", "sigmoid" or "linear".
        outputs: Identities of the model's outputs that they become.
    """

    path: str
    kind: str
    outputs: frozenset[int]


def heads(graph: Graph, infos: list[WeightInfo]) -> list[Head]:
    """The kernels whose outputs are the model's predictions.

    What follows them on every way is the end of the model, over a softmax, a sigmoid
    or a change of shape at most. A sum with another signal, a normalization or any
    other activation makes the outputs features.

    Args:
        graph: Of the model.
        infos: Its weights.
    """
    kernels = {id(p.variable): p for p in infos if p.weight.role == Role.KERNEL}
    # Seeds of dropout are none; frozen weights are.
    weights = {id(p.variable) for p in infos if p.weight.role != Role.STATE}
    found: dict[str, Head] = {}
    for step in graph.steps:
        own = [kernels[id(v)] for v in step.variables if id(v) in kernels]
        if not own or step.closed or isinstance(step.operation, keras.layers.RNN):
            continue
        function = own_activation(step.operation) or keras.activations.linear
        ends = _ends(graph, step, weights) if _predicts(function) else None
        if ends is not None:
            kind = _kind(function) if _kind(function) != LINEAR else ends[0]
            found[own[-1].path] = Head(own[-1].path, kind, ends[1])
    return list(found.values())


def _kind(function: Any) -> str:
    """What an activation makes of predictions."""
    name = getattr(function, "__name__", type(function).__name__)
    if "softmax" in name.lower():
        return SOFTMAX
    gate = name != "linear" and elementwise.is_gate(elementwise.values(function))
    return SIGMOID if gate else LINEAR


def _ends(
    graph: Graph, start: Step, weights: set[int]
) -> tuple[str, frozenset[int]] | None:
    """What predictions become, and where; None if they are made features."""
    queue, seen = collections.deque(start.outputs), set(start.outputs)
    kind = LINEAR
    while queue:
        tensor = queue.popleft()
        consumers = graph.consumers(tensor)
        if not consumers and tensor not in graph.outputs:
            return None
        for step in consumers:
            if not _hands_on(
                graph, step, any(id(v) in weights for v in step.variables)
            ):
                return None
            if step.name in SOFTMAXES:
                kind = SOFTMAX
            elif elementwise.gates(step):
                kind = SIGMOID
            elif callable(function := getattr(step.operation, "activation", None)):
                kind = _kind(function)
            for output in step.outputs:
                if output not in seen:
                    seen.add(output)
                    queue.append(output)
    return kind, frozenset(seen & graph.outputs)
