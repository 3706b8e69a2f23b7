"""What weights beside those of a base start with: its schemes, scaled."""

import math
from typing import Any

import keras
import numpy as np

from keras_inits import sampling
from keras_inits._utils import checks
from keras_inits._utils.host_array import to_numpy
from keras_inits.graph.layer_defaults import deterministic
from keras_inits.initializers import Constant, Ones, RandomNormal, Zeros, registry
from keras_inits.models import rules
from keras_inits.models.plan import Task, make_plan
from keras_inits.models.recipes.fits import refusal

CONSTANTS = (Zeros, Ones, Constant)
CLOSE = 1e-6  # of a factor to 1


def _parsed(given: Any, start: Any) -> list[rules.Rule]:
    """The rules of a start.

    Raises:
        ValueError: If they are malformed, of the argument `start`.
    """
    try:
        return rules.parse(given)
    except checks.MissingArgument:
        raise
    except ValueError as error:
        why = str(error)
        if isinstance(start, str):  # not the list of all names
            why = checks.did_you_mean(start, registry.names())
        raise ValueError(
            "`start` is what the base starts with: 'auto', a scheme, rules, or a "
            f"recipe such as keras_inits.recipes.gpt2. Received: start={start!r}. {why}"
        ) from None


def tasks(model: Any, start: Any, include: Any) -> dict[str, Task]:
    """What each weight of a model would start with."""
    is_scheme = isinstance(start, keras.initializers.Initializer | type)
    given = start(model) if callable(start) and not is_scheme else start
    return {
        task.info.path: task
        for task in make_plan(model, _parsed(given, start), include, None).tasks
    }


def are_alike(one: Task | None, other: Task | None) -> bool:
    """Whether two weights of one shape start alike, their seeds apart.

    Of equal std, and equal values or an equal distribution where these are known.
    """
    if one is None or other is None:
        return one is other
    stds = [one.target_std, other.target_std]
    if None not in stds and not math.isclose(*stds, rel_tol=CLOSE):  # type: ignore[arg-type]
        return False
    own, its = (deterministic(task.filled_by, task.info.shape) for task in (one, other))
    if isinstance(own, CONSTANTS) or isinstance(its, CONSTANTS):
        return np.array_equal(_value(own), _value(its))
    return _distribution(one) == _distribution(other)


def _value(scheme: Any) -> Any:
    """What a constant fills with; nan for other schemes."""
    if isinstance(scheme, Constant):
        return scheme.value
    return {Zeros: 0.0, Ones: 1.0}.get(type(scheme), math.nan)


def _distribution(task: Task) -> Any:
    """That of a weight's entries, or the kind of the scheme if it is not known."""
    scheme = task.filled_by
    try:
        return scheme.entry_distribution(task.info.shape)
    except (AttributeError, NotImplementedError):
        return type(scheme)


def _scaled_constant(recipe: str, task: Task, base: Task, factor: float) -> Any:
    """What fills with the base's constant times a factor; None if it has none.

    Raises:
        ValueError: If its values are listed one by one, for another shape.
    """
    its = deterministic(base.scheme, base.info.shape)
    own = deterministic(task.scheme, task.info.shape)
    if not isinstance(its, CONSTANTS):
        return None
    is_kept = math.isclose(factor, 1, rel_tol=CLOSE) and isinstance(own, CONSTANTS)
    if is_kept or (isinstance(its, Zeros) and isinstance(own, Zeros)):
        return task.scheme
    if isinstance(its, Zeros):
        return its
    value = np.asarray(its.value if isinstance(its, Constant) else 1.0, "float64")
    if value.ndim == 0:
        return Constant(float(f"{value * factor:.6g}"))
    if value.shape != task.info.shape:
        raise refusal(
            recipe,
            f"{base.info.path!r} of the base starts with listed values, of shape "
            f"{value.shape}, and {task.info.path!r} has shape {task.info.shape}",
            "Start it with one number, such as keras_inits.Constant(0.5).",
        )
    return Constant(value * factor)


def _has_mean(task: Task) -> bool:
    """Whether a scheme is known to have another mean than 0."""
    scheme, shape = task.filled_by, task.info.shape
    if task.target_std == 0:
        values = to_numpy(scheme.drawn(shape, "float32", sampling.Key(0, 0)))
        return bool((values != 0).any())
    try:
        return scheme.is_random and scheme.entry_distribution(shape).shift != 0
    except NotImplementedError:
        return False


def scaled_scheme(recipe: str, task: Task, base: Task, factor: float) -> Any:
    """The start's scheme if it has the std that is wanted, else a normal one.

    A constant is multiplied by the factor.

    Args:
        recipe: Its name, for errors.
        task: What the weight would start with.
        base: The same of the weight beside it.
        factor: Of what the base's starts with.

    Raises:
        ValueError: If the std of a scheme is unknown, or its mean is not 0.
    """
    constant = _scaled_constant(recipe, task, base, factor)
    if constant is not None:
        return constant
    own, its = task.target_std, base.target_std
    if own is None or its is None:
        raise refusal(
            recipe,
            f"the std of what {task.info.path!r} starts with, "
            f"{rules.label(task.scheme)}, is unknown",
            "Use a scheme of this package in `start`.",
        )
    if not math.isclose(factor, 1, rel_tol=CLOSE) and _has_mean(base):
        raise refusal(
            recipe,
            f"{task.info.path!r} starts with {rules.label(base.scheme)}, whose mean is "
            f"not 0, and all of it is to be multiplied by {factor:.4g}",
            "Use a scheme of mean 0, or keras_inits.Constant, in `start`.",
        )
    wanted = its * factor
    if math.isclose(own, wanted, rel_tol=CLOSE) or own == 0 or wanted == 0:
        return task.scheme
    return RandomNormal(stddev=float(f"{wanted:.6g}"))
