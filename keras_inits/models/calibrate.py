"""`calibrate`: sets the scale of every kernel by one forward pass over data."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras

from keras_inits._utils import checks
from keras_inits._utils.tensor_std import tensor_std
from keras_inits._utils.types import Seed
from keras_inits.geometry.roles import Role
from keras_inits.graph.heads import heads
from keras_inits.graph.trace import trace
from keras_inits.graph.weights import WeightInfo, weights_of
from keras_inits.models import in_step
from keras_inits.models.assign import all_or_nothing, refuse_tracing
from keras_inits.models.calibration import between
from keras_inits.models.calibration.goals import goals
from keras_inits.models.calibration.layers import Calibrator
from keras_inits.models.calibration.run import Calibrated, run
from keras_inits.models.calibration.targets import targets
from keras_inits.models.draw import draw_all, model_seed
from keras_inits.models.plan import make_plan, refuse
from keras_inits.models.report import (
    InitializationReport,
    InitializedWeight,
    kept_row,
    weight_row,
)
from keras_inits.models.rules import parse
from keras_inits.models.selection import Selection
from keras_inits.signals.batches import Batch
from keras_inits.signals.samples import sample

METHODS = ("lsuv", "within_layer", "between_layer")
LSUV_TOLERANCE = 0.1  # of a layer's variance, as published


class Settings(NamedTuple):
    """How scales are set."""

    per_unit: bool = True
    branches: str = "scaled"
    head: str = "chance"
    method: str | None = None
    tolerance: float = 0.0

    @property
    def name(self) -> str:
        """What chose, for the report."""
        return self.method or f"calibrate, per {'unit' if self.per_unit else 'layer'}"


def _settings(normalize: Any, branches: Any, head: Any, method: Any) -> Settings:
    checks.choice(
        "normalize", normalize, ("unit", "layer"), meaning="what has a scale of its own"
    )
    checks.choice(
        "branches", branches, ("scaled", "unit"), meaning="the scale of branches' ends"
    )
    checks.choice("head", head, ("chance", "unit"), meaning="the scale of predictions")
    if method is None:
        return Settings(normalize == "unit", branches, head, None)
    checks.choice("method", method, METHODS, meaning="a published method")
    if method == "lsuv":
        return Settings(False, "unit", "unit", method, LSUV_TOLERANCE)
    return Settings(True, "unit", "unit", method)


def _check_samples(samples: Any) -> None:
    if samples is None:
        return
    checks.whole(
        "samples",
        samples,
        minimum=2,
        meaning="how many rows of data are used",
        instead="Leave it out for 512, or fewer of large inputs.",
    )


def calibrated(
    model: keras.Model,
    infos: Sequence[WeightInfo],
    selected: set[int],
    batch: Batch,
    settings: Settings,
    start: Sequence[tuple[Any, Any]] = (),
) -> Calibrated:
    """What one pass over a batch gives the selected weights. Changes nothing yet.

    Args:
        model: Built.
        infos: Its weights.
        selected: Identities of the variables that may be set.
        batch: Data, as arrays.
        settings: How.
        start: Variables and the values that they have from the beginning.
    """
    graph = trace(model)
    found = heads(graph, list(infos)) if settings.head == "chance" else []
    asked = targets(model, list(infos), found, batch.y)
    values = {id(info.variable): info.variable.value for info in infos}
    values |= {id(variable): value for variable, value in start}
    own = Calibrator(
        values,
        selected,
        goals(
            graph,
            list(infos),
            settings.branches,
            found,
            asked,
            tempered=settings.per_unit and settings.method is None,
        ),
        settings.per_unit,
        settings.tolerance,
    )
    return run(model, infos, batch.x, own, start)


def rows_of(found: Calibrated, rule: str) -> list[InitializedWeight]:
    """The rows of a report, of what a pass found."""
    values = {id(variable): value for variable, value in found.values}
    rows = []
    for change in found.changes:
        drawn = tensor_std(values[id(change.info.variable)])
        rows.append(
            weight_row(
                change.info,
                drawn_std=drawn,
                rule=rule,
                why=change.why,
                note=change.note,
                std_before=change.before,
                std_after=change.after,
                factor=change.factor,
            )
        )
    return rows


def _orthogonal(
    model: keras.Model, include: Any, exclude: Any, seed: int
) -> list[tuple[Any, Any]]:
    """Orthogonal values of the kernels that are to be set."""
    plan = make_plan(model, parse("orthogonal"), include, exclude, seed)
    tasks = [t for t in plan.tasks if t.info.weight.role == Role.KERNEL]
    return [(one.task.info.variable, one.values) for one in draw_all(tasks, seed)]


def calibrate(
    model: keras.Model,
    x: Any = None,
    y: Any = None,
    *,
    normalize: str = "unit",
    branches: str = "scaled",
    head: str = "chance",
    method: str | None = None,
    samples: int | None = None,
    include: Any = None,
    exclude: Any = None,
    seed: Seed = None,
) -> InitializationReport:
    """Sets the scale of a model's kernels by one forward pass over data.

    As the pass reaches each kernel, its pre-activations over the batch get mean 0 and
    variance 1, and the pass goes on with them: whatever the depth, the activations,
    the sums. Networks without normalization gain most; behind a normalization a
    kernel's scale has no effect.

    - Dense, convolutional and einsum kernels, and their biases, which take off the
      mean. A kernel without bias gives up the direction of its inputs' mean instead,
      unless a normalization follows, or its inputs are few.
    - Where centring every unit would make a deep network chaotic (some 18 plain layers
      of ReLU, 42 of tanh), kernels whose inputs are not mostly mean get one factor for
      all units, and keep their means.
    - Recurrent layers: what the inputs give each gate over time. The bias takes off the
      mean; what it was before, such as a forget gate's 1, is added. Recurrent kernels
      that enlarge a state, or nearly forget it, keep its length in the mean.
    - The last kernel of each residual branch gets std 1/sqrt(number of branches of its
      stream), where nothing normalizes the stream or the branch.
    - Heads predict chance: std 0.1, and with `y` the class priors, each class counted
      once more, or the target's mean.
    - Embeddings and normalizations stay, and frozen layers that no `include` names. A
      unit that is constant over the batch keeps its scale, and the report says so.

    Dropout is off, and normalizations use the batch. The model is changed as a whole or
    not at all.

    Args:
        model: A built model.
        x: Data as in training, in the order or form that `fit` takes: arrays, of which
            evenly spaced rows are used; or a dataset, a loader or an iterable of
            batches, of which the first are.
        y: Targets of arrays, for the head; None to do without.
        normalize: "unit": each unit has a scale and its bias; "layer": each kernel has
            one scale, and biases stay.
        branches: "scaled" as above, or "unit" for the same as all others.
        head: "chance" as above, or "unit" for the same as all others.
        method: None, or a published method, which decides the three above: "lsuv"
            (orthogonal start, then one scale a layer where its variance is off by 0.1),
            "within_layer" (one scale a unit) or "between_layer" (after that, equal
            relative gradients in all layers, of the compiled loss with `y` or else of
            random directions of the outputs; for chains of layers).
        samples: Number of rows that are used, >= 2; None for 512, or fewer of large
            inputs: as many as hold 2**24 numbers, but 64 at least.
        include: A pattern, or a list of them, as in `initialize`: only these weights.
        exclude: A pattern, or a list of them: not these.
        seed: Of the orthogonal start of "lsuv": int, or None for another one at each
            call.

    Returns:
        An `InitializationReport`: for each kernel the std of its pre-activations before
        and after, and the factor.

    Raises:
        ValueError: With nothing written: the model is not built, or cannot run on `x`;
            `x` is missing, has one row, or is not finite; a signal becomes infinite;
            `y` does not fit; a pattern matches nothing; or processes of JAX that share
            the model pass different arguments or data.
        RuntimeError: In the others, where one of such processes cannot write.

    Examples:
    >>> import keras, keras_inits, numpy as np
    >>> keras.utils.set_random_seed(0)
    >>> stack = [keras.layers.Dense(32, "sigmoid") for _ in range(20)]
    >>> model = keras.Sequential([keras.Input((8,)), *stack, keras.layers.Dense(3)])
    >>> x = np.random.default_rng(0).normal(size=(100, 8))
    >>> report = keras_inits.calibrate(model, x)
    >>> deep = report.rows[36]
    >>> deep.path, round(deep.std_after, 4), deep.why
    ('dense[18]/kernel', 1.0, 'mean 0, variance 1')

    Reference: Krähenbühl et al. (2016), arXiv 1511.06856; Mishkin, Matas (2016), arXiv
    1511.06422; Salimans, Kingma (2016), arXiv 1602.07868.
    """
    refuse_tracing("calibrate", f"model={getattr(model, 'name', model)!r}")

    def asked() -> tuple[Settings, list[WeightInfo], dict[str, str], Batch]:
        settings = _settings(normalize, branches, head, method)
        _check_samples(samples)
        infos = weights_of(model)
        selection = Selection(include, exclude)
        refuse(selection.problems(infos))
        whys = selection.left_alone(infos, ())
        return settings, infos, whys, sample(model, x, y, samples)

    settings, infos, whys, batch = in_step.agreed(
        model,
        "calibrate",
        asked,
        lambda found: (found[0], sorted(found[2]), found[3], seed),
    )
    selected = {id(p.variable) for p in infos if p.path not in whys}
    start: list[tuple[Any, Any]] = []
    drawn: int | None = None
    if settings.method == "lsuv":
        drawn = model_seed(seed)
        drawn = in_step.same_int(model, "calibrate", drawn) if seed is None else drawn
        start = _orthogonal(model, include, exclude, drawn)
    with all_or_nothing() as write:
        found = calibrated(model, infos, selected, batch, settings, start)
        in_step.write_all(model, "calibrate", write, found.values)
        if settings.method == "between_layer":
            found = between.equalized(model, batch, found, write)
    left = [kept_row(p, whys[p.path]) for p in infos if p.path in whys]
    left += [kept_row(p, found.left[p.path]) for p in infos if p.path in found.left]
    return InitializationReport(rows_of(found, settings.name), left, drawn, [])
