"""Which initializer a layer gives each of its weights, found by building it once more.

First as Keras does on loading: from its configuration, with `add_weight` listened to.
Where there is no configuration, by running `build` on a shadow: an object with the
layer's attributes, whose weights go nowhere.
"""

import contextlib
import random
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from keras_inits._utils.keras_private import private_state
from keras_inits.graph.weights import children, own_variables
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


def _twin(layer: Any, heard: dict[int, Any]) -> Any:
    """The layer built once more; `heard` gets the initializer of each variable."""
    zeros = keras.initializers.Zeros()  # draws nothing, and needs no look-up

    def add_weight(self: Any, *args: Any, **kwargs: Any) -> Any:
        asked = _asked(args, kwargs)
        if len(args) > 1:
            args = (args[0], zeros, *args[2:])
        else:
            kwargs["initializer"] = zeros
        variable = super(twin_class, self).add_weight(*args, **kwargs)
        heard[id(variable)] = asked
        return variable

    cls = type(layer)
    twin_class: Any = type(cls.__name__, (cls,), {"add_weight": add_weight})
    given = getattr(layer, "_auto_config", None)  # the constructor's simple arguments
    if given is not None:
        twin = twin_class(**given.config)
    else:
        twin = twin_class.from_config(layer.get_config())
    if not twin.built:
        twin.build_from_config(layer.get_build_config())
    return twin


def _heard_in_twin(layer: Any) -> list[Any]:
    """Initializers of a layer's own variables, in their order.

    A variable that the layer made without `add_weight` has none, but if its values
    are the same in two twins they are no chance.
    """
    heard: dict[int, Any] = {}
    one = own_variables(_twin(layer, heard))
    other = one
    if not all(id(variable) in heard for variable in one):
        other = own_variables(_twin(layer, heard))
    found = []
    for variable, first, second in zip(own_variables(layer), one, other, strict=True):
        if not variable.shape == first.shape == second.shape:
            raise ValueError("The twin has other weights.")
        initializer = heard.get(id(first))
        if initializer is None:
            value, again = map(keras.ops.convert_to_numpy, (first, second))
            if np.array_equal(value, again):
                initializer = keras.initializers.Constant(value)
        found.append(initializer)
    return found


def _heard_in_shadow(layer: Any) -> list[Any]:
    """The same by `build` alone, of a layer without inner ones."""
    if children(layer):
        raise ValueError("Inner layers would be built again.")
    heard: dict[bool, list[Any]] = {True: [], False: []}

    def add_weight(self: Any, *args: Any, **kwargs: Any) -> Any:
        shape = args[0] if args else kwargs.get("shape")
        trainable = kwargs.get("trainable", True)
        heard[trainable].append((tuple(shape or ()), _asked(args, kwargs)))
        dtype = (args[2] if len(args) > 2 else kwargs.get("dtype")) or layer.dtype
        zeros = keras.initializers.Zeros()
        return keras.Variable(
            zeros, shape=shape or (), dtype=dtype, trainable=trainable
        )

    cls = type(layer)
    plain = {"add_weight": add_weight, "__setattr__": object.__setattr__}
    shadow: Any = object.__new__(type(cls.__name__, (cls,), plain))
    for name, value in vars(layer).items():
        if name not in ("build", "quantize"):  # bound to the layer itself
            copied = isinstance(value, list | dict | set)
            vars(shadow)[name] = type(value)(value) if copied else value
    config = layer.get_build_config()
    if "shapes_dict" in config:
        cls.build(shadow, **config["shapes_dict"])
    else:
        cls.build(shadow, config["input_shape"])
    records = heard[True] + heard[False]
    own = own_variables(layer)
    if [tuple(v.shape) for v in own] != [shape for shape, _ in records]:
        raise ValueError("The shadow has other weights.")
    return [initializer for _, initializer in records]


def initializers_of(layer: Any) -> dict[int, Any]:
    """The initializer of each of a layer's own variables, by the variable's id.

    Empty where the layer cannot be built once more, or is too large for it.
    """
    if layer.count_params() > LARGEST:
        return {}
    for listen in (_heard_in_twin, _heard_in_shadow):
        try:
            # Inner layers draw, too; JAX would compile each of Keras's own draws.
            with _as_if_nothing_happened(), replacing_builtins():
                found = listen(layer)
        except Exception:  # anybody's code
            continue
        return {id(v): i for v, i in zip(own_variables(layer), found, strict=True)}
    return {}
