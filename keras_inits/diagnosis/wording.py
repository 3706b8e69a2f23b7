"""Numbers and names as the findings and the tables write them."""

import math
from collections.abc import Sequence
from typing import Any


def number(value: float | None) -> str:
    """Three digits, also of what is very small or very large.

    Examples:
    >>> from keras_inits.diagnosis.wording import number
    >>> number(2.3026), number(8.9e-11), number(0.0), number(None)
    ('2.30', '8.9e-11', '0', '·')
    """
    if value is None:
        return "·"
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    return f"{value:.2f}" if 0.01 <= abs(value) < 1000 else f"{value:.1e}"


def percent(value: float | None) -> str:
    """A fraction in percent; a dot for what is not known."""
    return "·" if value is None else f"{value:.0%}"


def quoted(names: Sequence[str], most: int = 3) -> str:
    """Names in quotes, of many the first and a count."""
    shown = ", ".join(repr(name) for name in names[:most])
    rest = len(names) - most
    return f"{shown} and {rest} more" if rest > 0 else shown


def times(value: float) -> str:
    """A factor in words: 64× too small, 3.4× too large."""
    if value < 1:
        return f"{number(1 / value) if value else 'infinitely'}× too small"
    return f"{number(value)}× too large"


def plain(value: Any) -> Any:
    """The same without tuples, and with words for numbers that JSON has not.

    Examples:
    >>> from keras_inits.diagnosis.wording import plain
    >>> plain({"shape": (2, 3), "std": float("inf"), "mean": float("nan")})
    {'shape': [2, 3], 'std': 'Infinity', 'mean': 'NaN'}
    """
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [plain(member) for member in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{'-' * (value < 0)}Infinity"
    return value
