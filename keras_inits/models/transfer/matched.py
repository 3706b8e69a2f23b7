"""Which weight of one model stands where a weight of another does."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras

from keras_inits.geometry.roles import Role
from keras_inits.graph.heads import heads
from keras_inits.graph.trace import trace
from keras_inits.graph.weights import WeightInfo, weights_of
from keras_inits.models.report import KeptWeight
from keras_inits.models.transfer.common import kept

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


def _keys(parts: Sequence[_Part]) -> list[tuple[Kind, Any]]:
    """The kind of each layer and of the next: the last of a block from one inside."""
    kinds = [part.kind for part in parts]
    return list(zip(kinds, [*kinds[1:], None], strict=True))


def _common(left: Sequence[Any], right: Sequence[Any]) -> int:
    """How many members two sequences begin with alike."""
    same = [a == b for a, b in zip(left, right, strict=False)]
    return same.index(False) if False in same else len(same)


def matched(to: keras.Model, source: keras.Model, same_depth: bool) -> list[Pair]:
    """The weights of a model and those of another that they come from.

    Layers match in order and by kind. Of a deeper model the first blocks count, and
    what follows the last block.

    Args:
        to: The model that is set.
        source: The other one, as deep or deeper.
        same_depth: Whether both must have as many layers.

    Raises:
        ValueError: If their layers do not match.
    """
    mine, theirs = _parts(to), _parts(source)
    ours, others = [p.kind for p in mine], [p.kind for p in theirs]
    count, many = len(mine), len(theirs)
    first = count
    if ours != others:
        first = _common(_keys(mine), _keys(theirs))
        # The layer where the blocks end is followed by another than its like.
        first += ours[first : first + 1] == others[first : first + 1]
        first = min(first, count - (many > count))  # what is last stays last
    rest = count - first
    fits = many == count if same_depth else many >= count
    if not fits or ours[first:] != others[many - rest :]:
        at = min(_common(ours, others), count - 1)
        names = [
            repr(parts[min(at, len(parts) - 1)].weights[0].path.rpartition("/")[0])
            for parts in (mine, theirs)
        ]
        demand = "the same layers" if same_depth else "the same first and last layers"
        raise ValueError(
            f"Both models must have {demand}, in the same order. Received: "
            f"{to.name!r} with {count} layers of weights and {source.name!r} with "
            f"{many}; {names[0]} and {names[1]} are the first that differ. Build one "
            "from the configuration of the other. Nothing was written."
        )
    pairs = zip(mine, [*theirs[:first], *theirs[many - rest :]], strict=True)
    return [
        Pair(mine_own, their_own, one.is_head)
        for one, other in pairs
        for mine_own, their_own in zip(one.weights, other.weights, strict=True)
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
        kept(p, whys.get(p.path) or p.weight.note or "no parameter")
        for p in weights_of(to)
        if p.path not in done
    ]
