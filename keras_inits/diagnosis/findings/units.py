"""Units that are off, stuck at a limit, or all the same; gates and biases."""

import math

from keras_inits.diagnosis import thresholds as limits
from keras_inits.diagnosis.derived import biased, head
from keras_inits.diagnosis.findings import fixes
from keras_inits.diagnosis.findings.common import severity
from keras_inits.diagnosis.findings.opening import opening
from keras_inits.diagnosis.report import (
    ERROR,
    WARNING,
    Finding,
    LayerRecord,
    Report,
    WeightRecord,
)
from keras_inits.diagnosis.wording import number, percent, quoted

Found = list[tuple[int, Finding]]
# (flagged records, worst record, its value, its severity)
Worst = tuple[list[LayerRecord], LayerRecord, float, str]
RECTIFIERS = ("relu", "relu6", "squared_relu", "sparse_plus", "threshold")


def _worst(
    records: list[tuple[LayerRecord, float]], warning: float, error: float
) -> Worst | None:
    bad = [(r, value) for r, value in records if value >= warning]
    if not bad:
        return None
    at, value = max(bad, key=lambda pair: pair[1])
    return [r for r, _ in bad], at, value, severity(value, warning, error) or WARNING


def _others(bad: list[LayerRecord]) -> str:
    return f"; {len(bad)} layers are like it" if len(bad) > 1 else ""


def _one_sign(diagnosis: Report) -> bool:
    """Whether the data are one or two features of one sign.

    Without biases a unit is then on or off by the signs of its weights, for all data.
    """
    stats = [r.out for r in diagnosis.inputs]
    return 0 < sum(math.prod(s.shape[1:]) for s in stats) <= 2 and all(
        s.edges[0] >= 0 or s.edges[1] <= 0 for s in stats
    )


def dying(diagnosis: Report) -> Found:
    """Rectified units that are off for every sample."""
    narrow = _one_sign(diagnosis)
    judged = [
        (r, r.out.dead)
        for r in diagnosis.records
        if r.activation in RECTIFIERS
        and r.out.finite
        # By chance, three standard deviations above a half.
        and not (narrow and r.out.dead <= 0.5 + 1.5 / math.sqrt(r.out.units))
    ]
    found = _worst(judged, limits.DEAD_WARNING, limits.DEAD_ERROR)
    if found is None:
        return []
    bad, at, value, level = found
    pre = at.pre
    cause = "their pre-activations are negative for every sample"
    if pre is not None:
        cause += f" (mean {number(pre.mean)}, std {number(pre.std)})"
    finding = Finding(
        "dying ReLU",
        level,
        at.name,
        value,
        f"{percent(value)} of the units of {at.label!r} are zero for every sample"
        + _others(bad),
        cause,
        fixes.redrawn(diagnosis),
    )
    return [(at.index, finding)]


def saturated(diagnosis: Report) -> Found:
    """Activations and gates on their flat parts."""
    ends = head(diagnosis)
    judged = [
        (r, r.out.saturated)
        for r in diagnosis.records
        if r.out.saturated is not None
        and r.index not in ends
        and not (r.activation == "softmax" and r.out.units <= 2)
    ]
    findings: Found = []
    found = _worst(judged, limits.FLAT_WARNING, limits.FLAT_ERROR)
    if found is not None:
        bad, at, value, level = found
        pre = (
            "" if at.pre is None else f": pre-activations have std {number(at.pre.std)}"
        )
        what = "rows are one-hot" if at.activation == "softmax" else "values are flat"
        finding = Finding(
            "saturated activation",
            level,
            at.name,
            value,
            f"{percent(value)} of the {at.activation} {what} in {at.label!r}"
            + _others(bad),
            "the activation's slope is below a tenth of its largest there" + pre,
            fixes.redrawn(diagnosis),
        )
        findings.append((at.index, finding))
    rows = [(r, r.attention) for r in diagnosis.records if r.attention is not None]
    findings += _stuck(
        "saturated attention",
        _worst(rows, limits.ATTENTION_WARNING, math.inf),
        "of the queries of {} attend to one key only",
        "queries or keys too large: the softmax of their products is one-hot, and "
        "passes no gradient to either",
        fixes.redrawn(diagnosis),
    )
    gated = [(r, r.gates) for r in diagnosis.records if r.gates is not None]
    gates = _worst(gated, limits.GATES_WARNING, limits.GATES_ERROR)
    given = [(r, r.driven) for r in diagnosis.records if r.driven is not None]
    driven = _worst(given, limits.DRIVEN_WARNING, limits.DRIVEN_ERROR)
    cause = "a bias far from zero, in part: "
    if driven is not None and (gates is None or driven[3] in (gates[3], ERROR)):
        gates, cause = driven, "kernels or inputs too large, whatever the bias is: "
    findings += _stuck(
        "saturated gates",
        gates,
        "of the gates of {} are open or shut for good",
        cause + "the slope of the sigmoid is below a tenth of its largest",
        fixes.redrawn(diagnosis),
    )
    return findings


def _stuck(kind: str, found: Worst | None, *words: str) -> Found:
    """What part of something is stuck where most is: with what, cause and fix."""
    if found is None:
        return []
    _, at, value, level = found
    what, cause, fix = words
    message = f"{percent(value)} {what.format(repr(at.label))}"
    return [(at.index, Finding(kind, level, at.name, value, message, cause, fix))]


def _waits(weight: WeightRecord) -> bool:
    """Whether a kernel has no gradient yet, so that its units' cannot be compared.

    A constant kernel is symmetric all the same.
    """
    still = weight.gradient is not None and weight.gradient.rms == 0
    return still and (weight.zero or weight.std > 1e-6 * weight.rms)


def symmetric(diagnosis: Report) -> Found:
    """Units that have the same weights and get the same gradient."""
    opens = bool(opening(diagnosis))
    found = [
        (w, w.symmetric)
        for w in diagnosis.weights
        if w.symmetric and not (opens and _waits(w))
    ]
    if not found:
        return []
    weight, count = found[0]
    rows = weight.fans[0] if weight.fans else 1
    figure = count * rows / math.prod(weight.shape)
    finding = Finding(
        "symmetric units",
        ERROR if figure >= 0.5 else WARNING,
        weight.owner,
        figure,
        f"{count} units of {weight.owner!r} have the same weights as another and get "
        "the same gradient: they will always be equal"
        + (f"; so in {len(found)} kernels" if len(found) > 1 else ""),
        f"{weight.initializer or 'the initializer'} gives every unit the same weights",
        fixes.redrawn(diagnosis),
    )
    at = next((r.index for r in diagnosis.records if r.name == weight.owner), -1)
    return [(at, finding)]


def far_biases(diagnosis: Report) -> Found:
    """Biases that decide everything, whatever the data are."""
    values = {
        one.record.index: one
        for one in biased(diagnosis)
        if one.size >= limits.BIAS_LARGE or one.value >= limits.BIAS_WARNING_SMALL
    }
    found = _worst(
        [(one.record, one.value) for one in values.values()],
        limits.BIAS_WARNING,
        limits.BIAS_ERROR,
    )
    if found is None:
        return []
    bad, at, value, level = found
    names = [r.name for r in bad]
    finding = Finding(
        "bias far off",
        level,
        at.name,
        value,
        f"the bias of {at.label!r} adds {number(value)} times what differs between "
        "samples" + (f"; so in {quoted(names)}" if len(bad) > 1 else ""),
        "units do the same for all data: on or off, or far out on a flat part",
        fixes.without_biases(
            diagnosis, [path for r in bad for path in values[r.index].paths]
        ),
    )
    return [(at.index, finding)]
