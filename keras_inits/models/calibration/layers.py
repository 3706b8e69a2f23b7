"""Gives a layer's pre-activations their goal, by its kernel and bias."""

import dataclasses
from typing import Any

import keras
import numpy as np

from keras_inits._utils.host_array import numpy_view, rms, to_numpy
from keras_inits._utils.keras_private import is_of_keras
from keras_inits._utils.types import Tensor
from keras_inits.graph.weights import WeightInfo
from keras_inits.models.calibration.goals import USUAL, Goal
from keras_inits.models.calibration.moments import (
    Left,
    Moments,
    finite,
    moments,
    solved,
)
from keras_inits.models.calibration.units import Units, direction, units_of
from keras_inits.signals.forward import Visit
from keras_inits.signals.recorder import is_real

ATTEMPTS = 3  # at the scale of a layer that is not Keras's
CLOSE = 0.02  # of its std
OFF = 0.05  # mean of pre-activations, of their std, that a kernel without bias may keep


@dataclasses.dataclass(frozen=True)
class Change:
    """What was done to one weight.

    Attributes:
        info: The weight.
        before: Std of its pre-activations before; None for a bias.
        after: Std after.
        factor: Of the kernel, the root mean square over units.
        why: What it was done for.
        note: What else there is to know.
    """

    info: WeightInfo
    before: float | None
    after: float | None
    factor: float | None
    why: str
    note: str = ""


def _like(array: Any, x: Tensor) -> Any:
    return keras.ops.convert_to_tensor(np.asarray(array, "float32"), dtype=x.dtype)


def _moved(x: Tensor, factor: Any, shift: Any) -> Tensor:
    """A tensor times factors, plus shifts; in its own memory where that can be."""
    view = numpy_view(x)
    if isinstance(view, np.ndarray) and view.flags.writeable:
        view *= np.asarray(factor, view.dtype)
        view += np.asarray(shift, view.dtype)
        return x
    return x * _like(factor, x) + _like(shift, x)


def calls_as_keras(layer: keras.layers.Layer) -> bool:
    """Whether a layer is Keras's, or of a class that inherits `call` from one."""
    owner = next(base for base in type(layer).__mro__ if "call" in vars(base))
    return is_of_keras(owner)


class Calibrator:
    """Sets kernels and biases as a forward pass reaches their layers.

    Args:
        values: Current values of all variables, by identity.
        selected: Identities of the variables that may be set.
        goals: By path of the kernel.
        per_unit: Whether each unit has a scale, and its bias; or each layer, no bias.
        tolerance: Of a layer's variance; within it a layer keeps its scale.

    Attributes:
        changes: What was done to each weight.
    """

    def __init__(
        self,
        values: dict[int, Any],
        selected: set[int],
        goals: dict[str, Goal],
        per_unit: bool,
        tolerance: float = 0.0,
    ) -> None:
        self.values, self.selected = values, selected
        self.goals, self.per_unit = goals, per_unit
        self.tolerance = tolerance
        self.changes: list[Change] = []

    def value(self, info: WeightInfo) -> np.ndarray:
        """A weight's value, on the host, float32."""
        return to_numpy(keras.ops.cast(self.values[id(info.variable)], "float32"))

    def kernel(self, info: WeightInfo) -> Any:
        """The same, but for a kernel that is cut over devices, which stays there."""
        value = keras.ops.cast(self.values[id(info.variable)], "float32")
        sharding = getattr(value, "sharding", None)
        is_cut = not getattr(sharding, "is_fully_replicated", True)
        return value if is_cut else to_numpy(value)

    def assign(self, visit: Visit, info: WeightInfo, value: Any) -> None:
        """Sets a weight for the rest of the pass."""
        visit.assign(info.variable, value)
        self.values[id(info.variable)] = visit.assigned[id(info.variable)][1]

    def linear(self, visit: Visit, kernel: WeightInfo, bias: WeightInfo | None) -> None:
        """A layer of Keras's whose pre-activations are linear in a kernel.

        Raises:
            Left: If nothing can be done.
        """
        x = visit.pre_activation()
        units = units_of(visit.layer, kernel.variable.name, kernel.shape, x)
        if units is None:
            raise Left(f"{type(visit.layer).__name__} is not linear in it")
        goal = self.goals.get(kernel.path, Goal())
        before = found = moments(x, units.others)
        finite(found, kernel.path)
        zero = np.zeros(found.std.shape)
        own = None if bias is None else units.of_bias(self.value(bias))
        if bias is not None and own is None:
            raise Left("its bias differs along axes that units share")
        own = zero if own is None else np.ravel(own).astype("float64")
        movable = bias is not None and id(bias.variable) in self.selected
        per_unit = self.per_unit if goal.per_unit is None else goal.per_unit
        old = self.kernel(kernel)
        if per_unit and not movable and goal.centred:
            centred = self._centred(visit, kernel, units, found, own)
            if centred is not None:
                x, found = centred, moments(centred, units.others)
        factor, after = solved(found, own, movable, goal, per_unit)
        if abs(found.whole**2 - 1) < self.tolerance:
            factor = np.ones_like(factor)
        new = self.kernel(kernel) * units.on_kernel(factor).astype("float32")
        self.assign(visit, kernel, new)
        if bias is not None and movable and per_unit:
            self.assign(visit, bias, units.to_bias(after, bias.shape))
        if calls_as_keras(visit.layer):
            shift = units.on_output(after - own * factor)
            visit.output = visit.activated(_moved(x, units.on_output(factor), shift))
        reached = dataclasses.replace(
            found, mean=(found.mean - own) * factor + after, std=found.std * factor
        )
        count = int(np.count_nonzero(found.constant))
        notes = [f"{count} constant units keep their scale"] if count else []
        why = goal.why
        if per_unit and rms(reached.mean - goal.mean) > OFF * rms(reached.std):
            notes.append("without a bias the mean stays")
        elif per_unit and why == USUAL:
            why = f"mean 0, {why}"
        note = "; ".join(notes)
        ratio = rms(new) / rms(old)
        change = Change(kernel, before.whole, reached.whole, ratio, why, note)
        self.changes.append(change)
        if bias is not None and movable and per_unit:
            self.changes.append(Change(bias, None, None, None, why))

    def _centred(
        self,
        visit: Visit,
        kernel: WeightInfo,
        units: Units,
        found: Moments,
        bias: np.ndarray,
    ) -> Any:
        """Pre-activations of a kernel that gives the inputs' mean nothing.

        A part along that mean is taken off each unit's weights, which are set; None if
        there is no need, or no way.
        """
        mean = found.mean - bias
        if rms(mean) <= OFF * rms(found.std) or not visit.args:
            return None
        along = direction(visit.layer, kernel.shape, visit.args[0])
        if along is None:
            return None
        old = self.kernel(kernel)
        spread = np.broadcast_to(along, kernel.shape)
        self.assign(visit, kernel, spread)
        middle = keras.ops.mean(visit.args[0], 0, keepdims=True)
        given = moments(visit.pre_activation(middle), units.others).mean - bias
        if not (np.abs(given) > 0).all():
            self.assign(visit, kernel, old)
            return None
        share = units.on_kernel(mean / given)
        self.assign(visit, kernel, (old - share * spread).astype("float32"))
        return visit.pre_activation()

    def by_output(self, visit: Visit, kernel: WeightInfo) -> None:
        """A layer of a person's own: its one kernel's scale, by what the layer gives.

        Raises:
            Left: If the output's scale does not follow the kernel's.
        """
        goal, old = self.goals.get(kernel.path, Goal()), self.kernel(kernel)
        before: float | None = None
        factor, wanted = 1.0, float(np.mean(goal.std))
        for _ in range(ATTEMPTS):
            x = visit.pre_activation()
            if not is_real(x):
                break
            found = moments(x, tuple(range(len(x.shape))))
            finite(found, kernel.path)
            std = float(found.std[0])
            before = std if before is None else before
            if std and abs(std / wanted - 1) <= CLOSE:
                change = Change(kernel, before, std, factor, goal.why, "as a whole")
                self.changes.append(change)
                return
            if not std:
                break
            factor *= wanted / std
            self.assign(visit, kernel, old * np.float32(factor))
        self.assign(visit, kernel, old)
        raise Left("what its layer gives does not follow its scale")
