"""Which units of a kernel are equal: by a few numbers a unit.

Each unit's incoming weights are multiplied with a few fixed random vectors. Equal units
get equal numbers, up to the rounding of sums; different ones differ in all of them with
certainty, for all that matters.
"""

from typing import Any, NamedTuple

import keras
import numpy as np

from keras_inits._utils.host_array import numpy_view
from keras_inits._utils.types import Tensor

VECTORS = 4
TOLERANCE = 1e-4  # of the numbers' size: sums in float32 in any order agree better


class View(NamedTuple):
    """How a kernel becomes a matrix (rows, units).

    Attributes:
        order: Its axes, those that are summed over first.
        rows: Product of their sizes.
    """

    order: tuple[int, ...]
    rows: int


def hashes(kernel: Tensor, view: View) -> Any:
    """Random combinations of each unit's incoming weights, (VECTORS, units)."""
    vectors = np.random.default_rng(0).standard_normal((VECTORS, view.rows))
    kernel = numpy_view(kernel)
    ops = np if isinstance(kernel, np.ndarray) else keras.ops
    matrix = ops.reshape(ops.transpose(kernel, view.order), (view.rows, -1))
    if isinstance(matrix, np.ndarray):
        return vectors.astype("float32") @ matrix.astype("float32")
    return ops.matmul(vectors.astype("float32"), ops.cast(matrix, "float32"))


def twins(*tables: np.ndarray) -> int:
    """How many units equal another one in all tables of (VECTORS, units).

    A table of zeros (no gradient at all) makes no difference between units. Tables
    that are not finite compare as different.
    """
    keys = []
    for table in tables:
        size = np.abs(table).max(initial=0.0)
        if not np.isfinite(size):
            return 0
        scale = size * TOLERANCE or 1.0
        keys.append(table.T / scale)
    points = np.concatenate(keys, axis=1)
    # Equal units are neighbours in the order of a sum; neighbours compare in full.
    order = np.argsort(points.sum(axis=1), kind="stable")
    ordered = points[order]
    close = np.abs(np.diff(ordered, axis=0)).max(axis=1, initial=0.0) <= 1
    twin = np.zeros(len(points), bool)
    twin[1:] |= close
    twin[:-1] |= close
    return int(twin.sum())


def interchanged(kernel: np.ndarray) -> np.ndarray:
    """Numbers a unit that stay as they are when units of a recurrence change places.

    What a unit gets from itself, and of what it gets from all others the sum, and the
    sums of squares and cubes. So all units of a multiple of the identity are equal.

    Args:
        kernel: (units, gates · units).

    Returns:
        (4, gates · units).
    """
    units, width = kernel.shape
    columns = np.arange(width)
    values = kernel.astype("float64")
    own = values[columns % units, columns]
    others = values.copy()
    others[columns % units, columns] = 0.0
    return np.stack([own, *((others**power).sum(0) for power in (1, 2, 3))])
