"""The orthogonal initializer: kernels that keep the length of signals.

A uniformly distributed (Haar) orthogonal matrix is the Q of the QR factorisation of a
Gaussian matrix, with the signs that make the diagonal of R positive. Householder's
factorisation maps column `k` of what is left to a multiple of a unit vector. What is
left is again Gaussian and independent of the reflection, so instead of computing it one
may draw it: the reflections of independent Gaussian vectors of lengths n, n-1, ... give
the same distribution in half the work. And no near-singular matrix is ever factored:
each reflection depends on its own vector only, so float32 is accurate and machines
agree.

Reference: Stewart (1980), "The Efficient Generation of Random Orthogonal Matrices with
an Application to Condition Estimators", SIAM J. Numer. Anal. 17(3); Mezzadri (2007),
"How to generate random matrices from the classical compact groups", math-ph/0609050.
"""

import math
from typing import Any

import keras
import numpy as np

from keras_inits import sampling
from keras_inits._utils import checks
from keras_inits._utils.types import Layout
from keras_inits.initializers.base import KernelInitializer
from keras_inits.initializers.registry import register

__all__ = ["Orthogonal"]

BLOCK = 128  # reflections applied at once, as products of matrices
SHORTEST = 1e-15  # a vector of exact zeros still needs a reflection


def _block(gaussian: Any, ops: Any) -> tuple[Any, Any, Any]:
    """A block of reflections, in the compact form I - V T Vᵀ.

    T is the inverse of the upper triangle of VᵀV, its diagonal halved.

    Args:
        gaussian: (..., rows, width), rows >= width; its lower trapezoid is used.
        ops: `numpy` or `keras.ops`.

    Returns:
        V, V T, and the first `width` columns of the product of the reflections, with
        the signs of a factorisation whose R has a positive diagonal.
    """
    rows, width = gaussian.shape[-2:]
    vectors = ops.tril(gaussian)
    axes = ops.eye(rows, width, dtype="float32")
    diagonal = ops.diagonal(vectors, axis1=-2, axis2=-1)
    ones = ops.ones_like(diagonal)
    signs = ops.where(diagonal < 0, -ones, ones)
    lengths = ops.sqrt(ops.sum(vectors * vectors, axis=-2))
    # Away from the axis, so that no digits cancel: it maps to -sign * length.
    moved = (signs * ops.maximum(lengths, SHORTEST))[..., None, :]
    vectors = vectors + axes * moved
    gram = ops.matmul(ops.swapaxes(vectors, -1, -2), vectors)
    halved = ops.triu(gram) * (1 - ops.eye(width, dtype="float32") / 2)
    inverse = np.linalg.inv if ops is np else ops.inv
    left = ops.matmul(vectors, inverse(halved))
    top = ops.swapaxes(vectors[..., :width, :], -1, -2)
    first = (ops.matmul(left, top) - axes) * signs[..., None, :]
    return vectors, left, first


def _starts(columns: int) -> range:
    return range((columns - 1) // BLOCK * BLOCK, -1, -BLOCK)


def _flipped(matrices: np.ndarray) -> np.ndarray:
    return np.swapaxes(matrices, -1, -2)


def haar(gaussian: np.ndarray, wide: bool = False) -> np.ndarray:
    """Orthonormal columns, or rows, Haar-distributed, from tall Gaussian matrices.

    Args:
        gaussian: (matrices, rows, columns) of N(0, 1), float32, rows >= columns; the
            lower trapezoids are used.
        wide: Whether to return the transposes.

    Returns:
        A new contiguous float32 array (matrices, rows, columns), or (matrices,
        columns, rows) where `wide`.
    """
    matrices, rows, columns = gaussian.shape
    shape = (matrices, columns, rows) if wide else (matrices, rows, columns)
    whole = sampling.empty_on_host(shape)
    whole.fill(0)
    result = _flipped(whole) if wide else whole
    for start in _starts(columns):
        end = min(start + BLOCK, columns)
        vectors, left, first = _block(gaussian[:, start:, start:end], np)
        tail, later = vectors[:, end - start :], result[:, end:, end:]
        if wide:  # each product in the memory order of what it is taken from
            change = _flipped(_flipped(later) @ tail @ _flipped(left))
        else:
            change = left @ (_flipped(tail) @ later)
        result[:, start:, end:] -= change
        result[:, start:, start:end] = first
    return whole


def staged_haar(gaussian: Any, wide: bool = False) -> Any:
    """`haar` as a program, where nothing can be written in place."""
    ops = keras.ops
    matrices, rows, columns = gaussian.shape
    result = ops.zeros((matrices, rows - columns, 0), dtype="float32")
    for start in _starts(columns):
        width = min(BLOCK, columns - start)
        part = gaussian[:, start:, start : start + width]
        vectors, left, first = _block(part, ops)
        tail = ops.swapaxes(vectors[:, width:], -1, -2)
        rest = -ops.matmul(left, ops.matmul(tail, result))
        rest = ops.concatenate([rest[:, :width], rest[:, width:] + result], axis=1)
        result = ops.concatenate([first, rest], axis=2)
    return ops.swapaxes(result, -1, -2) if wide else result


@register("orthogonal")
class Orthogonal(KernelInitializer):
    """Kernels that keep the length of signals: for deep and recurrent networks.

    Formula: WᵀW = gain² I if there are at least as many inputs as outputs, else
    WWᵀ = gain² I; uniformly (Haar) distributed; entries have variance gain² /
    max(inputs, outputs).

    Args:
        gain: Length of the shorter side's vectors; finite float.
        **geometry_and_seed: As in `VarianceScaling`. The kernel is a matrix of inputs
            (and window) by outputs; along batch axes, and for each group and gate, one
            of its own, independent of the others.

    Raises:
        ValueError: At construction, if `gain` is not a finite number; when called, if
            the shape has fewer than two axes.

    Examples:
    All singular values are the gain:

    >>> import keras, keras_inits, numpy as np
    >>> kernel = keras_inits.Orthogonal(gain=2.0, seed=7)((5, 3))
    >>> kernel = keras.ops.convert_to_numpy(kernel)
    >>> np.linalg.svd(kernel, compute_uv=False).round(4).tolist()
    [2.0, 2.0, 2.0]

    Reference: Saxe, McClelland, Ganguli (2013), "Exact solutions to the nonlinear
    dynamics of learning in deep linear neural networks", arXiv 1312.6120; the
    construction is Stewart's (1980).
    """

    family = "orthogonal"

    def __init__(self, gain: float = 1.0, **geometry_and_seed: Any) -> None:
        super().__init__(**geometry_and_seed)
        self.gain = checks.number(
            "gain",
            gain,
            meaning="the length of the orthogonal vectors",
            instead="For ReLU use gain=2**0.5, for linear layers gain=1.",
        )

    def expected_std(self, shape: tuple[int, ...]) -> float:
        _, rows, columns = self.geometry.blocks(shape)
        return abs(self.gain) / math.sqrt(max(rows, columns, 1))

    def compute(
        self, shape: tuple[int, ...], dtype: str, key: sampling.Key, layout: Layout
    ) -> Any:
        blocks, inputs, outputs = self.geometry.blocks(shape)
        tall = blocks, max(inputs, outputs), min(inputs, outputs)
        distribution = sampling.normal(0.0, 1.0)
        if sampling.is_tracing():
            ops, gaussian = keras.ops, sampling.draw(distribution, tall, "float32", key)
            orthogonal = staged_haar
        else:
            ops, gaussian = (
                np,
                sampling.draw_on_host(distribution, tall, "float32", key),
            )
            orthogonal = haar
        kernel = orthogonal(gaussian, wide=inputs < outputs)
        kernel *= np.float32(self.gain)
        kernel = self.geometry.assembled(kernel, shape, ops)
        return sampling.finished(kernel, dtype, layout)
