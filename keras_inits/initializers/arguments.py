"""Checks of an initializer's arguments, and their form in a config."""

import inspect
import numbers
from collections.abc import Mapping
from typing import Any, cast

import keras
import numpy as np

DEEPEST = 50  # lists and dictionaries inside each other in a config
MOST_AXES = 64  # of an array of NumPy's


def check_config(owner: str, config: Any) -> None:
    """Checks that a config can be read: before anything of it is shown or made.

    Raises:
        ValueError: If it is no dictionary with texts for keys, is nested deeper than
            any scheme's, or has an integer beyond 64 bits.
    """
    fits = isinstance(config, Mapping) and all(isinstance(key, str) for key in config)
    rest: list[tuple[Any, int]] = [(config, 0)]
    while fits and rest:
        value, depth = rest.pop()
        fits = depth <= DEEPEST
        if isinstance(value, Mapping):
            fits = fits and not _is_oversized(value)
            rest += [(member, depth + 1) for member in value.values()]
        elif isinstance(value, list | tuple):
            rest += [(member, depth + 1) for member in value]
        elif isinstance(value, int):
            fits = -(2**63) <= value < 2**64
    if not fits:
        raise ValueError(
            f"The config of {owner} is a dictionary of arguments, of at most {DEEPEST} "
            "levels, of numbers, and integers of at most 64 bits. Received: a "
            f"{type(config).__name__} that is not. Use what get_config() returns."
        )


def _is_oversized(value: Mapping[str, Any]) -> bool:
    """Whether it is an array of Keras's of no numbers: texts could be of any length."""
    if value.get("class_name") not in ("__numpy__", "__tensor__"):
        return False
    inner = value.get("config")
    try:
        keras.backend.standardize_dtype(inner["dtype"])  # type: ignore[index]
    except Exception:  # Keras's errors are of any kind
        return True
    return False


def check_seed(seed: Any) -> Any:
    """Returns `seed` as None, an int or a `keras.random.SeedGenerator`.

    Raises:
        ValueError: If it is none of these, or an integer outside 64 bits.
    """
    if isinstance(seed, Mapping):
        seed = _generator(dict(seed))
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


def _generator(config: dict[str, Any]) -> Any:
    """The seed generator of a config, or the config where it is none's."""
    if config.get("class_name") != "SeedGenerator":
        return config
    try:
        return keras.saving.deserialize_keras_object(config)
    except Exception:  # Keras's errors about a broken one are of any kind
        return config


def check_shape(shape: Any) -> tuple[int, ...]:
    """Returns `shape` as a tuple of ints.

    Raises:
        ValueError: If it is no sequence of sizes >= 0, or no array can have it.
    """
    try:
        checked = tuple(int(n) for n in shape)
    except (TypeError, ValueError, OverflowError):
        checked = (-1,)
    if len(checked) > MOST_AXES or any(not 0 <= n < 2**63 for n in checked):
        raise ValueError(
            f"`shape` must be a sequence of at most {MOST_AXES} sizes >= 0. "
            f"Received: shape={shape!r}. For a vector of 8 use shape=(8,)."
        )
    return checked


def check_dtype(dtype: Any, initializer: Any) -> str:
    """Returns the name of a type that the initializer fills; of None, Keras's floatx.

    Raises:
        ValueError: If it draws and the type is not a floating-point type.
    """
    name: str = keras.backend.standardize_dtype(dtype or keras.config.floatx())
    if initializer.takes_complex and name in ("complex64", "complex128"):
        return name
    only_floats = initializer.is_random or initializer.only_floats
    if only_floats and not keras.backend.is_float_dtype(name):
        raise ValueError(
            f"{type(initializer).__name__} fills in real numbers, so `dtype` must be a "
            f"floating-point type. Received: dtype={name!r}. Draw with "
            "dtype='float32' and cast the result."
        )
    return name


def arguments_of(cls: type, passed_on: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a class's constructor and their defaults.

    A class that draws nothing has no seed, whatever its bases take.

    Args:
        cls: A class of initializers.
        passed_on: What a `**` of the constructor stands for, and the defaults.

    Returns:
        A new dict; `inspect.Parameter.empty` stands for no default.
    """
    arguments: dict[str, Any] = {}
    constructor = inspect.signature(cast(Any, cls).__init__)
    for parameter in list(constructor.parameters.values())[1:]:
        if parameter.kind is parameter.VAR_KEYWORD:
            arguments |= {k: v for k, v in passed_on.items() if k not in arguments}
        elif parameter.kind is not parameter.VAR_POSITIONAL:
            arguments[parameter.name] = parameter.default
    if not getattr(cls, "is_random", True):
        arguments.pop("seed", None)
    return arguments


def required(cls: Any) -> list[str]:
    """The arguments of a class of initializers that have no default."""
    empty = inspect.Parameter.empty
    return [name for name, value in cls._arguments.items() if value is empty]


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
