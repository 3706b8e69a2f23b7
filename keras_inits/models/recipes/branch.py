"""A residual branch, and where it normalizes."""

from collections.abc import Iterator
from typing import NamedTuple

from keras_inits.graph.graph import Graph, Step
from keras_inits.graph.normalizations import is_normalizing
from keras_inits.graph.residual import Backwards


class Branch(NamedTuple):
    """What is added to a residual stream at one place.

    Attributes:
        number: From 0, among all of the model.
        stream: Number of the stream that it adds to; an encoder and a decoder have one
            each.
        place: From 0, among those of its stream.
        block: From 1, within its stream.
        kind: "attention", "cross-attention" or "other".
        steps: What happens in it, in order.
        kernels: How many follow one another, on the shortest way.
        sum: The step that adds it.
        end: Identity of the tensor that is added.
        shortcut: Identity of the tensor that it is added to.
        normalizes_first: Whether it normalizes before its first kernel.
        is_normalized_after: Whether the sum is normalized in the stream.
    """

    number: int
    stream: int
    place: int
    block: int
    kind: str
    steps: tuple[Step, ...]
    kernels: int
    sum: Step
    end: int
    shortcut: int
    normalizes_first: bool
    is_normalized_after: bool


def normalizes_first(behind: Backwards, steps: list[Step]) -> bool:
    """Whether a normalization is before the first kernel of a branch."""
    for step in steps:
        if behind.is_kernel(step):
            return False
        if is_normalizing(step):
            return True
    return False


def normalizes_last(graph: Graph, behind: Backwards, branch: Branch) -> bool:
    """Whether a normalization is right before the last kernel of a branch."""
    own = {id(step) for step in branch.steps}
    queue = [(branch.end, False)]
    while queue:
        tensor, is_before = queue.pop()
        for step in graph.makers(tensor):
            if is_before and is_normalizing(step):
                return True
            signals = graph.signals(step)
            ends = is_before and (behind.is_kernel(step) or len(signals) > 1)
            if id(step) in own and not ends:
                later = is_before or behind.is_kernel(step)
                queue += [(x, later) for x in signals]
    return False


def between(
    graph: Graph, behind: Backwards, start: int, stop: set[int]
) -> Iterator[Step]:
    """The steps from tensors back over no kernel, nearest first, to others."""
    queue, seen = [start], {start}
    while queue:
        tensor = queue.pop(0)
        if tensor in stop:
            continue
        for step in graph.makers(tensor):
            if behind.is_kernel(step):
                continue
            yield step
            fresh = [x for x in graph.signals(step) if x not in seen]
            seen.update(fresh)
            queue += fresh


def norms_after(
    graph: Graph, behind: Backwards, one: Branch, following: Branch | None
) -> list[Step]:
    """The normalizations between a branch's sum and the stream's next shortcut."""
    sums = set(one.sum.outputs)
    if following is None:
        takers = [taker for x in sums for taker in graph.consumers(x)]
        while takers and all(taker.operation is None for taker in takers):
            takers = [t for s in takers for x in s.outputs for t in graph.consumers(x)]
        return [step for step in takers if is_normalizing(step)]
    way = between(graph, behind, following.shortcut, sums)
    return [step for step in way if is_normalizing(step)]
