"""What the judges share: severity by two limits, and harmless findings."""

import dataclasses
import math

from keras_inits.diagnosis.report import (
    ERROR,
    INFO,
    WARNING,
    Finding,
)


def severity(figure: float, warning: float, error: float) -> str | None:
    """Severity of a value that should stay below both limits, or None."""
    if figure >= error:
        return ERROR
    return WARNING if figure >= warning else None


def log_mean_step(ratio: float, steps: int) -> float:
    """The factor of a layer, if all of several have the same."""
    if ratio <= 0 or not math.isfinite(ratio):
        return ratio
    return float(ratio ** (1 / max(1, steps)))


def led_back(finding: Finding, cause: Finding, why: str) -> Finding:
    """A consequence, which names its cause and has the cause's fix."""
    told = f"follows from {cause.kind!r}: {why}"
    return dataclasses.replace(finding, cause=told, fix=cause.fix)


def info(kind: str, layer: str, figure: float, *words: str) -> Finding:
    """A finding that does no harm by itself: message, cause, fix."""
    message, cause, fix = words
    return Finding(kind, INFO, layer, figure, message, cause, fix)
