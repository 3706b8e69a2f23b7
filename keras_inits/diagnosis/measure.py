"""The public `diagnose`: measures a model on batches of data, and judges it."""

import itertools
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from keras_inits._utils import checks
from keras_inits._utils.keras_private import unchanged_losses
from keras_inits.diagnosis import (
    findings,
    records,
    remedies,
    trial,
    weights,
)
from keras_inits.diagnosis.diagnosis import Diagnosis
from keras_inits.diagnosis.heads import Heads
from keras_inits.diagnosis.inspection import Inspection
from keras_inits.diagnosis.report import WeightRecord
from keras_inits.diagnosis.running import Rest, Totals, passes
from keras_inits.geometry.roles import Role
from keras_inits.graph import duplicates
from keras_inits.graph.residual import branch_ends
from keras_inits.graph.trace import trace
from keras_inits.graph.weights import WeightInfo, weights_of
from keras_inits.models import in_step
from keras_inits.signals import batches as data
from keras_inits.signals import hooks
from keras_inits.signals.losses import Objective
from keras_inits.signals.random_state import unchanged_randomness
from keras_inits.signals.refusals import Unusable


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
    size = in_step.agreed(
        model,
        "diagnose",
        lambda: data.BATCH if batch_size is None else _batch_size(batch_size),
        lambda size: (size, try_fixes),
    )
    given = (x, y, sample_weight, class_weight)
    # What overflows is found and said: NumPy's own warnings of it add nothing.
    unwarned = np.errstate(over="ignore", invalid="ignore")
    with unchanged_randomness(), unchanged_losses(model), unwarned:
        found, first = _diagnosed(model, given, loss, (batches, size, seed))
        if not try_fixes:
            return found
        others = _others(given, batches * size, first)

        def again() -> Diagnosis:
            how = (1, size, seed + 1)
            return _diagnosed(model, others, loss, how, before=found)[0]

        return trial.tried(found, model, x, again)


def _diagnosed(
    model: keras.Model,
    given: tuple[Any, Any, Any, Any],
    loss: Any,
    how: tuple[int, int, int],
    before: Diagnosis | None = None,
    steps: bool = True,
) -> tuple[Diagnosis, data.Batch | None]:
    """The diagnosis, led back to the data where that is so, and the first batch.

    Args:
        model, given, loss, how: What `diagnose` was given.
        before: Of the same model, with other weights or data: what depends on neither
            is taken from it, and nothing is led back.
        steps: Whether the first step is measured.
    """
    x, y, sample_weight, class_weight = given
    batches, size, seed = how
    # What is no model, or not built, is refused, unless a batch builds it as in `fit`.
    builds = x is not None and isinstance(model, keras.Model) and not model.weights
    infos = [] if builds else weights_of(model)
    batches_of_data = data.stream(
        model, x, y, batches, size, seed, sample_weight, class_weight
    )
    if builds:
        first = next(batches_of_data)
        model(data.as_tensors(first)[0])
        infos = weights_of(model)
        batches_of_data = itertools.chain([first], batches_of_data)
    first, others, objective = _agreed(
        model, batches_of_data, loss, seed, (y, how, steps)
    )
    by_variable = {id(info.variable): info for info in infos}
    views = [
        None if (info := by_variable.get(id(v))) is None else weights.view(info)
        for v in model.trainable_variables
    ]
    weighted = sample_weight is not None or class_weight is not None
    mixed = None if before is None else before.mixed
    inspection = Inspection(model, infos, x, None if weighted else y, mixed)
    heads = Heads(model, objective, y if data.is_arrays(x, model) else None)
    # The graph is read at the first batch: not under the hooks of a pass.
    first = inspection.taken(first)
    rest = Rest(itertools.chain([first], map(inspection.taken, others)))
    try:
        ran = passes(model, objective, infos, views, heads, rest, steps)
    except Unusable:
        heads.accept()
        rest.again()
        objective = Objective(model, None, False, seed)
        ran = passes(model, objective, infos, views, heads, rest, steps)
        ran[-1].append(
            "the targets do not fit the loss: gradients are of a random direction of "
            "the outputs"
        )
    training, totals, notes = ran
    if builds:
        notes.append(
            "the model was not built: it was called on the first batch, as fit does"
        )
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
        outputs=heads.records(training.entries, layers),
        **seen,
    )

    def mended(unwell: Diagnosis, steps: bool) -> Diagnosis | None:
        batch = remedies.mended(unwell, inspection.first)
        if batch is None or before is not None:
            return None
        again = ([batch], None, None, None)  # class weights are in its weights
        return _diagnosed(model, again, loss, (1, size, seed), unwell, steps)[0]

    judged = findings.judged(measured, lambda: _branch_ends(model, infos), mended)
    return judged, inspection.first


def _agreed(
    model: keras.Model, batches: Iterator[data.Batch], loss: Any, seed: int, also: Any
) -> tuple[data.Batch, Iterator[data.Batch], Objective]:
    """The first batch, the others, and what the gradient is taken of.

    Where several processes share the model they have all batches at once, and compare
    them, the loss and what `also` holds: a pass over data takes all of them.
    """

    def prepared() -> tuple[data.Batch, Any, Objective]:
        first = next(batches)
        objective = Objective(model, loss, first.y is not None, seed)
        return first, list(batches) if in_step.is_shared(model) else batches, objective

    def parts(found: tuple[data.Batch, Any, Objective]) -> Any:
        first, others, objective = found
        return first, others, loss, objective.spec, objective.weights, also

    first, others, objective = in_step.agreed(model, "diagnose", prepared, parts)
    return first, iter(others), objective


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


def _branch_ends(model: keras.Model, infos: list[WeightInfo]) -> tuple[str, ...]:
    """Paths of the kernels that end residual branches."""
    ends = set(branch_ends(trace(model), infos))
    kernels = (info.path for info in infos if info.weight.role == Role.KERNEL)
    return tuple(path for path in kernels if path in ends)


def _weight_records(
    model: keras.Model, infos: list[WeightInfo], trainable: list[Any], totals: Totals
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
