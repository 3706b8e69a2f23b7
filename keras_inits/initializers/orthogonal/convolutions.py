"""Orthogonal convolutions: kernels that keep the length of whole images."""

import math
from types import ModuleType
from typing import Any

import numpy as np

from keras_inits import sampling
from keras_inits._utils import checks
from keras_inits._utils.types import Shape
from keras_inits.initializers.computed import Computed, Draw
from keras_inits.initializers.kernel import KernelInitializer
from keras_inits.initializers.orthogonal import haar
from keras_inits.initializers.orthogonal.matrices import checked_gain
from keras_inits.initializers.registry import register
from keras_inits.initializers.structure.filters import middle_tap, windowless

__all__ = ["ConvOrthogonal", "ConvolutionAware", "DeltaOrthogonal"]


class _Convolution(Computed, KernelInitializer):
    """A kernel with a window, and at least as many outputs as inputs."""

    family = "orthogonal"
    gain: float

    def sizes(self, shape: Shape) -> tuple[Shape, int, int, int]:
        """Shape with one tap, number of maps, their inputs and their outputs."""
        flat = windowless(self.geometry, shape)
        if len(shape) > 5:
            raise ValueError(
                "Convolutions have one to three axes of a window. Received: "
                f"shape={shape}. Use (3, 3, 3, 16, 32)."
            )
        blocks, rows, columns = self.geometry.blocks(flat)
        if rows > columns:
            raise ValueError(
                "A convolution that keeps lengths needs at least as many outputs as "
                f"inputs. Received: {rows} inputs and {columns} outputs in a group, "
                f"shape={shape}. Use more filters, or a strided layer with "
                "'orthogonal' first."
            )
        return flat, blocks, rows, columns

    def expected_std(self, shape: Shape) -> float | None:
        if 0 in shape:
            return None
        flat, _, _, columns = self.sizes(shape)
        taps = math.prod(shape) // math.prod(flat)
        return abs(self.gain) / math.sqrt(taps * columns)


@register("delta_orthogonal")
class DeltaOrthogonal(_Convolution):
    """An orthogonal matrix at the middle tap: for very deep convolutional networks.

    Formula: w = gain * H at the tap (k - 1) // 2, H with orthonormal rows, uniformly
    (Haar) distributed, else 0.

    Use for: very deep convolutional networks without normalization, in layers with
    at least as many outputs as inputs. If every tap should start above zero, use
    `conv_orthogonal`.

    Args:
        gain: Length of the rows; finite float.
        **geometry_and_seed: As in `VarianceScaling`.

    Raises:
        ValueError: At construction, if `gain` is not a finite number; when called, if
            the kernel has no window, or more inputs than outputs.

    Examples:
    >>> import keras, keras_inits
    >>> kernel = keras_inits.DeltaOrthogonal(seed=7)((3, 4, 8))
    >>> kernel = keras.ops.convert_to_numpy(kernel)
    >>> (kernel**2).sum(axis=(1, 2)).round(4).tolist()
    [0.0, 4.0, 0.0]

    Reference: Xiao et al. (2018), "Dynamical Isometry and a Mean Field Theory of CNNs",
    arXiv 1806.05393, algorithm 2.
    """

    example_shape = (3, 3, 8, 8)
    usage = "keras.layers.Conv2D(64, 3, padding='same', kernel_initializer={})"

    def __init__(self, gain: float = 1.0, **geometry_and_seed: Any) -> None:
        super().__init__(**geometry_and_seed)
        self.gain = checked_gain(gain)

    def values(self, shape: Shape, draw: Draw, ops: ModuleType) -> Any:
        flat, blocks, rows, columns = self.sizes(shape)
        drawn = self.gain * haar.matrices((blocks, rows, columns), draw, ops)
        middle = middle_tap(self.geometry, shape).astype("float32")
        return self.geometry.assembled(drawn, flat, ops) * middle


Taps = dict[tuple[int, ...], Any]  # matrices by their place in the window


def _wider(taps: Taps, projection: Any, axis: int, ops: ModuleType) -> Taps:
    """A kernel convolved along an axis with two taps: a projection P, and 1 - P."""
    found: Taps = {}
    for place, tap in taps.items():
        kept = ops.matmul(tap, projection)
        after = tuple(n + (a == axis) for a, n in enumerate(place))
        for to, part in ((place, kept), (after, tap - kept)):
            found[to] = found[to] + part if to in found else part
    return found


@register("conv_orthogonal")
class ConvOrthogonal(_Convolution):
    """A convolution all of whose singular values are equal, with every tap used.

    Formula: gain times an orthogonal matrix, convolved with k - 1 blocks of two taps
    along each axis, P and 1 - P of random projections P. Exact where images are
    continued periodically; other paddings lose a little at the borders.

    Use for: convolutions of stride 1 that must keep lengths, as in Lipschitz
    networks. Not for fewer outputs than inputs or windows of unequal sides, which
    it refuses.

    Args:
        gain: The singular values; finite float.
        rank: Rank of the projections; int from 0 to the outputs of a group, or None to
            keep each direction with probability 1/2.
        **geometry_and_seed: As in `VarianceScaling`.

    Raises:
        ValueError: At construction, if an argument is out of range; when called, if
            the kernel has no window, one of unequal sizes, or more inputs than outputs.

    Examples:
    The taps of an orthogonal convolution sum to an orthogonal matrix:

    >>> import keras, keras_inits, numpy as np
    >>> kernel = keras_inits.ConvOrthogonal(seed=7)((3, 4, 8))
    >>> summed = keras.ops.convert_to_numpy(kernel).sum(axis=0)
    >>> np.linalg.svd(summed, compute_uv=False).round(4).tolist()
    [1.0, 1.0, 1.0, 1.0]

    Reference: Xiao et al. (2018), arXiv 1806.05393, algorithm 1; Li et al. (2019),
    "Preventing Gradient Attenuation in Lipschitz Constrained Convolutional Networks",
    arXiv 1911.00937, for the rank of half the outputs.
    """

    example_shape = (3, 3, 8, 8)
    usage = "keras.layers.Conv2D(64, 3, padding='same', kernel_initializer={})"

    def __init__(
        self, gain: float = 1.0, rank: int | None = None, **geometry_and_seed: Any
    ) -> None:
        super().__init__(**geometry_and_seed)
        self.gain = checked_gain(gain)
        if rank is not None:
            rank = checks.whole(
                "rank",
                rank,
                minimum=0,
                meaning="the rank of the projections",
                instead="For half of 32 outputs use rank=16.",
            )
        self.rank = rank

    def _projection(
        self, name: str, number: int, size: int, draw: Draw, ops: Any
    ) -> Any:
        vectors = haar.matrices((number, size, size), draw, ops, name)
        if self.rank is None:
            coins = draw(sampling.uniform(-1.0, 1.0), (number, size), f"{name} kept")
            kept = ops.where(coins > 0, 1.0, 0.0)[:, None, :]
        else:
            kept = (np.arange(size) < self.rank).astype("float32")
        return ops.matmul(vectors * kept, ops.swapaxes(vectors, -1, -2))

    def values(self, shape: Shape, draw: Draw, ops: ModuleType) -> Any:
        _, blocks, rows, columns = self.sizes(shape)
        window = [shape[axis] for axis in self.geometry.window(shape)]
        if len(set(window)) > 1:
            raise ValueError(
                "An orthogonal convolution is built for windows of equal sizes. "
                f"Received: window={tuple(window)} in shape={shape}. Use "
                "'delta_orthogonal', or a window of 3 by 3."
            )
        rank = len(window)
        whole = haar.matrices((blocks, rows, columns), draw, ops)
        taps = {(0,) * rank: self.gain * whole}
        for number in range(window[0] - 1):
            for axis in range(rank):
                name = f"projection {number} {axis}"
                projection = self._projection(name, blocks, columns, draw, ops)
                taps = _wider(taps, projection, axis, ops)
        stacked = ops.stack([taps[place] for place in sorted(taps)], axis=1)
        # Rows of a kernel's matrix are the window, then the inputs.
        kernel = ops.reshape(stacked, (blocks, -1, columns))
        return self.geometry.assembled(kernel, shape, ops)


@register("convolution_aware")
class ConvolutionAware(Computed, KernelInitializer):
    """Filters of one output that are orthogonal to each other: for convolutions.

    Formula: for each output, the filters of its inputs are orthonormal vectors of R
    taps in blocks of R, uniformly (Haar) distributed, times sqrt(scale / inputs); plus
    N(0, noise²). Their mean square is scale / fan_in without noise. So are their
    Fourier transforms, from which the paper starts.

    Use for: convolutions with ReLU whose filters should not resemble each other.
    Not for windows of one tap, where `orthogonal` does it.

    Args:
        scale: Mean square times fan_in; finite float, > 0.
        noise: Std of what is added; finite float, >= 0.
        **geometry_and_seed: As in `VarianceScaling`.

    Raises:
        ValueError: At construction, if an argument is out of range; when called, if
            the kernel has no window of more than one tap.

    Examples:
    >>> import keras, keras_inits, numpy as np
    >>> kernel = keras_inits.ConvolutionAware(seed=7)((3, 3, 4, 8))
    >>> kernel = keras.ops.convert_to_numpy(kernel)
    >>> round(float((kernel**2).mean()), 5), round(2 / (3 * 3 * 4), 5)
    (0.05556, 0.05556)

    Reference: Aghajanyan (2017), "Convolution Aware Initialization", arXiv 1702.06295.
    """

    example_shape = (3, 3, 8, 8)
    usage = "keras.layers.Conv2D(64, 3, padding='same', kernel_initializer={})"
    family = "orthogonal"

    def __init__(
        self, scale: float = 2.0, noise: float = 0.0, **geometry_and_seed: Any
    ) -> None:
        super().__init__(**geometry_and_seed)
        self.scale = checks.number(
            "scale",
            scale,
            above=0,
            meaning="the mean square times fan_in",
            instead="For ReLU use scale=2.0.",
        )
        self.noise = checks.number(
            "noise",
            noise,
            minimum=0,
            meaning="the std of what is added",
            instead="For none use noise=0.",
        )

    def expected_std(self, shape: Shape) -> float | None:
        if 0 in shape:
            return None
        return math.sqrt(self.scale / self.fans(shape).fan_in + self.noise**2)

    def values(self, shape: Shape, draw: Draw, ops: ModuleType) -> Any:
        flat = windowless(self.geometry, shape)
        blocks, inputs, outputs = self.geometry.blocks(flat)
        taps = math.prod(shape) // math.prod(flat)
        if taps == 1:
            raise ValueError(
                "Filters need a window of more than one tap. Received: "
                f"shape={shape}. Use 'orthogonal'."
            )
        each = -(-inputs // taps)  # matrices for one output
        drawn = haar.matrices((blocks * outputs * each, taps, taps), draw, ops)
        filters = ops.reshape(drawn, (blocks, outputs, each * taps, taps))[
            :, :, :inputs
        ]
        kernel = math.sqrt(self.scale / inputs) * ops.transpose(filters, (0, 3, 2, 1))
        kernel = ops.reshape(kernel, (blocks, taps * inputs, outputs))
        if self.noise:
            kernel = kernel + draw(
                sampling.normal(0.0, self.noise), tuple(kernel.shape), "noise"
            )
        return self.geometry.assembled(kernel, shape, ops)
