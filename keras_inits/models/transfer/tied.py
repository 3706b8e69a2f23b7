"""Heads that are tied to a table: their logits must not grow with its width."""

from collections.abc import Sequence

import keras

from keras_inits.geometry.roles import Role
from keras_inits.graph.graph import Graph, Step
from keras_inits.graph.trace import trace
from keras_inits.models.transfer.matched import Pair

SCALED = (Role.KERNEL, Role.GAIN, Role.BIAS)


def _source(graph: Graph, tensor: int) -> Step | None:
    """The layer with weights that a tensor comes from, over what has none."""
    while True:
        makers = graph.makers(tensor)
        if len(makers) != 1 or len(graph.consumers(tensor)) != 1:
            return None  # what is scaled there would be scaled elsewhere, too
        step = makers[0]
        if step.variables:
            return step
        signals = graph.signals(step)
        if len(signals) != 1:
            return None
        tensor = signals[0]


def tied_scales(model: keras.Model, pairs: Sequence[Pair]) -> dict[str, float]:
    """By what weights before a tied head are multiplied, by their paths.

    Logits sum over the units of the table, so m copies of each give m times the logits,
    and a table cannot be divided: inputs need it as it is. The layer in front of the
    head, a normalization as a rule, is divided instead. Whether that was enough is for
    the check of the outputs to say.

    Args:
        model: The wide model.
        pairs: Its weights, and those that they come from.
    """
    tables = {
        id(one.to.variable): one.source.shape[-1] / one.to.shape[-1]
        for one in pairs
        if one.to.weight.role == Role.EMBEDDING
    }
    found: dict[str, float] = {}
    graph = trace(model)
    for step in graph.steps:
        scales = [tables[id(v)] for v in step.variables if id(v) in tables]
        signals = graph.signals(step)
        # A table that is given real numbers, not indices, is a head.
        if (
            not scales
            or not signals
            or not getattr(step.operation, "tie_weights", True)
        ):
            continue
        before = _source(graph, signals[0])
        own = {id(v) for v in before.variables} if before else set()
        for one in pairs:
            if id(one.to.variable) in own and one.to.weight.role in SCALED:
                found[one.to.path] = scales[0]
    return found
