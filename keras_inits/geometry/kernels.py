"""The geometry of a kernel: its fans, and the matrices that it holds.

A kernel is a linear map from inputs to outputs. `fan_in` counts the inputs that are
summed into one output, `fan_out` the outputs that one input reaches. Axes that belong
to neither, such as the window of a convolution, are the receptive field: they multiply
both. Batch axes, groups and gates cut a kernel into maps that know nothing of each
other: none of them counts as a fan.
"""

import dataclasses
import functools
import math
from types import ModuleType
from typing import NamedTuple

from keras_inits._utils import checks
from keras_inits._utils.types import Shape, Tensor
from keras_inits.geometry.axes import KERNEL_FORMATS, check_axes, normalized


class Fans(NamedTuple):
    """Inputs summed into one output, and outputs that one input reaches.

    Attributes:
        fan_in: Inputs that are summed into one output, over the window, too.
        fan_out: Outputs that one input reaches.

    Examples:
    Of four groups, each connects 8 of the 32 inputs to 16 of the 64 outputs:

    >>> import keras, keras_inits
    >>> layer = keras.layers.Conv2D(64, 3, groups=4)
    >>> layer.build((None, 9, 9, 32))
    >>> fan_in, fan_out = keras_inits.fans(layer, "kernel")
    >>> fan_in == 3 * 3 * 8, fan_out == 3 * 3 * 16
    (True, True)
    """

    fan_in: float
    fan_out: float


class MatrixView(NamedTuple):
    """A kernel's axes in the roles they have in the linear map."""

    batch: Shape
    rows: Shape
    columns: Shape


COUNTS = {
    "groups": "the number of groups of a convolution",
    "gates": "the number of gates side by side in the kernel",
    "stride": "the product of the strides",
}


def _divided(fan: int, by: int) -> float:
    """The quotient, as an int where it is one."""
    return fan / by if fan % by else fan // by


@dataclasses.dataclass(frozen=True)
class Geometry:
    """How the axes of a kernel take part in the linear map.

    Attributes:
        input_axes: Axes that are summed over; None: as the format says.
        output_axes: Axes that index outputs; None: as the format says.
        batch_axes: Axes along which the kernel is many independent ones; None: as the
            format says.
        kernel_format: "default" (*window, inputs, outputs), "transpose" (*window,
            outputs, inputs), "depthwise" (*window, channels, multiplier), "embedding"
            (vocabulary, units) or "experts" (experts, inputs, outputs). Used where the
            axes are not given.
        groups: Into how many independent groups the last output axis is cut.
        gates: How many kernels of fused gates the last output axis holds.
        stride: Product of the strides that share out the window's taps: in the format
            "transpose" over that many outputs, so that it divides fan_in, in others
            over that many inputs, so that it divides fan_out. 1 counts all taps.

    Raises:
        ValueError: At construction, if an attribute is not of its kind, or only one of
            `input_axes` and `output_axes` is given.

    Examples:
    >>> import keras_inits
    >>> keras_inits.Geometry(kernel_format="depthwise").fans((3, 3, 64, 1))
    Fans(fan_in=9, fan_out=9)
    >>> keras_inits.Geometry(gates=4).fans((5, 4 * 7))
    Fans(fan_in=5, fan_out=7)
    """

    input_axes: Shape | None = None
    output_axes: Shape | None = None
    batch_axes: Shape | None = None
    kernel_format: str = "default"
    groups: int = 1
    gates: int = 1
    stride: int = 1

    def __post_init__(self) -> None:
        for name in ("input_axes", "output_axes", "batch_axes"):
            if (axes := getattr(self, name)) is not None:
                object.__setattr__(self, name, check_axes(name, axes))
        checks.choice(
            "kernel_format",
            self.kernel_format,
            KERNEL_FORMATS,
            meaning="a kernel's order of axes",
        )
        for name, meaning in COUNTS.items():
            count = checks.whole(
                name,
                getattr(self, name),
                meaning=meaning,
                instead=f"For an ordinary kernel use {name}=1.",
            )
            object.__setattr__(self, name, count)
        if (self.input_axes is None) != (self.output_axes is None):
            raise ValueError(
                "`input_axes` and `output_axes` describe a kernel together. Received: "
                f"input_axes={self.input_axes!r}, output_axes={self.output_axes!r}. "
                "Give both, or neither for the last two axes."
            )

    @property
    def parts(self) -> int:
        """Independent maps side by side along the last output axis.

        Examples:
        >>> import keras_inits
        >>> keras_inits.Geometry(groups=2, gates=4).parts
        8
        """
        return self.groups * self.gates

    def axes(self, shape: Shape) -> tuple[list[int], list[int], list[int]]:
        """Input, output and batch axes of a kernel of this shape, non-negative.

        Examples:
        >>> import keras_inits
        >>> experts = keras_inits.Geometry(kernel_format="experts")
        >>> experts.axes((8, 32, 64))  # 8 kernels from 32 to 64
        ([1], [2], [0])
        """
        inputs, outputs, batch = KERNEL_FORMATS[self.kernel_format]
        if self.input_axes is not None and self.output_axes is not None:
            inputs, outputs = self.input_axes, self.output_axes
        batch = batch if self.batch_axes is None else self.batch_axes
        cut = normalized("batch_axes", batch, shape)
        # An axis that inputs and outputs share is listed among the outputs by Keras.
        rest = [
            [axis for axis in normalized(name, axes, shape) if axis not in cut]
            for name, axes in (("input_axes", inputs), ("output_axes", outputs))
        ]
        return rest[0], sorted(rest[1]), sorted(cut)

    def window(self, shape: Shape) -> list[int]:
        """The axes that are neither inputs nor outputs nor batch axes.

        Examples:
        >>> import keras_inits
        >>> keras_inits.Geometry(kernel_format="transpose").window((3, 5, 64, 32))
        [0, 1]
        """
        listed = {axis for axes in self.axes(shape) for axis in axes}
        return [axis for axis in range(len(shape)) if axis not in listed]

    def check_parts(self, size: int, shape: Shape) -> None:
        """Refuses a last output axis that groups and gates do not divide.

        Examples:
        >>> import keras_inits
        >>> keras_inits.Geometry(gates=4).check_parts(30, (16, 30))
        Traceback (most recent call last):
        ...
        ValueError: ...Use numbers whose product divides 30.
        """
        if size % self.parts:
            raise ValueError(
                "The last output axis must hold equal groups and gates. Received: "
                f"groups={self.groups}, gates={self.gates} for shape={shape}. "
                f"Use numbers whose product divides {size}."
            )

    def fans(self, shape: Shape) -> Fans:
        """Fans of a kernel of this shape.

        A vector counts its length as both, as in Keras; a scalar counts 1. An axis
        listed as input and output counts as both (as Keras 3.15 spells a
        convolution's window).

        Returns:
            `Fans`, 1 where a kernel is empty, so that its scale is finite. Whole
            numbers, but for a `stride` that does not divide the fan.

        Raises:
            ValueError: If an axis is outside the shape, or the last output axis does
                not divide into groups and gates.
        """
        return _fans(self, tuple(shape))

    def matrix_view(self, shape: Shape) -> MatrixView:
        """The axes that make the rows and the columns of the kernel's matrices.

        Rows are summed over: the input axes and the receptive field. Columns are
        outputs.

        Raises:
            ValueError: If the kernel has fewer than two axes, or an axis is outside
                the shape or on both sides.

        Examples:
        >>> import keras_inits
        >>> keras_inits.Geometry().matrix_view((3, 5, 16, 8))
        MatrixView(batch=(), rows=(0, 1, 2), columns=(3,))
        """
        if len(shape) < 2:
            raise ValueError(
                "A matrix needs a kernel of at least two axes, (inputs, outputs). "
                f"Received: shape={shape}. For a vector use Zeros(), Ones() or "
                "Constant()."
            )
        inputs, outputs, batch = self.axes(shape)
        if set(inputs) & set(outputs):
            raise ValueError(
                "In a matrix an axis is either input or output. Received: "
                f"input_axes={inputs}, output_axes={outputs}. "
                "Leave out the axes of the window: unlisted axes join the inputs."
            )
        self.check_parts(shape[outputs[-1]] if outputs else 1, shape)
        rows = [a for a in range(len(shape)) if a not in {*outputs, *batch}]
        return MatrixView(tuple(batch), tuple(rows), tuple(outputs))

    def blocks(self, shape: Shape) -> tuple[int, int, int]:
        """Number of independent matrices in the kernel, and their rows and columns.

        Examples:
        >>> import keras_inits
        >>> keras_inits.Geometry(groups=4).blocks((3, 3, 8, 64))
        (4, 72, 16)
        """
        view = self.matrix_view(shape)
        batch, rows, columns = (math.prod(shape[a] for a in axes) for axes in view)
        return batch * self.parts, rows, columns // self.parts

    def assembled(self, blocks: Tensor, shape: Shape, ops: ModuleType) -> Tensor:
        """The kernel whose independent matrices these are.

        Args:
            blocks: (number, rows, columns), as `blocks` says.
            shape: Shape of the kernel.
            ops: `numpy` or `keras.ops`.

        Examples:
        Two gates lie side by side in one kernel:

        >>> import keras_inits, numpy as np
        >>> gates = np.stack([np.eye(2), 5 * np.eye(2)])
        >>> keras_inits.Geometry(gates=2).assembled(gates, (2, 4), np)
        array([[1., 0., 5., 0.],
               [0., 1., 0., 5.]])
        """
        view = self.matrix_view(shape)
        last = view.columns[-1] if view.columns else len(shape) - 1
        # The last output axis is (part, place within the part).
        part = len(shape)
        sizes = [*shape, self.parts]
        sizes[last] //= self.parts
        order = [*view.batch, part, *view.rows, *view.columns]
        kernel = ops.reshape(blocks, [sizes[axis] for axis in order])
        target = [*range(last), part, *range(last, len(shape))]
        kernel = ops.transpose(kernel, [order.index(axis) for axis in target])
        return ops.reshape(kernel, shape)


@functools.lru_cache(maxsize=1024)  # models ask for the same few again and again
def _fans(geometry: Geometry, shape: Shape) -> Fans:
    if geometry.input_axes is None and len(shape) < 2:
        size = math.prod(shape)
        geometry.check_parts(size, shape)
        return Fans(max(1, size // geometry.parts), max(1, size // geometry.parts))
    inputs, outputs, _ = geometry.axes(shape)
    geometry.check_parts(shape[outputs[-1]] if outputs else 1, shape)
    field = math.prod(shape[axis] for axis in geometry.window(shape))
    into = field * math.prod(shape[a] for a in inputs)
    out_of = field * math.prod(shape[a] for a in outputs) // geometry.parts
    if geometry.kernel_format == "embedding" and geometry.input_axes is None:
        into = 1  # one row of the table is looked up
    if geometry.kernel_format == "transpose":
        return Fans(_divided(into, geometry.stride) or 1, out_of or 1)
    return Fans(into or 1, _divided(out_of, geometry.stride) or 1)
