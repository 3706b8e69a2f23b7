"""Does the gradient arrive at the first layers?"""

import itertools

from keras_inits.diagnosis import thresholds as limits
from keras_inits.diagnosis.derived import head, kernels, relevance, stopped
from keras_inits.diagnosis.findings import fixes
from keras_inits.diagnosis.findings.common import info, log_mean_step, severity
from keras_inits.diagnosis.findings.opening import opening
from keras_inits.diagnosis.findings.precision import underflow
from keras_inits.diagnosis.report import (
    ERROR,
    WARNING,
    Finding,
    LayerRecord,
    Report,
    WeightRecord,
)
from keras_inits.diagnosis.wording import number, quoted
from keras_inits.geometry.roles import KERNEL_ROLES, Role

# Operations of slope zero, by which some backends have a gradient of zero, others none.
STEPS = {"Ceil", "Floor", "FloorDivide", "Round", "Sign", "Trunc"}


def _shut_head(diagnosis: Report) -> bool:
    """Whether a head passes nothing back at the start, but for rounding errors."""
    opens = set(opening(diagnosis))
    return any(w.name in opens and w.equal and not w.zero for w in diagnosis.weights)


def stuck(diagnosis: Report) -> list[tuple[int, Finding]]:
    """Kernels that get no gradient."""
    none = stopped(diagnosis)
    measured = [
        w
        for w in diagnosis.weights
        if w.role in KERNEL_ROLES and w.gradient is not None
    ]
    still = [
        w
        for w in measured
        if w.path in none or (w.gradient is not None and w.gradient.rms == 0)
    ]
    still = [w for w in still if not _without_steps(w, measured)]
    if not still or underflow(diagnosis):
        return []
    names = [w.name for w in still]
    opens = opening(diagnosis)
    figure = len(still) / len(measured)
    if opens:
        finding = info(
            "closed at the start",
            still[0].owner,
            figure,
            f"{quoted(names)} get no gradient in the first step",
            f"{quoted(opens)} are zero, or the same for all units, and open in that "
            "step",
            "# nothing to do: residual branches and heads may start at zero",
        )
        return [(-1, finding)]
    cut_off = _cut_off(_cut(diagnosis), still, figure)
    if cut_off:
        return cut_off
    owners = {w.owner for w in still}
    at = max((r.index for r in diagnosis.records if r.name in owners), default=-1)
    zeros = [w.name for w in diagnosis.weights if w.zero and w.role in KERNEL_ROLES]
    cause = "units that are off, or zero weights one behind the other, pass nothing on"
    if zeros:
        cause = f"{quoted(zeros)} are zero, and so is what would move them"
    finding = Finding(
        "no gradient",
        _level(figure),
        still[0].owner,
        figure,
        f"{len(still)} of {len(measured)} kernels get no gradient at all: "
        f"{quoted(names)}",
        cause,
        fixes.redrawn(diagnosis),
    )
    return [(at, finding)]


def _without_steps(weight: WeightRecord, measured: list[WeightRecord]) -> bool:
    """Whether a recurrent kernel has no step to work on, as with a single time step.

    What a layer is given comes through, but not what it remembers.
    """
    return weight.role == Role.RECURRENT and any(
        w.owner == weight.owner
        and w.role == Role.KERNEL
        and w.gradient is not None
        and w.gradient.rms > 0
        for w in measured
    )


def _cut(diagnosis: Report) -> list[LayerRecord]:
    """Layers that the loss is computed from, with no gradient, or one of `STEPS` next.

    Their weights have a gradient of zero on some backends, and none on others.
    """
    feeds: set[int] = set()
    stepped: set[int] = set()
    for record in reversed(diagnosis.records):
        if record.gradient is None and record.index not in feeds:
            continue
        feeds.update(record.parents)
        if record.layer in STEPS or record.index in stepped:
            stepped.update(record.parents)

    def without(record: LayerRecord) -> bool:
        gradient = record.gradient
        return gradient is None or (record.index in stepped and gradient.rms == 0)

    return [r for r in diagnosis.records if r.index in feeds and without(r)]


def _level(figure: float) -> str:
    """Severity where a part of the kernels gets no gradient."""
    return ERROR if figure >= 0.5 else WARNING


def _cut_off(
    cut: list[LayerRecord], still: list[WeightRecord], figure: float
) -> list[tuple[int, Finding]]:
    """What is said of kernels without a gradient, if some are in layers cut off."""
    paths = {w.path for w in still}
    ends = [record for record in cut if paths.intersection(record.weights)]
    if not ends:
        return []
    at = ends[-1]
    finding = Finding(
        "no gradient",
        _level(figure),
        still[0].owner,
        figure,
        f"{quoted([w.name for w in still])} get no gradient, though the loss is "
        "computed from what they return",
        "an operation without a slope stands behind "
        f"{at.label!r}: stop_gradient, round or a comparison",
        "# remove it, or use a straight-through estimator: "
        "x + keras.ops.stop_gradient(keras.ops.round(x) - x)",
    )
    return [(at.index, finding)]


def unbalanced(diagnosis: Report) -> list[tuple[int, Finding]]:
    """Gradients that vanish or explode on the way to the first layers."""
    if _shut_head(diagnosis):
        return []
    # Behind a squashing head, sizes are not those of what the head computes.
    ends = head(diagnosis)
    judged = [
        (r, relevance(r))
        for r in kernels(diagnosis)
        if r.activation is None or r.index not in ends
    ]
    judged = [(record, value) for record, value in judged if value > 0]
    if len(judged) < 2:
        return []
    # Several layers at each end, and all that stands between them: queries, keys and
    # branches that begin almost closed get little in sound networks too, but the sum
    # that branches are added to does not.
    part = max(1, len(judged) // 4)
    squashed = {i for i in ends if diagnosis.records[i].activation is not None}
    paths = [
        (r, relevance(r))
        for r in diagnosis.records
        if r.index not in squashed and not r.block
    ]
    start, end = judged[part - 1][0].index, judged[-2][0].index
    early = max(value for record, value in paths if record.index <= start)
    late = max(value for record, value in paths if record.index >= end)
    ratio = early / late
    rate = log_mean_step(ratio, len(judged) - 1)
    small = severity(1 / ratio, limits.GRADIENT_WARNING, limits.GRADIENT_ERROR)
    if small is not None:
        bound = late / limits.GRADIENT_WARNING
        reached = itertools.accumulate((value for _, value in paths), max)
        below = [
            r for (r, _), value in zip(paths, reached, strict=True) if value <= bound
        ]
        at = below[-1]
        finding = Finding(
            "vanishing gradient",
            small,
            at.name,
            ratio,
            f"the gradient vanishes: the first layers get {number(ratio)} of what the "
            f"last ones get, and it is lost below {at.label!r}",
            f"each layer multiplies it by about {number(rate)} on the way back: "
            "kernels too small, or slopes of activations far below one",
            fixes.redrawn(diagnosis),
        )
        return [(at.index, finding)]
    at, ratio, large = _growing(judged[:part], late)
    if large is None:
        return []
    rate = log_mean_step(ratio, len(judged) - 1)
    finding = Finding(
        "exploding gradient",
        large,
        at.name,
        ratio,
        f"the gradient explodes: the first layers get {number(ratio)} times what the "
        "last ones get",
        f"each layer multiplies it by about {number(rate)} on the way back: kernels "
        "too large for their activations",
        fixes.for_large_gradients(diagnosis),
    )
    return [(at.index, finding)]


def _growing(
    early: list[tuple[LayerRecord, float]], late: float
) -> tuple[LayerRecord, float, str | None]:
    """The first layer whose gradient has grown most, by how much, and how grave it is.

    Kernels with a normalization behind them have limits of their own.
    """
    found = []
    for record, value in early:
        warning, error = limits.GROWING_WARNING, limits.GROWING_ERROR
        if record.normalized:
            warning = limits.GROWING_NORMALIZED_WARNING
            error = limits.GROWING_NORMALIZED_ERROR
        found.append((record, value / late, severity(value / late, warning, error)))
    return max(found, key=lambda one: (one[2] == ERROR, one[2] == WARNING, one[1]))


def unconnected(diagnosis: Report) -> list[tuple[int, Finding]]:
    """Trainable weights that the loss does not depend on."""
    without = [w for w in diagnosis.weights if w.trainable and w.gradient is None]
    measured = sum(w.gradient is not None for w in diagnosis.weights)
    if not without or not measured:
        return []
    # What the loss is computed from, and yet gets no gradient: it was cut off.
    cut = _cut(diagnosis)
    paths = {path for record in cut for path in record.weights}
    still = [w for w in without if w.path in paths and w.role in KERNEL_ROLES]
    learned = [w for w in diagnosis.weights if w.trainable and w.role in KERNEL_ROLES]
    found = _cut_off(cut, still, len(still) / max(1, len(learned)))
    alone = [w.name for w in without if w.path not in paths]
    if not alone:
        return found
    finding = info(
        "not connected",
        alone[0],
        len(alone) / (len(alone) + measured),
        f"the loss does not depend on {quoted(alone)}",
        "an output without a loss, or a layer that is not called",
        "# give every output a loss, or remove the layer",
    )
    return [*found, (-1, finding)]
