"""Orthogonal matrices: for dense and recurrent layers, and flattened kernels."""

import math
from types import ModuleType
from typing import Any

import numpy as np

from keras_inits import sampling
from keras_inits._utils import checks
from keras_inits._utils.types import Layout, Shape, Tensor
from keras_inits.initializers import complexes
from keras_inits.initializers.computed import Computed, Draw
from keras_inits.initializers.kernel import KernelInitializer
from keras_inits.initializers.orthogonal import haar
from keras_inits.initializers.registry import register

__all__ = ["BlockRotation", "Orthogonal"]


def checked_gain(gain: Any) -> float:
    """The length of orthogonal vectors, a finite number."""
    return checks.number(
        "gain",
        gain,
        meaning="the length of the orthogonal vectors",
        instead="For ReLU use gain=2**0.5, for linear layers gain=1.",
    )


@register("orthogonal")
class Orthogonal(Computed, KernelInitializer):
    """Kernels that keep the length of signals: for deep and recurrent networks.

    Formula: WᵀW = gain² I if there are at least as many inputs as outputs, else
    WWᵀ = gain² I; uniformly (Haar) distributed; entries have variance gain² /
    max(inputs, outputs).

    Use for: recurrent kernels, and deep networks of tanh or linear layers; for ReLU
    with gain=2**0.5. A convolution becomes orthogonal by `delta_orthogonal`, not by
    this.

    Args:
        gain: Length of the shorter side's vectors; finite float.
        scale_to: "norm" keeps this length; "variance" multiplies it by sqrt(max(1,
            outputs / inputs)), so that white inputs give outputs of variance gain²
            also where there are more outputs than inputs.
        **geometry_and_seed: As in `VarianceScaling`. The kernel is a matrix of inputs
            (and window) by outputs; along batch axes, and for each group and gate, one
            of its own, independent of the others.

    Raises:
        ValueError: At construction, if an argument is out of range; when called, if
            the shape has fewer than two axes.

    Examples:
    All singular values are the gain; of complex types the kernel is unitary:

    >>> import keras, keras_inits, numpy as np
    >>> kernel = keras_inits.Orthogonal(gain=2.0, seed=7)((5, 3))
    >>> kernel = keras.ops.convert_to_numpy(kernel)
    >>> np.linalg.svd(kernel, compute_uv=False).round(4).tolist()
    [2.0, 2.0, 2.0]

    Reference: Saxe, McClelland, Ganguli (2013), "Exact solutions to the nonlinear
    dynamics of learning in deep linear neural networks", arXiv 1312.6120; the
    construction is Stewart's (1980), of unitary matrices Mezzadri's, math-ph/0609050.
    """

    family = "orthogonal"
    takes_complex = True

    def __init__(
        self, gain: float = 1.0, scale_to: str = "norm", **geometry_and_seed: Any
    ) -> None:
        super().__init__(**geometry_and_seed)
        self.gain = checked_gain(gain)
        self.scale_to = checks.choice(
            "scale_to", scale_to, ["norm", "variance"], meaning="what is kept"
        )

    def _factor(self, rows: int, columns: int) -> float:
        if self.scale_to == "norm" or not rows:
            return self.gain
        return self.gain * math.sqrt(max(1.0, columns / rows))

    def expected_std(self, shape: Shape) -> float:
        _, rows, columns = self.geometry.blocks(shape)
        return abs(self._factor(rows, columns)) / math.sqrt(max(rows, columns, 1))

    def compute(
        self, shape: Shape, dtype: str, key: sampling.Key, layout: Layout
    ) -> Tensor:
        if dtype not in complexes.TYPES or 0 in shape:
            return super().compute(shape, dtype, key, layout)
        complexes.check_key(key, self.seed)
        blocks, inputs, outputs = self.geometry.blocks(shape)
        kernel = complexes.unitary((blocks, inputs, outputs), key)
        kernel = self._factor(inputs, outputs) * kernel
        kernel = self.geometry.assembled(kernel, shape, np)
        return complexes.finished(kernel, dtype, layout)

    def values(self, shape: Shape, draw: Draw, ops: ModuleType) -> Any:
        blocks, inputs, outputs = self.geometry.blocks(shape)
        kernel = haar.matrices((blocks, inputs, outputs), draw, ops)
        kernel *= np.float32(self._factor(inputs, outputs))
        return self.geometry.assembled(kernel, shape, ops)


@register("block_rotation")
class BlockRotation(Computed, KernelInitializer):
    """Rotations of pairs of units: for recurrent kernels that keep their state.

    Formula: blocks [[cos a, -sin a], [sin a, cos a]] along the diagonal, a ~ U(low,
    high) for each, else 0; one such matrix for each gate.

    Use for: recurrent kernels that carry a state over hundreds of steps, without an
    activation that squashes it, and with an even number of units. With ReLU use
    `identity`.

    Args:
        low: Smallest angle, in radians; finite float.
        high: Largest angle, in radians; finite float, > low. From 0 to pi / 2 is the
            start of networks by Cayley's transform.
        **geometry_and_seed: As in `VarianceScaling`.

    Raises:
        ValueError: At construction, if an argument is out of range; when called, if
            the matrices are not square, or of odd size.

    Examples:
    >>> import keras, keras_inits, numpy as np
    >>> kernel = keras_inits.BlockRotation(seed=7)((4, 4))
    >>> kernel = keras.ops.convert_to_numpy(kernel)
    >>> np.linalg.svd(kernel, compute_uv=False).round(4).tolist()
    [1.0, 1.0, 1.0, 1.0]

    Reference: Henaff, Szlam, LeCun (2016), "Recurrent Orthogonal Networks and
    Long-Memory Tasks", arXiv 1602.06662; Helfrich, Willmott, Ye (2018), arXiv
    1707.09520.
    """

    usage = "keras.layers.SimpleRNN(64, recurrent_initializer={})"
    family = "orthogonal"

    def __init__(
        self,
        low: float = -math.pi,
        high: float = math.pi,
        **geometry_and_seed: Any,
    ) -> None:
        super().__init__(**geometry_and_seed)
        example = "For all rotations use low=-np.pi, high=np.pi."
        self.low = checks.number(
            "low", low, meaning="the smallest angle", instead=example
        )
        self.high = checks.number(
            "high",
            high,
            above=self.low,
            meaning="the largest angle, beyond `low`,",
            instead=example,
        )

    def expected_std(self, shape: Shape) -> float | None:
        return None if 0 in shape else 1 / math.sqrt(self._size(shape)[1])

    def _size(self, shape: Shape) -> tuple[int, int]:
        blocks, rows, columns = self.geometry.blocks(shape)
        if rows != columns or rows % 2:
            raise ValueError(
                "Rotations of pairs need square matrices of even size. Received: "
                f"shape={shape}. Use (64, 64), or gates=4 for (64, 256)."
            )
        return blocks, rows

    def values(self, shape: Shape, draw: Draw, ops: ModuleType) -> Any:
        blocks, size = self._size(shape)
        half = size // 2
        angles = draw(sampling.uniform(self.low, self.high), (blocks, half))
        cos, sin = ops.cos(angles), ops.sin(angles)
        if ops is np:  # nearly all of the matrix is zero
            kernel = np.zeros((blocks, size, size), dtype="float32")
            even = 2 * np.arange(half)
            kernel[:, even, even], kernel[:, even, even + 1] = cos, -sin
            kernel[:, even + 1, even], kernel[:, even + 1, even + 1] = sin, cos
            return self.geometry.assembled(kernel, shape, ops)
        pairs = ops.reshape(
            ops.stack([cos, -sin, sin, cos], axis=-1), (blocks, half, 2, 1, 2)
        )
        where = np.eye(half, dtype="float32")[None, :, None, :, None]
        return self.geometry.assembled(
            ops.reshape(pairs * where, (blocks, size, size)), shape, ops
        )
