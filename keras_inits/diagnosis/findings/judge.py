"""Runs every judge over a report, and sorts what they find by severity.

A judge is a function from a report to findings, each with the index of the record
where the signal is lost by it (-1 where none is). Of equal severity causes come first:
data, then head and labels, then weights, then the step.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar

from keras_inits.diagnosis.findings import (
    activations,
    causes,
    data,
    following,
    gradients,
    modes,
    numbers,
    outputs,
    precision,
    samples,
    signal,
    step,
    units,
)
from keras_inits.diagnosis.report import INFO, Finding, Report

AnyReport = TypeVar("AnyReport", bound=Report)
Judge = Callable[[Report], list[tuple[int, Finding]]]

# What stands before everything else, and explains some of it.
PAIRS: list[Judge] = [outputs.of_outputs]
# With figures that are not finite nothing else can be judged but what makes them so.
FIRST: list[Judge] = [activations.unbounded, numbers.non_finite]
JUDGES: list[Judge] = [
    data.non_finite,  # in rows that are not in the batches
    signal.lost,
    signal.collapsed,
    precision.underflow,
    gradients.stuck,
    gradients.unbalanced,
    gradients.unconnected,
    units.dying,
    units.saturated,
    units.symmetric,
    units.far_biases,
    numbers.confident,
    step.frozen,
    step.too_small,
    step.too_large,
    step.rising,
]
LAST: list[Judge] = [
    numbers.wrong_fans,
    numbers.identical,
    data.sizes,
    data.uneven,
    data.constant,
    data.duplicated,
    data.targets,
    samples.out_of_range,
    samples.masked,
    samples.mixed,
    samples.imbalanced,
    modes.lonely,
    modes.dropped,
    modes.moving,
]
# What compares samples with each other.
COMPARING: list[Judge] = [signal.collapsed, units.dying, units.far_biases]

# Findings by which a signal or a gradient is lost at a depth.
LOSSES = (
    "not finite",
    "vanishing signal",
    "exploding signal",
    "collapsed representation",
    "vanishing gradient",
    "low-precision underflow",
    "no gradient",
)
KINDS = (
    *LOSSES,
    "exploding gradient",
    "closed at the start",
    "not connected",
    "dying ReLU",
    "saturated activation",
    "saturated attention",
    "saturated gates",
    "symmetric units",
    "unbounded activation",
    "bias far off",
    "confident head",
    "wrong fans",
    "identical tensors",
    *causes.DATA,
    *causes.LABELS,
    *causes.STEP,
)


def _written(finding: Finding, ends: tuple[str, ...]) -> Finding:
    """The finding, with a fix that names residual branches put in words."""
    fix: Any = finding.fix
    return dataclasses.replace(finding, fix=fix(ends)) if callable(fix) else finding


def judged(
    diagnosis: AnyReport,
    branch_ends: Callable[[], tuple[str, ...]] = tuple,
    mended: Callable[[AnyReport, bool], AnyReport | None] = lambda *_: None,
) -> AnyReport:
    """The report with its findings, the most severe first.

    Args:
        diagnosis: A report without findings.
        branch_ends: Finds the paths of the kernels that end residual branches. Asked
            once, and only where a fix names them.
        mended: Judges the same model on data without their faults, with its first step
            or without; None where they have none. Asked once, and only where more than
            data is at fault.
    """
    pairs = [finding for judge in PAIRS for finding in judge(diagnosis)]
    found = [finding for judge in FIRST for finding in judge(diagnosis)]
    broken = any(finding.kind == "not finite" for _, finding in found)
    judges = LAST if broken else [*JUDGES, *LAST]
    if diagnosis.alike:
        judges = [judge for judge in judges if judge not in COMPARING]
    found += [finding for judge in judges for finding in judge(diagnosis)]
    found = following.explained(diagnosis, pairs, found)
    found = causes.explained(diagnosis, causes.of_weights(found), mended)
    level = [
        index
        for index, finding in found
        if index >= 0 and finding.severity != INFO and finding.kind in LOSSES
    ]
    named = any(callable(finding.fix) for _, finding in found)
    ends = branch_ends() if named else ()
    return dataclasses.replace(
        diagnosis,
        findings=tuple(_written(finding, ends) for _, finding in found),
        branch_ends=ends,
        lost_at=level[0] if level else None,
    )
