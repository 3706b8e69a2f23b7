"""Where residual branches end: the last kernel, and the last gain, before each sum.

A sum is residual if one of its inputs, the shortcut, comes from a place on the way of
another, the branch, over fewer kernels: none, or the one of a projection.
"""

import collections
from collections.abc import Iterable, Iterator
from typing import Any

from keras_inits.geometry.roles import Role
from keras_inits.graph import elementwise
from keras_inits.graph.consumers import SOFTMAXES
from keras_inits.graph.graph import Graph, Step
from keras_inits.graph.symbolic import is_known
from keras_inits.graph.weights import WeightInfo

FARTHEST = 16  # kernels in a row that a branch may have


class Backwards:
    """Follows signals against their direction.

    Attributes:
        graph: That it follows.
        kernels: Identities of the kernels.
        tables: Of those that are embeddings.
    """

    def __init__(
        self, graph: Graph, kernels: Iterable[int], tables: Iterable[int] = ()
    ) -> None:
        self.graph = graph
        self.kernels = set(kernels)
        self.tables = set(tables)
        self._with_kernel = {
            id(step)
            for step in graph.steps
            if step.closed or any(id(v) in self.kernels for v in step.variables)
        }

    def is_kernel(self, step: Step) -> bool:
        """Whether a step has kernels, or hides what it has."""
        return id(step) in self._with_kernel

    def distances(self, start: int, most: int, stop: Any = ()) -> dict[int, int]:
        """Tensors that a tensor comes from, and over how many kernels at least.

        Args:
            start: Where to begin.
            most: Number of kernels after which to give up.
            stop: Tensors at which the search ends: the nearest of them is the last.
        """
        distances: dict[int, int] = {}
        queue = collections.deque([(start, 0)])
        while queue:
            tensor, distance = queue.popleft()
            if tensor in distances or distance > most:
                continue
            distances[tensor] = distance
            if tensor in stop:
                break
            for step in self.graph.makers(tensor):
                over = self.is_kernel(step)
                for source in self.graph.signals(step):
                    # Nearest first: what costs nothing before what costs a kernel.
                    if over:
                        queue.append((source, distance + 1))
                    else:
                        queue.appendleft((source, distance))
        return distances

    def is_branch(self, branch: int, shortcut: int) -> bool:
        """Whether one input of a sum is a branch, of which another is the shortcut."""
        for kernels in (0, 1):
            near = set(self.distances(shortcut, kernels))
            way = self.distances(branch, FARTHEST, stop=near)
            met = [way[tensor] for tensor in way if tensor in near]
            if met:
                return min(met) > kernels and not self.is_table(branch)
        return False

    def is_table(self, end: int) -> bool:
        """Whether a tensor is read from embeddings, such as positions: no branch."""
        last = {id(v) for v in self.last(end, set())}
        return bool(last) and last <= self.tables

    def last(self, end: int, gains: set[int]) -> list[Any]:
        """The last kernels before a tensor, and the gains after them."""
        found: list[Any] = []
        queue, seen = collections.deque([end]), {end}
        while queue:
            for step in self.graph.makers(queue.popleft()):
                if self.is_kernel(step):
                    found.extend(self.last_kernels(step))
                    continue
                if step.name in SOFTMAXES or elementwise.gates(step):
                    continue  # a gate is not what it is applied to
                found.extend(v for v in step.variables if id(v) in gains)
                for source in self.graph.signals(step):
                    if source not in seen:
                        seen.add(source)
                        queue.append(source)
        return found

    def last_kernels(self, step: Step) -> list[Any]:
        """A step's own kernels; none where it hides which of several is the last."""
        own = [v for v in step.variables if id(v) in self.kernels]
        own = [v for v in own if v.name != "depthwise_kernel"]  # the pointwise is last
        is_clear = len(own) == 1 or is_known(step.operation)
        return own if is_clear and not step.closed else []


def _is_sum(graph: Graph, step: Step) -> bool:
    return step.name == "Add" and len(graph.signals(step)) > 1


def backwards(graph: Graph, infos: list[WeightInfo]) -> Backwards:
    """What follows a model's signals back to the kernels they come from."""
    roles = (Role.KERNEL, Role.RECURRENT, Role.EMBEDDING)
    tables = (id(p.variable) for p in infos if p.weight.role == Role.EMBEDDING)
    kernels = (id(p.variable) for p in infos if p.weight.role in roles)
    return Backwards(graph, kernels, tables)


def branches(graph: Graph, behind: Backwards) -> Iterator[tuple[int, int, int]]:
    """The number of each step that adds a residual branch, the branch, its shortcut."""
    for number, step in enumerate(graph.steps):
        if not _is_sum(graph, step):
            continue
        inputs = graph.signals(step)
        for branch in inputs:
            others = [x for x in inputs if x != branch]
            shortcuts = (x for x in others if behind.is_branch(branch, x))
            if (shortcut := next(shortcuts, None)) is not None:
                yield number, branch, shortcut


def branches_before(
    graph: Graph, infos: list[WeightInfo]
) -> tuple[dict[str, int], int]:
    """How many residual branches are added before each kernel is used, and in all.

    Args:
        graph: Of the model.
        infos: Its weights.

    Returns:
        From the path of each weight that a step uses to the number, of its first use;
        and the number of all branches.
    """
    sums = [number for number, *_ in branches(graph, backwards(graph, infos))]
    paths = {id(info.variable): info.path for info in infos}
    before: dict[str, int] = {}
    for number, step in enumerate(graph.steps):
        for variable in step.variables:
            if (path := paths.get(id(variable))) is not None:
                before.setdefault(path, sum(one < number for one in sums))
    return before, len(sums)


def branch_ends(graph: Graph, infos: list[WeightInfo]) -> list[str]:
    """Paths of the weights that end residual branches.

    Args:
        graph: Of the model.
        infos: Its weights.

    Returns:
        The last kernel of each branch, and the gain of a normalization after it, in
        the order of the weights.
    """
    gains = {id(p.variable) for p in infos if p.weight.role == Role.GAIN}
    behind = backwards(graph, infos)
    ends: set[int] = set()
    for _, branch, _ in branches(graph, behind):
        ends |= {id(v) for v in behind.last(branch, gains)}
    named = [
        p for p in infos if p.weight.role in (Role.KERNEL, Role.RECURRENT, Role.GAIN)
    ]
    return [info.path for info in named if id(info.variable) in ends]
