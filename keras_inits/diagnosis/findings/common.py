"""What the findings share: which records are judged, and how findings are worded."""

import dataclasses
import math
from collections.abc import Sequence

import keras

from keras_inits.diagnosis.report import (
    ERROR,
    INFO,
    WARNING,
    Diagnosis,
    Finding,
    LayerRecord,
)
from keras_inits.diagnosis.show.text import number
from keras_inits.geometry.roles import Role


def severity(figure: float, warning: float, error: float) -> str | None:
    """How grave a figure is that should be below both; None if it is."""
    if figure >= error:
        return ERROR
    return WARNING if figure >= warning else None


def kernels(diagnosis: Diagnosis) -> list[LayerRecord]:
    """The calls of layers that own a kernel, in the order of execution."""
    return [r for r in diagnosis.records if r.kernel and not r.block]


def head(diagnosis: Diagnosis) -> set[int]:
    """Indices of the records that make the model's outputs: nothing takes them."""
    taken = {parent for record in diagnosis.records for parent in record.parents}
    found = {r.index for r in diagnosis.records if r.index not in taken and not r.block}
    last = kernels(diagnosis)[-1:]
    return found | {record.index for record in last}


@dataclasses.dataclass(frozen=True)
class Biased:
    """A hidden layer with biases.

    Attributes:
        record: Its call.
        value: What the bias adds to a pre-activation whatever the data are, by what
            differs between samples; both root mean squares.
        paths: Of the biases.
    """

    record: LayerRecord
    value: float
    paths: tuple[str, ...]


def biased(diagnosis: Diagnosis) -> list[Biased]:
    """Hidden layers with biases, in the order of execution."""
    ends = head(diagnosis)
    by_path = {w.path: w for w in diagnosis.weights}
    found = []
    for record in kernels(diagnosis):
        stats = record.pre or record.out
        if record.index in ends or record.normalized or stats.difference is None:
            continue
        own = [by_path[path] for path in record.weights if path in by_path]
        # The biases of gates, and of what layers of other makers do inside, are not
        # added to what comes out.
        linear = record.activation is None and hasattr(keras.layers, record.layer)
        if any(w.role == Role.RECURRENT for w in own) or not (record.pre or linear):
            continue
        biases = [w for w in own if w.role == Role.BIAS and w.rms > 0]
        if not biases:
            continue
        # A bias that takes off the mean of what comes in leaves nothing of it.
        shared = stats.rms * math.sqrt(max(0.0, 1 - stats.difference))
        fixed = min(shared, max(w.rms for w in biases))
        spread = stats.difference**0.5 * stats.rms
        value = fixed / spread if spread else math.inf
        found.append(Biased(record, value, tuple(w.path for w in biases)))
    return found


def quoted(names: Sequence[str], most: int = 3) -> str:
    """Names in quotes, of many the first and a count."""
    shown = ", ".join(repr(name) for name in names[:most])
    rest = len(names) - most
    return f"{shown} and {rest} more" if rest > 0 else shown


def times(value: float) -> str:
    """A factor in words: 64× too small, 3.4× too large."""
    if value < 1:
        return f"{number(1 / value) if value else 'infinitely'}× too small"
    return f"{number(value)}× too large"


def log_mean_step(ratio: float, steps: int) -> float:
    """The factor of a layer, if all of several have the same."""
    if ratio <= 0 or not math.isfinite(ratio):
        return ratio
    return float(ratio ** (1 / max(1, steps)))


def info(kind: str, layer: str, figure: float, *words: str) -> Finding:
    """A finding that does no harm by itself: message, cause, fix."""
    message, cause, fix = words
    return Finding(kind, INFO, layer, figure, message, cause, fix)
