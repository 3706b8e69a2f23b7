"""Functions of libraries as one program each, where a backend compiles what it runs."""

from collections.abc import Callable
from typing import Any

import keras

LIBRARIES = {"jax", "keras", "keras_hub"}  # functions that depend on arguments only

_programs: dict[Any, Callable[..., Any]] = {}


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """A library's function of tensors as one program on JAX; others as they are.

    Run by itself, JAX compiles each operation of a function for each shape: GELU takes
    0.2 s the first time, as one program 0.04 s.
    """
    if keras.backend.backend() != "jax":
        return function
    library = (getattr(function, "__module__", None) or "").split(".")[0]
    is_plain = hasattr(function, "__code__") and not function.__closure__
    if library not in LIBRARIES or not is_plain:
        return function
    if function not in _programs:
        import jax

        _programs[function] = jax.jit(function)
    return _programs[function]
