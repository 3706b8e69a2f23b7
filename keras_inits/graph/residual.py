"""Where residual branches end: the last kernel, and the last gain, before each sum.

A sum is residual if one of its inputs, the shortcut, comes from a place on the way of
another, the branch, over fewer kernels: none, or the one of a projection.
"""

import collections
import graphlib
import heapq
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from keras_inits.geometry.roles import Role
from keras_inits.graph import elementwise
from keras_inits.graph.consumers import SOFTMAXES
from keras_inits.graph.graph import Graph, Step
from keras_inits.graph.symbolic import is_known
from keras_inits.graph.weights import WeightInfo

FARTHEST = 16  # kernels in a row that a branch may have


class Meeting(NamedTuple):
    """Where the way back of a branch meets that of its shortcut.

    Attributes:
        near: The tensors of the shortcut's way, over no kernel or over one.
        most: Which of the two.
        kernels: On the way of the branch to there.
    """

    near: "Near"
    most: int
    kernels: int


class Near:
    """Tensors that a tensor comes from over a few kernels, found as far as asked for.

    Those made last come first, so that a walk through one block of a deep network looks
    at no other.
    """

    def __init__(self, behind: "Backwards", start: int, most: int) -> None:
        self.behind, self.most = behind, most
        self._distances = {start: 0}
        self._queue: list[tuple[int, int]] = []
        if behind.order is None:
            self._distances = behind.distances(start, most)
        else:
            self._queue = [(-behind.order.get(start, -1), start)]

    def _next(self) -> int:
        """One more tensor: all that lead from it to the start are known."""
        _, tensor = heapq.heappop(self._queue)
        order, distance = self.behind.order or {}, self._distances[tensor]
        for source, over in self.behind.sources(tensor):
            new, old = distance + over, self._distances.get(source)
            if new > self.most or (old is not None and old <= new):
                continue
            if old is None:
                heapq.heappush(self._queue, (-order.get(source, -1), source))
            self._distances[source] = new
        return tensor

    def __contains__(self, tensor: int) -> bool:
        number = (self.behind.order or {}).get(tensor, -1)
        while self._queue and -self._queue[0][0] > number:
            self._next()
        return tensor in self._distances

    def walk(self) -> Iterator[int]:
        """All that were not found yet, those made last first if there is an order."""
        if self.behind.order is None:
            yield from self._distances
        while self._queue:
            yield self._next()

    def is_over(self) -> bool:
        """Whether none was made before the tensor that was asked for last."""
        return self.behind.order is not None and not self._queue


class Backwards:
    """Follows signals against their direction.

    Attributes:
        graph: That it follows.
        kernels: Identities of the kernels.
        tables: Of those that are embeddings.
        order: From each tensor to a number that is higher than those of what it comes
            from; None where a shared layer takes what it gave.
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
        self._sources: dict[int, list[tuple[int, int]]] = {}
        self.order = self._ordered()

    def _ordered(self) -> dict[int, int] | None:
        before: dict[int, set[int]] = {}
        for step in self.graph.steps:
            for made in step.outputs:
                before.setdefault(made, set()).update(step.inputs)
        try:
            order = graphlib.TopologicalSorter(before).static_order()
            return {tensor: number for number, tensor in enumerate(order)}
        except graphlib.CycleError:
            return None

    def is_kernel(self, step: Step) -> bool:
        """Whether a step has kernels, or hides what it has."""
        return id(step) in self._with_kernel

    def sources(self, tensor: int) -> list[tuple[int, int]]:
        """What signals a tensor is made of: each with 1 if over a kernel, else 0."""
        if tensor not in self._sources:
            self._sources[tensor] = [
                (source, int(self.is_kernel(step)))
                for step in self.graph.makers(tensor)
                for source in self.graph.signals(step)
            ]
        return self._sources[tensor]

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
            if isinstance(stop, Near) and stop.is_over():
                continue
            for source, over in self.sources(tensor):
                # Nearest first: what costs nothing before what costs a kernel.
                if over:
                    queue.append((source, distance + 1))
                else:
                    queue.appendleft((source, distance))
        return distances

    def meeting(self, branch: int, shortcut: int) -> Meeting | None:
        """Where the ways of two inputs of a sum meet; None if they do not."""
        for most in (0, 1):  # a projection may be on the way
            near = Near(self, shortcut, most)
            way = self.distances(branch, FARTHEST, stop=near)
            met = [way[tensor] for tensor in way if tensor in near]
            if met:
                return Meeting(near, most, min(met))
        return None

    def is_branch(self, branch: int, shortcut: int) -> bool:
        """Whether one input of a sum is a branch, of which another is the shortcut."""
        met = self.meeting(branch, shortcut)
        return met is not None and met.kernels > met.most and not self.is_table(branch)

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
