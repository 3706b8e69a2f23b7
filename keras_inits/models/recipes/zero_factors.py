"""Which factors of residual branches start at zero: one on each path.

A branch is off, and learns, if each path through it has exactly one factor of zero.
With none on some path it is not off. With two in a row neither ever gets a gradient.
"""

from typing import NamedTuple

from keras_inits.geometry.roles import Role
from keras_inits.graph import elementwise
from keras_inits.graph.consumers import MAPS, SOFTMAXES
from keras_inits.graph.graph import Step
from keras_inits.graph.layer_defaults import LayerDefaults
from keras_inits.graph.normalizations import added_to_one
from keras_inits.initializers import Constant, Ones, Zeros
from keras_inits.models.recipes.branch import Branch
from keras_inits.models.recipes.fits import refusal
from keras_inits.models.recipes.parts import Anatomy, Part, Place
from keras_inits.models.recipes.recipe import Row
from keras_inits.models.selection import is_frozen

FACTOR = "0 as its factor"
PRODUCTS = MAPS | {"Multiply"}  # of two signals: zero, where one is


class Count(NamedTuple):
    """How many factors of zero the paths to a tensor have, at least and at most."""

    least: int = 0
    most: int = 0


class _Paths:
    """The paths from the last kernels of a branch to its end.

    Args:
        found: The model.
        branch: One of its branches.
        factors: Identities of the weights that may start at zero.
    """

    def __init__(self, found: Anatomy, branch: Branch, factors: set[int]) -> None:
        self.graph, self.behind, self.factors = found.graph, found.behind, factors
        self.own = {id(step) for step in branch.steps}
        self._nearest: dict[int, set[int]] = {}
        self._counts: dict[int, Count] = {}

    def _on(self, step: Step) -> list[int]:
        """The factors that a step multiplies with."""
        return [id(v) for v in step.variables if id(v) in self.factors]

    def _ways(self, step: Step) -> list[int]:
        """What a step makes its output of: nothing, where a path begins.

        A gate is left out: it is not zero, whatever it is made of.
        """
        if id(step) not in self.own or self.behind.is_kernel(step):
            return []
        return [x for x in self.graph.signals(step) if not self._is_gate(x)]

    def _is_gate(self, tensor: int) -> bool:
        makers = self.graph.makers(tensor)
        return any(s.name in SOFTMAXES or elementwise.gates(s) for s in makers)

    def nearest(self, tensor: int) -> set[int]:
        """The factors next to a branch's end, one on each path; empty if one has none.

        Args:
            tensor: Where the paths end.
        """
        if tensor not in self._nearest:
            self._nearest[tensor] = set()  # for shared layers, which come back to it
            makers = self.graph.makers(tensor)
            ways = [self._next_to(step) for step in makers]
            self._nearest[tensor] = set().union(*ways) if all(ways) else set()
        return self._nearest[tensor]

    def _next_to(self, step: Step) -> set[int]:
        if own := self._on(step):
            return {own[0]}
        ways = [self.nearest(x) for x in self._ways(step)]
        if step.name in PRODUCTS:
            ways = [way for way in ways if way][:1]
        return set().union(*ways) if all(ways) else set()

    def counted(self, tensor: int, zero: set[int]) -> Count:
        """How many factors of zero are on the paths to a tensor.

        Args:
            tensor: Where the paths end.
            zero: Identities of the factors that are zero.
        """
        if tensor not in self._counts:
            self._counts[tensor] = Count()
            makers = self.graph.makers(tensor)
            self._counts[tensor] = _either([self._count_of(s, zero) for s in makers])
        return self._counts[tensor]

    def _count_of(self, step: Step, zero: set[int]) -> Count:
        own = len(zero.intersection(self._on(step)))
        ways = [self.counted(x, zero) for x in self._ways(step)]
        if step.name in PRODUCTS:
            ways = [Count(sum(w.least for w in ways), sum(w.most for w in ways))]
        before = _either(ways)
        return Count(own + before.least, own + before.most)


def _either(ways: list[Count]) -> Count:
    """Of paths that are added."""
    least = min((way.least for way in ways), default=0)
    return Count(least, max((way.most for way in ways), default=0))


def zero_rows(recipe: str, found: Anatomy) -> list[Row]:
    """Zeros for one factor on each path of each branch, ones beside it.

    The last factor of a path is taken: one that a normalization follows is divided away
    again. Others of a branch that their layer starts at zero get one.

    Args:
        recipe: Its name, for errors.
        found: The model.

    Raises:
        ValueError: If a path has no factor after its last kernel, or the same twice.
    """
    places = {
        id(place.info.variable): place
        for place in found.places.values()
        if (place.info.weight.role == Role.GAIN or place.part == Part.SCALAR)
        and not is_frozen(place.info)
    }
    zero = set[int]()
    for branch in found.branches:
        chosen = _Paths(found, branch, set(places)).nearest(branch.end)
        if not chosen:
            raise refusal(
                recipe,
                f"{_named(found, branch)} ends in a kernel that neither a factor nor a "
                "gain follows, on one of its paths",
                "Multiply each branch by a weight of its own, or see recipes.fixup, "
                "which sets last kernels to zero.",
            )
        zero |= chosen
    for branch in found.branches:
        count = _Paths(found, branch, zero).counted(branch.end, zero)
        if count.most > 1:
            raise refusal(
                recipe,
                f"a path of {_named(found, branch)} would have {count.most} factors of "
                "zero in a row, of which none ever gets a gradient",
                "Use a factor once, and one in each branch.",
            )
    less = added_to_one(found.graph)  # gains that are off at -1
    off = [
        Row(places[i], Constant(-1.0) if i in less else Zeros(), FACTOR) for i in zero
    ]
    return _sorted([*off, *_ones_beside(found, places, zero | less)])


def _named(found: Anatomy, branch: Branch) -> str:
    return f"branch {branch.number + 1} of {len(found.branches)} ({branch.kind})"


def _ones_beside(found: Anatomy, places: dict[int, Place], zero: set[int]) -> list[Row]:
    """Ones for the other factors of branches that their layers start at zero."""
    defaults = LayerDefaults()
    inside = {id(v) for b in found.branches for s in b.steps for v in s.variables}
    others = [places[i] for i in places if i in inside - zero]
    return [Row(p, Ones()) for p in others if isinstance(defaults.start(p.info), Zeros)]


def _sorted(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row.place.info.path)
