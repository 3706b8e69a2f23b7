"""Checks of arguments: what is meant, what came, what to type instead.

Every message of the package that refuses an argument is worded by a function here
or follows its pattern, so that they read alike.
"""

import contextlib
import difflib
import math
import numbers
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

LONGEST = 1000  # characters of a message about a file's config


def number(
    name: str,
    value: Any,
    *,
    minimum: float | None = None,
    above: float | None = None,
    maximum: float | None = None,
    below: float | None = None,
    meaning: str,
    instead: str,
) -> float:
    """Returns `value` as a float; refuses what is no finite number in the range.

    Args:
        name: The argument's own name.
        value: What the user passed.
        minimum: Smallest value allowed, or None.
        above: Largest value not allowed, or None.
        maximum: Largest value allowed, or None.
        below: Smallest value not allowed, or None.
        meaning: What the argument is, for the message.
        instead: A way out to type, for the message.

    Raises:
        ValueError: If `value` is not a finite real number or out of range.
    """
    is_number = isinstance(value, numbers.Real | np.number) and not isinstance(
        value, bool | np.bool_ | np.complexfloating
    )
    fits = (
        is_number
        and _is_finite(value)
        and (minimum is None or value >= minimum)
        and (above is None or value > above)
        and (maximum is None or value <= maximum)
        and (below is None or value < below)
    )
    if not fits:
        limits = [f">= {minimum:g}"] if minimum is not None else []
        limits += [f"> {above:g}"] if above is not None else []
        limits += [f"<= {maximum:g}"] if maximum is not None else []
        limits += [f"< {below:g}"] if below is not None else []
        demand = f"a finite number {' and '.join(limits)}".rstrip()
        raise ValueError(
            f"`{name}` is {meaning} and must be {demand}. "
            f"Received: {name}={value!r}. {instead}"
        )
    return float(value)


def _is_finite(value: Any) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an int beyond all floats
        return False


def whole(
    name: str, value: Any, *, minimum: int = 1, meaning: str, instead: str
) -> int:
    """Returns `value` as an int; refuses what is none, or below `minimum`.

    Args:
        name: The argument's own name.
        value: What the user passed.
        minimum: Smallest value allowed.
        meaning: What the argument is, for the message.
        instead: A way out to type, for the message.

    Raises:
        ValueError: If `value` is no integer or too small.
    """
    integral = hasattr(value, "__index__") and not isinstance(value, bool | np.bool_)
    if not integral or value < minimum:
        raise ValueError(
            f"`{name}` is {meaning} and must be an int >= {minimum}. "
            f"Received: {name}={value!r}. {instead}"
        )
    return int(value)


def choice(name: str, value: Any, allowed: Iterable[str], *, meaning: str) -> str:
    """Returns `value` if it is one of `allowed`.

    Raises:
        ValueError: If it is not; the message names the nearest allowed value.
    """
    allowed = list(allowed)
    if isinstance(value, str) and value in allowed:
        return value
    raise ValueError(
        f"`{name}` is {meaning} and must be one of {', '.join(map(repr, allowed))}. "
        f"Received: {name}={value!r}. {did_you_mean(value, allowed)}"
    )


def did_you_mean(value: Any, allowed: Iterable[str], count: int = 3) -> str:
    """A sentence that names the nearest of `allowed`, or the first ones."""
    allowed = sorted(allowed)
    return _nearest(value, allowed, count) or (
        f"Try {allowed[0]!r}." if allowed else ""
    )


def _nearest(value: Any, allowed: list[str], count: int = 3) -> str:
    near = difflib.get_close_matches(str(value).lower(), allowed, n=count, cutoff=0.5)
    return f"Did you mean {' or '.join(map(repr, near))}?" if near else ""


def unknown_key(owner: str, unknown: Iterable[str], known: Iterable[str]) -> ValueError:
    """The error for configuration keys that no argument of `owner` is named after."""
    unknown, known = sorted(unknown), sorted(known)
    listed = ", ".join(known) if known else "none"
    return ValueError(
        f"The config of {owner} must name its own arguments ({listed}). "
        f"Received: {', '.join(f'config[{key!r}]' for key in unknown)}. "
        f"{did_you_mean(unknown[0], known)} Remove the key, or upgrade keras_inits "
        "if the file was written by a newer version."
    )


@contextlib.contextmanager
def few_words() -> Iterator[None]:
    """Shortens the message of a `ValueError`, in which a long value may be shown.

    Of what a user types, all is shown; of what a file holds, begin and end.
    """
    try:
        yield
    except ValueError as error:
        text = str(error)
        if len(text) > LONGEST:
            half = LONGEST // 2
            error.args = (f"{text[:half]} ... {text[-half:]}",)
        raise


class UnknownArgument(ValueError, TypeError):
    """An argument that a constructor does not take: Python's error, and ours."""


class MissingArgument(ValueError, TypeError):
    """An argument that a constructor needs and was not given."""


def unknown_argument(
    owner: str, unknown: Mapping[str, Any], known: Iterable[str]
) -> UnknownArgument:
    """The error for arguments, by name, that the constructor of `owner` lacks."""
    known = list(known)
    received = ", ".join(f"{name}={value!r}" for name, value in unknown.items())
    near = _nearest(next(iter(unknown)), known)
    return UnknownArgument(
        f"The arguments of {owner} are: {', '.join(known) or 'none'}. "
        f"Received: {received}. {near or 'Leave it out.'}"
    )


def missing_argument(owner: str, missing: Iterable[str], call: str) -> MissingArgument:
    """The error for arguments of `owner` that have no default and were not given.

    Args:
        owner: The class.
        missing: Their names.
        call: What to type, with the arguments.
    """
    names = ", ".join(f"`{name}`" for name in missing)
    return MissingArgument(
        f"{owner} needs {names}, which no shape tells. Received: no {names}. "
        f"Type {call}."
    )
