"""Multipliers of rates, weight decays and epsilons, and what variables they mean."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from keras_inits._utils import checks
from keras_inits.graph.weights import WeightInfo
from keras_inits.models import patterns

EXAMPLE = "For example {'head/kernel': 0.25} or {'head/*': (0.25, 4.0)}."


class Multiplier(NamedTuple):
    """What an optimizer's numbers are multiplied by for a variable.

    Attributes:
        learning_rate: Float, >= 0.
        weight_decay: Float, >= 0. As Keras multiplies it by the learning rate, a step
            decays by learning rate times weight decay times both multipliers.
        epsilon: Float, >= 0: of Adam's constant beside the root of squared gradients.
    """

    learning_rate: float = 1.0
    weight_decay: float = 1.0
    epsilon: float = 1.0

    def short(self) -> tuple[float, ...]:
        """The numbers, without an epsilon's that is 1."""
        return tuple(self) if self.epsilon != 1 else self[:2]


def _multiplier(pattern: str, value: Any) -> Multiplier:
    """A multiplier as it was typed.

    Raises:
        ValueError: If it is not one number, two or three, or one is negative.
    """
    given = list(value) if isinstance(value, list | tuple) else [value]
    if not 1 <= len(given) <= len(Multiplier._fields):
        raise ValueError(
            "A multiplier is a number for the learning rate, or that and one for the "
            "weight decay, or those and one for epsilon. "
            f"Received: {pattern!r}: {value!r}. {EXAMPLE}"
        )
    names = Multiplier._fields
    return Multiplier(
        *(
            checks.number(
                f"{name} of {pattern!r}",
                one,
                minimum=0,
                meaning="a multiplier",
                instead=EXAMPLE,
            )
            for name, one in zip(names, given, strict=False)
        )
    )


def parsed(multipliers: Any) -> dict[str, Multiplier]:
    """Multipliers by pattern.

    Raises:
        ValueError: If it is no mapping from patterns to multipliers.
    """
    if not isinstance(multipliers, Mapping):
        raise ValueError(
            "`multipliers` is a mapping from the paths of variables to numbers. "
            f"Received: multipliers={multipliers!r}. {EXAMPLE}"
        )
    for pattern in multipliers:
        if not isinstance(pattern, str) or not pattern:
            raise ValueError(
                "`multipliers` names variables by their path, or by a glob on it. "
                f"Received: {pattern!r} in multipliers. {EXAMPLE}"
            )
    return {str(k): _multiplier(k, value) for k, value in multipliers.items()}


def means(pattern: str, variable: Any) -> bool:
    path = getattr(variable, "path", variable.name)
    # The fields that a glob does not look at are left empty.
    info = WeightInfo(path, None, variable, None, (), ())  # type: ignore[arg-type]
    return patterns.matches(pattern, info)


def assigned(
    multipliers: Sequence[tuple[str, Multiplier]], variables: Sequence[Any]
) -> list[Multiplier]:
    """The multiplier of each variable: that of the first pattern that means it.

    Raises:
        ValueError: If a pattern means none of the variables.
    """
    for pattern, _ in multipliers:
        if not any(means(pattern, variable) for variable in variables):
            paths = [getattr(v, "path", v.name) for v in variables]
            raise ValueError(
                f"The multiplier of {pattern!r} reaches no variable that is "
                f"trained. {checks.did_you_mean(pattern, paths)} Give a variable's "
                "`path`, or a glob such as '*/kernel'; leave out what is frozen."
            )
    return [
        next((m for p, m in multipliers if means(p, variable)), Multiplier())
        for variable in variables
    ]
