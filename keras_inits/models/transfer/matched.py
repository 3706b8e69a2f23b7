"""Which weight of one model stands where a weight of another does."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras

from keras_inits.geometry.roles import Role
from keras_inits.graph.heads import heads
from keras_inits.graph.trace import trace
from keras_inits.graph.weights import WeightInfo, weights_of
from keras_inits.models.report import KeptWeight, kept_row

Kind = tuple[Any, ...]


class Pair(NamedTuple):
    """A weight, and the one that it comes from.

    Attributes:
        to: The weight that is set.
        source: The other model's.
        is_head: Whether its layer makes predictions.
    """

    to: WeightInfo
    source: WeightInfo
    is_head: bool


class _Part(NamedTuple):
    """A layer with weights.

    Attributes:
        weights: Those of its own that are no states.
        is_head: Whether it makes predictions.
    """

    weights: list[WeightInfo]
    is_head: bool

    @property
    def path(self) -> str:
        """Of the layer; its name, where it is the model itself."""
        own = self.weights[0]
        return own.path.rpartition("/")[0] or str(own.layer.name)

    @property
    def kind(self) -> Kind:
        """What two layers must share to stand for one another."""
        own = tuple((p.weight.role, len(p.shape)) for p in self.weights)
        return type(self.weights[0].layer), own, self.is_head


def _parts(model: keras.Model) -> list[_Part]:
    infos = weights_of(model)
    predicting = {head.path for head in heads(trace(model), infos)}
    by_layer: dict[int, list[WeightInfo]] = {}
    for info in infos:
        if info.weight.role != Role.STATE:
            by_layer.setdefault(id(info.layer), []).append(info)
    return [
        _Part(own, any(p.path in predicting for p in own)) for own in by_layer.values()
    ]


def _common(left: Sequence[Any], right: Sequence[Any]) -> int:
    """How many members two sequences begin with alike."""
    same = [a == b for a, b in zip(left, right, strict=False)]
    return same.index(False) if False in same else len(same)


def _period(kinds: Sequence[Kind]) -> int:
    """Length of the shortest block that a sequence repeats."""
    size = len(kinds)
    lengths = [n for n in range(1, size + 1) if size % n == 0]
    return next(n for n in lengths if kinds[n:] == kinds[: size - n])


def _ends_of_blocks(ours: Sequence[Kind], others: Sequence[Kind]) -> int | None:
    """How many layers of a shallower model come before those left out; None if unfit.

    What is left out are whole blocks, so that the normalization behind the last block
    is not taken for the first of the next one.
    """
    count, more = len(ours), len(others) - len(ours)
    fitting = [
        first
        for first in range(min(_common(ours, others), count - 1), -1, -1)
        if ours[first:] == others[first + more :]
    ]
    if more <= 0 or not fitting:
        return None
    first = fitting[0]
    period = _period(others[first : first + more])
    start = first  # of the first block
    while start and others[start - 1] == others[start - 1 + period]:
        start -= 1
    whole = [first for first in fitting if (first - start) % period == 0]
    return whole[0] if whole else None


def _counts(parts: Sequence[_Part]) -> bool:
    """Whether default names, which count layers of a class, are among the paths."""
    seen: dict[str, set[str]] = {}
    for part in parts:
        names = part.path.split("/")
        for end, name in enumerate(names):
            stem = "/".join([*names[:end], name.partition("[")[0]])
            seen.setdefault(stem, set()).add(name)
    return any(len(names) > 1 for names in seen.values())


def _partners(mine: list[_Part], theirs: list[_Part]) -> list[_Part] | None:
    """The layer that each of a model's layers comes from; None if they do not match."""
    ours, others = [p.kind for p in mine], [p.kind for p in theirs]
    if ours == others:
        return theirs
    if not _counts(mine) and not _counts(theirs):  # all have names of their own
        by_path = {part.path: part for part in theirs}
        found = [by_path.get(part.path) for part in mine]
        kinds = [None if part is None else part.kind for part in found]
        return [p for p in found if p is not None] if kinds == ours else None
    first = _ends_of_blocks(ours, others)
    if first is None:
        return None
    return [*theirs[:first], *theirs[first + len(others) - len(ours) :]]


def matched(to: keras.Model, source: keras.Model, same_depth: bool) -> list[Pair]:
    """The weights of a model and those of another that they come from.

    Where all layers have names of their own, they match by name; else in order and by
    kind, where of a deeper model the first blocks count, and what follows the last.

    Args:
        to: The model that is set.
        source: The other one, as deep or deeper.
        same_depth: Whether both must have as many layers.

    Raises:
        ValueError: If their layers do not match.
    """
    mine, theirs = _parts(to), _parts(source)
    found = _partners(mine, theirs)
    if found is None or (same_depth and len(mine) != len(theirs)):
        at = _common([p.kind for p in mine], [p.kind for p in theirs])
        names = [repr(parts[min(at, len(parts) - 1)].path) for parts in (mine, theirs)]
        demand = "the same layers" if same_depth else "the same first and last layers"
        raise ValueError(
            f"Both models must have {demand}, in the same order. Received: "
            f"{to.name!r} with {len(mine)} layers of weights and {source.name!r} with "
            f"{len(theirs)}; {names[0]} and {names[1]} are the first that differ. "
            "Build one from the configuration of the other. Nothing was written."
        )
    return [
        Pair(own, other, part.is_head)
        for part, partner in zip(mine, found, strict=True)
        for own, other in zip(part.weights, partner.weights, strict=True)
    ]


def check_ends(to: keras.Model, source: keras.Model) -> None:
    """Refuses two models that take inputs of other sizes, where both tell them."""
    shapes = []
    for model in (to, source):
        try:
            shapes.append(
                [tuple(x.shape[1:]) for x in keras.tree.flatten(model.inputs)]
            )
        except (AttributeError, ValueError):  # not Functional
            return
    if shapes[0] != shapes[1]:
        raise ValueError(
            "Both models must take the same inputs. Received: shapes "
            f"{shapes[0]} of {to.name!r} and {shapes[1]} of {source.name!r}. Build one "
            "for the inputs of the other. Nothing was written."
        )


def fixed_axes(info: WeightInfo) -> list[int]:
    """The axes that no width counts: a window's, and the rows of a table."""
    if info.weight.role == Role.EMBEDDING:
        return [0]
    if info.weight.role in (Role.KERNEL, Role.RECURRENT):
        return info.weight.geometry.window(info.shape)
    return []


def gates_of(pairs: Sequence[Pair]) -> dict[int, int]:
    """How many gates the weights of each layer hold, by the layer's identity."""
    return {
        id(p.to.layer): p.to.weight.geometry.gates
        for p in pairs
        if p.to.weight.geometry.gates > 1
    }


def left_alone(
    to: keras.Model, whys: dict[str, str], done: set[str]
) -> list[KeptWeight]:
    """The report's rows of the weights that were not set."""
    return [
        kept_row(p, whys.get(p.path) or p.weight.note or "no parameter")
        for p in weights_of(to)
        if p.path not in done
    ]
