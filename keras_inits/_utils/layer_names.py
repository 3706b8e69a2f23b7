"""Names of layers: in snake case, and without the numbers that Keras adds to them."""

import re
from collections.abc import Sequence
from typing import Any

import keras


def snake_case(name: str) -> str:
    """The name of a class in small letters, as Keras turns it into that of a layer."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def _subclasses(cls: type) -> set[type]:
    direct: set[type] = set(cls.__subclasses__())
    return direct.union(*(_subclasses(sub) for sub in direct))


def _is_class_name(base: str) -> bool:
    names = {snake_case(cls.__name__) for cls in _subclasses(keras.layers.Layer)}
    return base in names


def without_number(name: str, owner: Any = None) -> str:
    """`name` without the number that Keras adds to default names.

    A name is a default one if it is the class's name in snake case and a number. Names
    that a person chose (`block_3` for a Dense layer) stay whole. `Bidirectional` puts
    `forward_` or `backward_` before its layer's name.

    Args:
        name: One component of a path.
        owner: The layer that bears the name, where known.
    """
    match = re.fullmatch(r"(forward_|backward_)?(.+?)_\d+", name)
    if match is None:
        return name
    prefix, base = match.group(1) or "", match.group(2)
    if owner is not None:
        is_default = base == snake_case(type(owner).__name__)
    else:
        is_default = _is_class_name(base)
    return prefix + base if is_default else name


def default_names(owners: Sequence[Any]) -> list[str | None]:
    """Of layers or variables, the names that Keras made up, without their numbers.

    Args:
        owners: What bears the names.

    Returns:
        For each its class in snake case; None for a name that a person chose.
    """
    bare = [without_number(owner.name, owner) for owner in owners]
    return [
        name if without_number(f"{name}_1", owner) == name else None
        for name, owner in zip(bare, owners, strict=True)
    ]
