"""Figures of tensors: from a bounded sample of each batch, merged over batches.

`pick` slices the sample on the device; all else is NumPy in float64: no sum of squares
or cubes leaves its range, even where networks explode.
"""

import math
from typing import Any

import keras
import ml_dtypes
import numpy as np

from keras_inits._utils.types import Tensor
from keras_inits.signals.records import GradientStats, TensorStats

LIMIT = 2**15  # values looked at in a tensor: std to 0.4 %, 128 KiB
SAMPLES = 32  # of them, samples that are kept before units are left out
ROWS = 256  # of them, rows in the matrix whose effective rank is asked for
VALUES = 4096  # of them, values in the histogram
BINS = 40
# Where the slope of an activation is below a tenth of its largest, by its output.
FLAT = {
    "tanh": lambda a: np.abs(a) > math.sqrt(0.9),  # slope 1 - a²
    "sigmoid": lambda a: a * (1 - a) < 0.025,  # slope a (1 - a), at most 1/4
    "hard_tanh": lambda a: np.abs(a) >= 1,
    "hard_sigmoid": lambda a: (a <= 0) | (a >= 1),
    "relu6": lambda a: a >= 6,
    "softsign": lambda a: np.abs(a) > 1 - math.sqrt(0.1),  # slope (1 - |a|)²
    # One probability above 0.99 leaves slopes p (1 - p) below 0.01, of at most 1/4.
    "softmax": lambda a: a.max(-1) > 0.99,
}


def coprime_step(size: int, wanted: int) -> int:
    """The smallest step that leaves at most `wanted` of `size`, prime to the size.

    A step that divides the width of a picture would look at one column of it only.
    """
    step = max(1, math.ceil(size / max(1, wanted)))
    while step > 1 and math.gcd(step, size) > 1:
        step += 1
    return step


def pick(x: Tensor, channels_first: bool = False) -> Any:
    """At most `LIMIT` values of a tensor, as (samples, positions, units).

    All of a tensor that is small enough; else evenly spaced positions, and where one
    position of each sample is still too much, evenly spaced units and samples.

    Args:
        x: Array or tensor of known shape: (samples, ..., units), or (samples, units,
            ...).
        channels_first: Whether axis 1 holds the units.
    """
    ops = np if isinstance(x, np.ndarray) else keras.ops
    shape = tuple(int(size) for size in x.shape)
    if len(shape) < 2:
        x = ops.reshape(x, (-1, 1, 1))
    elif channels_first and len(shape) > 2:
        x = ops.reshape(x, (shape[0], shape[1], math.prod(shape[2:])))
    else:
        positions = math.prod(shape[1:-1])
        x = ops.reshape(x, (shape[0], positions, shape[-1]))
    first = channels_first and len(shape) > 2
    samples, a, b = (int(size) for size in x.shape)
    positions, units = (b, a) if first else (a, b)
    by_unit = max(1, math.ceil(units * min(samples, SAMPLES) / LIMIT))
    by_sample = LIMIT // math.ceil(units / by_unit)
    by_sample = max(1, math.ceil(samples / max(1, by_sample)))
    kept = math.ceil(samples / by_sample) * math.ceil(units / by_unit)
    by_position = coprime_step(positions, LIMIT // max(1, kept))
    if first:
        x = x[::by_sample, ::by_unit, ::by_position]
        return ops.transpose(x, (0, 2, 1))
    return x[::by_sample, ::by_position, ::by_unit]


def effective_rank(rows: np.ndarray) -> float:
    """Participation ratio (Σλ)²/Σλ² of the eigenvalues of the rows' covariance.

    It is r for r directions of equal variance. 0 for rows that are all the same.

    Examples:
    >>> import numpy as np
    >>> from keras_inits.signals.statistics import effective_rank
    >>> float(round(effective_rank(np.array([[1, 0], [-1, 0], [0, 1], [0, -1.0]])), 6))
    2.0
    """
    centred = rows - rows.mean(0)
    scale = np.abs(centred).max(initial=0.0)
    if scale == 0:
        return 0.0
    gram = (centred / scale).astype("float32")  # 1 at most: no square is out of range
    gram = gram @ gram.T if len(gram) <= gram.shape[1] else gram.T @ gram
    return float(np.trace(gram) ** 2 / np.sum(gram**2))


def difference(samples: np.ndarray) -> float | None:
    """1 − the mean cosine between different rows; None without two rows that are not 0.

    With unit rows u and their mean ū it is Σ|u − ū|²/(n − 1), which has no
    cancellation where all cosines are nearly 1.
    """
    norms = np.linalg.norm(samples, axis=1)
    if not norms.all():
        samples, norms = samples[norms > 0], norms[norms > 0]
    if len(samples) < 2:
        return None
    spread = samples / norms[:, None]
    spread -= spread.mean(0)
    return float(np.vdot(spread, spread) / (len(spread) - 1))


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


class Moments:
    """Count, mean and central moments of all values added."""

    def __init__(self) -> None:
        self.count, self.mean, self.second, self.third = 0, 0.0, 0.0, 0.0

    def add(self, values: np.ndarray) -> None:
        """Merges further values, exactly, as Pébay (2008) has it."""
        n = int(values.size)
        if not n:
            return
        mean = float(values.mean())
        centred = np.ravel(values - mean)
        square = centred * centred
        second, third = float(square.sum()), float(np.vdot(square, centred))
        m, total, delta = self.count, self.count + n, mean - self.mean
        self.third += third + delta**3 * m * n * (m - n) / total**2
        self.third += 3 * delta * (m * second - n * self.second) / total
        self.second += second + delta**2 * m * n / total
        self.mean += delta * n / total
        self.count = total

    @property
    def variance(self) -> float:
        """Mean of the squared distances from the mean."""
        return self.second / self.count if self.count else math.nan

    @property
    def rms(self) -> float:
        """Square root of the second moment."""
        return math.sqrt(self.variance + self.mean**2) if self.count else math.nan

    @property
    def skew(self) -> float:
        """Third standardized moment; 0 where all values are the same."""
        scale = self.variance**1.5
        return self.third / self.count / scale if scale > 0 else 0.0


class Tally:
    """Collects samples of a tensor, one a batch.

    Args:
        shape: Shape of the whole tensor.
        units: Size of its axis of units.
        activation: Name of the activation that it is the output of, or None.
    """

    def __init__(
        self, shape: tuple[int, ...], units: int, activation: str | None = None
    ) -> None:
        self.shape, self.units, self.moments = shape, units, Moments()
        self.flat = FLAT.get(activation or "")
        self.seen = self.zeros = self.bad = 0
        self.finite = True
        self.alive: Any = False
        self.saturated: list[float | None] = []
        self.ranks: list[float | None] = []
        self.differences: list[float | None] = []
        self.rank_limit, self.sums = 0, list[float]()
        self.values: list[np.ndarray] = []

    def add(self, sample: np.ndarray, finite: bool) -> None:
        """Merges what `pick` took from a batch.

        Args:
            sample: (samples, positions, units).
            finite: Whether all of the tensor is finite.
        """
        if not sample.size:
            return
        x = sample.astype("float64")
        self.finite &= finite
        self.seen += x.size
        good = np.isfinite(x)
        bad = x.size - int(np.count_nonzero(good))
        if bad:
            self.bad += bad
            self.moments.add(x[good])
            self.alive = self.alive | ~good.all((0, 1))
            x = np.where(good, x, 0.0)
        else:
            self.moments.add(x)
        active = x != 0
        self.zeros += x.size - bad - int(np.count_nonzero(active))
        self.alive = self.alive | active.any((0, 1))
        if self.flat is not None:
            self.saturated.append(float(np.mean(self.flat(x))))
        rows = x.reshape(-1, x.shape[-1])
        if rows.shape[-1] == self.units:
            self.sums += np.quantile(rows.sum(-1), (0, 1)).tolist()
        rows = rows[:: coprime_step(len(rows), ROWS)]
        limit = min(len(rows) - 1, rows.shape[1])
        self.rank_limit = max(self.rank_limit, limit)
        self.ranks.append(effective_rank(rows) if limit > 0 else None)
        self.differences.append(difference(x.reshape(len(x), -1)))
        flat = x.ravel()
        self.values.append(flat[:: coprime_step(flat.size, VALUES)].astype("float32"))

    def result(self) -> TensorStats:
        """The figures of all batches."""
        moments, seen = self.moments, max(1, self.seen)
        values = np.concatenate(self.values or [np.zeros(0, "float32")])
        low, high = (
            (float(values.min()), float(values.max())) if len(values) else (0, 0)
        )
        # Edges in float64: the next float32 above a huge value may not exist.
        edges = (low, high) if high > low else (low - 0.5, high + 0.5)
        counts, _ = np.histogram(values.astype("float64"), BINS, edges)
        apart = _mean(self.differences)
        return TensorStats(
            shape=self.shape,
            mean=moments.mean,
            std=math.sqrt(moments.variance) if moments.count else math.nan,
            rms=moments.rms,
            skew=moments.skew,
            zero=self.zeros / seen,
            saturated=_mean(self.saturated),
            non_finite=self.bad / seen,
            finite=self.finite,
            units=self.units,
            dead=float(1 - np.mean(self.alive)) if self.seen else math.nan,
            rank=_mean(self.ranks),
            rank_limit=self.rank_limit,
            correlation=None if apart is None else 1 - apart,
            difference=apart,
            histogram=tuple(int(count) for count in counts),
            edges=edges,
            sums=(min(self.sums), max(self.sums)) if self.sums else None,
        )


def smallest_normal(dtype: str) -> float:
    """The smallest number that a type holds with all its digits."""
    return float(ml_dtypes.finfo(dtype).tiny)


class GradientTally:
    """Collects samples of a gradient, one a batch.

    Args:
        size: Number of values in the whole tensor.
        dtype: Type in which it was computed.
        scale: What the loss was multiplied by, to be undone.
    """

    def __init__(self, size: int, dtype: str, scale: float = 1.0) -> None:
        self.size, self.dtype, self.scale = size, dtype, scale
        self.moments, self.finite = Moments(), True
        self.norms: list[float] = []
        self.seen = self.zeros = self.tiny = 0

    def add(self, sample: np.ndarray, finite: bool) -> None:
        """Merges values of a batch, and whether all of the tensor is finite."""
        x = sample.astype("float64").ravel()
        self.finite &= finite
        self.seen += x.size
        zeros = x.size - int(np.count_nonzero(x))
        self.zeros += zeros
        small = np.count_nonzero(np.abs(x) < smallest_normal(self.dtype))
        self.tiny += int(small) - zeros
        x = (x if finite else x[np.isfinite(x)]) / self.scale
        self.moments.add(x)
        if x.size:
            self.norms.append(float(np.vdot(x, x)) / x.size * self.size)

    def result(self) -> GradientStats:
        """The figures of all batches."""
        moments = self.moments
        squares = sum(self.norms) / len(self.norms) if self.norms else math.nan
        return GradientStats(
            mean=moments.mean if moments.count else math.nan,
            std=math.sqrt(moments.variance) if moments.count else math.nan,
            rms=moments.rms,
            norm=math.sqrt(squares),
            zero=self.zeros / max(1, self.seen),
            tiny=self.tiny / max(1, self.seen - self.zeros),
            finite=self.finite,
            dtype=self.dtype,
        )
