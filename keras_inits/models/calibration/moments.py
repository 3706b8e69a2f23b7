"""What pre-activations are over a batch, and what brings them to their goal."""

import dataclasses
import math

import keras
import numpy as np

from keras_inits._utils.host_array import numpy_view, to_numpy
from keras_inits._utils.types import Tensor
from keras_inits.models.calibration.goals import Goal

# Below it the spread of a unit is rounding: sums in float32 are off by 3e-7 of their
# terms' size.
CONSTANT = 1e-5
CANCELLED = 10.0  # squared mean by variance at which E x² - (E x)² loses a digit
SMALLEST = 1e-18  # std whose square float32 still holds
BLOCK = 2**17  # values that are summed at a time, in float32: they fit a core's cache


@dataclasses.dataclass(frozen=True)
class Moments:
    """What a kernel's pre-activations were.

    Attributes:
        mean: Of each unit.
        std: Of each unit.
        constant: Which units are constant over the batch.
    """

    mean: np.ndarray
    std: np.ndarray
    constant: np.ndarray

    @property
    def whole(self) -> float:
        """Std of all values, whatever their unit."""
        means = self.mean - self.mean.mean()
        return float(np.sqrt(np.mean(self.std**2 + means**2)))


def moments(x: Tensor, over: tuple[int, ...]) -> Moments:
    """Mean and std of a tensor over some axes, in float32."""
    near = numpy_view(x)
    with np.errstate(invalid="ignore", over="ignore"):  # infinite signals are refused
        if isinstance(near, np.ndarray):
            means, stds = _host_moments(near, over)
        else:
            means, stds = _moments(keras.ops.cast(x, "float32"), over)
    if not (np.isfinite(stds).all() and stds.max() > SMALLEST):
        # Squares left the range of float32, which the values themselves do not.
        x = keras.ops.cast(x, "float32")
        size = float(to_numpy(keras.ops.max(keras.ops.abs(x)))) or 1.0
        means, stds = (found * size for found in _moments(x / size, over))
    return Moments(means, stds, stds <= CONSTANT * np.abs(means))


def _host_moments(
    x: np.ndarray, over: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """The same, block by block: nothing is held of the size of the tensor."""
    kept = [axis for axis in range(x.ndim) if axis not in over]
    size = math.prod(x.shape[axis] for axis in kept)
    rows = x.transpose([*over, *kept]).reshape(-1, size)

    def sums(shift: np.ndarray | None) -> np.ndarray:
        found = np.zeros((2, size))
        for start in range(0, len(rows), step := max(1, BLOCK // size)):
            block = rows[start : start + step].astype("float32", copy=False)
            if shift is not None:
                block = block - shift
            found[0] += np.ones(len(block), "float32") @ block
            found[1] += np.einsum("ij,ij->j", block, block)
        return found / len(rows)

    means, squares = sums(None)
    variances = squares - means**2
    if not (means**2 <= CANCELLED * variances).all():
        shift = means.astype("float32")
        rest, squares = sums(shift)
        means, variances = shift + rest, squares - rest**2
    return means, np.sqrt(np.maximum(variances, 0))


def _moments(x: Tensor, over: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    ops = keras.ops
    mean = ops.mean(x, over, keepdims=True)
    square = _doubles(ops.mean(ops.square(x), over))
    means = _doubles(mean)
    variances = square - means**2
    if not (means**2 <= CANCELLED * variances).all():
        variances = _doubles(ops.mean(ops.square(x - mean), over))
    return means, np.sqrt(variances)


def _doubles(x: Tensor) -> np.ndarray:
    return np.ravel(to_numpy(x)).astype("float64")


class Left(Exception):
    """A weight is left alone; the words say why."""


def finite(found: Moments, path: str) -> None:
    """Refuses pre-activations that are not finite.

    Raises:
        ValueError: If they are not.
    """
    if np.isfinite(found.mean).all() and np.isfinite(found.std).all():
        return
    raise ValueError(
        "Scales are measured on finite signals. Received: pre-activations of "
        f"{path!r} that are infinite or no numbers, from finite data. Nothing was "
        "written. Look at what comes before that layer: "
        "print(keras_inits.diagnose(model, x))."
    )


def solved(
    found: Moments, bias: np.ndarray, movable: bool, goal: Goal, per_unit: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Factors of a kernel's units, and the bias, that bring the goal about.

    With c what the kernel gives, pre-activations are c + b, and shall be s c + b'.

    Args:
        found: The pre-activations as they are.
        bias: Of each unit, zero where there is none.
        movable: Whether the bias may be set.
        goal: What they shall be.
        per_unit: One factor for each unit, and the bias; or one for all, by which the
            bias stays.

    Raises:
        Left: If no unit varies, or a bias alone varies by more than the goal.
    """
    alive = ~found.constant
    if not alive.any() and (per_unit or found.whole == 0):
        raise Left("its units are constant over the batch")
    std = np.broadcast_to(np.asarray(goal.std, "float64"), found.std.shape)
    if per_unit:
        factor = np.where(alive, std / np.where(alive, found.std, 1.0), 1.0)
        if not movable:
            return factor, bias
        wanted = goal.mean - (found.mean - bias) * factor
        return factor, np.where(alive, wanted, bias)
    own = found.mean - bias
    square = np.mean(found.std**2) + np.var(own)
    both = np.mean((own - own.mean()) * (bias - bias.mean()))
    rest = np.var(bias) - np.mean(std**2)
    if rest >= 0:
        raise Left("its bias alone varies by more than its pre-activations shall")
    factor = (math.sqrt(both**2 - square * rest) - both) / square
    return np.full(found.std.shape, factor), bias
