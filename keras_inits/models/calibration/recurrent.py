"""Gives recurrent layers their scale: what the inputs give each gate, over time."""

import math
from typing import Any

import keras
import numpy as np

from keras_inits._utils.host_array import rms
from keras_inits.graph.weights import WeightInfo
from keras_inits.models.calibration.goals import Goal
from keras_inits.models.calibration.layers import Calibrator, Change
from keras_inits.models.calibration.moments import Left, finite, moments, solved
from keras_inits.signals.forward import Visit

CELLS = (keras.layers.SimpleRNNCell, keras.layers.GRUCell, keras.layers.LSTMCell)
SMALLEST = 0.5  # root mean square of a recurrent kernel's singular values that stays


def is_known(layer: Any) -> bool:
    """Whether a layer is recurrent, with one of Keras's own cells."""
    return isinstance(layer, keras.layers.RNN) and isinstance(layer.cell, CELLS)


def recurrent(
    own: Calibrator,
    visit: Visit,
    kernel: WeightInfo,
    state: WeightInfo | None,
    bias: WeightInfo | None,
) -> None:
    """Sets the kernels of a recurrent layer.

    What the inputs give each gate gets mean 0 and variance 1 over samples and time. The
    biases of gates, as a forget gate's, come on top; of a cell without gates the bias
    takes off the mean, as in a dense layer. A recurrent kernel keeps the length of a
    state in the mean: the mean of its squared singular values is 1.

    Raises:
        Left: If nothing can be done.
    """
    if not visit.args:
        raise Left("it is called by keywords alone")
    x = keras.ops.cast(visit.args[0], "float32")
    width = kernel.shape[0]
    if len(x.shape) != 3 or int(x.shape[-1]) != width:
        raise Left("its inputs are not (samples, steps, features)")
    given = keras.ops.matmul(x, keras.ops.cast(own.value(kernel), "float32"))
    found = moments(given, (0, 1))
    finite(found, kernel.path)
    cell = visit.layer.cell
    gates = kernel.shape[-1] // cell.units
    old_bias = np.zeros(found.std.shape)
    movable = bias is not None and id(bias.variable) in own.selected
    goal = Goal(why="inputs of each gate over time: mean 0, variance 1")
    factor, after = solved(found, old_bias, movable, goal, own.per_unit)
    old = own.value(kernel)
    new = old * factor.astype("float32")
    own.assign(visit, kernel, new)
    if bias is not None and movable and own.per_unit:
        values = own.value(bias).astype("float64")
        kept = values if gates > 1 else np.zeros_like(values)
        if values.ndim == 2:  # a GRU's: for what comes in, and for the state
            kept[0] += after
        else:
            kept = kept + after
        own.assign(visit, bias, kept)
        own.changes.append(Change(bias, None, None, None, goal.why))
    mean = (found.mean * factor) + (after if movable and own.per_unit else 0.0)
    std = found.std * factor
    whole = float(np.sqrt(np.mean(std**2) + np.var(mean)))
    ratio = rms(new) / rms(old)
    own.changes.append(Change(kernel, found.whole, whole, ratio, goal.why))
    if state is not None:
        _state(own, visit, state, cell.units)


def _state(own: Calibrator, visit: Visit, state: WeightInfo, units: int) -> None:
    """A recurrent kernel that keeps the length of a state, in the mean."""
    if id(state.variable) not in own.selected:
        return
    values = own.value(state)
    by_gate = values.reshape(units, -1, units).astype("float64")
    # The mean of the squared singular values is the sum of all squares, by the rank.
    size = np.sqrt(np.sum(by_gate**2, (0, 2)) / units)
    off = (size > 1 + 1e-3) | ((size > 0) & (size < SMALLEST))
    if not off.any():
        return
    factor = np.where(off, 1 / np.where(size > 0, size, 1.0), 1.0)
    new = (by_gate * factor[:, None]).reshape(values.shape)
    own.assign(visit, state, new.astype("float32"))
    ratio = math.sqrt(np.sum(new**2) / np.sum(by_gate**2))
    why = "keeps the length of a state in the mean"
    own.changes.append(Change(state, None, None, ratio, why))
