"""Which embeddings are looked up by what a model is given, and which are positions."""

from collections.abc import Iterable
from typing import NamedTuple

import keras

from keras_inits.geometry.roles import Role
from keras_inits.graph.graph import Graph
from keras_inits.graph.weights import WeightInfo

MAPS = ("Dot", "Einsum", "Matmul", "Tensordot")


class Tables(NamedTuple):
    """The embeddings of a model.

    Attributes:
        tokens: Paths of those that are looked up by inputs.
        tied: Paths of those that are multiplied with a signal, too: heads.
    """

    tokens: frozenset[str]
    tied: frozenset[str]


def _from_inputs(graph: Graph) -> set[int]:
    """The tensors that a model's inputs decide about."""
    given = {x for step in graph.steps for x in step.inputs}
    queue = [x for x in given if not graph.makers(x)]
    found = set(queue)
    while queue:
        made = {y for step in graph.consumers(queue.pop()) for y in step.outputs}
        queue += made - found
        found |= made
    return found


def tables(graph: Graph, infos: Iterable[WeightInfo]) -> Tables:
    """What the embeddings of a model are for.

    Args:
        graph: Of the model.
        infos: Its weights.
    """
    paths = {id(p.variable): p.path for p in infos if p.weight.role == Role.EMBEDDING}
    given = _from_inputs(graph)
    tokens, tied = set[str](), set[str]()
    for step in graph.steps:
        inputs = [x for x in step.inputs if x in given]
        takes_signal = any(map(graph.is_signal, inputs))
        is_layer = isinstance(step.operation, keras.layers.Embedding)
        for path in {paths[id(v)] for v in step.variables if id(v) in paths}:
            maps = takes_signal and step.name in MAPS
            if maps or step.arguments[1].get("reverse", False):
                tied.add(path)
            elif inputs and (is_layer or not takes_signal):
                tokens.add(path)
    return Tables(frozenset(tokens), frozenset(tied))
