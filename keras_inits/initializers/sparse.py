"""`sparse`: each unit keeps a few of its incoming weights."""

import math
from types import ModuleType
from typing import Any

import numpy as np

from keras_inits import sampling
from keras_inits._utils import checks
from keras_inits._utils.types import Shape
from keras_inits.initializers.computed import Computed, Draw
from keras_inits.initializers.kernel import KernelInitializer
from keras_inits.initializers.registry import register

__all__ = ["Sparse"]

CONNECTIONS = 15  # of a unit, in Martens's networks


@register("sparse")
class Sparse(Computed, KernelInitializer):
    """Few incoming weights for each unit: so that wide layers do not saturate.

    Formula: each unit has exactly min(nnz, fan_in) incoming weights, or fan_in -
    ceil(sparsity * fan_in), at places chosen uniformly and for each unit anew; they
    are N(0, stddev²), the others 0.

    Use for: wide layers of tanh or sigmoid, whose sums should not grow with the
    width. Not to save memory or time: the kernel is dense.

    Args:
        sparsity: Share of zeros; float, 0 <= sparsity < 1, or None.
        nnz: Weights that each unit keeps; int, >= 1, or None. With neither, 15.
        stddev: Std of the weights that are kept; finite float, >= 0.
        preserve_variance: Whether they are divided by the square root of their number,
            so that outputs have the variance stddev² for white inputs.
        **geometry_and_seed: As in `VarianceScaling`.

    Raises:
        ValueError: At construction, if an argument is out of range, or both sparsity
            and nnz are given; when called, if the shape has fewer than two axes.

    Examples:
    >>> import keras, keras_inits
    >>> kernel = keras_inits.Sparse(nnz=2, seed=7)((9, 4))
    >>> (keras.ops.convert_to_numpy(kernel) != 0).sum(axis=0).tolist()
    [2, 2, 2, 2]

    Reference: Martens (2010), "Deep learning via Hessian-free optimization", ICML.
    """

    family = "sparse"

    def __init__(
        self,
        sparsity: float | None = None,
        nnz: int | None = None,
        stddev: float = 1.0,
        preserve_variance: bool = False,
        **geometry_and_seed: Any,
    ) -> None:
        super().__init__(**geometry_and_seed)
        if sparsity is not None and nnz is not None:
            raise ValueError(
                "`sparsity` and `nnz` both say how many weights a unit keeps. "
                f"Received: sparsity={sparsity!r}, nnz={nnz!r}. Give one of them."
            )
        if sparsity is not None:
            sparsity = checks.number(
                "sparsity",
                sparsity,
                minimum=0,
                below=1,
                meaning="the share of zeros",
                instead="For one weight in ten use sparsity=0.9.",
            )
        if nnz is not None:
            nnz = checks.whole(
                "nnz",
                nnz,
                meaning="the number of weights that a unit keeps",
                instead="For example nnz=15.",
            )
        self.sparsity, self.nnz = sparsity, nnz
        self.stddev = checks.number(
            "stddev",
            stddev,
            minimum=0,
            meaning="the std of what is kept",
            instead="For example stddev=1.0.",
        )
        self.preserve_variance = bool(preserve_variance)

    def kept(self, fan_in: int) -> int:
        """How many incoming weights a unit keeps."""
        if self.sparsity is None:
            return min(self.nnz or CONNECTIONS, fan_in)
        # In floats 0.07 * 100 is a little more than 7.
        return fan_in - math.ceil(self.sparsity * fan_in - 1e-9)

    def _std(self, kept: int) -> float:
        return self.stddev / math.sqrt(max(kept, 1) if self.preserve_variance else 1)

    def expected_std(self, shape: Shape) -> float | None:
        if 0 in shape:
            return None
        rows = self.geometry.blocks(shape)[1]
        kept = self.kept(rows)
        return self._std(kept) * math.sqrt(kept / rows)

    def values(self, shape: Shape, draw: Draw, ops: ModuleType) -> Any:
        blocks, rows, columns = self.geometry.blocks(shape)
        kept = self.kept(rows)
        if not kept:
            return ops.zeros(shape, dtype="float32")
        # Units by inputs, so that what is sorted lies in one row of memory.
        size = (blocks, columns, rows)
        ranks = draw(sampling.uniform(0.0, 1.0), size, "places")
        ordered = ops.sort(ranks, axis=-1)
        last = ordered[..., kept - 1 : kept]
        # Numbers of 24 bits tie now and then: then the first places win.
        chosen = ranks <= last
        if ops is not np or np.any(ordered[..., kept : kept + 1] == last):
            below, equal = ranks < last, ranks == last
            room = kept - ops.sum(ops.where(below, 1, 0), axis=-1, keepdims=True)
            first = ops.cumsum(ops.where(equal, 1, 0), axis=-1) <= room
            chosen = ops.logical_or(below, ops.logical_and(equal, first))
        drawn = draw(sampling.normal(0.0, self._std(kept)), size)
        kernel = ops.where(chosen, drawn, np.float32(0))
        kernel = ops.swapaxes(kernel, -1, -2)
        return self.geometry.assembled(kernel, shape, ops)
