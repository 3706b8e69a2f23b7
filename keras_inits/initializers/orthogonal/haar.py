"""Random orthogonal matrices, uniformly distributed.

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

from types import ModuleType
from typing import Any

import keras
import numpy as np

from keras_inits import sampling
from keras_inits.initializers.computed import Draw

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


def matrices(
    shape: tuple[int, int, int], draw: Draw, ops: ModuleType, stream: str = ""
) -> Any:
    """Independent matrices whose shorter side's vectors are orthonormal.

    Args:
        shape: Number of matrices, their rows and their columns.
        draw: As in `Computed.values`.
        ops: `numpy` or `keras.ops`.
        stream: Name of the stream that they are drawn from.

    Returns:
        A new float32 array or tensor of the shape, Haar-distributed.
    """
    number, rows, columns = shape
    tall = number, max(rows, columns), min(rows, columns)
    gaussian = draw(sampling.normal(0.0, 1.0), tall, stream)
    build = haar if ops is np else staged_haar
    return build(gaussian, wide=rows < columns)
