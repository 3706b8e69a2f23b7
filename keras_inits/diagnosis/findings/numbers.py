"""Values that are not finite, confident heads, wrong fans, equal kernels."""

import math

from keras_inits.diagnosis import thresholds as limits
from keras_inits.diagnosis.derived import head
from keras_inits.diagnosis.findings import data, fixes
from keras_inits.diagnosis.report import (
    ERROR,
    INFO,
    WARNING,
    Finding,
    Report,
    WeightRecord,
)
from keras_inits.diagnosis.wording import number, quoted, times
from keras_inits.geometry.roles import Role

Found = list[tuple[int, Finding]]
LARGE = 5.0  # std of logits of which one has more than 99 % in most samples


def non_finite(diagnosis: Report) -> Found:
    """Infinities and nan: in the data, in weights, in what layers return."""
    if any(not r.out.finite for r in diagnosis.inputs):
        return data.non_finite(diagnosis)
    bad_weights = [w for w in diagnosis.weights if not w.finite]
    bad = [r for r in diagnosis.records if not r.out.finite]
    if bad_weights:
        at = next((r.index for r in bad), -1)
        finding = Finding(
            "not finite",
            ERROR,
            bad_weights[0].owner,
            float(len(bad_weights)),
            f"weights are not finite: {quoted([w.name for w in bad_weights])}",
            "an initializer, a file or an earlier step of training put nan or "
            "infinity there",
            fixes.redrawn(diagnosis),
        )
        return [(at, finding)]
    if bad:
        first = bad[0]
        finding = Finding(
            "not finite",
            ERROR,
            first.name,
            first.out.non_finite,
            f"{first.label!r} returns infinity or nan, of finite weights and data",
            f"values beyond what {first.dtype} holds, or a division by zero",
            fixes.redrawn(diagnosis),
        )
        return [(first.index, finding)]
    backward = [
        r for r in diagnosis.records if r.gradient is not None and not r.gradient.finite
    ]
    by_weight = [
        w for w in diagnosis.weights if w.gradient is not None and not w.gradient.finite
    ]
    if backward or by_weight:
        last = backward[-1] if backward else None
        where = f"from {last.label!r} down" if last else f"of {by_weight[0].name!r}"
        dtype = last.dtype if last else "its type"
        finding = Finding(
            "not finite",
            ERROR,
            last.name if last else by_weight[0].owner,
            1.0,
            f"gradients are not finite, {where}",
            f"values beyond what {dtype} holds, or a slope that is infinite",
            fixes.redrawn(diagnosis),
        )
        return [(last.index if last else -1, finding)]
    return []


def confident(diagnosis: Report) -> Found:
    """Heads whose first guess is already sure."""
    last = max(head(diagnosis), default=-1)
    at = diagnosis.records[last] if last >= 0 else None
    name = at.name if at is not None else ""
    logits = None if at is None else at.pre
    if at is not None and at.activation is None:
        logits = logits or at.out
    if diagnosis.chance_loss is not None and diagnosis.loss is not None:
        excess = (diagnosis.loss - diagnosis.chance_loss) / (diagnosis.loss_weight or 1)
        if excess < limits.CONFIDENT_WARNING:
            return []
        # Penalties on weights and activations are part of the loss, too.
        if logits is not None and logits.rms < limits.CONFIDENT_LOGITS:
            return []
        std = math.sqrt(2 * excess)
        finding = Finding(
            "confident head",
            WARNING,
            name,
            excess,
            f"the head is sure before it has learned: the loss is "
            f"{number(diagnosis.loss)}, and guessing costs "
            f"{number(diagnosis.chance_loss)}",
            "logits too large: their std is about "
            f"{number(std)}, and should be below one",
            fixes.smaller_head(diagnosis, logits.rms if logits else std),
        )
        return [(last, finding)]
    if at is None or at.out.saturated is None or at.activation != "softmax":
        return []
    if at.out.saturated < limits.FLAT_WARNING or at.out.units <= 1:
        return []
    finding = Finding(
        "confident head",
        WARNING,
        name,
        at.out.saturated,
        f"{at.label!r} gives one class more than 99 % for "
        f"{at.out.saturated:.0%} of the samples",
        "logits too large: their std should be below one",
        fixes.smaller_head(diagnosis, logits.rms if logits else LARGE),
    )
    return [(last, finding)]


def _off(weight: WeightRecord) -> float:
    error = weight.scale_error or 1.0
    return max(error, 1 / error)


def wrong_fans(diagnosis: Report) -> Found:
    """Kernels whose initializer counted other fans than the layer has."""
    harmless: dict[str, bool] = {}
    places: dict[str, int] = {}
    for record in diagnosis.records:
        for path in record.weights:
            harmless[path] = harmless.get(path, True) and record.normalized
            places.setdefault(path, record.index)
    groups: dict[tuple[str, str, str], list[WeightRecord]] = {}
    gated = {w.owner for w in diagnosis.weights if w.role == Role.RECURRENT}
    for weight in diagnosis.weights:
        if _off(weight) >= limits.FANS_INFO:
            matters = _off(weight) >= limits.FANS_WARNING
            if weight.owner in gated and not matters:
                continue  # as in every recurrent layer of Keras, and harmless
            matters = matters and not harmless.get(weight.path, False)
            key = (WARNING if matters else INFO, weight.layer, weight.initializer or "")
            groups.setdefault(key, []).append(weight)
    findings = []
    for (level, layer, initializer), members in groups.items():
        worst = max(members, key=_off)
        error, counted, fans = worst.scale_error, worst.counted, worst.fans
        assert error is not None
        assert counted is not None
        assert fans is not None
        normalized = harmless.get(worst.path, False)
        cause = "the initializer reads a kernel by its shape alone"
        if normalized:
            cause += "; a normalization behind it undoes the error"
        finding = Finding(
            "wrong fans",
            level,
            worst.owner,
            error,
            f"{layer} {worst.owner!r}: {initializer} counted "
            f"{counted[0]:g} inputs and {counted[1]:g} outputs, there are {fans[0]:g} "
            f"and {fans[1]:g}: variance {times(error)}"
            + (f"; so in {len(members)} kernels" if len(members) > 1 else ""),
            cause,
            fixes.redrawn(diagnosis),
        )
        findings.append(
            (places.get(worst.path, -1) if level == WARNING else -1, finding)
        )
    return findings


def _one_attention(names: list[str], diagnosis: Report) -> bool:
    """Whether weights are the queries', keys' and values' of one attention layer."""
    owners = {name.rsplit("/", 2)[0] for name in names}
    attentions = {r.name for r in diagnosis.records if "Attention" in r.layer}
    return len(owners) == 1 and owners <= attentions


def identical(diagnosis: Report) -> Found:
    """Kernels that hold the same values."""
    if not diagnosis.duplicates:
        return []
    names = {w.path: w.name for w in diagnosis.weights}
    groups = [[names.get(path, path) for path in g] for g in diagnosis.duplicates]
    # Those of one attention layer see different things, and part in the first step.
    across = [group for group in groups if not _one_attention(group, diagnosis)]
    group, count = (across or groups)[0], len(across or groups)
    finding = Finding(
        "identical tensors",
        WARNING if across else INFO,
        group[0],
        float(sum(map(len, across or groups))),
        f"{quoted(group)} hold the same values"
        + (f"; {count} groups are like it" if count > 1 else ""),
        "one initializer, or one seed, was used for all of them, or they were copied",
        fixes.redrawn(diagnosis),
    )
    return [(-1, finding)]
