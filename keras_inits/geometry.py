"""What a kernel connects: fans, and the matrix it stands for.

A kernel is a linear map from inputs to outputs. `fan_in` counts the inputs that are
summed into one output, `fan_out` the outputs that one input reaches. Axes that belong
to neither, such as the window of a convolution, are the receptive field: they multiply
both.
"""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple


class Fans(NamedTuple):
    """Inputs summed into one output, and outputs that one input reaches."""

    fan_in: int
    fan_out: int


class MatrixView(NamedTuple):
    """A kernel's axes in the roles they have in the linear map."""

    rows: tuple[int, ...]
    columns: tuple[int, ...]


def check_axes(name: str, axes: Any) -> tuple[int, ...] | None:
    """Returns `axes` as a tuple of ints, or None.

    Raises:
        ValueError: If `axes` is neither None, an int nor a sequence of distinct ints.
    """
    if axes is None:
        return None
    members = list(axes) if isinstance(axes, Iterable) else [axes]
    whole = all(hasattr(a, "__index__") and not isinstance(a, bool) for a in members)
    if isinstance(axes, str) or not whole or len(set(members)) != len(members):
        raise ValueError(
            f"`{name}` names the axes of the kernel by distinct integers. "
            f"Received: {name}={axes!r}. For a kernel (inputs, heads, units) type "
            "input_axes=[0], output_axes=[1, 2]."
        )
    return tuple(int(a) for a in members)


def _normalized(name: str, axes: tuple[int, ...], shape: tuple[int, ...]) -> set[int]:
    rank = len(shape)
    outside = [a for a in axes if not -rank <= a < rank]
    if outside:
        raise ValueError(
            f"`{name}` must name axes of the kernel, which has {rank}. "
            f"Received: {name}={list(axes)} for shape={shape}. "
            f"Use integers from {-rank} to {rank - 1}."
        )
    return {a % rank for a in axes}


def fans_of_shape(
    shape: tuple[int, ...],
    input_axes: tuple[int, ...] | None = None,
    output_axes: tuple[int, ...] | None = None,
) -> Fans:
    """Fans of a kernel of which only shape and axes are known.

    Without axes the shape is read as Keras reads it: the last axis is the output, the
    one before it the input, all others are the receptive field; a vector counts its
    length as both. With axes, unlisted ones are the receptive field (as in JAX), and an
    axis listed on both sides counts on both (as Keras 3.15 spells a convolution).

    Args:
        shape: Shape of the kernel.
        input_axes: Axes that are summed over, or None.
        output_axes: Axes that index outputs, or None; given together with `input_axes`.

    Returns:
        `Fans`, each at least 1, so that empty kernels have a finite scale.

    Raises:
        ValueError: If an axis is outside the shape.
    """
    if input_axes is None or output_axes is None:
        if len(shape) == 0:
            return Fans(1, 1)
        if len(shape) == 1:
            return Fans(max(1, shape[0]), max(1, shape[0]))
        inputs, outputs = {len(shape) - 2}, {len(shape) - 1}
    else:
        inputs = _normalized("input_axes", input_axes, shape)
        outputs = _normalized("output_axes", output_axes, shape)
    field = math.prod(n for a, n in enumerate(shape) if a not in inputs | outputs)
    fan_in = field * math.prod(shape[a] for a in inputs)
    fan_out = field * math.prod(shape[a] for a in outputs)
    return Fans(max(1, fan_in), max(1, fan_out))


def matrix_view(
    shape: tuple[int, ...],
    input_axes: tuple[int, ...] | None = None,
    output_axes: tuple[int, ...] | None = None,
) -> MatrixView:
    """The axes of a kernel that make the rows and the columns of its matrix.

    Rows are summed over: the input axes and the receptive field. Columns are outputs.
    Without axes, the last axis is the column.

    Raises:
        ValueError: If the kernel has fewer than two axes, or an axis is outside the
            shape or on both sides.
    """
    if len(shape) < 2:
        raise ValueError(
            "A matrix needs a kernel of at least two axes, (inputs, outputs). "
            f"Received: shape={shape}. For a vector use Zeros(), Ones() or Constant()."
        )
    if input_axes is None or output_axes is None:
        return MatrixView(tuple(range(len(shape) - 1)), (len(shape) - 1,))
    inputs = _normalized("input_axes", input_axes, shape)
    outputs = _normalized("output_axes", output_axes, shape)
    if inputs & outputs:
        raise ValueError(
            "In a matrix an axis is either input or output. Received: "
            f"input_axes={list(input_axes)}, output_axes={list(output_axes)}. "
            "Leave out the axes of the window: unlisted axes join the inputs."
        )
    columns = tuple(a for a in range(len(shape)) if a in outputs)
    return MatrixView(tuple(a for a in range(len(shape)) if a not in outputs), columns)
