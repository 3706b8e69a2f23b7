"""Which weights `include`, `exclude` and frozen layers let `initialize` set."""

from collections.abc import Container, Iterable, Sequence
from typing import Any

import keras

from keras_inits._utils.checks import did_you_mean
from keras_inits.geometry.roles import Role
from keras_inits.graph.weights import WeightInfo
from keras_inits.models import patterns


def is_frozen(info: WeightInfo) -> bool:
    """Whether a person, or LoRA, has switched off the training of a weight.

    Keras asks the variable: a layer may be trained inside a frozen one. What is never
    trained is frozen with its layer.
    """
    if info.weight.role in (Role.MEAN, Role.VARIANCE, Role.STATE):
        return not info.layer.trainable
    return not info.variable.trainable


def _as_patterns(argument: str, given: Any) -> list[patterns.Pattern]:
    """A pattern or several, as a list.

    Raises:
        ValueError: If one of them is no pattern.
    """
    if given is None:
        return []
    several = isinstance(given, list | tuple | set | frozenset)
    return [patterns.check(argument, one) for one in (given if several else [given])]


NOT_ASKED_FOR = "not among `only`"


def paths_of(only: Any, infos: Sequence[WeightInfo]) -> set[str] | None:
    """The paths of the weights that `only` names; None where it is None.

    Raises:
        ValueError: If it is no list of paths and variables of the model.
    """
    if only is None:
        return None
    single = isinstance(only, str | keras.layers.Layer | keras.Variable)
    if single or not isinstance(only, Iterable):
        shown = repr(getattr(only, "path", only))
        raise ValueError(
            "`only` is a list of paths or variables, as keras_inits.missing(model) "
            f"returns. Received: only={shown}. For patterns and layers use `include`."
        )
    by_variable = {id(info.variable): info.path for info in infos}
    known = set(by_variable.values())
    found: set[str] = set()
    for one in only:
        is_variable = isinstance(one, keras.Variable)
        path = by_variable.get(id(one)) if is_variable else one
        if not isinstance(path, str) or path not in known:
            name = one.path if is_variable else one
            raise ValueError(
                "`only` names weights of the model by their paths, or is their "
                f"variables. Received: {name!r}, which is none. "
                f"{did_you_mean(name, known)} Nothing was written."
            )
        found.add(path)
    return found


class Selection:
    """The weights that are to be set.

    Args:
        include: A pattern, or several: only these, frozen ones too. None: all that are
            not frozen.
        exclude: A pattern, or several: not these.
        only: Paths: none but these, frozen ones too. None: no such limit.

    Raises:
        ValueError: If one of the patterns is none, or both `include` and `only` are
            given.
    """

    def __init__(
        self, include: Any, exclude: Any, only: Container[str] | None = None
    ) -> None:
        if only is not None and include is not None:
            raise ValueError(
                "`only` and `include` both name what is set, and everything else is "
                f"left alone. Received: only and include={include!r}. Give one of them."
            )
        self.only = only
        self.includes = include is not None
        self.include = _as_patterns("include", include)
        self.exclude = _as_patterns("exclude", exclude)

    def problems(self, infos: Sequence[WeightInfo]) -> list[str]:
        """A sentence about each pattern that matches no weight."""
        given = [("include", pattern) for pattern in self.include]
        given += [("exclude", pattern) for pattern in self.exclude]
        return [
            f"`{argument}` {patterns.shown(pattern)} matches no weight. "
            + patterns.nearest(pattern, infos)
            for argument, pattern in given
            if not any(patterns.matches(pattern, info) for info in infos)
        ]

    def left_alone(
        self, infos: Sequence[WeightInfo], with_rule: Container[str]
    ) -> dict[str, str]:
        """The paths of the weights that are not to be set, and why.

        Args:
            infos: All weights.
            with_rule: Paths that a rule reaches, which makes a state a weight to set.
        """
        whys = {
            info.path: self._why_not(info, info.path in with_rule) for info in infos
        }
        return {path: why for path, why in whys.items() if why}

    def _why_not(self, info: WeightInfo, has_rule: bool) -> str:
        if self.only is not None and info.path not in self.only:
            return NOT_ASKED_FOR
        is_real = keras.backend.is_float_dtype(info.variable.dtype)
        if info.weight.role == Role.STATE and not (has_rule and is_real):
            return info.weight.note or "no parameter"
        if any(patterns.matches(pattern, info) for pattern in self.exclude):
            return "excluded"
        if not self.includes:
            return "frozen" if self.only is None and is_frozen(info) else ""
        included = any(patterns.matches(pattern, info) for pattern in self.include)
        return "" if included else "not included"
