"""Runs batches through a model, and adds up what a diagnosis needs of them."""

import itertools
from collections.abc import Iterator
from typing import Any

import keras

from keras_inits._utils.host_array import numpy_view, to_numpy
from keras_inits._utils.progress import progress
from keras_inits.diagnosis import first_step
from keras_inits.diagnosis.heads import Heads
from keras_inits.diagnosis.step_record import StepRecord
from keras_inits.graph.weights import WeightInfo
from keras_inits.signals import batches as data
from keras_inits.signals.losses import Objective
from keras_inits.signals.passes import Outcome, TrainingPass
from keras_inits.signals.recorder import is_real, look, on_host, repeats
from keras_inits.signals.statistics import GradientTally, Moments, Tally, pick


def _own_step(model: keras.Model) -> list[str]:
    """A note on a model that computes its loss in a step of its own."""
    own, usual = (getattr(m, "train_step", None) for m in (type(model), keras.Model))
    if own is usual:
        return []
    return [
        "trains by a `train_step` of its own, whose loss is not known: measured is "
        "that of `compute_loss`, or a random direction"
    ]


class Rest:
    """Batches, of which the last one can be had again."""

    def __init__(self, batches: Iterator[data.Batch]) -> None:
        self._batches = batches
        self._last: data.Batch | None = None

    def again(self) -> None:
        """Puts the last batch back."""
        last = [] if self._last is None else [self._last]
        self._batches = itertools.chain(last, self._batches)

    def __iter__(self) -> Iterator[data.Batch]:
        for batch in self._batches:
            self._last = batch
            yield batch


def passes(
    model: keras.Model,
    objective: Objective,
    infos: list[WeightInfo],
    views: Any,
    heads: Heads,
    batches: Rest,
    steps: bool,
) -> "tuple[TrainingPass, Totals, list[str]]":
    """Runs the batches through the model: the pass, what was added up, and notes.

    The first step is measured only if `steps` asks for it.

    Raises:
        Unusable: If the targets cannot be used with the loss.
    """
    totals = Totals()
    notes = _own_step(model)
    with (
        progress(model.name) as advance,
        TrainingPass(
            model, objective, views, lambda: advance(1), heads.see
        ) as training,
    ):
        wanted = steps and first_step.is_wanted(model, objective)
        if wanted:
            training.keep_gradients()
        for number, batch in enumerate(batches):
            tensors = data.as_tensors(batch)
            totals.see_batch(tensors[0])
            heads.expect(batch.y)
            outcome = training.run(tensors)
            totals.see_outcome(outcome, training.trainable)
            totals.see_targets(objective.subtracted(tensors[1]))
            notes += [*batch.notes, *outcome.notes]
            if wanted and number == 0:
                totals.step, said = first_step.first_step(
                    model, training, infos, outcome, tensors
                )
                notes += said
            training.take_gradients()
    return training, totals, notes


class Totals:
    """What is added up over the batches, besides the figures of the layers."""

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.step: StepRecord | None = None
        self.samples = 0
        self.inputs: list[Tally] = []
        self.alike: list[bool] = []
        self.targets: list[Moments] = []
        self.gradients: dict[int, GradientTally] = {}  # by number of the variable
        self.hashed: dict[int, Any] = {}

    def see_batch(self, x: Any) -> None:
        """Inputs, before the pass."""
        flat = [tensor for tensor in keras.tree.flatten(x) if tensor is not None]
        self.alike.append(all(map(repeats, flat)))
        self.samples += int(flat[0].shape[0])
        for number, tensor in enumerate(t for t in flat if is_real(t)):
            shape = tuple(int(n) for n in tensor.shape)
            if number == len(self.inputs):
                self.inputs.append(Tally(shape, shape[-1]))
            self.inputs[number].add(*on_host(look(tensor)))

    def see_outcome(self, outcome: Outcome, trainable: list[Any]) -> None:
        """Loss and gradients of a batch."""
        self.losses.append(outcome.loss)
        for number, gradient in enumerate(outcome.gradients):
            if gradient is None:
                continue
            if number not in self.gradients:
                dtype = str(trainable[number].dtype)
                self.gradients[number] = GradientTally(gradient.size, dtype)
            self.gradients[number].scale = outcome.scale
            self.gradients[number].add(*gradient.seen)
            if gradient.units is not None:
                total = self.hashed.get(number, 0.0)
                self.hashed[number] = total + gradient.units / outcome.scale

    def see_targets(self, targets: list[Any]) -> None:
        """Targets that outputs are subtracted from."""
        for number, target in enumerate(targets):
            if number == len(self.targets):
                self.targets.append(Moments())
            values = to_numpy(pick(numpy_view(target)))
            self.targets[number].add(values.astype("float64"))
