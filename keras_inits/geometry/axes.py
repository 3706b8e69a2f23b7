"""The order of a kernel's axes: named formats, and checks of axes given by number."""

from collections.abc import Iterable
from typing import Any

from keras_inits._utils.types import Shape

# Axes counted from the end: input, output and batch axes of a kernel of that format.
KERNEL_FORMATS: dict[str, tuple[Shape, Shape, Shape]] = {
    "default": ((-2,), (-1,), ()),  # (*window, inputs, outputs)
    "transpose": ((-1,), (-2,), ()),  # (*window, outputs, inputs)
    "depthwise": ((), (-1,), (-2,)),  # (*window, channels, multiplier)
    "embedding": ((-2,), (-1,), ()),  # (vocabulary, units): one row is looked up
    "experts": ((-2,), (-1,), (0,)),  # (experts, inputs, outputs)
}


def check_axes(name: str, axes: object) -> Shape | None:
    """Returns `axes` as a tuple of ints, or None.

    Raises:
        ValueError: If `axes` is neither None, an int nor a sequence of distinct ints.
    """
    if axes is None:
        return None
    members: list[Any] = list(axes) if isinstance(axes, Iterable) else [axes]
    whole = all(hasattr(a, "__index__") and not isinstance(a, bool) for a in members)
    if isinstance(axes, str) or not whole or len(set(members)) != len(members):
        raise ValueError(
            f"`{name}` names the axes of the kernel by distinct integers. "
            f"Received: {name}={axes!r}. For a kernel (inputs, heads, units) type "
            "input_axes=[0], output_axes=[1, 2]."
        )
    return tuple(int(a) for a in members)


def normalized(name: str, axes: Shape, shape: Shape) -> list[int]:
    """`axes` as non-negative integers, in their order.

    Raises:
        ValueError: If one is outside the shape.
    """
    rank = len(shape)
    if any(not -rank <= a < rank for a in axes):
        raise ValueError(
            f"`{name}` must name axes of the kernel, which has {rank}. "
            f"Received: {name}={list(axes)} for shape={shape}. "
            f"Use integers from {-rank} to {rank - 1}."
        )
    found = [a % rank for a in axes]
    if len(set(found)) < len(found):
        raise ValueError(
            f"`{name}` must name each axis of the kernel once. Received: "
            f"{name}={list(axes)} for shape={shape}. Use {name}={sorted(set(found))}."
        )
    return found
