"""Takes the first step of training on copies, and looks where the loss goes.

The gradients are those of the pass. What the optimizer makes of them is found on
copies, a few variables at a time, and one more pass, forward alone, tells the loss
behind the step. Where it has risen, a tenth of the step and ever smaller ones are
tried; where a step is too small to matter, one that is not.
"""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from keras_inits._utils.host_array import numpy_view, to_numpy
from keras_inits._utils.types import Tensor
from keras_inits.diagnosis import thresholds as limits
from keras_inits.diagnosis.step_record import StepRecord
from keras_inits.graph.weights import WeightInfo
from keras_inits.models import optimizer_step
from keras_inits.signals import engines
from keras_inits.signals.losses import PROJECTION, Objective
from keras_inits.signals.passes import Outcome, TrainingPass

BLOCK = 2**20  # values that are summed at a time
USUAL = 3e-3  # largest update by its weight at rates that are in use
SMALLER = 8  # decades below its own rate that are tried


def is_wanted(model: keras.Model, objective: Objective) -> bool:
    """Whether there is a step to take: an optimizer, and a loss that it would lower."""
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None or objective.kind == PROJECTION:
        return False
    return bool(model.trainable_variables)


def first_step(
    model: keras.Model,
    training: TrainingPass,
    infos: Sequence[WeightInfo],
    outcome: Outcome,
    batch: Any,
) -> tuple[StepRecord | None, tuple[str, ...]]:
    """The first step, and what is to be said of it.

    Args:
        model: A compiled model.
        training: The pass, which has just run the batch and kept its gradients.
        infos: The model's weights.
        outcome: What the pass gave.
        batch: Inputs, targets and weights, of tensors of the backend.
    """
    gradients = training.take_gradients()
    finite = all(g is None or g.seen[1] for g in outcome.gradients)
    if not finite or not math.isfinite(outcome.loss):
        return None, ()  # there are findings of that
    if all(g is None for g in gradients):
        return None, ()
    if type(model).train_step is not keras.Model.train_step:
        return None, ("the first step is not measured: the model has its own",)
    paths = {id(info.variable): info.path for info in infos}
    names = [paths.get(id(v), v.path) for v in training.trainable]
    try:
        step = _Step(model.optimizer, training, names, outcome, batch)
        return step.measured(gradients), ()
    except Exception as error:
        kind = type(model.optimizer).__name__
        told = str(error).strip().split("\n")[0] or type(error).__name__
        note = f"the first step is not measured: {kind} cannot be copied ({told})"
        return None, (note,)


class _Step:
    """The first step, at its own and at other rates."""

    def __init__(
        self,
        optimizer: Any,
        training: TrainingPass,
        names: Sequence[str],
        outcome: Outcome,
        batch: Any,
    ) -> None:
        self.optimizer = optimizer_step.stepping(optimizer)
        self.training, self.names, self.batch = training, names, batch
        self.loss, self.scale = outcome.loss, outcome.scale
        self.variables = training.trainable
        self.rate = optimizer_step.rate(self.optimizer, self.variables)

    def measured(self, gradients: list[Any]) -> StepRecord:
        """All of it; the gradients are let go as soon as they are not needed."""
        norm = math.sqrt(sum(_square(g) for g in gradients)) / self.scale
        clipped = _clipped(self.optimizer, gradients, self.scale, norm)
        values, sums = self._moved(gradients, norm, self.rate)
        ratios = tuple(
            (self.names[number], math.sqrt(u / n), math.sqrt(w / n))
            for number, (n, w, u, _) in sums.items()
        )
        tried: list[tuple[float, float]] = []
        if self.rate > 0 and largest(ratios) * limits.STEPS < limits.REACH_SHORT:
            tried += self._larger(gradients, norm)
        gradients.clear()
        whole, tenth = self.loss, None
        if any(update for _, update, _ in ratios):
            whole = self.training.loss_with(values, self.batch)
        if not whole <= self.loss:
            self._shrink(values)
            tenth = self.training.loss_with(values, self.batch)
            tried += self._smaller(values, tenth)
        return StepRecord(
            optimizer=type(self.optimizer).__name__,
            learning_rate=self.rate,
            scheduled=optimizer_step.is_scheduled(self.optimizer, self.variables),
            loss=self.loss,
            loss_after=whole,
            loss_after_tenth=tenth,
            predicted=sum(along for *_, along in sums.values()) / self.scale,
            ratios=ratios,
            gradient_norm=norm,
            clipped=clipped,
            tried=tuple(tried),
        )

    def _moved(
        self, gradients: Sequence[Any], norm: float, rate: float
    ) -> tuple[list[Tensor], dict[int, tuple[int, float, float, float]]]:
        """Values after a step, and sums over each variable that moves.

        Those are the number of values, and the sums of weight², update² and gradient
        times update.
        """
        divisor = self.scale / optimizer_step.clipping(self.optimizer, norm)
        values = [keras.ops.convert_to_tensor(v.value) for v in self.variables]
        sums = {}
        for number, value in optimizer_step.new_values(
            self.optimizer, self.variables, gradients, divisor, rate
        ):
            sums[number] = _sums(values[number], value, gradients[number])
            values[number] = value
        return values, sums

    def _shrink(self, values: list[Tensor]) -> None:
        """Goes back to a tenth of the way, in place."""
        for number, variable in enumerate(self.variables):
            if keras.backend.is_float_dtype(variable.dtype):
                start = keras.ops.convert_to_tensor(variable.value)
                part = keras.ops.cast(0.1, variable.dtype)
                values[number] = start + (values[number] - start) * part

    def _smaller(self, values: list[Tensor], loss: float) -> list[tuple[float, float]]:
        """Ever smaller steps, until one lowers the loss."""
        tried = [(self.rate / 10, loss)]
        while not tried[-1][1] < self.loss and len(tried) < SMALLER:
            self._shrink(values)
            loss = self.training.loss_with(values, self.batch)
            tried.append((tried[-1][0] / 10, loss))
        return tried

    def _larger(self, gradients: list[Any], norm: float) -> list[tuple[float, float]]:
        """A step that changes the weights by a thousandth or so."""
        rate = self.rate
        for _ in range(6):
            values, sums = self._moved(gradients, norm, rate)
            ratio = max(math.sqrt(u / w) for _, w, u, _ in sums.values() if w > 0)
            # Next to rounding, a size tells only that the step is far too small.
            if USUAL / 4 < ratio < USUAL * 4:
                return [(rate, self.training.loss_with(values, self.batch))]
            far = min(max(USUAL / ratio, 1e-3), 1e3) if ratio > 1e-6 else 1e3
            rate *= 10.0 ** round(math.log10(far))
        return []


def largest(ratios: Sequence[tuple[str, float, float]]) -> float:
    """The largest update by its weight, of weights that are not zero."""
    return max((u / w for _, u, w in ratios if w > 0), default=math.inf)


def _dense(x: Tensor) -> Any:
    """A tensor's memory where that is at hand; rows of an embedding as the whole."""
    found = numpy_view(engines.dense(x))
    return found.reshape(-1) if isinstance(found, np.ndarray) else found


def _product(*factors: Any) -> float:
    """Sum of products of two tensors, in float32, of blocks in float64."""
    one, two = factors
    if not isinstance(one, np.ndarray) or not isinstance(two, np.ndarray):
        one, two = (keras.ops.cast(x, "float32") for x in factors)
        return float(to_numpy(keras.ops.sum(one * two)))
    total = 0.0
    for start in range(0, one.size, BLOCK):
        a, b = (
            x[start : start + BLOCK].astype("float32", copy=False) for x in (one, two)
        )
        total += float(np.vdot(a, b))
    return total


def _square(gradient: Any) -> float:
    if gradient is None:
        return 0.0
    # Of rows of an embedding Keras squares each, also where two are of one token.
    rows = gradient.values if hasattr(gradient, "dense_shape") else gradient
    values = _dense(rows)
    return _product(values, values)


def _sums(
    weight: Tensor, moved: Tensor, gradient: Tensor
) -> tuple[int, float, float, float]:
    """Number of values, sums of weight², update² and gradient times update."""
    old, new, along = _dense(weight), _dense(moved), _dense(gradient)
    size = math.prod(int(n) for n in weight.shape)
    update = new - old
    return size, _product(old, old), _product(update, update), _product(along, update)


def _clipped(
    optimizer: Any, gradients: Sequence[Any], scale: float, norm: float
) -> float:
    """Norm of the gradients after clipping by that before it."""
    single = getattr(optimizer, "clipnorm", None)
    limit = getattr(optimizer, "clipvalue", None)
    if norm == 0:
        return 1.0
    if single:
        norms = [math.sqrt(_square(g)) / scale for g in gradients]
        after = math.sqrt(sum(min(n, single) ** 2 for n in norms))
    elif getattr(optimizer, "global_clipnorm", None) or not limit:
        return optimizer_step.clipping(optimizer, norm)
    else:
        cut = [
            keras.ops.clip(engines.dense(g) / scale, -limit, limit)
            for g in gradients
            if g is not None
        ]
        after = math.sqrt(sum(map(_square, cut)))
    return after / norm
