"""What a scheme's constructor takes, and its arguments as plain JSON."""

import functools
import inspect
import numbers
from collections.abc import Hashable, Mapping
from typing import Any, cast

import keras
import numpy as np


def check_seed(seed: Any) -> Any:
    """Returns `seed` as None, an int or a `keras.random.SeedGenerator`.

    Raises:
        ValueError: If it is none of these, or an integer outside 64 bits.
    """
    if isinstance(seed, Mapping):
        seed = keras.saving.deserialize_keras_object(dict(seed))
    if seed is None or isinstance(seed, keras.random.SeedGenerator):
        return seed
    whole = isinstance(seed, numbers.Integral) and not isinstance(seed, bool | np.bool_)
    if not whole or not -(2**63) <= int(seed) < 2**64:
        raise ValueError(
            "`seed` picks the random stream and must be an integer of at most 64 bits, "
            f"a `keras.random.SeedGenerator` or None. Received: seed={seed!r}. "
            "For other values on every call use seed=None."
        )
    return int(seed)


@functools.cache
def constructor(cls: Hashable) -> dict[str, inspect.Parameter]:
    """The arguments of a scheme, those that it passes on by `**` included.

    A scheme that draws nothing has no seed, whatever its bases take.
    """
    arguments: dict[str, inspect.Parameter] = {}
    for owner in inspect.getmro(cast(type, cls)):
        if "__init__" not in vars(owner):
            continue
        signature = inspect.signature(vars(owner)["__init__"])
        parameters = list(signature.parameters.values())[1:]
        passes_on = False
        for parameter in parameters:
            if parameter.kind is parameter.VAR_KEYWORD:
                passes_on = True
            elif parameter.kind is not parameter.VAR_POSITIONAL:
                arguments.setdefault(parameter.name, parameter)
        if not passes_on:
            break
    if not getattr(cls, "is_random", True):
        arguments.pop("seed", None)
    return arguments


def plain(value: Any) -> Any:
    """`value` as JSON has it."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, tuple | list):
        return [plain(member) for member in value]
    if isinstance(value, str | numbers.Number | None | Mapping):
        return value
    return keras.saving.serialize_keras_object(value)


def same(value: Any, default: Any) -> bool:
    """Whether a value is a default, not merely equal to it, as True is to 1."""
    return type(value) is type(default) and value == default
