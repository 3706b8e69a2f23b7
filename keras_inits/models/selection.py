"""Which weights `include`, `exclude` and frozen layers let `initialize` set."""

from collections.abc import Sequence
from typing import Any

import keras

from keras_inits.geometry.roles import Role
from keras_inits.graph.weights import WeightInfo
from keras_inits.models import patterns


def is_frozen(info: WeightInfo) -> bool:
    """Whether a person, or LoRA, has switched off the training of a weight."""
    if not all(layer.trainable for layer in (*info.parents, info.layer)):
        return True
    return not info.variable.trainable and info.weight.role not in (
        Role.MEAN,
        Role.VARIANCE,
        Role.STATE,
    )


class Selection:
    """The weights that are to be set.

    Args:
        include: A pattern, or several: only these, frozen ones too. None: all that are
            not frozen.
        exclude: A pattern, or several: not these.

    Raises:
        ValueError: If one of them is no pattern.
    """

    def __init__(self, include: Any, exclude: Any) -> None:
        self.includes = include is not None
        self.include = patterns.as_patterns("include", include)
        self.exclude = patterns.as_patterns("exclude", exclude)

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

    def why_not(self, info: WeightInfo, has_rule: bool) -> str:
        """Why a weight is left alone; empty if it is to be set.

        Args:
            info: The weight.
            has_rule: Whether a rule reaches it, which makes a state a weight to set.
        """
        is_real = keras.backend.is_float_dtype(info.variable.dtype)
        if info.weight.role == Role.STATE and not (has_rule and is_real):
            return info.weight.note or "no parameter"
        if any(patterns.matches(pattern, info) for pattern in self.exclude):
            return "excluded"
        if not self.includes:
            return "frozen" if is_frozen(info) else ""
        included = any(patterns.matches(pattern, info) for pattern in self.include)
        return "" if included else "not included"
