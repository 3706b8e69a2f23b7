"""How the weights of a model grow with its width, seen against a narrower one."""

import enum
import math
from collections.abc import Sequence
from typing import NamedTuple

from keras_inits.geometry.roles import KERNEL_ROLES, Role
from keras_inits.graph.weights import WeightInfo
from keras_inits.models.recipes.fits import refusal

SAME = "The base is the same code at another width."


class Kind(enum.StrEnum):
    """Which sides of a weight grow; equal to its name."""

    INPUT = "input"  # outputs only
    HIDDEN = "hidden"
    OUTPUT = "output"  # inputs only
    VECTOR = "vector"  # what is no matrix: biases, gains, a window for each channel
    FIXED = "fixed"

    __repr__ = str.__repr__


class Growth(NamedTuple):
    """How many times as many inputs and outputs a weight has.

    Attributes:
        kind: Which of both differ.
        into: Inputs over the base's.
        out: Outputs over the base's; of what is no matrix, its entries over those.
    """

    kind: Kind
    into: float
    out: float


def growth(recipe: str, info: WeightInfo, base: WeightInfo) -> Growth:
    """How a weight grows.

    Args:
        recipe: Its name, for errors.
        info: The weight.
        base: The same one of the narrower model.

    Raises:
        ValueError: If what differs is no width: a window, or the rows of a table.
    """
    size = math.prod(info.shape) / max(math.prod(base.shape), 1)
    if info.weight.role not in KERNEL_ROLES or len(info.shape) < 2:
        return Growth(Kind.FIXED if size == 1 else Kind.VECTOR, 1.0, size)
    geometry, base_geometry = info.weight.geometry, base.weight.geometry
    window = [info.shape[axis] for axis in geometry.window(info.shape)]
    base_window = [base.shape[axis] for axis in base_geometry.window(base.shape)]
    is_table = info.weight.role == Role.EMBEDDING
    if window != base_window or (is_table and info.shape[0] != base.shape[0]):
        what = "rows" if is_table else "a window"
        raise refusal(
            recipe,
            f"{info.path!r} has shape {info.shape}, and {base.shape} in the base: "
            f"{what} of another size, which is no width",
            SAME,
        )
    blocks, rows, columns = geometry.blocks(info.shape)
    base_blocks, base_rows, base_columns = base_geometry.blocks(base.shape)
    into, out = rows / max(base_rows, 1), columns / max(base_columns, 1)
    if into == out == 1 and blocks != base_blocks:
        return Growth(Kind.VECTOR, 1.0, blocks / max(base_blocks, 1))
    if into != 1:
        return Growth(Kind.OUTPUT if out == 1 else Kind.HIDDEN, into, out)
    return Growth(Kind.FIXED if out == 1 else Kind.INPUT, into, out)


def check_equal(
    recipe: str, infos: Sequence[WeightInfo], base: Sequence[WeightInfo]
) -> None:
    """Refuses two models that differ in more than sizes.

    Raises:
        ValueError: With the first weight that differs.
    """
    for info, other in zip(infos, base, strict=False):
        alike = (
            info.path == other.path,
            type(info.layer) is type(other.layer),
            len(info.shape) == len(other.shape),
        )
        if not all(alike):
            raise refusal(
                recipe,
                f"where it has {info.path!r} of shape {info.shape}, the base has "
                f"{other.path!r} of shape {other.shape}",
                SAME,
            )
    if len(infos) != len(base):
        raise refusal(
            recipe,
            f"it has {len(infos)} weights, and the base {len(base)}",
            SAME,
        )
