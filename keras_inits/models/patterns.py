"""Which weights of a model a pattern means.

A pattern is a glob on a weight's path or on the path of a layer around it, a compiled
regular expression that is searched in the weight's path, a class of layers, a layer, or
a function of a `WeightInfo`. In a glob, `*` is any text, `/` included, and `?` any one
character; everything else, brackets too, is itself, so a path from a report can be
pasted.
"""

import functools
import re
from collections.abc import Callable, Sequence
from typing import Any

import keras

from keras_inits._utils import checks
from keras_inits.graph.weights import WeightInfo

Pattern = str | re.Pattern[str] | type | Any | Callable[[WeightInfo], bool]
NO_NAME = "\0"  # stands for another name: nobody types it


@functools.lru_cache(maxsize=1024)
def _glob(pattern: str) -> re.Pattern[str]:
    special = {"*": ".*", "?": "."}
    return re.compile("".join(special.get(c, re.escape(c)) for c in pattern), re.S)


def places(path: str) -> list[str]:
    """The path of a weight, and those of all layers around it."""
    ends = [i for i, character in enumerate(path) if character == "/"]
    return [path[:end] for end in [len(path), *ends]]


def is_place(pattern: Any) -> bool:
    """Whether a pattern is the path of a weight or of a layer, letter for letter."""
    return isinstance(pattern, str) and "*" not in pattern and "?" not in pattern


def _in_path(pattern: str | re.Pattern[str], path: str) -> bool:
    if isinstance(pattern, re.Pattern):
        return pattern.search(path) is not None
    if is_place(pattern):  # a thousand of them are fast, too
        return path == pattern or path.startswith(f"{pattern}/")
    glob = _glob(pattern)
    return any(glob.fullmatch(place) for place in places(path))


def check(argument: str, pattern: Any) -> Any:
    """Returns `pattern` if it is one.

    Raises:
        ValueError: If it is of no kind that is a pattern.
    """
    if isinstance(pattern, type):
        is_pattern = issubclass(pattern, keras.layers.Layer)
    elif isinstance(pattern, re.Pattern):
        is_pattern = isinstance(pattern.pattern, str)
    elif isinstance(pattern, str):
        is_pattern = pattern != ""
    else:
        is_pattern = callable(pattern)  # a layer, too
    if is_pattern:
        return pattern
    raise ValueError(
        f"`{argument}` names weights by a glob on their path, a compiled regular "
        "expression, a class of layers, a layer or a function of a WeightInfo. "
        f"Received: {argument}={pattern!r}. For example 'encoder/*', "
        "re.compile(r'block_[0-3]/') or keras.layers.Dense."
    )


def matches(pattern: Pattern, info: WeightInfo) -> bool:
    """Whether a pattern means a weight, or a layer that the weight is in."""
    if isinstance(pattern, str | re.Pattern):
        return _in_path(pattern, info.path)
    around = (*info.parents, info.layer)
    if isinstance(pattern, type):
        return any(isinstance(layer, pattern) for layer in around)
    if isinstance(pattern, keras.layers.Layer):
        return any(layer is pattern for layer in around)
    return bool(pattern(info))


def means_its_name(pattern: Pattern, info: WeightInfo) -> bool:
    """Whether a pattern means a weight for its name, not for where it stands.

    So `head/bias`, `*/bias` and `re.compile("bias$")` mean biases, while `head`,
    `head/*` and a class of layers mean a place.
    """
    if not isinstance(pattern, str | re.Pattern) or not matches(pattern, info):
        return False
    other = info.path.removesuffix(info.name) + NO_NAME * len(info.name)
    return not _in_path(pattern, other)


def shown(pattern: Pattern) -> str:
    """A pattern as it was typed."""
    if isinstance(pattern, re.Pattern):
        return f"re.compile({pattern.pattern!r})"
    if isinstance(pattern, keras.layers.Layer):
        return f"layer {pattern.name!r}"
    if isinstance(pattern, type) or callable(pattern):
        name: str = getattr(pattern, "__name__", repr(pattern))
        return name
    return repr(pattern)


def nearest(pattern: Pattern, infos: Sequence[WeightInfo]) -> str:
    """A sentence that says what could have been meant."""
    if isinstance(pattern, str):
        texts: dict[str, None] = {}
        for info in infos:
            parts = info.path.split("/")
            texts.update({"/".join(parts[:end]): None for end in range(1, len(parts))})
            texts.update({info.path: None, f"*/{info.name}": None})
        return checks.did_you_mean(pattern, texts)
    if isinstance(pattern, type):
        found = {type(info.layer).__name__ for info in infos}
        return f"The layers with weights are {', '.join(sorted(found))}."
    paths = ", ".join(repr(info.path) for info in infos[:3])
    return f"Paths are such as {paths}."
