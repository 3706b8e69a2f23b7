"""Kernels that hold one fixed filter: copies, blurs, changes of resolution.

Every input channel goes to the output channel of the same number, through a window
that is the outer product of one filter over the axes.
"""

import math
from typing import Any

import numpy as np

from keras_inits._utils import checks
from keras_inits._utils.types import Shape
from keras_inits.geometry import Geometry
from keras_inits.initializers.computed import Deterministic
from keras_inits.initializers.kernel import KernelInitializer
from keras_inits.initializers.registry import register

__all__ = ["BilinearUpsampling", "BinomialBlur", "Dirac", "LinearDownsampling"]


def windowless(geometry: Geometry, shape: Shape) -> Shape:
    """The shape of a kernel that has one tap of the window.

    Raises:
        ValueError: If the kernel has no window.
    """
    window = geometry.window(shape) if len(shape) > 2 else []
    if not window:
        raise ValueError(
            "A filter needs a window: a kernel of at least three axes, (*window, "
            f"inputs, outputs). Received: shape={shape}. Use 'identity' or "
            f"'orthogonal' in Dense, or a kernel of shape {(3, *shape[-2:])}."
        )
    return one_tap(geometry, shape)


def one_tap(geometry: Geometry, shape: Shape) -> Shape:
    """The shape of a kernel whose window, if there is one, has one tap."""
    window = geometry.window(shape)
    return tuple(1 if axis in window else n for axis, n in enumerate(shape))


def spread(geometry: Geometry, shape: Shape, filters: list[np.ndarray]) -> np.ndarray:
    """The outer product of filters, along the axes of the window; others have size 1.

    Args:
        geometry: Of the kernel.
        shape: Of the kernel.
        filters: One for each axis of the window.
    """
    result = np.ones([1] * len(shape))
    for axis, taps in zip(geometry.window(shape), filters, strict=True):
        result = result * taps.reshape(
            [-1 if a == axis else 1 for a in range(len(shape))]
        )
    return result


def middle_tap(geometry: Geometry, shape: Shape) -> np.ndarray:
    """One at the tap (k - 1) // 2 of each axis of k in the window, else zero."""
    sizes = [shape[axis] for axis in geometry.window(shape)]
    return spread(geometry, shape, [np.eye(1, k, (k - 1) // 2)[0] for k in sizes])


class _Filter(Deterministic, KernelInitializer):
    """A filter between channels of the same number."""

    family = "structure"

    def taps(self, size: int) -> np.ndarray:
        """The filter along an axis of the window of this size."""
        raise NotImplementedError

    def values(self, shape: Shape) -> Any:
        geometry = self.geometry
        flat = windowless(geometry, shape)
        blocks, rows, columns = geometry.blocks(flat)
        matrices = np.broadcast_to(np.eye(rows, columns), (blocks, rows, columns))
        filters = [self.taps(shape[axis]) for axis in geometry.window(shape)]
        window = spread(geometry, shape, filters)
        return geometry.assembled(matrices, flat, np) * window


@register("dirac")
class Dirac(_Filter):
    """The identity of convolutions: layers that start by returning their input.

    Formula: w = gain at the tap that stands on the output's place, from channel i to
    channel i of each group, else 0. That tap is (k - 1) // 2 of k for padding "same",
    also of transposed convolutions, and the last one for "causal".

    Use for: convolutions that should begin as a copy: added to a trained network,
    or in deep ones without skip connections. For a window of one tap use
    `identity`.

    Args:
        gain: Factor of the copy; finite float.
        padding: The layer's own: "same" or "causal".
        **geometry: As in `VarianceScaling`. With unequal channels the first ones are
            copied. A dilated window of an even number of taps has no tap on the
            output's place, whatever the kernel.

    Raises:
        ValueError: At construction, if an argument is out of range; when called, if
            the kernel has no window, or groups do not divide its outputs.

    Examples:
    >>> import keras, keras_inits, numpy as np
    >>> layer = keras.layers.Conv1D(2, 4, padding="same", kernel_initializer="dirac")
    >>> x = np.array([[[1.0, -2.0], [3.0, 0.5], [4.0, 7.0]]], "float32")
    >>> keras.ops.convert_to_numpy(layer(x)).tolist()
    [[[1.0, -2.0], [3.0, 0.5], [4.0, 7.0]]]

    Reference: Zagoruyko, Komodakis (2017), "DiracNets: Training Very Deep Neural
    Networks Without Skip-Connections", arXiv 1706.00388.
    """

    example_shape = (5, 5, 8, 8)
    usage = "keras.layers.Conv2D(64, 3, padding='same', kernel_initializer={})"

    def __init__(
        self, gain: float = 1.0, padding: str = "same", **geometry: Any
    ) -> None:
        KernelInitializer.__init__(self, None, **geometry)
        self.gain = checks.number(
            "gain", gain, meaning="what is copied", instead="For a copy use gain=1."
        )
        self.padding = checks.choice(
            "padding", padding, ["same", "causal"], meaning="the layer's own"
        )

    def taps(self, size: int) -> np.ndarray:
        middle = (size - 1) // 2 if self.padding == "same" else size - 1
        return np.array(np.eye(1, size, middle)[0])

    def values(self, shape: Shape) -> Any:
        return self.gain * super().values(shape)


def _triangle(size: int) -> np.ndarray:
    factor = (size + 1) // 2
    middle = factor - 1 if size % 2 else factor - 0.5
    return 1 - abs(np.arange(size) - middle) / factor


@register("bilinear_upsampling")
class BilinearUpsampling(_Filter):
    """Linear interpolation: for transposed convolutions that raise the resolution.

    Formula: along each axis of k taps, 1 - |j - c| / f with f = (k + 1) // 2 and c the
    middle, from channel i to channel i. The layer's stride has to be f; the customary
    window for a stride s is k = 2 s - s mod 2.

    Use for: transposed convolutions that enlarge each channel by itself, as in
    segmentation. Not where channels should mix from the start: those of different
    number are not connected.

    Args:
        kernel_format: "transpose" by default, as in transposed convolutions.
        **geometry: As in `VarianceScaling`.

    Raises:
        ValueError: When called, if the kernel has no window.

    Examples:
    >>> import keras, keras_inits
    >>> kernel = keras_inits.BilinearUpsampling()((4, 1, 1))
    >>> keras.ops.convert_to_numpy(kernel).ravel().tolist()
    [0.25, 0.75, 0.75, 0.25]

    Reference: Long, Shelhamer, Darrell (2015), "Fully Convolutional Networks for
    Semantic Segmentation", arXiv 1411.4038.
    """

    example_shape = (5, 5, 8, 8)
    usage = (
        "keras.layers.Conv2DTranspose(8, 4, 2, padding='same', kernel_initializer={})"
    )

    def __init__(self, kernel_format: str = "transpose", **geometry: Any) -> None:
        KernelInitializer.__init__(self, None, kernel_format=kernel_format, **geometry)

    def taps(self, size: int) -> np.ndarray:
        return _triangle(size)


@register("linear_downsampling")
class LinearDownsampling(_Filter):
    """A triangle that sums to 1: for strided convolutions that lower the resolution.

    Formula: along each axis of k taps, (1 - |j - c| / f) / f' with f = (k + 1) // 2, c
    the middle and f' what makes the taps sum to 1, from channel i to channel i. The
    layer's stride should be f.

    Use for: strided convolutions in place of pooling, each channel by itself. Not
    where channels should mix from the start: those of different number are not
    connected.

    Args:
        **geometry: As in `VarianceScaling`.

    Raises:
        ValueError: When called, if the kernel has no window.

    Examples:
    >>> import keras, keras_inits
    >>> kernel = keras_inits.LinearDownsampling()((3, 1, 1))
    >>> keras.ops.convert_to_numpy(kernel).ravel().tolist()
    [0.25, 0.5, 0.25]

    Reference: Tokui et al. (2019), "Chainer: A Deep Learning Framework for
    Accelerating the Research Cycle", arXiv 1908.00213.
    """

    example_shape = (5, 5, 8, 8)
    usage = "keras.layers.Conv2D(64, 3, padding='same', kernel_initializer={})"

    def __init__(self, **geometry: Any) -> None:
        KernelInitializer.__init__(self, None, **geometry)

    def taps(self, size: int) -> np.ndarray:
        triangle = _triangle(size)
        return np.array(triangle / triangle.sum())


@register("binomial_blur")
class BinomialBlur(_Filter):
    """A blur by binomial coefficients: against aliasing before a stride.

    Formula: along each axis of k taps, the row k - 1 of Pascal's triangle over
    2^(k - 1), from channel i to channel i.

    Use for: a blur before a stride, best as a depthwise convolution that is not
    trained. Not for layers that should learn different filters: all start as the
    same one.

    Args:
        **geometry: As in `VarianceScaling`.

    Raises:
        ValueError: When called, if the kernel has no window.

    Examples:
    >>> import keras, keras_inits
    >>> kernel = keras_inits.BinomialBlur()((3, 1, 1))
    >>> keras.ops.convert_to_numpy(kernel).ravel().tolist()
    [0.25, 0.5, 0.25]

    Reference: Zhang (2019), "Making Convolutional Networks Shift-Invariant Again",
    arXiv 1904.11486.
    """

    example_shape = (5, 5, 8, 8)
    usage = "keras.layers.Conv2D(64, 3, padding='same', kernel_initializer={})"

    def __init__(self, **geometry: Any) -> None:
        KernelInitializer.__init__(self, None, **geometry)

    def taps(self, size: int) -> np.ndarray:
        row = [math.comb(size - 1, j) / 2.0 ** (size - 1) for j in range(size)]
        return np.array(row)
