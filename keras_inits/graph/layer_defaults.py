"""The initial value that a layer's own code gives a weight.

An author who starts a bias at -2, a gain at zero or a layer's scale at 1e-6 means it,
so such weights start there again. Layers keep their initializers as attributes; those
that do not are built once more, and their calls of `add_weight` recorded.
"""

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np

from keras_inits._utils.host_array import to_numpy
from keras_inits._utils.keras_private import is_of_keras
from keras_inits.geometry.layers import Weight
from keras_inits.geometry.roles import KERNEL_ROLES, Role
from keras_inits.graph.rebuild import initializers_of
from keras_inits.graph.weights import WeightInfo
from keras_inits.initializers import Constant, Ones, Zeros, registry
from keras_inits.initializers.base import Initializer
from keras_inits.initializers.recurrent.forget_bias import ForgetBias

ZEROS, ONES = Zeros(), Ones()  # one will do: they have no argument and no state


def filling(value: np.ndarray, shape: tuple[int, ...]) -> Initializer:
    """The scheme that fills with a number, or an array."""
    for number, scheme in ((0, ZEROS), (1, ONES)):
        if (value == number).all():
            return scheme
    if (value == value.flat[0]).all():
        return Constant(value.flat[0].item())
    return Constant(np.broadcast_to(value, shape))


def deterministic(initializer: Any, shape: tuple[int, ...]) -> Initializer | None:
    """The scheme that fills as `initializer` does, if that draws nothing."""
    if isinstance(initializer, Initializer):
        return None if initializer.is_random else initializer
    if isinstance(initializer, keras.initializers.Zeros):
        return ZEROS
    if isinstance(initializer, keras.initializers.Ones):
        return ONES
    if isinstance(initializer, keras.initializers.Constant):
        value = np.asarray(keras.ops.convert_to_numpy(initializer.value))
        return filling(value, shape)
    return None


def translated(initializer: Any) -> Any:
    """This package's scheme with the distribution of one of Keras's, if any."""
    if not type(initializer).__module__.startswith("keras."):
        return initializer
    schemes = {registry.scheme(name).__name__: name for name in registry.names()}
    config = initializer.get_config()
    config.pop("seed", None)
    try:
        return registry.get(schemes.get(type(initializer).__name__, ""), **config)
    except ValueError:
        return initializer


class LayerDefaults:
    """The layers' own initializers, each found out once."""

    def __init__(self) -> None:
        self._recorded: dict[int, dict[int, Any]] = {}

    def initializer(self, info: WeightInfo) -> Any:
        """What the layer was told to start a weight with; None if that is unknown."""
        found = getattr(info.layer, f"{info.variable.name}_initializer", None)
        if found is None:  # by the name of the attribute that holds the variable
            found = getattr(info.layer, f"{info.name}_initializer", None)
        if found is not None:
            return found
        if is_keras_s(info.layer):
            return None
        key = id(info.layer)
        if key not in self._recorded:
            self._recorded[key] = initializers_of(info.layer)
        return self._recorded[key].get(id(info.variable))

    def start(self, info: WeightInfo) -> Initializer | None:
        """What a weight starts with, where that is no chance."""
        found = deterministic(self.initializer(info), info.shape)
        is_lstm = getattr(info.layer, "unit_forget_bias", False)
        if is_lstm and info.weight.role == Role.BIAS:
            return ForgetBias(found or ZEROS)  # Keras, too, whatever the others are
        return found

    def corrected(self, infos: Iterable[WeightInfo]) -> list[WeightInfo]:
        """The weights, with another role where what was assumed of one is wrong.

        A kernel that started without chance would keep its units equal for ever, so
        what starts at zeros is a bias and what starts at another number a gain. And
        what has not two axes is no kernel.
        """
        return [self._corrected(info) for info in infos]

    def _corrected(self, info: WeightInfo) -> WeightInfo:
        if info.weight.role not in (*KERNEL_ROLES, Role.BIAS) or not info.weight.note:
            return info
        start = self.start(info)
        if start is not None:
            role = Role.BIAS if isinstance(start, Zeros) else Role.GAIN
            note = "read by what it starts with"
        elif info.weight.role != Role.BIAS and sum(n > 1 for n in info.shape) < 2:
            role, note = Role.BIAS, "read by its shape: a vector"
        else:
            return info
        return info._replace(weight=Weight(role, note=note))


def is_keras_s(layer: keras.layers.Layer) -> bool:
    """Whether a layer is one that Keras exports: what it starts with is known."""
    return is_of_keras(type(layer), "layers")


def present(info: WeightInfo) -> Initializer | None:
    """What a weight is filled with now, if that is one number."""
    value = to_numpy(info.variable.value)
    if value.size == 0 or not (value == value.flat[0]).all():
        return None
    return filling(value.astype(np.float32), info.shape)
