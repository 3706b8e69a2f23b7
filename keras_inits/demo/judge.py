"""Findings in words, from measured figures alone.

The signal is judged by the factor that one layer puts on the std of activations, which
does not depend on depth: eight layers of 0.5 leave 1 part in 128.
"""

import dataclasses
import math

import numpy as np

VANISHING, SHRINKING = 0.5, 0.8  # factors per layer
GROWING, EXPLODING = 1.25, 1.5
SATURATED = 0.25  # share of units at the bound of the activation
LOUD = 2.0  # start loss in units of that of a network that does not know
LEARNED, IN_PART = 0.9, 0.3  # accuracies


@dataclasses.dataclass(frozen=True)
class Figures:
    """What is measured of one run.

    Args:
        stds: Std of the activations at the start, one for each hidden layer.
        distinct: How many units of the last hidden layer compute different things,
            at the start and at the end of training.
        units: How many there are.
        saturated: Share of the last hidden layer's activations at the start that are
            within 1 % of the activation's bound; 0 where it has none.
        start_loss: Before training, in nats.
        end_loss: Of the last epoch, in nats; not finite where training diverged.
        accuracy: On held-out examples, after training.
        classes: How many classes there are to tell.
    """

    stds: tuple[float, ...]
    distinct: tuple[int, int]
    units: int
    saturated: float
    start_loss: float
    end_loss: float
    accuracy: float
    classes: int = 10


@dataclasses.dataclass(frozen=True)
class Finding:
    """A word for the start, its reason, and a word for what came of it."""

    start: str
    reason: str
    outcome: str

    def __str__(self) -> str:
        reason = f" ({self.reason})" if self.reason else ""
        return f"{self.start}{reason}; {self.outcome}"


def distinct_units(activations: np.ndarray) -> int:
    """How many units of a layer compute different things.

    Args:
        activations: One row for each example, one column for each unit.

    Returns:
        The number of different columns; NaN equals NaN.
    """
    return len({column.tobytes() for column in np.ascontiguousarray(activations.T)})


def factor_per_layer(stds: tuple[float, ...]) -> float:
    """The factor on the std of activations, as a geometric mean over layers.

    Args:
        stds: One for each layer, at least two.

    Returns:
        0 where the last layer is constant; else infinity where the first one is.
    """
    first, last = stds[0], stds[-1]
    if last == 0 or first == 0:
        return 0.0 if last == 0 else math.inf
    return float((last / first) ** (1 / (len(stds) - 1)))


def judge(figures: Figures) -> Finding:
    """Words for measured figures.

    Args:
        figures: What was measured.

    Returns:
        The first of: symmetric, vanishing, exploding, saturated, overconfident,
        shrinking, growing, healthy; and whether the network learned.
    """
    start, reason = _start(figures)
    return Finding(start, reason, _outcome(figures))


def _start(figures: Figures) -> tuple[str, str]:
    at_start, at_end = figures.distinct
    if at_start == 1:
        alike = "stay alike" if at_end == 1 else "alike until trained"
        return "symmetric", f"{figures.units} units {alike}"
    factor = factor_per_layer(figures.stds)
    per_layer = f"×{factor:.2g} a layer"
    if factor < VANISHING:
        return "vanishing", per_layer
    if not factor <= EXPLODING:  # NaN is no health
        return "exploding", per_layer
    if figures.saturated > SATURATED:
        return "saturated", f"{figures.saturated:.0%} of units at ±1"
    times = figures.start_loss / math.log(figures.classes)
    if not times <= LOUD:
        return "overconfident", f"start loss {times:.2g} × ln {figures.classes}"
    if factor < SHRINKING:
        return "shrinking", per_layer
    if factor > GROWING:
        return "growing", per_layer
    return "healthy", per_layer


def _outcome(figures: Figures) -> str:
    if not math.isfinite(figures.end_loss):
        return "diverged"
    if figures.accuracy >= LEARNED:
        return "learned"
    if figures.accuracy >= IN_PART:
        return "learned in part"
    return "did not learn"
