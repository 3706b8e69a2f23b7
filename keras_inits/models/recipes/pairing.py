"""The weights of a deep model beside those of a base with fewer blocks."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from keras_inits.graph.weights import WeightInfo
from keras_inits.models.recipes.branch import Branch
from keras_inits.models.recipes.fits import refusal
from keras_inits.models.recipes.parts import Anatomy

SAME = "The base is the same code at another width or another number of blocks."


class Pairing(NamedTuple):
    """What stands beside what.

    Attributes:
        partners: By path in the model, the weight of the base.
        branches: By number of a branch, that of the base.
        owners: By path of a weight in a branch, the number of that.
        depths: By number of a stream, its branches over the base's.
        twins: By path in the base, the same weight of its other blocks, where the
            blocks of the model are paired with the first one.
    """

    partners: dict[str, WeightInfo]
    branches: dict[int, Branch]
    owners: dict[str, int]
    depths: dict[int, float]
    twins: dict[str, list[WeightInfo]]


class _Members(NamedTuple):
    """The weights of a model by the branch that they are in.

    Attributes:
        inside: Those of each branch, by its number.
        outside: The others.
    """

    inside: dict[int, list[WeightInfo]]
    outside: list[WeightInfo]


def _members(recipe: str, found: Anatomy) -> _Members:
    """The weights of each branch.

    Raises:
        ValueError: If one is in several branches.
    """
    owner: dict[int, int] = {}
    inside: dict[int, list[WeightInfo]] = {one.number: [] for one in found.branches}
    outside: list[WeightInfo] = []
    for branch in found.branches:
        for variable in (v for step in branch.steps for v in step.variables):
            owner.setdefault(id(variable), branch.number)
            if owner[id(variable)] != branch.number:
                raise refusal(
                    recipe,
                    f"branches {owner[id(variable)] + 1} and {branch.number + 1} share "
                    f"{variable.path!r}",
                    "It is for blocks with weights of their own.",
                )
    for place in found.places.values():
        number = owner.get(id(place.info.variable))
        (outside if number is None else inside[number]).append(place.info)
    return _Members(inside, outside)


def _kind(info: WeightInfo) -> tuple[Any, ...]:
    """What two weights beside each other have in common."""
    return type(info.layer), info.variable.name, info.weight.role, len(info.shape)


def _check_alike(
    recipe: str,
    infos: Sequence[WeightInfo],
    others: Sequence[WeightInfo],
    where: str,
) -> None:
    """Refuses lists of weights that differ in more than sizes.

    Raises:
        ValueError: With the first weight that differs.
    """
    for info, other in zip(infos, others, strict=False):
        if _kind(info) != _kind(other):
            raise refusal(
                recipe,
                f"{where}: beside {info.path!r} of shape {info.shape} stands "
                f"{other.path!r} of shape {other.shape}",
                SAME,
            )
    if len(infos) != len(others):
        raise refusal(
            recipe, f"{where}: {len(infos)} weights beside {len(others)}", SAME
        )


def _streams(found: Anatomy) -> list[list[Branch]]:
    """The branches of each stream, in order."""
    numbers = dict.fromkeys(one.stream for one in found.branches)
    return [[b for b in found.branches if b.stream == n] for n in numbers]


def _size(stream: list[Branch]) -> int:
    """How many branches a block has."""
    return sum(one.block == 1 for one in stream)


def _check_base(
    recipe: str, stream: list[Branch], members: _Members, size: int
) -> dict[str, list[WeightInfo]]:
    """Of each weight of the base's first block, those of the others.

    Raises:
        ValueError: If the blocks are not alike.
    """
    twins: dict[str, list[WeightInfo]] = {}
    for one in stream:
        first = members.inside[stream[one.place % size].number]
        own = members.inside[one.number]
        where = f"blocks 1 and {one.block} of the base are not alike"
        _check_alike(recipe, first, own, where)
        for info, other in zip(first, own, strict=True):
            if info.shape != other.shape:
                raise refusal(
                    recipe,
                    f"{where}: {info.path!r} has shape {info.shape}, {other.path!r} "
                    f"{other.shape}",
                    "Blocks of unequal size can be paired at one depth only.",
                )
            twins.setdefault(info.path, []).append(other)
    return twins


def paired(recipe: str, found: Anatomy, base: Anatomy) -> Pairing:
    """Pairs the weights of two models whose blocks may differ in number.

    What is in no branch is paired in order. Streams of equal depth are paired branch by
    branch; else every block of the model with the first of the base, whose blocks must
    be alike.

    Args:
        recipe: Its name, for errors.
        found: The model.
        base: The base.

    Raises:
        ValueError: If they differ in more than sizes and the number of blocks.
    """
    own, its = _members(recipe, found), _members(recipe, base)
    _check_alike(recipe, own.outside, its.outside, "outside of its blocks")
    pairs = list(zip(own.outside, its.outside, strict=True))
    result = Pairing({}, {}, {}, {}, {})
    streams, others = _streams(found), _streams(base)
    if len(streams) != len(others):
        raise refusal(
            recipe,
            f"it has {len(streams)} residual streams, and the base {len(others)}",
            SAME,
        )
    for stream, other in zip(streams, others, strict=True):
        size, is_deeper = _size(other), len(stream) != len(other)
        if is_deeper:
            if _size(stream) != size or len(stream) % size or len(other) % size:
                raise refusal(
                    recipe,
                    f"its blocks have {_size(stream)} branches, {len(stream)} in all, "
                    f"and those of the base {size}, {len(other)} in all",
                    SAME,
                )
            result.twins.update(_check_base(recipe, other, its, size))
        result.depths[stream[0].stream] = len(stream) / len(other)
        for number, one in enumerate(stream):
            beside = other[number % size if is_deeper else number]
            infos, partners = own.inside[one.number], its.inside[beside.number]
            _check_alike(recipe, infos, partners, f"in its block {one.block}")
            pairs += zip(infos, partners, strict=True)
            result.branches[one.number] = beside
            result.owners.update({info.path: one.number for info in infos})
    result.partners.update({info.path: other for info, other in pairs})
    return result
