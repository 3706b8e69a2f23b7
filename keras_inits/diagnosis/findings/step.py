"""Would the first step of training help?"""

import math
import statistics

from keras_inits.diagnosis import thresholds as limits
from keras_inits.diagnosis.findings.common import severity
from keras_inits.diagnosis.report import ERROR, WARNING, Finding, Report
from keras_inits.diagnosis.step_record import StepRecord
from keras_inits.diagnosis.wording import number
from keras_inits.geometry.roles import KERNEL_ROLES
from keras_inits.signals.losses import COMPILED

Found = list[tuple[int, Finding]]
# Fall of the loss by what the gradient promises, for a rate that is proposed as it is.
STRAIGHT = 0.5
USUAL = {"SGD": 1e-2}  # Keras's own; of the others 0.001
TRAINABLE = (
    "model.trainable = True; model.compile(type(model.optimizer).from_config("
    "model.optimizer.get_config()), model.loss)"
)
UNCLIPPED = (
    "model.optimizer.clipnorm = model.optimizer.clipvalue = "
    "model.optimizer.global_clipnorm = None"
)


def frozen(diagnosis: Report) -> Found:
    """A compiled model none of whose weights is trained."""
    weights = diagnosis.weights
    if diagnosis.loss_kind != COMPILED or not weights:
        return []
    if any(w.trainable for w in weights):
        return []
    finding = Finding(
        "nothing trains",
        ERROR,
        "",
        float(len(weights)),
        f"nothing trains: all {len(weights)} weights are frozen",
        "`trainable` is False for the model or for each of its layers",
        TRAINABLE,
    )
    return [(-1, finding)]


def _at(step: StepRecord, rate: float) -> str:
    """The line that sets a rate."""
    if step.optimizer == "MultiOptimizer" and step.learning_rate > 0:
        part = f"{rate / step.learning_rate:.1g}"
        return (
            "for one in model.optimizer.optimizers: "
            f"one.learning_rate = float(one.learning_rate) * {part}"
        )
    if not step.scheduled:
        return f"model.optimizer.learning_rate = {rate:.1g}"
    made = f"keras.optimizers.{step.optimizer}({rate:.1g})"
    return f"model.compile({made}, model.loss)  # or a schedule that starts there"


def _fix(step: StepRecord) -> str:
    """A rate that lowers the loss, and by how much it does."""
    better = step.better
    if better is None:
        return _at(step, step.learning_rate / 100) + "  # none that was tried helps"
    rate, loss = better
    told = f"a step at {rate:.1g} takes the loss from {number(step.loss)} to "
    told += number(loss)
    straight = -step.predicted * rate / step.learning_rate
    # It lowers the loss by less than half of what the gradient promises: it goes as far
    # as it can, and with momentum later ones would go farther.
    bent = step.loss - loss < STRAIGHT * straight
    return f"{_at(step, rate / 10 if bent else rate)}  # {told}"


def _reach(step: StepRecord) -> float:
    """What very many equal steps would change, by what is there: weights or loss."""
    sizes = [u / w for _, u, w in step.ratios if w > 0]
    if not sizes:
        return math.inf
    loss = abs(step.predicted / step.loss) if step.loss else 0.0
    return limits.STEPS * max(*sizes, loss)


def too_small(diagnosis: Report) -> Found:
    """A step too small to matter, by its rate or by clipping.

    A schedule may begin with nothing. Where a larger step would not lower the loss
    either, as in a model that is trained, the rate is not what is missing.
    """
    step = diagnosis.step
    if step is None or step.scheduled or step.gradient_norm == 0:
        return []
    reach = _reach(step)
    worst = severity(-reach, -limits.REACH_SHORT, -limits.REACH_NONE)
    if worst is None:
        return []
    better = step.better
    gain = 0.0 if better is None else step.loss - better[1]
    if step.learning_rate > 0 and gain <= limits.GAIN * abs(step.loss):
        return []
    said = (
        f"{limits.STEPS:,.0f} steps like the first would change weights or loss by "
        f"{number(reach)} of their size at most"
    )
    if step.clipped < limits.CLIPPED and step.learning_rate > 0:
        finding = Finding(
            "gradient clipped away",
            worst,
            "",
            step.clipped,
            f"clipping leaves {number(step.clipped)} of the gradient: {said}",
            "a limit that is far below the gradient's norm, "
            f"{number(step.gradient_norm)}",
            UNCLIPPED,
        )
        return [(-1, finding)]
    rate = step.learning_rate
    finding = Finding(
        "step too small",
        worst,
        "",
        reach,
        f"the step is too small to matter: {said}",
        f"a learning rate of {rate:.1g}",
        _fix(step) if rate > 0 else _at(step, USUAL.get(step.optimizer, 1e-3)),
    )
    return [(-1, finding)]


def too_large(diagnosis: Report) -> Found:
    """Updates that are larger than the kernels that they are added to.

    Biases do not count, nor kernels that are zero: all they become is the update.
    """
    step = diagnosis.step
    if step is None:
        return []
    kernels = {w.path: w.owner for w in diagnosis.weights if w.role in KERNEL_ROLES}
    sizes = [(u / w, path) for path, u, w in step.ratios if w > 0 and path in kernels]
    if not sizes:
        return []
    middle = statistics.median(size for size, _ in sizes)
    worst = severity(middle, limits.STEP_WARNING, limits.STEP_ERROR)
    if worst is None:
        return []
    largest, path = max(sizes)
    finding = Finding(
        "step too large",
        worst,
        kernels[path],
        middle,
        f"the first step is larger than the weights: {number(middle)} times as large "
        f"in the middle of {len(sizes)} kernels, {number(largest)} times at most",
        f"a learning rate of {step.learning_rate:.1g} for {step.optimizer}: nothing "
        "is left of what was drawn",
        _fix(step),
    )
    return [(-1, finding)]


def rising(diagnosis: Report) -> Found:
    """A loss that is larger after the step."""
    step = diagnosis.step
    if step is None or step.loss_after <= step.loss or step.loss_after_tenth is None:
        return []
    size = abs(step.loss) or 1.0
    whole, tenth = (
        (after - step.loss) / size if math.isfinite(after) else math.inf
        for after in (step.loss_after, step.loss_after_tenth)
    )
    is_sgd = step.optimizer == "SGD"
    far = limits.RISE_SGD_WARNING if is_sgd else limits.RISE_WARNING
    also = ""
    if tenth > limits.RISE_TENTH:
        worst, also = ERROR, ", and already along a tenth of the way"
    elif whole > far:
        worst = ERROR if is_sgd and whole > limits.RISE_SGD_ERROR else WARNING
    else:
        return []
    finding = Finding(
        "loss rises",
        worst,
        "",
        whole,
        f"the loss rises along the first step, from {number(step.loss)} to "
        f"{number(step.loss_after)}{also}",
        f"a learning rate of {step.learning_rate:.1g} for {step.optimizer} goes past "
        "where the gradient points down",
        _fix(step),
    )
    return [(-1, finding)]
