"""muP: rules and multipliers with which a small model's rates stay right."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import keras

from keras_inits._utils import checks
from keras_inits.geometry.roles import KERNEL_ROLES
from keras_inits.graph.weights import layers_with_paths
from keras_inits.initializers import RandomNormal
from keras_inits.models import rules
from keras_inits.models.multipliers import Multiplier
from keras_inits.models.plan import DEFAULT, OWN, Task, make_plan
from keras_inits.models.recipes.fits import refusal
from keras_inits.models.recipes.growth import (
    SAME,
    Growth,
    Kind,
    check_equal,
    growth,
)
from keras_inits.models.recipes.parts import TOGETHER, Anatomy, Part, Place
from keras_inits.models.recipes.recipe import Row
from keras_inits.models.recipes.roles import anatomy
from keras_inits.models.recipes.scaled_recipe import ScaledRecipe
from keras_inits.models.rules import AUTO
from keras_inits.models.selection import is_frozen

__all__ = ["mup"]

TABLES = (3, 8)
OPTIMIZERS = {"adam": "Adam and its like", "sgd": "SGD"}
ATTENTIONS = tuple(
    cls
    for name in ("MultiHeadAttention", "GroupQueryAttention")
    if (cls := getattr(keras.layers, name, None)) is not None
)


class _Law(NamedTuple):
    """What the std and the learning rate of a weight are multiplied by.

    Attributes:
        std: Over that of the base.
        rate: Over the base's learning rate.
    """

    std: float
    rate: float

    def with_factor(self, factor: float, optimizer: str) -> "_Law":
        """The same function, a factor of the signal moved into the weight."""
        power = 2 if optimizer == "sgd" else 1
        return _Law(self.std * factor, self.rate * factor**power)


def _law(grown: Growth, table: int, optimizer: str) -> _Law:
    """Tables 3 and 8 of the paper, a kernel's sides counted each by itself."""
    is_output = grown.kind == Kind.OUTPUT
    std = grown.into ** -(1.0 if is_output else 0.5)
    rate = 1 / grown.into
    if optimizer == "sgd":
        rate *= grown.out
    if not is_output or table == 3:
        return _Law(std, rate)
    # Table 8: as if the predictions were multiplied by 1 / into.
    return _Law(std, rate).with_factor(grown.into, optimizer)


def _tasks(model: Any, start: Any, include: Any) -> dict[str, Task]:
    """What each weight of a model would start with."""
    is_scheme = isinstance(start, keras.initializers.Initializer | type)
    given = start(model) if callable(start) and not is_scheme else start
    return {
        task.info.path: task
        for task in make_plan(model, rules.parse(given), include, None).tasks
    }


def _scheme(recipe: str, task: Task, base: Task, factor: float) -> Any:
    """The start's scheme if it has the std that is wanted, else a normal one.

    Raises:
        ValueError: If the std of a scheme is unknown.
    """
    own, its = task.target_std, base.target_std
    if own is None or its is None:
        raise refusal(
            recipe,
            f"the std of what {task.info.path!r} starts with, "
            f"{rules.label(task.scheme)}, is unknown",
            "Use a scheme of this package in `start`.",
        )
    wanted = its * factor
    if math.isclose(own, wanted, rel_tol=1e-6) or own == 0 or wanted == 0:
        return task.scheme
    return RandomNormal(stddev=float(f"{wanted:.6g}"))


def _check_ends(recipe: str, model: Any, base: Any, found: Anatomy, grown: Any) -> None:
    """Refuses models whose inputs or predictions differ.

    Raises:
        ValueError: If they do.
    """
    shapes = [getattr(one, "input_shape", None) for one in (model, base)]
    if shapes[0] != shapes[1]:
        raise refusal(
            recipe,
            f"it takes inputs of shape {shapes[0]}, and the base {shapes[1]}",
            SAME,
        )
    for place in found.of(Part.HEAD):
        own = grown[place.info.path]
        if own.out != 1:
            raise refusal(
                recipe,
                f"{place.info.path!r} makes {own.out:.4g} times as many predictions as "
                "in the base",
                SAME,
            )


def _queries(
    found: Anatomy, base: Anatomy, model: Any, grown: Mapping[str, Growth]
) -> tuple[dict[str, float], list[str]]:
    """Factors for queries whose keys grow, so that scores go with 1 / size; and notes.

    Keras divides by the root of the size; a query smaller by the root of its growth
    makes up for the rest. Of attention by other layers the division is not known.
    """
    layers = [p for p, x in layers_with_paths(model) if isinstance(x, ATTENTIONS)]
    factors: dict[str, float] = {}
    notes: list[str] = []
    for place in found.of(Part.QUERY, *TOGETHER.values(), Part.FUSED):
        path, info = place.info.path, place.info
        if place.part in (Part.KEY, Part.VALUE, Part.KEY_VALUE):
            continue
        if any(path.startswith(f"{layer}/") for layer in layers):
            size = info.shape[-1] / base.places[path].info.shape[-1]
            if place.part == Part.QUERY and size != 1:
                own = [
                    p.info.path
                    for p in found.places.values()
                    if p.info.layer is info.layer
                ]
                factors |= dict.fromkeys(own, size**-0.5)
                notes.append(
                    "Keras divides the scores of attention by the root of key_dim, muP "
                    f"by key_dim: queries are multiplied by {size**-0.5:.4g} in std "
                    "and rate."
                )
        elif grown[path].out != 1:
            notes.append(
                f"How the scores of {path!r} are scaled is not known: if each head "
                "grows, divide them by its size, not by the root of it."
            )
    return factors, list(dict.fromkeys(notes))


def _check_paths(recipe: str, places: Mapping[str, Place], given: Any) -> None:
    """Refuses variables of one path that want different multipliers.

    Raises:
        ValueError: If there are any.
    """
    seen: dict[str, str] = {}
    for path, one in given.items():
        other = seen.setdefault(places[path].info.variable.path, path)
        if given[other] != one:
            raise refusal(
                recipe,
                f"{path!r} and {other!r} are one path to Keras, "
                f"{places[path].info.variable.path!r}, and want unequal learning rates",
                "Give their layers unequal names.",
            )


def mup(
    model: Any,
    base_model: Any,
    table: int = 3,
    optimizer: str = "adam",
    start: Any = AUTO,
) -> ScaledRecipe:
    """The maximal update parametrization: a small model's learning rate stays right.

    Formula: m is a weight's inputs over the base's, n its outputs. Std over the base's:
    1 / sqrt(m), where only inputs grow 1 / m. Learning rate: Adam 1 / m, SGD n / m.
    Weight decay 1 over the learning rate's, so that their product stays. Biases and
    gains have m = 1. Table 8: where only inputs grow, std 1, Adam 1, SGD m, and the
    predictions are to be multiplied by 1 / m.

    At the base's width all multipliers are 1, and the model starts as `start` says.
    Queries of `MultiHeadAttention` whose key_dim grows k times get another 1 / sqrt(k),
    since muP's scores go with 1 / key_dim and Keras's with 1 / sqrt(key_dim).

    Args:
        model: Built.
        base_model: Built by the same code, with another width: inputs, predictions,
            depth, windows and vocabulary are the same.
        table: 3 or 8 of the paper, one parametrization in two forms. 8 is for an
            embedding that makes the predictions, too, and needs them multiplied:
            `outputs` has the factor of each head.
        optimizer: "adam" for steps that do not depend on the gradient's size (Adam,
            AdamW, Nadam, RMSprop, Adagrad, Lion), "sgd" for those that are
            proportional to it.
        start: What the base starts with: "auto", a function from a model to rules such
            as `recipes.gpt2`, or rules.

    Returns:
        A `Recipe` with `multipliers` for `scaled_optimizer`. A kernel whose scheme
        in `start` would have another std than muP's gets a normal one.

    Raises:
        ValueError: If the models differ in more than width; if an embedding makes the
            predictions and table is 3; if an argument is not one of those above, or the
            std of a scheme is unknown.

    Examples:
    >>> import keras, keras_inits
    >>> def build(width):
    ...     layers = [keras.layers.Dense(width, "relu") for _ in range(2)]
    ...     head = keras.layers.Dense(3, name="head")
    ...     return keras.Sequential([keras.Input((5,)), *layers, head])
    >>> model = build(64)
    >>> rules = keras_inits.recipes.mup(model, build(16))
    >>> [tuple(rules.multipliers[v.path]) for v in model.trainable_variables[2::2]]
    [(0.25, 4.0), (0.25, 4.0)]
    >>> report = keras_inits.initialize(model, rules, seed=0)
    >>> adam = keras.optimizers.Adam(1e-3)
    >>> model.compile(keras_inits.scaled_optimizer(adam, rules.multipliers), "mse")

    Reference: Yang et al. (2022), "Tensor Programs V: Tuning Large Neural Networks via
    Zero-Shot Hyperparameter Transfer", arXiv 2203.03466, tables 3 and 8.
    """
    if table not in TABLES or isinstance(table, bool):
        raise ValueError(
            "`table` is the paper's form of the parametrization, 3 or 8. "
            f"Received: table={table!r}. Use table=3."
        )
    checks.choice("optimizer", optimizer, OPTIMIZERS, meaning="the kind of the steps")
    found, base = anatomy(model), anatomy(base_model)
    infos = [place.info for place in found.places.values()]
    check_equal("mup", infos, [place.info for place in base.places.values()])
    grown = {i.path: growth("mup", i, base.places[i.path].info) for i in infos}
    _check_ends("mup", model, base_model, found, grown)
    if found.tied and table == 3:
        raise refusal(
            "mup",
            f"{min(found.tied)!r} is embedding and head in one, and table 3 gives "
            "these unequal laws",
            "Use table=8, and multiply the predictions by what `outputs` then says.",
        )
    factors, notes = _queries(found, base, model, grown)
    tasks, base_tasks = _tasks(model, start, None), _tasks(base_model, start, "*")
    laws, rows, outputs = {}, [], {}
    for path, place in found.places.items():
        law = _law(grown[path], table, optimizer)
        if path in factors:
            law = law.with_factor(factors[path], optimizer)
        laws[path] = law
        if table == 8 and grown[path].kind == Kind.OUTPUT:
            outputs[path] = 1 / grown[path].into
        if path in found.tied:
            outputs[path] = 1 / grown[path].out
        task = tasks.get(path)
        is_kernel = place.info.weight.role in KERNEL_ROLES
        if task is not None and (is_kernel or task.rule not in (OWN, DEFAULT)):
            factor = law.std if is_kernel else 1.0
            scheme = _scheme("mup", task, base_tasks[path], factor)
            rows.append(Row(place, scheme))
    given = {
        path: Multiplier(law.rate, 1 / law.rate)
        for path, law in laws.items()
        if found.places[path].info.variable.trainable
        and not is_frozen(found.places[path].info)
    }
    _check_paths("mup", found.places, given)
    outputs = {path: factor for path, factor in outputs.items() if factor != 1}
    notes += [
        f"Multiply what {path!r} makes predictions of by {factor:.6g}, by "
        f"keras.layers.Rescaling({factor:.6g}) before it: else muP is not complete."
        for path, factor in outputs.items()
    ]
    notes.append(f"Table {table}, for {OPTIMIZERS[optimizer]}.")
    return ScaledRecipe("mup", found, rows, grown, given, outputs, optimizer, notes)
