"""The public `diagnose`: measures a model on batches of data, and judges it."""

import dataclasses
import itertools
from collections.abc import Iterator
from typing import Any

import keras

from keras_inits._utils import checks
from keras_inits._utils.host_array import numpy_view, to_numpy
from keras_inits._utils.keras_private import unchanged_losses
from keras_inits._utils.progress import progress
from keras_inits.diagnosis import (
    findings,
    first_step,
    records,
    remedies,
    trial,
    weights,
)
from keras_inits.diagnosis.diagnosis import Diagnosis
from keras_inits.diagnosis.heads import Heads
from keras_inits.diagnosis.inspection import Inspection
from keras_inits.diagnosis.report import WeightRecord
from keras_inits.diagnosis.step_record import StepRecord
from keras_inits.geometry.roles import Role
from keras_inits.graph import duplicates
from keras_inits.graph.residual import branch_ends
from keras_inits.graph.trace import trace
from keras_inits.graph.weights import WeightInfo, weights_of
from keras_inits.signals import batches as data
from keras_inits.signals import hooks
from keras_inits.signals.losses import Objective
from keras_inits.signals.passes import Outcome, TrainingPass
from keras_inits.signals.random_state import unchanged_randomness
from keras_inits.signals.recorder import is_real, look, on_host, repeats
from keras_inits.signals.refusals import Unusable
from keras_inits.signals.statistics import GradientTally, Moments, Tally, pick


def diagnose(
    model: keras.Model,
    x: Any = None,
    y: Any = None,
    *,
    sample_weight: Any = None,
    class_weight: Any = None,
    loss: Any = None,
    batches: int = 1,
    batch_size: int | None = None,
    seed: int = 0,
    try_fixes: bool = True,
) -> Diagnosis:
    """What the weights of a model do to signals and gradients, before it is trained.

    One forward and one backward pass per batch, as in training (normalizations by the
    batch's own statistics), but without dropout and noise, so that samples differ for
    no other reason than the data. Nothing is changed: weights, optimizer, seeds,
    statistics of normalizations and flags are as before.

    Args:
        model: A built Keras model.
        x: What the model is given, as `fit` takes it: an array, a list or dict of
            arrays, a `tf.data.Dataset`, a PyTorch `DataLoader`, a
            `keras.utils.PyDataset`, an iterable of batches; or None for white noise of
            the input's shape, token ids for integer inputs, a batch of 32. Sizes that
            the model leaves open are then 16, or 64 for inputs of rank 4 and above.
        y: Targets, where `x` is arrays; as `fit` takes them.
        sample_weight: Weights of samples or time steps, where `x` is arrays, or such
            weights for each output; as `fit` takes them.
        class_weight: From the number of a class to its weight; as `fit` takes it.
        loss: What `compile` takes, a Keras loss or its name, or one for each output;
            None for what the model is compiled with. Measured is what `fit` reports,
            with what layers add to it, by the model's `compute_loss`. Without
            targets or loss, the gradient is of a fixed random direction of the outputs.
        batches: How many batches are measured; int, >= 1.
        batch_size: Rows of arrays in a batch; None for 32.
        seed: Of noise and direction; int.
        try_fixes: Whether fixes that set weights are tried before they are offered, on
            other rows where there are some: each costs such a pass, and the model gets
            its weights back. Without findings above "info" nothing is tried.

    Returns:
        A `Diagnosis`; print it.

    Raises:
        ValueError: If the model is not built, or the data do not fit it or its loss.

    Examples:
    >>> import keras, keras_inits
    >>> model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4, "relu")])
    >>> d = keras_inits.diagnose(model)
    >>> [record.name for record in d.records], d.verdict
    (['dense...'], 'healthy')
    """
    size = data.BATCH if batch_size is None else _batch_size(batch_size)
    given = (x, y, sample_weight, class_weight)
    with unchanged_randomness(), unchanged_losses(model):
        found, first = _diagnosed(model, given, loss, (batches, size, seed))
        if not try_fixes:
            return found
        others = _others(given, batches * size, first)

        def again() -> Diagnosis:
            return _diagnosed(model, others, loss, (1, size, seed + 1), mends=False)[0]

        return trial.tried(found, model, x, again)


def _diagnosed(
    model: keras.Model,
    given: tuple[Any, Any, Any, Any],
    loss: Any,
    how: tuple[int, int, int],
    mends: bool = True,
) -> tuple[Diagnosis, data.Batch | None]:
    """The diagnosis, led back to the data where that is so, and the first batch."""
    x, y, sample_weight, class_weight = given
    batches, size, seed = how
    if x is None or not isinstance(model, keras.Model):
        weights_of(model)  # which says what is wrong with it
    batches_of_data = data.stream(
        model, x, y, batches, size, seed, sample_weight, class_weight
    )
    first = next(batches_of_data)
    built = _built(model, first)
    infos = weights_of(model)
    objective = Objective(model, loss, first.y is not None, seed)
    by_variable = {id(info.variable): info for info in infos}
    views = [
        None if (info := by_variable.get(id(v))) is None else weights.view(info)
        for v in model.trainable_variables
    ]
    weighted = sample_weight is not None or class_weight is not None
    inspection = Inspection(model, infos, x, None if weighted else y)
    heads = Heads(model, objective, y if data.is_arrays(x, model) else None)
    # The graph is read at the first batch: not under the hooks of a pass.
    first = inspection.taken(first)
    rest = _Rest(itertools.chain([first], map(inspection.taken, batches_of_data)))
    try:
        training, totals, notes = _passes(model, objective, infos, views, heads, rest)
    except Unusable:
        heads.accept()
        rest.again()
        objective = Objective(model, None, False, seed)
        training, totals, notes = _passes(model, objective, infos, views, heads, rest)
        notes.append(
            "the targets do not fit the loss: gradients are of a random direction of "
            "the outputs"
        )
    notes += built
    if training.skipped:
        names = ", ".join(sorted(training.skipped)[:5])
        notes.append(f"not recorded, inside a loop or without real numbers: {names}")
    layers = records.of_layers(training.entries, infos)
    seen = inspection.fields(layers, objective)
    notes += seen.pop("notes", ())
    measured = Diagnosis(
        model=model.name,
        backend=keras.backend.backend(),
        batches=len(totals.losses),
        samples=totals.samples,
        data=data.words(x),
        loss=sum(totals.losses) / len(totals.losses),
        loss_kind=objective.kind,
        chance_loss=objective.chance,
        loss_weight=objective.weight,
        inputs=records.of_inputs(totals.inputs),
        records=layers,
        weights=_weight_records(model, infos, training.trainable, totals),
        duplicates=duplicates.equal_kernels(infos),
        targets=tuple(moments.rms for moments in totals.targets),
        alike=x is not None and all(totals.alike),
        notes=tuple(dict.fromkeys(notes)),
        step=totals.step,
        **seen,
    )
    measured = dataclasses.replace(
        measured, outputs=heads.records(training.entries, measured.records)
    )

    def mended(unwell: Diagnosis) -> Diagnosis | None:
        batch = remedies.mended(unwell, inspection.first)
        if batch is None or not mends:
            return None
        again = ([batch], None, None, None)  # class weights are in its weights
        return _diagnosed(model, again, loss, (1, size, seed), mends=False)[0]

    judged = findings.judged(measured, lambda: _branch_ends(model, infos), mended)
    return judged, inspection.first


def _built(model: Any, batch: data.Batch) -> list[str]:
    """Builds a model whose first batch would, as `fit` does, and tells of it."""
    if not isinstance(model, keras.Model) or model.weights:
        return []
    model(data.as_tensors(batch)[0])
    return ["the model was not built: it was called on the first batch, as fit does"]


def _others(given: Any, rows: int, first: data.Batch | None) -> Any:
    """Data that were not measured, where there are some, to try fixes on."""
    x = given[0]
    if x is None:
        return given  # of another seed
    flat = [a for part in given[:3] for a in keras.tree.flatten(part) if a is not None]
    sizes = [a.shape[0] if getattr(a, "shape", ()) else 0 for a in flat]
    if data.is_arrays(x) and min(sizes) > rows:
        cut = [
            None if part is None else keras.tree.map_structure(lambda a: a[rows:], part)
            for part in given[:3]
        ]
        return (*cut, given[3])
    if first is None:
        return given
    batch = (first.x,) if first.y is None else (first.x, first.y, first.weight)
    return [batch], None, None, None


def _batch_size(given: Any) -> int:
    return checks.whole(
        "batch_size",
        given,
        minimum=1,
        meaning="how many rows of arrays are a batch",
        instead="Leave it out for 32.",
    )


def _own_step(model: keras.Model) -> list[str]:
    """A note on a model that computes its loss in a step of its own."""
    own, usual = (getattr(m, "train_step", None) for m in (type(model), keras.Model))
    if own is usual:
        return []
    return [
        "trains by a `train_step` of its own, whose loss is not known: measured is "
        "that of `compute_loss`, or a random direction"
    ]


def _branch_ends(model: keras.Model, infos: list[WeightInfo]) -> tuple[str, ...]:
    """Paths of the kernels that end residual branches."""
    ends = set(branch_ends(trace(model), infos))
    kernels = (info.path for info in infos if info.weight.role == Role.KERNEL)
    return tuple(path for path in kernels if path in ends)


class _Rest:
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


def _passes(
    model: keras.Model,
    objective: Objective,
    infos: list[WeightInfo],
    views: Any,
    heads: Heads,
    batches: _Rest,
) -> "tuple[TrainingPass, _Totals, list[str]]":
    """Runs the batches through the model: the pass, what was added up, and notes.

    Raises:
        Unusable: If the targets cannot be used with the loss.
    """
    totals = _Totals()
    notes = _own_step(model)
    with (
        progress(model.name) as advance,
        TrainingPass(
            model, objective, views, lambda: advance(1), heads.see
        ) as training,
    ):
        wanted = first_step.is_wanted(model, objective)
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


class _Totals:
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


def _weight_records(
    model: keras.Model, infos: list[WeightInfo], trainable: list[Any], totals: _Totals
) -> tuple[WeightRecord, ...]:
    names = hooks.layer_names(model)
    numbers = {id(v): number for number, v in enumerate(trainable)}
    found = []
    for info in infos:
        number = numbers.get(id(info.variable), -1)
        owner = names.get(id(info.layer), info.layer.name)
        tally = totals.gradients.get(number)
        gradient = None if tally is None else tally.result()
        found.append(weights.record(info, owner, gradient, totals.hashed.get(number)))
    return tuple(found)
