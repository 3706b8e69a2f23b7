"""One forward pass that sets a model's weights: which layer gets what."""

import collections
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import keras

from keras_inits._utils.progress import progress
from keras_inits.geometry.roles import Role
from keras_inits.graph.weights import WeightInfo
from keras_inits.models.calibration import recurrent
from keras_inits.models.calibration.layers import Calibrator, Change, calls_as_keras
from keras_inits.models.calibration.moments import Left
from keras_inits.signals.batches import tensors
from keras_inits.signals.forward import Visit, forward
from keras_inits.signals.hooks import LOOPS


class Calibrated(NamedTuple):
    """What a pass found.

    Attributes:
        values: Variables and their new values.
        changes: What was done to each weight that changed.
        left: From the path of each kernel that did not to why.
    """

    values: list[tuple[Any, Any]]
    changes: list[Change]
    left: dict[str, str]


class _Run:
    """Knows which weights each layer has, and what to do with them."""

    def __init__(self, infos: Sequence[WeightInfo], own: Calibrator) -> None:
        self.own, self.left = own, dict[str, str]()
        self.by_layer: dict[int, list[WeightInfo]] = collections.defaultdict(list)
        for info in infos:
            self.by_layer[id(info.layer)].append(info)

    def with_role(self, layer: Any, role: Role) -> list[WeightInfo]:
        """The weights of a layer in a role."""
        return [p for p in self.by_layer[id(layer)] if p.weight.role == role]

    def selected(self, layer: Any) -> list[WeightInfo]:
        """The kernels of a layer that may be set."""
        kernels = self.with_role(layer, Role.KERNEL)
        return [p for p in kernels if id(p.variable) in self.own.selected]

    def bias(self, layer: Any) -> WeightInfo | None:
        return next(iter(self.with_role(layer, Role.BIAS)), None)

    def visit(self, visit: Visit) -> None:
        """Sets the weights of a layer that is reached."""
        layer = visit.layer
        if isinstance(layer, keras.layers.RNN):
            self.recurrent(visit)
            return
        if isinstance(layer, LOOPS):
            self.in_time(visit)
            return
        kernels = self.selected(layer)
        if not kernels:
            return
        last = kernels[-1]
        for kernel in kernels[:-1]:
            self.left[kernel.path] = "another kernel of its layer follows"
        try:
            if calls_as_keras(layer):
                self.own.linear(visit, last, self.bias(layer))
            elif len(kernels) > 1:
                raise Left("its layer is not Keras's, and has several kernels")
            else:
                self.own.by_output(visit, last)
        except Left as left:
            self.left[last.path] = str(left)

    def recurrent(self, visit: Visit) -> None:
        cell = visit.layer.cell
        kernels = self.selected(cell)
        if not kernels:
            return
        states = self.with_role(cell, Role.RECURRENT)
        try:
            if not recurrent.is_known(visit.layer):
                raise Left("a loop that is not looked into")
            bias = self.bias(cell)
            state = states[0] if states else None
            recurrent.recurrent(self.own, visit, kernels[-1], state, bias)
        except Left as left:
            self.left[kernels[-1].path] = str(left)

    def in_time(self, visit: Visit) -> None:
        """A layer that is called at every step: its inputs are all steps' at once."""
        inner = getattr(visit.layer, "layer", None)
        if inner is None or not self.selected(inner) or not visit.args:
            return
        x = visit.args[0]
        sizes = tuple(int(n) for n in x.shape)
        joined = keras.ops.reshape(x, (math.prod(sizes[:2]), *sizes[2:]))
        self.visit(visit.of(inner, joined))


def run(
    model: keras.Model,
    infos: Sequence[WeightInfo],
    x: Any,
    own: Calibrator,
    start: Sequence[tuple[Any, Any]] = (),
) -> Calibrated:
    """One pass that sets weights as their layers are reached. Changes nothing yet.

    Args:
        model: Built.
        infos: Its weights.
        x: A batch, of arrays.
        own: What sets the weights.
        start: Variables and the values that they have from the beginning.
    """
    one = _Run(infos, own)
    wanted = {id(info.layer) for info in infos if id(info.variable) in own.selected}
    with progress("calibrating", len(wanted)) as advance:

        def reached(visit: Visit) -> None:
            one.visit(visit)
            advance(float(id(visit.layer) in wanted))

        values = forward(model, tensors(x), reached, start)
    done = {change.info.path for change in own.changes}
    kernels = [p for p in infos if p.weight.role == Role.KERNEL]
    for info in kernels:
        if id(info.variable) in own.selected and info.path not in done:
            one.left.setdefault(info.path, "not reached by the forward pass")
    return Calibrated(values, own.changes, one.left)
