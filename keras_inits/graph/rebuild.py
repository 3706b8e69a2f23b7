"""Finds a layer's initializers: builds it once more and records calls of `add_weight`.

The layer is rebuilt as Keras does on loading, from its configuration. Of a layer that
has none, nothing is found.
"""

import contextlib
import random
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from keras_inits._utils.keras_private import private_state
from keras_inits.graph.weights import own_variables
from keras_inits.initializers.replace_builtins import replacing_builtins

LARGEST = 2_000_000  # parameters of a layer that is built once more


@contextlib.contextmanager
def _as_if_nothing_happened() -> Iterator[None]:
    """Keeps Python's random state, and Keras's numbers for default names."""
    state = random.getstate()
    numbers = private_state("object_name_uids")
    before = dict(numbers) if numbers is not None else {}
    try:
        yield
    finally:
        random.setstate(state)
        if numbers is not None:
            numbers.clear()
            numbers.update(before)


def _asked(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The initializer that a call of `add_weight` names, or Keras's for none."""
    given = args[1] if len(args) > 1 else kwargs.get("initializer")
    none = keras.initializers.GlorotUniform()
    return none if given is None else keras.initializers.get(given)


def _copy(layer: keras.layers.Layer, recorded: dict[int, Any]) -> Any:
    """The layer built once more; `recorded` gets the initializer of each variable."""
    zeros = keras.initializers.Zeros()  # draws nothing, and needs no look-up

    def add_weight(self: Any, *args: Any, **kwargs: Any) -> Any:
        asked = _asked(args, kwargs)
        if len(args) > 1:
            args = (args[0], zeros, *args[2:])
        else:
            kwargs["initializer"] = zeros
        variable = super(copy_class, self).add_weight(*args, **kwargs)
        recorded[id(variable)] = asked
        return variable

    cls = type(layer)
    copy_class: Any = type(cls.__name__, (cls,), {"add_weight": add_weight})
    given = getattr(layer, "_auto_config", None)  # the constructor's simple arguments
    if given is not None:
        copy = copy_class(**given.config)
    else:
        copy = copy_class.from_config(layer.get_config())
    if not copy.built:
        copy.build_from_config(layer.get_build_config())
    return copy


def _recorded(layer: keras.layers.Layer) -> list[Any]:
    """Initializers of a layer's own variables, in their order.

    A variable that the layer made without `add_weight` has none, but if its values
    are the same in two copies they are not random.
    """
    recorded: dict[int, Any] = {}
    one = own_variables(_copy(layer, recorded))
    other = one
    if not all(id(variable) in recorded for variable in one):
        other = own_variables(_copy(layer, recorded))
    found = []
    for variable, first, second in zip(own_variables(layer), one, other, strict=True):
        if not variable.shape == first.shape == second.shape:
            raise ValueError("The copy has other weights.")
        initializer = recorded.get(id(first))
        if initializer is None:
            value, again = map(keras.ops.convert_to_numpy, (first, second))
            if np.array_equal(value, again):
                initializer = keras.initializers.Constant(value)
        found.append(initializer)
    return found


def initializers_of(layer: keras.layers.Layer) -> dict[int, Any]:
    """The initializer of each of a layer's own variables, by the variable's id.

    Empty where the layer cannot be built once more, or is too large for it.
    """
    if layer.count_params() > LARGEST:
        return {}
    try:
        # Inner layers draw, too; JAX would compile each of Keras's own draws.
        with _as_if_nothing_happened(), replacing_builtins():
            found = _recorded(layer)
    except Exception:  # anybody's code
        return {}
    return {id(v): i for v, i in zip(own_variables(layer), found, strict=True)}
