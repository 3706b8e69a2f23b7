"""Chooses a scheme for each kernel by what follows it in the model: "auto".

| what follows                                 | scheme                              |
|----------------------------------------------|-------------------------------------|
| ReLU and its variants, of slope a below zero | He: variance 2 / ((1 + a²) fan_in)  |
| SELU                                         | LeCun: variance 1 / fan_in          |
| another activation f                         | variance 1 / (E[f(z)²] fan_in)      |
| no nonlinearity, softmax, attention, a       | Glorot, uniform                     |
| sigmoid at the end or as a gate              |                                     |

Recurrent kernels are orthogonal gate by gate, the input kernels of gates Glorot,
embeddings have variance 1 / units, and LoRA's first factor has PyTorch's distribution.

Two things more are read from the graph. *Sums*: in a residual stream that nothing
normalizes, the last kernel of each of its L branches has its variance divided by L,
and what takes the stream after k of them by 1 + k / L, the stream's variance there.
*Means*: behind an activation whose mean outweighs its spread, units' weights sum to
zero, and the variance is that for the activation without its mean; the kernel before
such an activation needs no gain.
"""

import contextlib
import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_inits._utils.compiled import compiled
from keras_inits.geometry.gains import gain
from keras_inits.geometry.roles import KERNEL_ROLES, Role
from keras_inits.graph import consumers, elementwise
from keras_inits.graph.consumers import Following
from keras_inits.graph.moments import kernel_inputs
from keras_inits.graph.residual import branch_ends
from keras_inits.graph.streams import streams
from keras_inits.graph.trace import trace
from keras_inits.graph.weights import WeightInfo
from keras_inits.initializers import (
    GlorotUniform,
    HeFanIn,
    LecunNormal,
    Orthogonal,
    RandomNormal,
    TorchDefault,
    VarianceScaling,
)
from keras_inits.models.adjustments import DIGITS, Choice, adjusted, is_mostly_mean

EXACT = 1e-6  # gains closer than this are the same
ENDS_BRANCH = "ends a residual branch"


class _Nonlinearity(NamedTuple):
    """An activation: its gain, its slope if it is like ReLU, and its mean."""

    gain: float
    slope: float | None
    is_mostly_mean: bool


_nonlinearities: dict[bytes, _Nonlinearity | None] = {}


def _nonlinearity(
    function: Callable[[Any], Any], values: np.ndarray
) -> _Nonlinearity | None:
    """Gain and slope of an activation; None if it has no gain.

    Args:
        function: The activation.
        values: Its `elementwise.values`, by which it is known again.
    """
    key = values.tobytes()
    if key not in _nonlinearities:
        _nonlinearities[key] = _measured(function)
    return _nonlinearities[key]


def _measured(function: Callable[[Any], Any]) -> _Nonlinearity | None:
    try:
        factor = gain(functools.partial(_on_row, compiled(function)))
    except ValueError:  # zero, or not finite
        return None
    below, above = elementwise.values_at(function, (-1.0, 1.0))
    slope = float(f"{-below:.6g}") + 0.0
    is_he = abs(above - 1) < EXACT
    is_he = is_he and abs(factor - math.sqrt(2 / (1 + slope**2))) < EXACT
    return _Nonlinearity(factor, slope if is_he else None, is_mostly_mean(function))


def _on_row(function: Callable[[Any], Any], z: Any) -> Any:
    # Layers expect a batch. In float64 backends agree on the gain to its last digit,
    # and with it on the weights; JAX has it only when asked to.
    if keras.backend.backend() != "jax":
        with contextlib.suppress(Exception):  # code that insists on float32
            return function(keras.ops.cast(z, "float64")[None])[0]
    return function(z[None])[0]


def _for_activation(after: Following) -> Choice:
    name = f"{after.name} follows"
    assert after.function is not None
    values = elementwise.values(after.function)
    if elementwise.is_gate(values):
        if after.after and after.after[0] == consumers.PRODUCT:
            return Choice(GlorotUniform(), f"{after.name} as a gate follows")
        if set(after.after) == {consumers.OUTPUT}:
            return Choice(GlorotUniform(), f"{after.name} follows")
    measured = _nonlinearity(after.function, values)
    if measured is None:
        return Choice(GlorotUniform(), name, "the activation has no finite gain")
    if measured.slope is not None:
        slope = f", slope {measured.slope:g}" if measured.slope else ""
        scheme = HeFanIn(measured.slope) if measured.slope else HeFanIn()
        return Choice(scheme, name + slope)
    if abs(measured.gain - 1) < EXACT:
        return Choice(LecunNormal(), name)
    if consumers.KERNEL_NEXT in after.after and measured.is_mostly_mean:
        return Choice(LecunNormal(), f"{name}, whose mean the next kernel takes off")
    scheme = VarianceScaling(
        round(measured.gain**2, DIGITS), "fan_in", "truncated_normal"
    )
    return Choice(scheme, f"{name}, gain {measured.gain:.4f}")


def _for_following(after: Following) -> Choice:
    if after.kind == consumers.ACTIVATION:
        return _for_activation(after)
    if "softmax" in after.name:
        return Choice(GlorotUniform(), f"{after.name} follows")
    why = {
        consumers.SOFTMAX: f"{after.name} follows, of many numbers at once",
        consumers.KERNEL_NEXT: "linear: the next kernel follows",
        consumers.PRODUCT: "linear: a product with another signal follows",
        consumers.OUTPUT: "linear head",
    }.get(after.kind, "nothing is known to follow")
    return Choice(GlorotUniform(), why)


def _for_cell(info: WeightInfo, after: Following) -> Choice:
    """The input kernel of a recurrent cell."""
    if info.weight.geometry.gates == 1 and after.kind == consumers.ACTIVATION:
        choice = _for_activation(after)
        if isinstance(choice.scheme, HeFanIn):
            return choice
    return Choice(GlorotUniform(), "input kernel of a recurrent cell, gate by gate")


def _for_place(info: WeightInfo, after: Following | None, in_cell: bool) -> Choice:
    role, units = info.weight.role, max(1, info.variable.shape[-1])
    if role == Role.RECURRENT:
        return Choice(Orthogonal(), "recurrent kernel, orthogonal gate by gate")
    if role == Role.EMBEDDING:
        scheme = RandomNormal(stddev=1 / math.sqrt(units))
        return Choice(scheme, "embedding, 1/sqrt(units)")
    if role == Role.LORA_A and info.weight.geometry.kernel_format == "embedding":
        scheme = RandomNormal(stddev=1 / math.sqrt(units))
        return Choice(scheme, "LoRA factor of an embedding, 1/sqrt(rank)")
    if role == Role.LORA_A:
        return Choice(TorchDefault(), "LoRA factor, as in PyTorch")
    assert after is not None
    return _for_cell(info, after) if in_cell else _for_following(after)


def choices(model: keras.Model, infos: list[WeightInfo]) -> dict[str, Choice]:
    """A scheme for each weight in the role of a kernel.

    Args:
        model: Built.
        infos: Its weights.

    Returns:
        From path to choice, for kernels, recurrent kernels, embeddings and LoRA's
        first factors. Nothing is drawn, and the model does not change.
    """
    graph = trace(model)
    after = consumers.followers(graph, infos)
    ends = branch_ends(graph, infos)
    found, given = streams(graph, infos), kernel_inputs(graph, infos)
    cells = {id(p.layer) for p in infos if p.weight.role == Role.RECURRENT}
    result = {}
    for info in infos:
        if info.weight.role not in KERNEL_ROLES:
            continue
        what = after.get(info.path)
        choice = _for_place(info, what, id(info.layer) in cells)
        if info.weight.role == Role.KERNEL and id(info.layer) not in cells:
            choice = adjusted(info, choice, found, given.get(info.path))
        notes = [choice.note, what.note if what else ""]
        notes.append(ENDS_BRANCH if info.path in ends else "")
        result[info.path] = choice._replace(note="; ".join(filter(None, notes)))
    return result
