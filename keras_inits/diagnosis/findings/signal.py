"""Does the signal arrive at the end, and do different inputs stay different?"""

import math

from keras_inits.diagnosis import thresholds as limits
from keras_inits.diagnosis.derived import Step, head, kernels, steps
from keras_inits.diagnosis.findings import fixes
from keras_inits.diagnosis.findings.common import log_mean_step, severity
from keras_inits.diagnosis.report import Finding, LayerRecord, Report
from keras_inits.diagnosis.wording import number
from keras_inits.geometry.gains import gain

HALF = ("float16", "bfloat16")


def _scale(record: LayerRecord, diagnosis: Report, before: str | None) -> str:
    """How a kernel's size compares with the one that keeps the signal."""
    own = [w for w in diagnosis.weights if w.path in record.weights and w.fans]
    if not own or own[0].fans is None:
        return ""
    weight = own[0]
    fan_in = own[0].fans[0]
    try:
        wanted = gain(before) / fan_in**0.5
    except ValueError:
        return ""
    return (
        f"; the kernel of {record.name!r} has std {number(weight.std)}, where "
        f"{number(wanted)} keeps the signal behind {before or 'a linear layer'}"
    )


def _activation_before(record: LayerRecord, diagnosis: Report) -> str | None:
    made = [diagnosis.records[parent] for parent in record.parents]
    return made[0].activation if made else None


def lost(diagnosis: Report) -> list[tuple[int, Finding]]:
    """Vanishing and exploding signals, with the record where it shows."""
    found = steps(diagnosis)
    if len(found) < 2:
        return []
    findings = []
    ratio = found[-1].ratio
    half = found[-1].record.dtype in HALF
    # A step of SGD is as small as its gradient, where Adam's is of one size.
    plain = diagnosis.step is not None and diagnosis.step.optimizer == "SGD"
    small = severity(
        1 / ratio if ratio else float("inf"),
        limits.VANISHING_WARNING,
        limits.VANISHING_ERROR_HALF if half or plain else limits.VANISHING_ERROR,
    )
    if small is not None:
        bound = 1 / limits.VANISHING_WARNING
        place = next(
            index
            for index in range(len(found))
            if all(later.ratio < bound for later in found[index:])
        )
        at = found[place].record
        rate = log_mean_step(ratio, len(found) - 1)
        findings.append(
            (
                at.index,
                Finding(
                    "vanishing signal",
                    small,
                    at.name,
                    ratio,
                    f"the signal vanishes: the last kernel is given {number(ratio)} of "
                    f"the data's size, and it is lost from {at.label!r} on",
                    f"each layer multiplies it by about {number(rate)}"
                    + _scale(at, diagnosis, _activation_before(at, diagnosis)),
                    fixes.redrawn(diagnosis),
                ),
            )
        )
    ends = head(diagnosis)
    # Of a head that squashes, what it computes is judged: a probability of 1/2 is
    # large beside small features.
    made = [
        (r, r.pre or r.out)
        for r in diagnosis.records
        if r.index in ends and r.kernel and (r.pre is not None or r.activation is None)
    ]
    outputs = [
        Step(r, stats.rms / found[0].record.input_rms * found[0].ratio)
        for r, stats in made
        if found[0].record.input_rms
    ]
    warning = limits.EXPLODING_WARNING
    error = limits.EXPLODING_ERROR_HALF if half else limits.EXPLODING_ERROR
    sized = found
    if max(step.ratio for step in found) < warning:
        warning, error = limits.OUTPUTS_WARNING, limits.OUTPUTS_ERROR
        sized = found + outputs
    largest = max(sized, key=lambda step: step.ratio)
    large = severity(largest.ratio, warning, error)
    if large is not None:
        at = next(step.record for step in sized if step.ratio >= warning)
        rate = log_mean_step(largest.ratio, len(found))
        findings.append(
            (
                at.index,
                Finding(
                    "exploding signal",
                    large,
                    at.name,
                    largest.ratio,
                    f"the signal explodes: {largest.record.label!r} has "
                    f"{number(largest.ratio)} times the data's size, and it passes "
                    f"{number(warning)} at {at.label!r}",
                    f"each layer multiplies it by about {number(rate)}"
                    + _scale(at, diagnosis, _activation_before(at, diagnosis)),
                    fixes.for_large_signals(diagnosis),
                ),
            )
        )
    return findings


def _one_number(diagnosis: Report) -> set[int]:
    """Indices of the records that hold one number a sample, or follow from one.

    The cosine of two positive numbers is 1, however different they are. Rectified
    units of which one is on for some sample are one number, too.
    """
    found: set[int] = set()
    for r in diagnosis.records:
        follows = bool(r.parents) and found.issuperset(r.parents)
        numbers = math.prod(r.out.shape[1:])
        alive = round((1 - r.out.dead) * numbers)
        if numbers == 1 or alive == 1 or follows:
            found.add(r.index)
    return found


def collapsed(diagnosis: Report) -> list[tuple[int, Finding]]:
    """Different inputs that the network no longer tells apart.

    Judged where the last kernel is fed: what follows, and what runs beside it, may be
    nearly constant in sound networks.
    """
    last = kernels(diagnosis)[-1:]
    single = _one_number(diagnosis)
    seen = [
        r
        for r in diagnosis.records
        if r.out.difference is not None
        and r.index not in single
        and last
        and r.index < last[0].index
        and not r.block
        and r.activation != "softmax"
    ]
    starts = [r.out.difference for r in diagnosis.inputs if r.out.difference]
    if not starts and seen and seen[0].out.difference:
        starts = [seen[0].out.difference]
    # Data of one direction, such as a single positive feature, differ in size only.
    if not seen or not starts or max(starts) <= limits.COLLAPSE_ERROR:
        return []
    first = max(starts)
    feeding = [r for r in seen if r.index in last[0].parents] or seen[-1:]
    end = max(feeding, key=lambda r: r.out.difference or 0.0)
    seen = [r for r in seen if r.index <= end.index]
    figure = (end.out.difference or 0.0) / first
    half = end.dtype in HALF
    level = severity(
        1 / figure if figure else float("inf"),
        1 / limits.COLLAPSE_WARNING,
        1 / (limits.COLLAPSE_ERROR_HALF if half else limits.COLLAPSE_ERROR),
    )
    if level is None:
        return []
    place = next(
        index
        for index in range(len(seen))
        if all(
            (r.out.difference or 0.0) / first <= limits.COLLAPSE_WARNING
            for r in seen[index:]
        )
    )
    at = seen[place]
    finding = Finding(
        "collapsed representation",
        level,
        at.name,
        figure,
        f"different inputs look the same: 1 − their cosine has fallen to "
        f"{number(figure)} of the data's, from {at.label!r} on below "
        f"{number(limits.COLLAPSE_WARNING)}",
        "what all samples share (biases, means of activations) outgrows what tells "
        "them apart",
        fixes.redrawn(diagnosis),
    )
    return [(at.index, finding)]
