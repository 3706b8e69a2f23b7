"""What a factor of a residual branch is folded into: the weights that it ends in."""

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from keras_inits.geometry.roles import Role
from keras_inits.graph import elementwise
from keras_inits.graph.consumers import own_activation
from keras_inits.graph.graph import Step
from keras_inits.graph.layer_defaults import LayerDefaults
from keras_inits.graph.moments import AVERAGES, CARRIERS, JOINS
from keras_inits.graph.normalizations import is_normalizing
from keras_inits.graph.weights import WeightInfo
from keras_inits.initializers import Ones
from keras_inits.models.recipes.branch import Branch
from keras_inits.models.recipes.fits import refusal
from keras_inits.models.recipes.parts import Anatomy, Part
from keras_inits.signals.hooks import NOISES

HANDING_ON = AVERAGES | CARRIERS | NOISES
CLOSE = 1e-3  # a factor that was typed with four digits is right
INSTEAD = (
    "Multiply the branch yourself, by keras.layers.Rescaling(base_blocks / blocks) "
    "before it is added."
)
SUMMING = JOINS | {"Add", "Subtract", "Average"}


class _Unfoldable(Exception):
    """A sentence on why a factor cannot be moved into weights."""


class End(NamedTuple):
    """A weight that what a branch adds is proportional to, with the others of its kind.

    Attributes:
        info: The weight; None where a way ends in what is proportional to none.
        factor: What constants of the model multiply it by on the way.
        why: Why there is none, in words.
    """

    info: WeightInfo | None
    factor: float
    why: str = ""


def homogeneous(function: Callable[[Any], Any]) -> float | None:
    """What a function gives for 1 if it gives c times as much for c times the number.

    None for any other function, and for one that is not elementwise.
    """
    if not elementwise.is_elementwise(function):
        return None
    numbers = [-3.0, -1.0, 0.5, 1.0, 3.0]
    once = elementwise.values_at(function, numbers)
    twice = elementwise.values_at(function, [2 * x for x in numbers])
    limit = 1e-5 * max(1.0, *map(abs, once))
    if any(abs(b - 2 * a) > limit for a, b in zip(once, twice, strict=True)):
        return None
    return once[3] or once[1]  # what takes negative numbers alone gives 0 for 1


class _Walk:
    """Goes from the end of a branch back to what it is proportional to."""

    def __init__(self, found: Anatomy, branch: Branch) -> None:
        self.found, self.branch = found, branch
        self.infos = {id(p.info.variable): p.info for p in found.places.values()}
        self.inside = {id(step) for step in branch.steps}

    def ends(self) -> Iterator[End]:
        """The weights, those nearest to the end first."""
        queue, seen = [(self.branch.end, 1.0)], {self.branch.end}
        while queue:
            tensor, factor = queue.pop(0)
            makers: list[Any] = list(self.found.graph.makers(tensor))
            for step in makers or [None]:
                try:
                    yield from self.own(step, factor)
                    passed = self.passed(step)
                except _Unfoldable as why:
                    yield End(None, factor, str(why))
                    continue
                if passed is None:
                    continue
                for source in self.found.graph.signals(step):
                    if source not in seen:
                        seen.add(source)
                        queue.append((source, factor * passed))

    def own(self, step: Step | None, factor: float) -> list[End]:
        """The weights of a step that its output is proportional to."""
        if step is None or id(step) not in self.inside:
            raise _Unfoldable("it adds something that no kernel of it makes")
        own = [self.infos[id(v)] for v in step.variables if id(v) in self.infos]
        own = [info for info in own if info.weight.role != Role.STATE]
        if self.found.behind.is_kernel(step):
            return [End(info, factor * self.activated(step)) for info in self.of(step)]
        if is_normalizing(step):
            return [End(info, factor) for info in self.affine(own)]
        if not own:
            return []
        if step.name == "Add" and len(self.found.graph.signals(step)) == 1:
            return [End(info, factor) for info in own]
        if self.found.places[own[0].path].part != Part.SCALAR:
            raise _Unfoldable(f"it goes through {own[0].path!r} ({step.name}) last")
        return []  # what follows the last kernel multiplies it: the kernel is enough

    def of(self, step: Step) -> list[WeightInfo]:
        """Kernel and bias of the last step with a kernel."""
        own = self.found.behind.last_kernels(step)
        infos = [self.infos[id(v)] for v in own]
        if len(infos) != 1 or infos[0].weight.role != Role.KERNEL:
            raise _Unfoldable(f"{step.name} at its end is not linear in one kernel")
        others = [self.infos[id(v)] for v in step.variables if id(v) in self.infos]
        known = (Role.BIAS, Role.STATE)
        for other in others:
            is_first = other.name == "depthwise_kernel"
            if (
                other.weight.role not in known
                and other is not infos[0]
                and not is_first
            ):
                raise _Unfoldable(f"{other.path!r} is beside its last kernel")
        return infos + [info for info in others if info.weight.role == Role.BIAS]

    def activated(self, step: Step) -> float:
        """The factor of an activation in the last layer."""
        activation = own_activation(step.operation)
        if activation is None:
            return 1.0
        factor = homogeneous(activation)
        if factor is None:
            raise _Unfoldable(f"{step.operation.name!r} has an activation, at its end")
        return factor

    def affine(self, own: list[WeightInfo]) -> list[WeightInfo]:
        """Gain and bias of a normalization at the end."""
        defaults = LayerDefaults()
        gains = [
            info
            for info in own
            if info.weight.role == Role.GAIN and isinstance(defaults.start(info), Ones)
        ]
        rest = [info for info in own if info.weight.role == Role.BIAS]
        known = (*gains, *rest)
        states = (Role.MEAN, Role.VARIANCE)
        if not gains or any(
            i not in known and i.weight.role not in states for i in own
        ):
            raise _Unfoldable(
                "it normalizes last, without a gain that starts at 1 and multiplies"
            )
        return [*gains, *rest]

    def passed(self, step: Any) -> float | None:
        """What a step multiplies its signals by; None where the way is at its end."""
        if self.found.behind.is_kernel(step) or is_normalizing(step):
            return None
        signals = self.found.graph.signals(step)
        if step.operation is None or step.name in HANDING_ON:
            return 1.0
        if step.name in SUMMING and len(signals) > 1:
            return 1.0
        if step.variables:  # a trained factor
            return 1.0
        function = elementwise.function_of(step) if len(signals) == 1 else None
        factor = homogeneous(function) if function is not None else None
        if factor is None:
            raise _Unfoldable(f"{step.name} is what it ends with")
        return factor


def ends(found: Anatomy, branch: Branch) -> list[End]:
    """The weights that what a branch adds is proportional to, all of them together.

    An activation that is no ReLU, a product of signals, and a normalization without a
    gain end a way without one.
    """
    return list(_Walk(found, branch).ends())


def _named(found: Anatomy, branch: Branch) -> str:
    """Which branch it is, for errors."""
    return f"branch {branch.number + 1} of {len(found.branches)} ({branch.kind})"


def factors(
    recipe: str,
    model: tuple[Anatomy, Branch],
    base: tuple[Anatomy, Branch],
    want: float,
) -> dict[str, float]:
    """By path, what the weights at a branch's end are to be multiplied by.

    So that what it adds is multiplied by `want`, beside the base's branch. Constants by
    which the model multiplies its branch are counted.

    Args:
        recipe: Its name, for errors.
        model: The model, and one of its branches.
        base: The base, and the branch beside it.
        want: The factor.

    Raises:
        ValueError: If no weights scale the branch, or one cannot be scaled by itself;
            if a constant is 0, or one is negative and the other is not.
    """
    own, its = ends(*model), ends(*base)
    where, beside = _named(*model), _named(*base)
    if len(own) != len(its):
        raise refusal(
            recipe,
            f"{len(own)} weights scale what {where} adds, and {len(its)} in the base",
            "The base is the same code.",
        )
    given: dict[str, float] = {}
    for one, other in zip(own, its, strict=True):
        if not 0 < one.factor * other.factor < math.inf:
            raise refusal(
                recipe,
                f"it multiplies {where} by {one.factor:.4g}, and the base {beside} by "
                f"{other.factor:.4g}: no factor > 0 makes one the other",
                "Multiply both by numbers > 0, such as keras.layers.Rescaling(1.0).",
            )
        factor = want * other.factor / one.factor
        if math.isclose(factor, 1, rel_tol=CLOSE):
            continue  # the model multiplies it itself
        if one.info is None:
            raise refusal(
                recipe, f"no weights scale what {where} adds: {one.why}", INSTEAD
            )
        check_own(recipe, one.info)
        given[one.info.path] = factor
    return given


def check_own(recipe: str, info: WeightInfo) -> None:
    """Refuses a weight that cannot be scaled, or not by itself.

    Raises:
        ValueError: If it is frozen, or has a regularizer or a constraint.
    """
    variable = info.variable
    why = ""
    if not variable.trainable:
        why = "is frozen"
    for name in ("regularizer", "constraint"):
        if getattr(variable, name, None) is not None:
            why = f"has a {name}, which does not scale with it"
    if why:
        raise refusal(
            recipe,
            f"{info.path!r}, into which the factor of its branch goes, {why}",
            f"Take that away, or: {INSTEAD}",
        )
