"""Runs batches through a model, forward and backward as in training.

`TrainingPass` is what `diagnose` needs: it owns the model, the hooks on its layers, the
recorder and the backend's engine, and hands out plain figures. It does not change the
model: weights, statistics, seeds and flags are as before.
"""

import contextlib
import copy
import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, Self

import keras
import numpy as np

from keras_inits._utils.keras_private import flat_layers, unchanged_losses
from keras_inits._utils.types import Tensor
from keras_inits.signals import engines, hooks
from keras_inits.signals.engines.base import Problem, WeightGradient
from keras_inits.signals.losses import Objective
from keras_inits.signals.random_state import unchanged_randomness
from keras_inits.signals.recorder import Entry
from keras_inits.signals.refusals import Unusable, refused_batch
from keras_inits.signals.threads import numpy_on_one_thread

HALF_SCALE = 2.0**15  # what Keras multiplies a loss by under mixed_float16
SCALE_STEP = 16.0  # by which a loss scale is lowered where gradients overflow


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What one batch gave, besides the figures of the layers.

    Attributes:
        loss: The loss.
        gradients: Figures of the gradient of each trainable variable of the model;
            None where there is none.
        scale: Factor of the loss in the backward pass: gradients are as much larger.
        notes: What was assumed or done for it.
    """

    loss: float
    gradients: Sequence[WeightGradient | None]
    scale: float
    notes: tuple[str, ...]


def _loss_scale(model: keras.Model) -> tuple[float, tuple[str, ...]]:
    """The factor of the loss that training would start with, and a note on it."""
    optimizer = getattr(model, "optimizer", None)
    scale = getattr(optimizer, "dynamic_scale", None)
    if scale is not None:
        return float(keras.ops.convert_to_numpy(scale.value)), ()
    initial = getattr(optimizer, "initial_scale", None)
    if initial is not None:
        return float(initial), ()
    policies = {layer.dtype_policy.name for layer in flat_layers(model)}
    if "mixed_float16" in policies and optimizer is None:
        note = "mixed_float16: the loss is scaled by 2**15, as Keras's compile does"
        return HALF_SCALE, (note,)
    return 1.0, ()


class TrainingPass:
    """A context in which batches run through a model, forward and backward.

    Args:
        model: A built model.
        objective: What the gradient is taken of.
        views: For each trainable variable, how its units are hashed, or None.
        tick: Called after each tensor that was looked at.
        see: Called with the outputs before the loss is computed of them, and for each
            with the indices of the entries that it comes from.

    Attributes:
        trainable: The variables whose gradients are looked at.
        entries: What was seen of each call of a layer, in the order of execution.
        skipped: Names of layers of which nothing could be seen.
    """

    def __init__(
        self,
        model: keras.Model,
        objective: Objective,
        views: list[Any],
        tick: Callable[[], None],
        see: Callable[[Tensor, list[tuple[int, ...]]], None] = lambda *_: None,
    ) -> None:
        self.model, self.objective, self._see = model, objective, see
        self.trainable = list(model.trainable_variables)
        kept = {id(variable) for variable in self.trainable}
        self._others = [v for v in model.variables if id(v) not in kept]
        scale, self._notes = _loss_scale(model)
        problem = Problem(self.trainable, self._others, views, self._loss)
        self._engine = engines.engine(problem, scale, tick)
        self._stack = contextlib.ExitStack()

    @property
    def entries(self) -> list[Entry]:
        found: list[Entry] = self._engine.recorder.entries
        return found

    @property
    def skipped(self) -> set[str]:
        found: set[str] = self._engine.recorder.skipped
        return found

    def keep_gradients(self) -> None:
        """Has `run` keep the gradients for `take_gradients`."""
        self._engine.keeps = True

    def take_gradients(self) -> list[Any]:
        """The last batch's gradients of the loss times `Outcome.scale`, once."""
        found: list[Any] = self._engine.take_gradients()
        return found

    def loss_with(self, values: list[Any], batch: Any) -> float:
        """The loss of a batch with other values of the trainable variables.

        Forward alone, as `run` does it: by the batch's statistics, without dropout.
        """
        see, self._see = self._see, lambda *_: None
        try:
            with np.errstate(all="ignore"):
                found: float = self._engine.loss(values, batch)
        finally:
            self._see = see
        return found

    def __enter__(self) -> Self:
        watch, prepare = self._engine.recorder.watch, self._engine.prepare
        with contextlib.ExitStack() as stack:
            stack.enter_context(unchanged_randomness())
            stack.enter_context(numpy_on_one_thread())
            stack.enter_context(unchanged_losses(self.model))
            stack.enter_context(hooks.watching(self.model, watch, prepare))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._stack.__exit__(*exception)

    def _loss(self, trainable: Any, others: Any, batch: Any) -> Any:
        """The loss of a batch, with the values given for the variables."""
        mapping = [
            *zip(self.trainable, trainable, strict=True),
            *zip(self._others, others, strict=True),
        ]
        x, y, weight = batch
        with keras.StatelessScope(mapping, collect_losses=True) as scope:
            outputs = self.model(x, training=True)
            makers_of = self._engine.recorder.makers_of
            self._see(outputs, [makers_of(o) for o in keras.tree.flatten(outputs)])
            return self.objective.value(x, outputs, y, weight, scope.losses)

    def run(self, batch: Any) -> Outcome:
        """One batch, at a loss scale whose gradients float16 holds.

        Training skips a step whose gradients overflow, and halves the scale.

        Args:
            batch: Inputs, targets and weights, of tensors of the backend.

        Raises:
            ValueError: If the model or the loss cannot take the batch.
        """
        self.objective.see(batch[2])
        engine, notes = self._engine, self._notes
        self._notes = ()
        while True:
            entries = engine.recorder.entries
            shared = {id(entry.hooked): entry.hooked for entry in entries}
            before = copy.deepcopy(entries, shared) if engine.scale > 1 else []
            with np.errstate(invalid="ignore"):
                loss, seen = self._attempt(batch)
            gradients = [e.gradient.finite for e in entries if e.gradient is not None]
            gradients += [gradient.seen[1] for gradient in seen if gradient is not None]
            forward = all(e.out is not None and e.out.finite for e in entries)
            if engine.scale <= 1 or all(gradients) or not forward:
                return Outcome(loss, seen, engine.scale, notes)
            scale = max(1.0, engine.scale / SCALE_STEP)
            notes = (
                *notes,
                f"gradients overflow at the loss scale {engine.scale:g}, which "
                f"training lowers by itself: measured at {scale:g}",
            )
            engine.scale, engine.recorder.entries = scale, before
            for entry in before:
                if entry.gradient is not None:
                    entry.gradient.scale = scale

    def _attempt(self, batch: Any) -> Any:
        try:
            return self._engine.run(batch)
        except Unusable:
            raise
        except Exception as error:
            if error is self.objective.refusal:
                raise
            refused = refused_batch(error, batch[0], "y")
            if refused is error:
                raise
            raise refused from error
