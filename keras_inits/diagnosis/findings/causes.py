"""Causes before consequences: what follows from the data is said to, and mended there.

Whether something follows is measured: it does if it is gone once the data are mended.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from keras_inits.diagnosis import suspicion
from keras_inits.diagnosis.findings import data, heads, labels, outputs, shapes
from keras_inits.diagnosis.findings.common import led_back
from keras_inits.diagnosis.report import INFO, SEVERITIES, Finding, Report

Found = list[tuple[int, Finding]]

# Kinds by what they are about, causes first, and of data those that explain most; what
# is in none is about weights.
DATA = (
    "token ids out of range",
    "batch of one",
    "all samples masked",
    "data all the same",
    "data not standardized",
    "features of unequal size",
    "constant feature",
    "duplicated features",
    "samples mixed",
    "dropout too high",
    "statistics of other data",
)
LABELS = (
    heads.ONE,
    heads.UNFIT,
    heads.BEYOND,
    shapes.MISFIT,
    labels.CONSTANT,
    outputs.SWAPPED,
    outputs.FLAT,
    "targets not standardized",
    "class imbalance",
)
STEP = (
    "step too large",
    "step too small",
    "loss rises",
    "gradient clipped away",
    "nothing trains",
)
WEIGHTS_RANK, STEP_RANK = 2, 3
# Data that `remedies.mended` mends, those that explain most first.
MENDED = (
    "batch of one",
    "all samples masked",
    "data not standardized",
    "features of unequal size",
)
# What stands in the program, whatever the data are.
FIXED = (*DATA, *(kind for kind in LABELS if kind != outputs.FLAT), "nothing trains")


# Faults of weights by which a step goes too far, whatever its rate is.
LARGE = ("exploding signal", "exploding gradient", "confident head")


def of_weights(found: Found) -> Found:
    """Findings, those of a step that goes too far led back to weights at fault.

    Another rate would suit the weights as they are, and no others.
    """
    severe = [f for _, f in found if f.severity != INFO and f.kind in LARGE]
    if not severe:
        return found
    far = ("step too large", "loss rises")
    return [
        (at, led_back(one, severe[0], one.cause) if one.kind in far else one)
        for at, one in found
    ]


def rank(kind: str) -> int:
    """Place of a kind among causes and consequences, causes first."""
    for place, kinds in ((0, DATA), (1, LABELS), (STEP_RANK, STEP)):
        if kind in kinds:
            return place
    return WEIGHTS_RANK


def _sorted(found: Found) -> Found:
    def place(finding: tuple[int, Finding]) -> tuple[int, int, int]:
        kind = finding[1].kind
        among = DATA.index(kind) if kind in DATA else 0
        return SEVERITIES.index(finding[1].severity), rank(kind), among

    return sorted(found, key=place)


def _cause(diagnosis: Report, found: Found) -> tuple[int, Finding] | None:
    """What is wrong with the data, and would explain the rest."""
    known = [pair for pair in found if pair[1].kind in MENDED]
    known.sort(key=lambda pair: MENDED.index(pair[1].kind))
    if known:
        return known[0]
    raw = [f for f in diagnosis.features if suspicion.is_raw(f)]
    return (-1, data.unscaled(diagnosis, raw[0])) if raw else None


def _worst(severities: Sequence[str]) -> str:
    return min(severities, key=SEVERITIES.index)


def explained(
    diagnosis: Any, found: Found, mended: Callable[[Any, bool], Report | None]
) -> Found:
    """The findings, causes first, and those that follow from the data say so.

    Args:
        diagnosis: The report.
        found: Findings, each with the index of a record.
        mended: From the report to one of the same model on data without their faults,
            with the first step if a finding is about it; None where they have none.
    """
    severe = [
        finding
        for _, finding in found
        if finding.severity != INFO and finding.kind not in FIXED
    ]
    cause = _cause(diagnosis, found) if severe else None
    steps = any(finding.kind in STEP for finding in severe)
    other = mended(diagnosis, steps) if cause is not None else None
    if cause is None or other is None:
        return _sorted(found)
    left = {finding.kind for finding in other.findings if finding.severity != INFO}
    if "not finite" in left:  # where nothing else is judged
        return _sorted(found)
    gone = [finding for finding in severe if finding.kind not in left]
    if not gone:
        return _sorted(found)
    first = cause[1]
    levels = [first.severity, *(finding.severity for finding in gone)]
    first = dataclasses.replace(first, severity=_worst(levels))
    rest = [pair for pair in found if pair is not cause]
    return _sorted(
        [
            (cause[0], first),
            *(
                (at, led_back(one, first, one.cause) if one in gone else one)
                for at, one in rest
            ),
        ]
    )
