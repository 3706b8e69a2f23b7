"""Residual streams: how many branches add to each, and which kernels take it where.

The variance of a stream that nothing normalizes doubles at every block. One that each
branch normalizes before its kernels grows by a constant a block, and is left out here.
"""

import collections
from collections.abc import Iterable
from typing import NamedTuple

from keras_inits.geometry.roles import Role
from keras_inits.graph.graph import Graph, Step
from keras_inits.graph.normalizations import is_normalizing
from keras_inits.graph.residual import Backwards, Near, backwards, branches
from keras_inits.graph.weights import WeightInfo


class Streams(NamedTuple):
    """The residual streams of a model that nothing normalizes.

    Attributes:
        ends: From the path of each kernel that ends a branch to the number of branches
            that add to its stream.
        taken: From the path of each kernel that takes a stream to how many of its
            branches have been added there, and to their number.
    """

    ends: dict[str, int]
    taken: dict[str, tuple[int, int]]


class _Sum(NamedTuple):
    """A sum of a stream and branches that nothing normalizes."""

    step: Step
    ends: tuple[int, ...]  # identities of the kernels that end the branches
    branches: int
    shortcut: int


class _Reader:
    """Finds the sums of a model, and what of them reaches a place."""

    def __init__(self, graph: Graph, infos: list[WeightInfo]) -> None:
        self.graph = graph
        self.backwards: Backwards = backwards(graph, infos)
        self._normalizing: dict[int, bool] = {}

    def normalizing(self, step: Step) -> bool:
        if id(step) not in self._normalizing:
            self._normalizing[id(step)] = is_normalizing(step)
        return self._normalizing[id(step)]

    def is_normalized(self, branch: int, shortcut: int) -> bool:
        """Whether a branch normalizes what it takes, or what it gives."""
        ahead = Near(self.backwards, shortcut, 0)
        queue, seen = collections.deque([branch]), {branch}
        while queue:
            for step in self.graph.makers(queue.popleft()):
                if self.normalizing(step):
                    return True
                for source in self.graph.signals(step):
                    if source not in seen and source not in ahead:
                        seen.add(source)
                        queue.append(source)
        return False

    def sums(self) -> list[_Sum]:
        """The sums of branches that nothing normalizes, in order."""
        found: dict[int, _Sum] = {}
        for number, branch, shortcut in branches(self.graph, self.backwards):
            if self.is_normalized(branch, shortcut):
                continue
            ends = tuple(id(v) for v in self.backwards.last(branch, set()))
            before = found.get(number)
            found[number] = _Sum(
                self.graph.steps[number],
                (*(before.ends if before else ()), *ends),
                (before.branches if before else 0) + 1,
                shortcut,
            )
        return list(found.values())

    def nearest(self, starts: Iterable[int], sums: dict[int, int]) -> set[int]:
        """The sums that reach tensors over neither kernels nor normalizations.

        Args:
            starts: The tensors.
            sums: From the tensor that a sum makes to its number.
        """
        queue, found = collections.deque(starts), set[int]()
        seen = set(queue)
        while queue:
            tensor = queue.popleft()
            if tensor in sums:
                found.add(sums[tensor])
                continue
            for step in self.graph.makers(tensor):
                if self.backwards.is_kernel(step) or self.normalizing(step):
                    continue
                for source in self.graph.signals(step):
                    if source not in seen:
                        seen.add(source)
                        queue.append(source)
        return found


def streams(graph: Graph, infos: list[WeightInfo]) -> Streams:
    """The residual streams of a model that nothing normalizes.

    Args:
        graph: Of the model.
        infos: Its weights.
    """
    reader = _Reader(graph, infos)
    sums = reader.sums()
    if not sums:
        return Streams({}, {})
    made = {tensor: n for n, one in enumerate(sums) for tensor in one.step.outputs}
    # A sum belongs to the stream of those that its shortcut comes from.
    stream = list(range(len(sums)))
    added: list[int] = []  # branches in the stream once a sum is made
    for number, one in enumerate(sums):
        earlier = reader.nearest([one.shortcut], made) - {number}
        earlier = {other for other in earlier if other < number}
        if earlier:
            stream[number] = stream[max(earlier)]
        added.append(one.branches + (added[max(earlier)] if earlier else 0))
    total: dict[int, int] = {}
    for number in range(len(sums)):
        total[stream[number]] = max(total.get(stream[number], 0), added[number])

    paths = {id(p.variable): p.path for p in infos if p.weight.role == Role.KERNEL}
    ends = {
        paths[end]: total[stream[number]]
        for number, one in enumerate(sums)
        for end in one.ends
        if end in paths
    }
    taken: dict[str, tuple[int, int]] = {}
    for step in graph.steps:
        own = [paths[id(v)] for v in step.variables if id(v) in paths]
        if not own:
            continue
        found = reader.nearest(graph.signals(step), made)
        if found:
            last = max(found)
            for path in own:
                taken.setdefault(path, (added[last], total[stream[last]]))
    return Streams(ends, taken)
