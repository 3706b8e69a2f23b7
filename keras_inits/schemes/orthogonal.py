"""Orthogonal kernels: maps that keep lengths.

A uniformly distributed (Haar) orthogonal matrix is the Q of the QR factorisation of a
Gaussian matrix, with the signs that make the diagonal of R positive. Householder's
factorisation maps column `k` of what is left to a multiple of a unit vector. What is
left is again Gaussian and independent of the reflection, so instead of computing it one
may draw it: the reflections of independent Gaussian vectors of lengths n, n-1, ... give
the same law in half the work. And no near-singular matrix is ever factored: each
reflection depends on its own vector only, so float32 is accurate and machines agree.

Reference: Stewart (1980), "The Efficient Generation of Random Orthogonal Matrices with
an Application to Condition Estimators", SIAM J. Numer. Anal. 17(3); Mezzadri (2007),
"How to generate random matrices from the classical compact groups", math-ph/0609050.
"""

import math
from typing import Any

import keras
import numpy as np

from keras_inits import checks, geometry, sampling
from keras_inits.base import KernelInitializer
from keras_inits.registry import register

BLOCK = 128  # reflections applied at once, as products of matrices
SHORTEST = 1e-15  # a vector of exact zeros still needs a reflection


def _block(gaussian: Any, ops: Any) -> tuple[Any, Any, Any]:
    """A block of reflections, in the compact form I - V T Vᵀ.

    T is the inverse of the upper triangle of VᵀV, its diagonal halved.

    Args:
        gaussian: (rows, width), rows >= width; its lower trapezoid is used.
        ops: `numpy` or `keras.ops`.

    Returns:
        V, V T, and the first `width` columns of the product of the reflections, with
        the signs of a factorisation whose R has a positive diagonal.
    """
    rows, width = gaussian.shape
    vectors = ops.tril(gaussian)
    axes = ops.eye(rows, width, dtype="float32")
    ones = ops.ones((width,), dtype="float32")
    signs = ops.where(ops.diagonal(vectors) < 0, -ones, ones)
    lengths = ops.sqrt(ops.sum(vectors * vectors, axis=0))
    # Away from the axis, so that no digits cancel: it maps to -sign * length.
    vectors = vectors + axes * (signs * ops.maximum(lengths, SHORTEST))
    gram = ops.matmul(ops.transpose(vectors), vectors)
    halved = ops.triu(gram) * (1 - ops.eye(width, dtype="float32") / 2)
    inverse = np.linalg.inv if ops is np else ops.inv
    left = ops.matmul(vectors, inverse(halved))
    first = (ops.matmul(left, ops.transpose(vectors[:width])) - axes) * signs
    return vectors, left, first


def _starts(columns: int) -> range:
    return range((columns - 1) // BLOCK * BLOCK, -1, -BLOCK)


def haar(gaussian: np.ndarray) -> np.ndarray:
    """Orthonormal columns, Haar-distributed, from a tall Gaussian matrix.

    Args:
        gaussian: (rows, columns) of N(0, 1), float32, rows >= columns; its lower
            trapezoid is used.

    Returns:
        A new (rows, columns) float32 array.
    """
    rows, columns = gaussian.shape
    result = np.zeros((rows, columns), np.float32)
    for start in _starts(columns):
        end = min(start + BLOCK, columns)
        vectors, left, first = _block(gaussian[start:, start:end], np)
        later = result[end:, end:]
        result[start:, end:] -= left @ (vectors[end - start :].T @ later)
        result[start:, start:end] = first
    return result


def staged_haar(gaussian: Any) -> Any:
    """`haar` as a program, where nothing can be written in place."""
    ops = keras.ops
    rows, columns = gaussian.shape
    result = ops.zeros((rows - columns, 0), dtype="float32")
    for start in _starts(columns):
        width = min(BLOCK, columns - start)
        part = gaussian[start:, start : start + width]
        vectors, left, first = _block(part, ops)
        rest = -ops.matmul(left, ops.matmul(ops.transpose(vectors[width:]), result))
        rest = ops.concatenate([rest[:width], rest[width:] + result], axis=0)
        result = ops.concatenate([first, rest], axis=1)
    return result


@register("orthogonal")
class Orthogonal(KernelInitializer):
    """Kernels with orthonormal rows or columns, uniformly distributed.

    Formula: WᵀW = gain² I if there are at least as many inputs as outputs, else
    WWᵀ = gain² I; Haar-distributed; entries have variance gain² / max(inputs, outputs).

    Args:
        gain: Length of the shorter side's vectors; finite float.
        seed: Int (same values on every call), `keras.random.SeedGenerator` or None.
        input_axes, output_axes: As in `VarianceScaling`; the kernel is the matrix of
            inputs (and receptive field) by outputs.

    Call arguments:
        shape: `(*window, inputs, units)` unless the axes are given.

    Raises:
        ValueError: At construction, if `gain` is not a finite number; when called, if
            the shape has fewer than two axes.

    Example:
    >>> import keras, keras_inits, numpy as np
    >>> kernel = keras_inits.Orthogonal(gain=2.0, seed=7)((5, 3))
    >>> kernel = keras.ops.convert_to_numpy(kernel)
    >>> bool(abs(kernel.T @ kernel - 4 * np.eye(3)).max() < 1e-5)
    True

    Reference: Saxe, McClelland, Ganguli (2013), "Exact solutions to the nonlinear
    dynamics of learning in deep linear neural networks", arXiv 1312.6120; the
    construction is Stewart's (1980).
    """

    def __init__(self, gain: float = 1.0, **geometry_and_seed: Any) -> None:
        super().__init__(**geometry_and_seed)
        self.gain = checks.number(
            "gain",
            gain,
            meaning="the length of the orthogonal vectors",
            instead="For ReLU use gain=2**0.5, for linear layers gain=1.",
        )

    def compute(
        self, shape: tuple[int, ...], dtype: str, key: sampling.Key, layout: Any
    ) -> Any:
        view = geometry.matrix_view(shape, self.input_axes, self.output_axes)
        inputs = math.prod(shape[axis] for axis in view.rows)
        outputs = math.prod(shape[axis] for axis in view.columns)
        tall = max(inputs, outputs), min(inputs, outputs)
        law = sampling.normal(0.0, 1.0)
        if sampling.is_tracing():
            ops, kernel = (
                keras.ops,
                staged_haar(sampling.draw(law, tall, "float32", key)),
            )
        else:
            ops, kernel = np, haar(sampling.draw_on_host(law, tall, "float32", key))
        kernel *= np.float32(self.gain)
        if inputs < outputs:
            kernel = ops.transpose(kernel)
        order = view.rows + view.columns
        kernel = ops.reshape(kernel, [shape[axis] for axis in order])
        kernel = ops.transpose(
            kernel, [order.index(axis) for axis in range(len(order))]
        )
        return sampling.finished(kernel, dtype, layout)
