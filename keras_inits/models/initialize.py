"""`initialize`: sets all weights of a built model at their right scale, by one seed."""

import dataclasses
from typing import Any

import keras

from keras_inits._utils.types import Seed
from keras_inits.initializers.kernel import KernelInitializer
from keras_inits.models import in_step, optimizers
from keras_inits.models.assign import Write, all_or_nothing, refuse_tracing
from keras_inits.models.calibrate import Settings, calibrated, rows_of
from keras_inits.models.calibration.run import Calibrated
from keras_inits.models.draw import draw_all, draw_each, model_seed
from keras_inits.models.plan import LeftAlone, Plan, Task, make_plan
from keras_inits.models.report import (
    InitializationReport,
    InitializedWeight,
    KeptWeight,
    kept_row,
    weight_row,
)
from keras_inits.models.rules import label, parse
from keras_inits.signals.batches import Batch
from keras_inits.signals.samples import sample


def _joined(*notes: str) -> str:
    return "; ".join(filter(None, notes))


def _row(task: Task, drawn_std: float | None, note: str) -> InitializedWeight:
    ours = isinstance(task.filled_by, KernelInitializer)
    return weight_row(
        task.info,
        task.filled_by.geometry if ours else None,
        scheme=label(task.scheme),
        target_std=task.target_std,
        drawn_std=drawn_std,
        rule=task.rule,
        why=task.why,
        note=_joined(task.note, note),
    )


def _measured(
    rows: list[InitializedWeight], found: Calibrated
) -> list[InitializedWeight]:
    """The rows of weights, with what data made of them."""
    scaled = {row.path: row for row in rows_of(found, Settings().name)}
    result = []
    for row in rows:
        if (own := scaled.get(row.path)) is not None:
            row = dataclasses.replace(
                row,
                drawn_std=own.drawn_std,
                std_before=own.std_before,
                std_after=own.std_after,
                factor=own.factor,
                note="; ".join(
                    filter(None, [row.note, f"by data: {own.why}", own.note])
                ),
            )
        elif row.path in found.left:
            why = f"not scaled by data: {found.left[row.path]}"
            row = dataclasses.replace(row, note=_joined(row.note, why))
        result.append(row)
    return result


def _batch(model: keras.Model, data: Any) -> Batch | None:
    return None if data is None else sample(model, data, None)


def _written(tasks: list[Task], seed: int, write: Write) -> list[InitializedWeight]:
    """Draws and writes one weight after the other: there is never more than one."""
    rows = []
    for one in draw_each(tasks, seed):
        rows.append(_row(one.task, one.std, one.note))
        write(one.task.info.variable, one.values)
        del one  # before the next is drawn
    return rows


def _drawn(
    model: keras.Model, plan: Plan, seed: int, batch: Batch | None
) -> tuple[list[InitializedWeight], Any]:
    """Rows, and (variable, value) of all weights, with scales that data have set."""
    drawn = draw_all(plan.tasks, seed, model, "initialize")
    rows = [_row(one.task, one.std, one.note) for one in drawn]
    values = [(one.task.info.variable, one.values) for one in drawn]
    if batch is None:
        return rows, values
    selected = {id(variable) for variable, _ in values}
    found = calibrated(model, plan.infos, selected, batch, Settings(), values)
    return _measured(rows, found), found.values


def _left_row(left: LeftAlone) -> KeptWeight:
    if left.info is None:
        return KeptWeight(left.path, type(left.layer).__name__, "", None, "", left.why)
    return kept_row(left.info, left.why)


def initialize(
    model: keras.Model,
    rules: Any = "auto",
    seed: Seed = None,
    *,
    include: Any = None,
    exclude: Any = None,
    only: Any = None,
    optimizer: bool = True,
    data: Any = None,
    dry_run: bool = False,
) -> InitializationReport:
    """Sets every weight of a built model in place, each at the scale that is right.

    Kernels get the scheme of the first rule that reaches them, with the fans of their
    layer: a depthwise kernel's inputs are its window, the gates of an LSTM are drawn
    one by one. Biases, gains and moving statistics start where their layer starts them
    if that is a constant, else at zero or one; an LSTM's forget gate at one.

    A weight's values follow from the seed and from its place in the model's structure:
    the same code gives the same weights again, on every backend, and a new layer leaves
    those of named layers alone. No two weights are equal.

    Either the whole model is set, or nothing: an error or control-C leaves it as it
    was. States of dropout, metrics, and what is quantized stay as they are.

    Args:
        model: A built model: sequential, functional, subclassed, nested; or a layer.
        rules: What kernels get.

            - "auto": chosen by what follows each kernel in the graph.
            - A scheme for all kernels: a name as in `keras_inits.get`, an initializer,
              or any function of (shape, dtype).
            - A mapping from patterns to schemes or "auto", of which the first that
              reaches a kernel counts. A pattern is a glob on the weight's path, or on
              that of a layer around it ("encoder/*", "head"); a compiled regular
              expression, searched in the path; a class of layers, or a layer, that is
              the kernel's or around it; a function of a `WeightInfo`; or a tuple of
              these. A pattern on its name reaches a bias, gain or statistic as well:
              {"*/bias": "zeros"}.
            - A recipe, which is such a mapping: `keras_inits.recipes.gpt2(model)`.
        seed: Int, or None for another one at each call, governed by
            `keras.utils.set_random_seed`; the report tells which.
        include: A pattern, or a list of them: only these weights are set, frozen ones
            too. None: all that are not frozen.
        exclude: A pattern, or a list of them: these weights are left alone.
        only: A list of variables, or of paths as the report and
            `keras_inits.missing(model)` give them: none but these are set, frozen ones
            too, to what they get with all others. The optimizer's state stays, and the
            report lists these alone.
        optimizer: Whether the state of the model's optimizers is reset, too: slots and
            iterations, but not the learning rate.
        data: Data as `calibrate` takes it, by which the scales of the drawn kernels are
            then set; None to do without.
        dry_run: Whether only to report what would be done.

    Returns:
        An `InitializationReport`: print it, or see its `rows`.

    Raises:
        ValueError: With all that is wrong, and nothing is written: the model is not
            built; a rule matches nothing, or never applies; no rule covers a kernel; a
            scheme cannot fill a weight; `only` names what is no weight of it; `data` is
            not what `calibrate` takes; or processes of JAX that share the model pass
            different seeds, rules or data.
        RuntimeError: In the others, where one of such processes cannot write.

    Examples:
    >>> import keras, keras_inits
    >>> from keras_inits.models.initialize import initialize
    >>> model = keras.Sequential([
    ...     keras.Input((8, 8, 64)),
    ...     keras.layers.DepthwiseConv2D(3),
    ...     keras.layers.GlobalAveragePooling2D(),
    ...     keras.layers.Dense(10, name="head"),
    ... ])
    >>> report = initialize(model, {"head": "zeros", "*": "he_fan_in"}, seed=7)
    >>> [(row.path, row.fan_in, row.scheme) for row in report.rows]
    [('depthwise_conv2d[0]/kernel', 9, 'HeFanIn()'),
     ('depthwise_conv2d[0]/bias', None, 'Zeros()'),
     ('head/kernel', 64, 'Zeros()'),
     ('head/bias', None, 'Zeros()')]
    """
    refuse_tracing("initialize", f"model={getattr(model, 'name', model)!r}")
    shared = None if dry_run else model

    chosen, batch = in_step.agreed(
        shared,
        "initialize",
        lambda: (model_seed(seed), _batch(model, None if dry_run else data)),
        lambda found: (seed if seed is None else found[0], found[1]),
    )
    number = chosen
    if seed is None:
        number = in_step.same_int(shared, "initialize", chosen)
    notes = tuple(getattr(rules, "notes", ()))  # a recipe's

    def planned() -> tuple[Plan, list[Any], list[Any]]:
        plan = make_plan(model, parse(rules), include, exclude, number, only)
        in_use = optimizers.of_model(model) if optimizer and only is None else []
        return plan, in_use, [optimizers.fresh_copy(one) for one in in_use]

    plan, in_use, fresh = in_step.agreed(
        shared,
        "initialize",
        planned,
        lambda found: (
            [(task.info.path, task.filled_by) for task in found[0].tasks],
            [type(one).__name__ for one in found[1]],
        ),
    )
    names = [type(one).__name__ for one in in_use]
    left = [_left_row(one) for one in plan.left_alone]
    if dry_run:
        rows = [_row(task, None, "") for task in plan.tasks]
        return InitializationReport(rows, left, number, names, True, notes)
    with all_or_nothing() as write:
        if batch is None and not in_step.is_shared(model):
            rows = _written(plan.tasks, number, write)
        else:
            rows, values = _drawn(model, plan, number, batch)
            in_step.write_all(model, "initialize", write, values)
        for used, copy in zip(in_use, fresh, strict=True):
            slots = optimizers.initial_values(used, copy)
            in_step.write_all(model, "initialize", write, slots)
    return InitializationReport(rows, left, number, names, notes=notes)
