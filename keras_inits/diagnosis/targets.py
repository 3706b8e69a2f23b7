"""Figures of the targets of a model, before they are given to its loss."""

import math
from typing import Any

import keras
import numpy as np

from keras_inits._utils.host_array import to_numpy
from keras_inits.diagnosis.outputs import TargetRecord

MOST = 2**16  # numbers that are looked at
ALL = 2**24  # numbers of which the smallest and the largest are looked for
CLOSE = 1e-3  # by which sums of float16 probabilities may miss one


class Targets:
    """Collects the targets of one output.

    Args:
        ignored: Class that the loss leaves out, or None.
    """

    def __init__(self, ignored: int | None = None) -> None:
        self.ignored = ignored
        self.shape: tuple[int, ...] = ()
        self.dtype = ""
        self.parts: list[np.ndarray] = []
        self.whole = False  # whether all there are were looked at
        self.constant: list[bool] = []
        self.low, self.high = math.inf, -math.inf

    def add(self, y: Any, is_batch: bool = True) -> None:
        """Merges targets.

        Args:
            y: An array or a tensor.
            is_batch: Whether they are what one step is given.
        """
        if not hasattr(y, "shape") or getattr(y, "sparse", False):
            return
        foreign = not keras.ops.is_tensor(y)
        if hasattr(y, "detach"):
            y = y.detach().cpu()
        array = np.asarray(y) if foreign else to_numpy(y)
        if array.dtype.kind not in "biuf" and "float" not in array.dtype.name:
            return
        if is_batch:
            self.constant.append(_same_rows(array))
            if self.whole:
                return
        self.whole |= not is_batch
        if not self.parts or array.shape[1:] == self.shape[1:]:
            self.shape = self.shape or tuple(array.shape)
            self.dtype = self.dtype or array.dtype.name
            self.parts.append(_some_rows(array, MOST))
            self._see_ends(_some_rows(array, ALL))

    def _see_ends(self, array: np.ndarray) -> None:
        """The smallest and the largest value, nan aside: one odd label is enough."""
        array = array.astype("float32") if array.dtype.kind == "V" else array
        if self.ignored is not None:
            array = array[array != self.ignored]
        finite = array[np.isfinite(array)] if array.dtype.kind == "f" else array
        if finite.size:
            self.low = min(self.low, float(finite.min()))
            self.high = max(self.high, float(finite.max()))

    def values(self) -> np.ndarray | None:
        """All that were looked at, (samples, ...), float64; None without any."""
        return np.concatenate(self.parts).astype("float64") if self.parts else None

    def record(self) -> TargetRecord | None:
        """The figures; None where there are no numbers."""
        values = self.values()
        if values is None or not values.size:
            return None
        good = values[np.isfinite(values)]
        if self.ignored is not None:
            good = good[good != self.ignored]
        if not good.size:
            good = np.zeros(1)
        return TargetRecord(
            shape=self.shape,
            dtype=self.dtype,
            low=self.low if math.isfinite(self.low) else 0.0,
            high=self.high if math.isfinite(self.high) else 0.0,
            mean=float(good.mean()),
            std=float(good.std()),
            rms=float(np.sqrt(np.mean(good**2))),
            distinct=len(np.unique(good)),
            integers=bool((good == np.round(good)).all()),
            rows=_rows(values),
            positives=float((good > 0).mean()),
            constant=bool(self.constant) and all(self.constant),
            finite=bool(np.isfinite(values).all()),
            ignored=self.ignored,
            shuffled=self.whole and not _same_rows(values),
        )


def unreachable(
    values: np.ndarray | None, bounds: tuple[float, float], is_softmax: bool, units: int
) -> float | None:
    """Part of the variance of targets that no output within bounds explains.

    Args:
        values: The targets.
        bounds: Smallest and largest output.
        is_softmax: Whether outputs sum to one as well.
        units: Of the output.
    """
    if values is None or not np.isfinite(values).all():
        return None
    variance = float(values.var())
    if variance == 0:
        return None
    miss = (values - np.clip(values, *bounds)) ** 2
    if is_softmax and units > 1 and values.ndim > 1 and values.shape[-1] == units:
        # The nearest row that sums to one is off by the same in every column.
        off = (values.sum(-1, keepdims=True) - 1) / units
        miss = np.maximum(miss, np.where(abs(off) > CLOSE, off, 0.0) ** 2)
    return float(miss.mean()) / variance


def _some_rows(array: np.ndarray, most: int) -> np.ndarray:
    """All rows, or evenly spaced ones."""
    return array[:: max(1, math.ceil(array.size / most))] if array.ndim else array[None]


def _same_rows(array: np.ndarray) -> bool:
    """Whether two samples or more have the same target."""
    return len(array) > 1 and bool((array == array[:1]).all())


def _rows(values: np.ndarray) -> str | None:
    if values.ndim < 2 or values.shape[-1] < 2 or not np.isfinite(values).all():
        return None
    if values.min() < 0 or values.max() > 1:
        return None
    sums = values.sum(-1)  # rows of zeros only belong to no class
    ones = bool(((abs(sums - 1) <= CLOSE) | (sums == 0)).all())
    if bool(((values == 0) | (values == 1)).all()):
        return "one-hot" if ones else "several-hot"
    return "probabilities" if ones else None
