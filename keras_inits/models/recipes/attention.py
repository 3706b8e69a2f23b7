"""Where a model attends: the tensors that are its queries, keys and values.

Attention is found by what it does: a softmax over the products of two signals, and the
product of that with a third. Names say nothing.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import keras

from keras_inits.graph.consumers import SOFTMAXES
from keras_inits.graph.graph import Graph, Step
from keras_inits.graph.residual import Backwards

PRODUCTS = {"Dot", "Einsum", "Matmul", "Tensordot"}


class Attention(NamedTuple):
    """One place where a model attends.

    Attributes:
        step: What multiplies the weights of attention and the values.
        query: Identity of the tensor of queries.
        key: Of keys.
        value: Of values.
    """

    step: Step
    query: int
    key: int
    value: int


def is_softmax(step: Step) -> bool:
    """Whether a step makes shares of its numbers, as a layer or as an operation."""
    activation = getattr(step.operation, "activation", None)
    name = getattr(activation, "__name__", "")
    return step.name in SOFTMAXES or "softmax" in name


def _back_to(graph: Graph, behind: Backwards, tensor: int, wanted: Any) -> Step | None:
    """The nearest step of a kind that a tensor comes from, over no kernel."""
    queue, seen = [tensor], {tensor}
    while queue:
        for step in graph.makers(queue.pop(0)):
            if wanted(step):
                return step
            if behind.is_kernel(step) or is_softmax(step):
                continue
            fresh = [x for x in graph.signals(step) if x not in seen]
            seen.update(fresh)
            queue += fresh
    return None


def _is_product(graph: Graph, step: Step) -> bool:
    return step.name in PRODUCTS and len(graph.signals(step)) == 2


def _is_first_query(scores: Step, softmax: Step) -> bool:
    """Whether the first factor of the scores has the axis that no softmax sums."""
    axis = getattr(softmax.operation, "axis", -1)
    axis = axis[-1] if isinstance(axis, list | tuple) and axis else axis
    subscripts = getattr(scores.operation, "subscripts", None)
    if subscripts is None or not isinstance(axis, int):
        return axis != -2
    terms, result = subscripts.replace(" ", "").split("->")
    first = terms.split(",")[0]
    return result[axis] not in first


def _plain(graph: Graph, behind: Backwards, step: Step) -> Attention | None:
    """Attention that is written out, ending at a product."""
    for softened, value in zip(step.inputs, reversed(step.inputs), strict=True):
        softmax = _back_to(graph, behind, softened, is_softmax)
        if softmax is None:
            continue
        (start, *_) = graph.signals(softmax)
        scores = _back_to(graph, behind, start, lambda s: _is_product(graph, s))
        if scores is not None:
            first, second = scores.inputs[:2]
            if not _is_first_query(scores, softmax):
                first, second = second, first
            return Attention(step, first, second, value)
    return None


def _given(step: Step, names: tuple[str, ...]) -> list[int]:
    """Identities of the tensors given under these names, in their order."""
    args, kwargs = step.arguments
    given = [args[n] if n < len(args) else kwargs.get(k) for n, k in enumerate(names)]
    return [id(x) for x in given]


def attentions(graph: Graph, behind: Backwards) -> Iterator[Attention]:
    """All places of a model that attend.

    Args:
        graph: Of the model.
        behind: The same against its direction.
    """
    for step in graph.steps:
        if step.name == "DotProductAttention":
            yield Attention(step, *_given(step, ("query", "key", "value")))
        elif isinstance(
            step.operation, keras.layers.Attention | keras.layers.AdditiveAttention
        ):
            query, value, *key = (id(x) for x in step.arguments[0][0])
            yield Attention(step, query, key[0] if key else value, value)
        elif _is_product(graph, step):
            found = _plain(graph, behind, step)
            if found is not None:
                yield found
