"""Activations that no weights make right: those that grow without bound, in a row."""

from keras_inits.diagnosis import thresholds as limits
from keras_inits.diagnosis.derived import kernels
from keras_inits.diagnosis.findings.common import severity
from keras_inits.diagnosis.report import Finding, LayerRecord, Report

# Steeper the larger their input is, without end.
UNBOUNDED = ("exponential",)


def _behind(record: LayerRecord, diagnosis: Report) -> set[str]:
    """The activations that feed a kernel, past normalizations, pooling and the like."""
    found: set[str] = set()
    waiting, seen = [*record.parents], set[int]()
    while waiting:
        index = waiting.pop()
        if index in seen:
            continue
        seen.add(index)
        parent = diagnosis.records[index]
        if parent.activation is not None:
            found.add(parent.activation)
        elif not parent.kernel:
            waiting += parent.parents
    return found


def unbounded(diagnosis: Report) -> list[tuple[int, Finding]]:
    """Stacks of exponentials, whose values span too many digits for any weights."""
    fed = [
        record
        for record in kernels(diagnosis)
        if _behind(record, diagnosis).intersection(UNBOUNDED)
    ]
    level = severity(len(fed), limits.UNBOUNDED_WARNING, limits.UNBOUNDED_ERROR)
    if level is None:
        return []
    name = next(iter(_behind(fed[0], diagnosis).intersection(UNBOUNDED)))
    finding = Finding(
        "unbounded activation",
        level,
        fed[0].name,
        float(len(fed)),
        f"{len(fed)} kernels are fed by {name!r}",
        "its slope grows with its value: a few huge values stand among many small, "
        "at every size of the weights, and normalization does not help",
        f'# no weights help: activation="relu" in place of activation="{name}"',
    )
    return [(fed[0].index, finding)]
