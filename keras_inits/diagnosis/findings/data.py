"""What is wrong with the data: their sizes, and targets'."""

import math

from keras_inits.diagnosis import thresholds as limits
from keras_inits.diagnosis.derived import kernels
from keras_inits.diagnosis.findings import fixes
from keras_inits.diagnosis.report import INFO, WARNING, Finding, LayerRecord, Report
from keras_inits.diagnosis.wording import number
from keras_inits.signals.batches import NOISE

Found = list[tuple[int, Finding]]


def _entrances(diagnosis: Report) -> list[LayerRecord]:
    """The calls of kernels that no kernel stands before."""
    behind: set[int] = set()
    found = []
    for record in diagnosis.records:
        if behind.intersection(record.parents):
            behind.add(record.index)
        elif record.kernel and not record.block:
            found.append(record)
            behind.add(record.index)
    return found


def _bare(diagnosis: Report) -> bool:
    """Whether a first kernel is given values too small or too large to learn from."""
    return any(
        0 < record.input_rms < limits.DATA_TINY
        or (record.input_rms > limits.DATA_HUGE and not record.normalized)
        for record in _entrances(diagnosis)
        if record.input_rms is not None
    )


def sizes(diagnosis: Report) -> Found:
    """Data that are not standardized, or all the same."""
    findings: Found = []
    if diagnosis.data == NOISE:
        return []  # as this package made them
    for place, record in enumerate(diagnosis.inputs):
        size = record.out.rms
        standard = limits.DATA_SMALL <= size <= limits.DATA_LARGE
        if standard or not record.out.finite or not kernels(diagnosis):
            continue
        far = not limits.DATA_TINY <= size <= limits.DATA_HUGE
        finding = Finding(
            "data not standardized",
            WARNING if far and _bare(diagnosis) else INFO,
            record.name,
            size,
            f"{record.name!r} has root mean square {number(size)}",
            "initializers are made for data of mean 0 and variance 1",
            fixes.standardized(place, len(diagnosis.inputs)),
        )
        findings.append((-1, finding))
    if diagnosis.alike:
        finding = Finding(
            "data all the same",
            WARNING,
            "",
            1.0,
            "all samples of a batch are equal",
            "x repeats one sample, or what makes it is broken; correlations and dead "
            "units cannot be judged by one sample",
            "# pass a batch of different samples",
        )
        findings.append((-1, finding))
    return findings


def targets(diagnosis: Report) -> Found:
    """Targets that are far from the size of outputs."""
    taken = {parent for record in diagnosis.records for parent in record.parents}
    ends = [r.out.rms for r in diagnosis.records if r.index not in taken]
    reach = limits.TARGETS_WARNING * max([1.0, *ends])
    findings: Found = []
    for size in diagnosis.targets:
        standard = limits.DATA_SMALL <= size <= limits.DATA_LARGE
        if standard or size == 0 or not math.isfinite(size):
            continue
        finding = Finding(
            "targets not standardized",
            WARNING if size >= reach else INFO,
            "",
            size,
            f"the targets have root mean square {number(size)}, the outputs "
            f"{number(max(ends, default=0.0))}",
            "outputs begin at about unit size, and a step of training moves them by "
            "a part of that",
            "y = (y - y.mean()) / y.std()",
        )
        findings.append((-1, finding))
    return findings
