"""Judging a diagnosis: findings in plain words, each with a fix.

A finding is a function from a diagnosis to findings, each with the index of the record
where the signal is lost by it (-1 where none is).
"""

import dataclasses
from collections.abc import Callable

from keras_inits.diagnosis.findings import gradients, numbers, signal, units
from keras_inits.diagnosis.report import ERROR, SEVERITIES, Diagnosis, Finding

Judge = Callable[[Diagnosis], list[tuple[int, Finding]]]

# With figures that are not finite nothing else can be judged.
FIRST: list[Judge] = [numbers.non_finite]
JUDGES: list[Judge] = [
    signal.lost,
    signal.collapsed,
    gradients.underflow,
    gradients.stuck,
    gradients.unbalanced,
    gradients.unconnected,
    units.dying,
    units.saturated,
    units.symmetric,
    units.far_biases,
    numbers.confident,
]
LAST: list[Judge] = [
    numbers.wrong_fans,
    numbers.identical,
    numbers.data,
    numbers.targets,
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
EXPLOSIONS = ("exploding signal", "exploding gradient")
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
    "bias far off",
    "confident head",
    "wrong fans",
    "identical tensors",
    "data not standardized",
    "targets not standardized",
    "data all the same",
)


def judged(diagnosis: Diagnosis) -> Diagnosis:
    """The diagnosis with its findings, the gravest first."""
    found = [finding for judge in FIRST for finding in judge(diagnosis)]
    judges = LAST if found else [*JUDGES, *LAST]
    if diagnosis.alike:
        judges = [judge for judge in judges if judge not in COMPARING]
    found += [finding for judge in judges for finding in judge(diagnosis)]
    found.sort(key=lambda finding: SEVERITIES.index(finding[1].severity))
    grave = [
        index
        for index, finding in found
        if index >= 0 and finding.severity == ERROR and finding.kind in LOSSES
    ]
    return dataclasses.replace(
        diagnosis,
        findings=tuple(finding for _, finding in found),
        lost_at=grave[0] if grave else None,
    )
