"""Where the units of a kernel are: in its axes, in its layer's output, in its bias."""

import functools
import math
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_inits._utils.host_array import to_numpy
from keras_inits._utils.types import Shape, Tensor
from keras_inits.models.adjustments import FEWEST

PLAIN: Any = (keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D)
TRANSPOSED: Any = (
    keras.layers.Conv1DTranspose,
    keras.layers.Conv2DTranspose,
    keras.layers.Conv3DTranspose,
)
DEPTHWISE: Any = (keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D)
SEPARABLE: Any = (keras.layers.SeparableConv1D, keras.layers.SeparableConv2D)


class Units(NamedTuple):
    """The units of a kernel: outputs that have weights of their own.

    A number for each unit is a vector in the order of the output's axes.

    Attributes:
        rank: Number of the output's axes.
        output_axes: Those along which units differ.
        sizes: Their sizes.
        order: Of these axes, as the kernel has them.
        kernel_shape: What a vector in that order becomes, to multiply the kernel.
    """

    rank: int
    output_axes: tuple[int, ...]
    sizes: Shape
    order: tuple[int, ...]
    kernel_shape: Shape

    @property
    def others(self) -> tuple[int, ...]:
        """The output's axes that statistics are taken over."""
        return tuple(a for a in range(self.rank) if a not in self.output_axes)

    def on_kernel(self, vector: Any) -> Any:
        """A number for each unit, to multiply the kernel with."""
        array = np.reshape(vector, self.sizes)
        return np.reshape(np.transpose(array, self.order), self.kernel_shape)

    def on_output(self, vector: Any) -> Any:
        """A number for each unit, to multiply the output with."""
        shape = [1] * self.rank
        for axis, size in zip(self.output_axes, self.sizes, strict=True):
            shape[axis] = size
        return np.reshape(vector, shape)

    def of_bias(self, bias: np.ndarray) -> np.ndarray | None:
        """A bias as a number for each unit; None if it differs along other axes."""
        if len(self.sizes) == 1 and bias.ndim == 1:
            full = bias
            return full if full.size == self.sizes[0] else None
        shape = (1,) * (self.rank - bias.ndim) + bias.shape
        if any(shape[axis] != 1 for axis in self.others):
            return None
        narrowed = np.reshape(bias, [shape[axis] for axis in self.output_axes])
        return np.array(np.broadcast_to(narrowed, self.sizes))

    def to_bias(self, vector: Any, shape: Shape) -> np.ndarray:
        """A number for each unit as a bias of this shape, which may be coarser."""
        array = np.reshape(vector, self.sizes)
        if len(self.sizes) == 1 and len(shape) == 1:
            return array
        full = (1,) * (self.rank - len(shape)) + tuple(shape)
        narrow = tuple(n for n, axis in enumerate(self.output_axes) if full[axis] == 1)
        return np.reshape(array.mean(narrow, keepdims=True), shape)


def _einsum(layer: Any, kernel: Shape, output: Shape) -> Units | None:
    terms, result = layer.equation.replace(" ", "").split("->")
    letters = terms.split(",")[1]
    left, dots, right = result.partition("...")
    places = {c: n for n, c in enumerate(left)}
    if dots:
        places |= {c: len(output) - len(right) + n for n, c in enumerate(right)}
    if "..." in letters or any(places.get(c, 0) >= len(output) for c in letters):
        return None
    own = [c for c in letters if c in places]
    in_order = sorted(own, key=lambda c: places[c])
    return Units(
        len(output),
        tuple(places[c] for c in in_order),
        tuple(output[places[c]] for c in in_order),
        tuple(in_order.index(c) for c in own),
        tuple(n if c in places else 1 for c, n in zip(letters, kernel, strict=True)),
    )


def units_of(layer: Any, name: str, kernel: Shape, output: Tensor) -> Units | None:
    """The units of a kernel of one of Keras's layers that are linear in it.

    Args:
        layer: The owner.
        name: The kernel's name.
        kernel: Its shape.
        output: What the layer gives before its activation.

    Returns:
        None for other layers, and for kernels of which the output is not linear.
    """
    layers, shape = keras.layers, tuple(int(n) for n in output.shape)
    rank = len(shape)
    if isinstance(layer, layers.EinsumDense):
        return _einsum(layer, kernel, shape) if name == "kernel" else None
    if isinstance(layer, layers.Dense):
        if name != "kernel" or len(kernel) != 2:
            return None
        return Units(rank, (rank - 1,), kernel[-1:], (0,), (1, kernel[-1]))
    channels = 1 if getattr(layer, "data_format", "") == "channels_first" else rank - 1
    window = (1,) * (len(kernel) - 2)
    if isinstance(layer, DEPTHWISE) and name == "kernel":
        size = math.prod(kernel[-2:])
        return Units(rank, (channels,), (size,), (0,), (*window, *kernel[-2:]))
    if isinstance(layer, TRANSPOSED) and name == "kernel":
        return Units(rank, (channels,), kernel[-2:-1], (0,), (*window, kernel[-2], 1))
    is_pointwise = isinstance(layer, SEPARABLE) and name == "pointwise_kernel"
    if (isinstance(layer, PLAIN) and name == "kernel") or is_pointwise:
        return Units(rank, (channels,), kernel[-1:], (0,), (*window, 1, kernel[-1]))
    return None


def direction(layer: Any, kernel: Shape, x: Tensor) -> np.ndarray | None:
    """The mean of a layer's inputs in the shape of its kernel, one for the units.

    Returns:
        None where that is not one direction for all units, or inputs are few.
    """
    layers, rank = keras.layers, len(x.shape)
    mean = functools.partial(_mean, x)
    if isinstance(layer, layers.EinsumDense):
        terms, result = layer.equation.replace(" ", "").split("->")
        inputs, letters = terms.split(",")
        if "..." in inputs or len(inputs) != rank:
            return None
        summed = [c for c in letters if c not in result]
        kept = [inputs.index(c) for c in summed]
        values = np.transpose(mean(kept), np.argsort(np.argsort(kept)))
        sizes = zip(letters, kernel, strict=True)
        shape: Shape = tuple(n if c in summed else 1 for c, n in sizes)
    elif isinstance(layer, layers.Dense) and len(kernel) == 2:
        values, shape = mean([rank - 1]), (kernel[0], 1)
    else:
        first = getattr(layer, "data_format", "") == "channels_first"
        window = (1,) * (len(kernel) - 2)
        if isinstance(layer, TRANSPOSED):
            shape = (*window, 1, kernel[-1])
        elif isinstance(layer, PLAIN) and layer.groups == 1:
            shape = (*window, kernel[-2], 1)
        else:
            return None
        values = mean([1 if first else rank - 1])
    return None if values.size < FEWEST else np.reshape(values, shape)


def _mean(x: Tensor, kept: list[int]) -> np.ndarray:
    """The mean over all axes but some, float32."""
    others = [axis for axis in range(len(x.shape)) if axis not in kept]
    x = keras.ops.cast(x, "float32")
    return to_numpy(keras.ops.mean(x, others))
