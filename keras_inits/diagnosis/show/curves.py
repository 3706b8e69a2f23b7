"""What pictures show of a diagnosis: curves over depth, ranges, losses of a step."""

import dataclasses
import math
from collections.abc import Sequence

from keras_inits.diagnosis import thresholds
from keras_inits.diagnosis.derived import relevance, steps
from keras_inits.diagnosis.findings import pairs
from keras_inits.diagnosis.report import LayerRecord, Report, WeightRecord

Band = tuple[float | None, float | None]
OPEN: Band = (None, None)
Span = tuple[float, float]
FAR = 1e300  # beyond it differences are not finite


@dataclasses.dataclass(frozen=True)
class Curve:
    """Values by depth, with the band that is healthy at each.

    Attributes:
        values: One for each layer; None where nothing was measured.
        bands: (low, high) for each layer; None where nothing is known.
    """

    values: tuple[float | None, ...]
    bands: tuple[Band, ...]


def layers(diagnosis: Report) -> list[LayerRecord]:
    """The records that are drawn: all but those that contain others."""
    return [record for record in diagnosis.records if not record.block]


def forward(diagnosis: Report) -> Curve:
    """Std of the outputs. In the band, the size of the signal gives no finding."""
    records = layers(diagnosis)
    band: Band = OPEN
    first = next(iter(steps(diagnosis)), None)
    if first is not None and first.ratio > 0 and first.record.input_rms:
        size = first.record.input_rms / first.ratio
        low = size / thresholds.VANISHING_WARNING
        band = (low, size * thresholds.EXPLODING_WARNING)
    return Curve(tuple(r.out.std for r in records), (band,) * len(records))


def backward(diagnosis: Report) -> Curve:
    """Std of the gradients by the outputs.

    Judged is `relevance`, gradient times signal, by that of the last layers. So the
    band is high where the signal is small.
    """
    records = layers(diagnosis)
    kernels = [relevance(r) for r in records if r.kernel]
    late = max(kernels[-max(1, len(kernels) // 4) :], default=0.0)
    known = late > 0 and math.isfinite(late)
    bands: list[Band] = []
    for record in records:
        size = record.out.rms * _norm_by_std(record)
        if known and size > 0 and math.isfinite(size):
            middle = late / size
            limit = thresholds.GRADIENT_WARNING
            bands.append((middle / limit, middle * limit))
        else:
            bands.append(OPEN)
    stds = tuple(None if r.gradient is None else r.gradient.std for r in records)
    return Curve(stds, tuple(bands))


def _norm_by_std(record: LayerRecord) -> float:
    gradient = record.gradient
    if gradient is not None and gradient.finite and gradient.std > 0:
        return gradient.norm / gradient.std
    return math.sqrt(math.prod(record.out.shape))


def drawable(value: float | None) -> bool:
    """Whether a value has a place on a log axis."""
    return value is not None and math.isfinite(value) and value > 0


def off_scale(values: Sequence[float | None]) -> tuple[list[int], list[int]]:
    """Places of zeros, and of what is not finite: what has none on a log axis."""
    off = [(p, v) for p, v in enumerate(values) if v is not None and not drawable(v)]
    zeros = [place for place, value in off if value == 0]
    return zeros, [place for place, value in off if value != 0]


def lost(diagnosis: Report) -> int | None:
    """Place among `layers` where the signal is lost; None if it is not."""
    if diagnosis.lost_at is None:
        return None
    indices = [record.index for record in layers(diagnosis)]
    later = [place for place, i in enumerate(indices) if i >= diagnosis.lost_at]
    return later[0] if later else None


def spread(items: Sequence[LayerRecord], most: int) -> list[LayerRecord]:
    """At most so many of them, evenly spread, the first and the last among them."""
    if len(items) <= most:
        return list(items)
    step = (len(items) - 1) / (most - 1)
    return [items[round(place * step)] for place in range(most)]


def with_histogram(diagnosis: Report) -> list[LayerRecord]:
    """Layers whose values are worth a look: nonlinearities, and those with a kernel."""
    records = [r for r in layers(diagnosis) if r.activation or r.kernel]
    return [
        r
        for r in records or layers(diagnosis)
        if sum(r.out.histogram) and r.out.non_finite < 1
    ]


def with_gradient(diagnosis: Report) -> list[WeightRecord]:
    """Weights whose gradient was measured, in the order of the model."""
    return [weight for weight in diagnosis.weights if weight.gradient is not None]


@dataclasses.dataclass(frozen=True)
class Ranges:
    """What an output can give, what it gave, and what it should give.

    Attributes:
        output: Its name.
        possible: What it can give at all; its ends may be infinite. Where the targets
            number classes, the classes that there are.
        given: What it gave; None where no finite value was seen.
        targets: What it should give.
        numbered: Whether the targets number classes: `given` are then scores of
            classes, which do not compare with the rest.
    """

    output: str
    possible: Span
    given: Span | None
    targets: Span
    numbered: bool


def ranges(diagnosis: Report) -> list[Ranges]:
    """Of each output with targets, in the order of the model."""
    found = []
    for output in diagnosis.outputs:
        y = output.targets
        if y is None or not (math.isfinite(y.low) and math.isfinite(y.high)):
            continue
        numbered = output.loss in pairs.SPARSE
        seen = math.isfinite(output.low) and math.isfinite(output.high)
        possible = (0.0, output.units - 1.0) if numbered else output.bounds
        given = (output.low, output.high) if seen else None
        found.append(
            Ranges(output.name, possible, given, (y.low, y.high), numbered),
        )
    return found


def view(shown: Ranges) -> Span:
    """Where to cut what has no end: at some distance from all that has one."""
    spans = [shown.possible, shown.targets]
    if shown.given and not shown.numbered:
        spans.append(shown.given)
    ends = [min(max(e, -FAR), FAR) for s in spans for e in s if math.isfinite(e)]
    low, high = min(ends), max(ends)
    room = (high - low) / 4 or abs(high) / 4 or 1.0
    below, above = (math.isinf(end) for end in shown.possible)
    return low - room * below, high + room * above


def along(diagnosis: Report) -> list[tuple[float, float]]:
    """Losses along the first step: (part of the way, loss), as far as measured."""
    step = diagnosis.step
    if step is None or not math.isfinite(step.loss):
        return []
    points = [(0.0, step.loss), (1.0, step.loss_after)]
    if step.loss_after_tenth is not None:
        points.insert(1, (0.1, step.loss_after_tenth))
    return points
