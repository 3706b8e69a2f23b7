"""Krähenbühl's second step: equal relative gradients in all layers of a chain."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from keras_inits._utils.host_array import rms, to_numpy
from keras_inits.geometry.roles import Role
from keras_inits.graph.graph import Graph
from keras_inits.graph.trace import trace
from keras_inits.graph.weights import WeightInfo, weights_of
from keras_inits.models.calibration.layers import Change
from keras_inits.models.calibration.run import Calibrated
from keras_inits.signals.batches import Batch, tensors
from keras_inits.signals.losses import Objective
from keras_inits.signals.passes import TrainingPass

EQUAL = 1.01  # largest ratio of relative gradients that is left
ROUNDS = 20  # one is enough where activations are homogeneous; tanh takes some
DIRECTIONS = 10  # of the outputs, at random, where there is no loss


def _chain(graph: Graph, infos: list[WeightInfo]) -> list[WeightInfo]:
    """The kernels of a chain of layers, in order.

    Raises:
        ValueError: If the model is no chain, or has fewer than two kernels.
    """
    by_variable = {id(p.variable): p for p in infos if p.weight.role == Role.KERNEL}
    takes = [step for step in graph.steps if len(graph.signals(step)) > 1]
    shared = [
        x
        for step in graph.steps
        for x in step.outputs
        if len(graph.consumers(x)) > 1 and graph.is_signal(x)
    ]
    order = [
        by_variable[id(v)]
        for step in graph.steps
        for v in step.variables
        if id(v) in by_variable
    ]
    repeats = len(order) != len({p.path for p in order})
    recurrent = any(p.weight.role == Role.RECURRENT for p in infos)
    if takes or shared or repeats or recurrent or len(order) < 2:
        raise ValueError(
            "`method` between_layer divides each kernel by what the one before it is "
            "multiplied with, which needs a chain of two layers or more. Received: "
            f"method='between_layer' for a model with {len(order)} kernels"
            f"{', sums or branches' if takes or shared else ''}"
            f"{', shared or recurrent layers' if repeats or recurrent else ''}. "
            "Use method='within_layer', or calibrate(model, x)."
        )
    return order


def _squares(model: keras.Model, batch: Batch, seed: int) -> dict[int, float]:
    """Mean square of the gradient of each variable, by its identity."""
    y = batch.y if getattr(model, "compiled", False) else None
    objective = Objective(model, None, y is not None, seed)
    views = [None] * len(model.trainable_variables)
    targets = None if y is None else tensors(y)
    with TrainingPass(model, objective, views, lambda: None) as training:
        outcome = training.run((tensors(batch.x), targets, None))
    return {
        id(variable): (rms(gradient.seen[0]) / outcome.scale) ** 2
        for variable, gradient in zip(
            training.trainable, outcome.gradients, strict=True
        )
        if gradient is not None
    }


def _relative(model: keras.Model, batch: Batch, kernels: list[WeightInfo]) -> Any:
    """Gradient of each kernel by its size, root mean squares.

    Of the loss where there are targets and a compiled loss; else over some random
    directions of the outputs, as the authors have it.
    """
    has_loss = batch.y is not None and getattr(model, "compiled", False)
    draws = [_squares(model, batch, n) for n in range(1 if has_loss else DIRECTIONS)]
    ratios = []
    for info in kernels:
        square = np.mean([draw.get(id(info.variable), 0.0) for draw in draws])
        size = rms(to_numpy(info.variable.value))
        change = math.sqrt(square)
        if not (0 < change < math.inf and size > 0):
            raise ValueError(
                "`method` between_layer compares gradients, which must reach every "
                "kernel. Received: method='between_layer', and a gradient of "
                f"{change} at {info.path!r}. Use "
                "method='within_layer', or exclude= what takes no part."
            )
        ratios.append(change / size)
    return np.array(ratios)


def equalized(
    model: keras.Model,
    batch: Batch,
    found: Calibrated,
    write: Callable[[Any, Any], None],
) -> Calibrated:
    """Multiplies the kernels of a chain so that relative gradients are equal.

    With f the factors of the kernels, whose product is one, a chain of homogeneous
    activations computes the same as before, and relative gradients are divided by f².

    Args:
        model: Its weights are those of `found`.
        batch: Data.
        found: What the step within layers did.
        write: Sets a variable; undone by the caller if anything fails.

    Returns:
        The same with the values and changes of this step.

    Raises:
        ValueError: If the model is no chain, or a kernel has no gradient.
    """
    infos = weights_of(model)
    kernels = _chain(trace(model), infos)
    biases = {id(p.layer): p for p in infos if p.weight.role == Role.BIAS}
    total = np.ones(len(kernels))
    for _ in range(ROUNDS):
        ratios = _relative(model, batch, kernels)
        if ratios.max() / ratios.min() < EQUAL:
            break
        factors = np.sqrt(ratios / np.exp(np.log(ratios).mean()))
        for info, factor, so_far in zip(
            kernels, factors, np.cumprod(factors), strict=True
        ):
            write(info.variable, info.variable.value * float(factor))
            bias = biases.get(id(info.layer))
            if bias is not None:
                write(bias.variable, bias.variable.value * float(so_far))
        total *= factors
    paths = [p.path for p in kernels]
    own = dict(zip(paths, total, strict=True))
    behind = dict(zip(paths, np.cumprod(total), strict=True))
    changes = [_again(change, own, behind) for change in found.changes]
    values = [(v, v.value) for v, _ in found.values]
    return found._replace(values=values, changes=changes)


def _again(
    change: Change, factors: Mapping[str, float], so_far: Mapping[str, float]
) -> Change:
    """A change with the factor of this step."""
    path = change.info.path
    if path not in factors or change.factor is None or change.after is None:
        return change
    return Change(
        change.info,
        change.before,
        change.after * so_far[path],
        change.factor * factors[path],
        "relative gradients equal in all layers",
        change.note,
    )
