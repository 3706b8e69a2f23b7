"""An optimizer whose rates, weight decays and epsilons differ between variables.

Variables of one multiplier make a group, and each group has an optimizer of its own,
made from the configuration of the one that was given. So a step is that optimizer's
own step at another rate, on every backend, whatever the optimizer does.
"""

import re
import warnings
from collections.abc import Sequence
from typing import Any, Self

import keras

from keras_inits._utils.keras_private import undecayed
from keras_inits.initializers.registry import PACKAGE
from keras_inits.models.inner_optimizers import (
    check_epsilons,
    checked,
    class_of,
    decaying,
)
from keras_inits.models.multipliers import Multiplier, assigned, parsed

__all__ = ["ScaledOptimizer", "scaled_optimizer"]

# What this optimizer does itself, or leaves to its groups, and Keras's base must not.
OWN = ("global_clipnorm", "loss_scale_factor")
OF_ALL = (  # arguments of every optimizer
    *OWN,
    *("name", "learning_rate", "weight_decay", "clipnorm", "clipvalue"),
    *("use_ema", "ema_momentum", "ema_overwrite_frequency"),
    "gradient_accumulation_steps",
)


GROUPS_OWN = ("use_ema", "gradient_accumulation_steps")
# Where Keras keeps what was named by `exclude_from_weight_decay`.
EXEMPTIONS = ("_exclude_from_weight_decay", "_exclude_from_weight_decay_pattern")


@keras.saving.register_keras_serializable(PACKAGE, "ScaledOptimizer")
class ScaledOptimizer(keras.optimizers.Optimizer):
    """See `scaled_optimizer`.

    Attributes:
        inner: The optimizer as it was given; it takes no steps itself.
        multipliers: Pairs of a pattern and its `Multiplier`.
        groups: The optimizers that take the steps, once it is built.
    """

    def __init__(self, optimizer: Any, multipliers: Any) -> None:
        inner = checked(optimizer)
        given = parsed(multipliers)
        check_epsilons(inner, given)
        config = inner.get_config()
        # A schedule or a function is passed on as it is.
        config["learning_rate"] = getattr(inner, "_learning_rate", None)
        if not callable(config["learning_rate"]):
            present = keras.ops.convert_to_numpy(inner.learning_rate)
            config["learning_rate"] = float(present)
        super().__init__(**{name: config[name] for name in OF_ALL if name in config})
        self.inner, self._config = inner, config
        # No dictionaries: on TensorFlow attributes are tracked, and keys are text.
        self.multipliers = list(given.items())
        self.groups: list[Any] = []
        self._built_for: list[Any] = []  # shape and multiplier of each variable
        for name in EXEMPTIONS:
            if hasattr(inner, name):
                setattr(self, name, getattr(inner, name))

    def _assigned(self, variables: list[Any]) -> list[Multiplier]:
        """The multiplier of each variable: that of the first pattern that means it.

        Paths change when a model is loaded: an optimizer that comes from a file knows
        its variables by their order, if that has the shapes of the file.

        Raises:
            ValueError: If a pattern means none of the variables.
        """
        shapes = [tuple(variable.shape) for variable in variables]
        if shapes == [tuple(shape) for shape, _ in self._built_for]:
            return [Multiplier(*one) for _, one in self._built_for]
        return assigned(self.multipliers, variables)

    def _group(self, multiplier: Multiplier, number: int, decays: bool) -> Any:
        """A new optimizer like the inner one, for variables of one multiplier."""
        factor = multiplier.learning_rate
        own: dict[str, Any] = dict.fromkeys(self._config.keys() & {*OWN})
        own["learning_rate"] = lambda: self.learning_rate * factor
        own["name"] = f"{self.name}_{number}"
        if multiplier.epsilon != 1:
            own["epsilon"] = self._config["epsilon"] * multiplier.epsilon
        decay = multiplier.weight_decay if decays else None
        return decaying(type(self.inner), self._config | own, decay)

    def build(self, variables: Any) -> None:
        """Makes the groups and their slots.

        Raises:
            ValueError: If a pattern means none of the variables.
        """
        if self.built:
            return
        variables = list(variables)
        given = self._assigned(variables)
        spared, pattern = undecayed(self, variables)
        exempt = [variables[number] for number in sorted(spared)]
        groups = []
        for number, multiplier in enumerate(dict.fromkeys(given)):
            members = [n for n, one in enumerate(given) if one == multiplier]
            decays = not all(
                n in spared or (pattern and re.search(pattern, variables[n].name))
                for n in members
            )
            group = self._group(multiplier, number, decays)
            if exempt or pattern:
                group.exclude_from_weight_decay(exempt, [pattern] if pattern else None)
            group.build([variables[n] for n in members])
            groups.append(group)
        self.groups = groups
        self._built_for = [
            [list(variable.shape), list(multiplier)]
            for variable, multiplier in zip(variables, given, strict=True)
        ]
        # Averages and sums of gradients are the groups' business.
        kept = {name: getattr(self, name) for name in GROUPS_OWN}
        for name in kept:
            setattr(self, name, None)
        super().build(variables)
        for name, value in kept.items():
            setattr(self, name, value)

    def _by_group(self, variables: Sequence[Any]) -> list[list[int]]:
        """Numbers of the variables of each group.

        Raises:
            ValueError: If it was not built for one of them.
        """
        places = {
            id(variable): n for n, variable in enumerate(self._trainable_variables)
        }
        if not all(id(variable) in places for variable in variables):
            raise ValueError(
                "An optimizer trains the variables that it was built for. Received: "
                "others. Make a new one by scaled_optimizer(...)."
            )
        given = [tuple(multiplier) for _, multiplier in self._built_for]
        order = list(dict.fromkeys(given))
        found: list[list[int]] = [[] for _ in order]
        for number, variable in enumerate(variables):
            found[order.index(given[places[id(variable)]])].append(number)
        return found

    @property
    def variables(self) -> list[Any]:
        """Its own, then those of each group."""
        own = list(super().variables)
        return own + [v for group in self.groups for v in group.variables]

    def _prepared(self, pairs: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
        """Gradients unscaled, and clipped by the norm of all, beside their variables.

        What a gradient overwrites (scales of float8) stays, and is no part of the norm.
        """
        is_plain = [not getattr(v, "overwrite_with_gradient", False) for _, v in pairs]
        if (scale := self.loss_scale_factor) is not None:
            pairs = [
                (g / scale if plain else g, v)
                for (g, v), plain in zip(pairs, is_plain, strict=True)
            ]
        limit = self.global_clipnorm
        if not limit or limit <= 0:
            return pairs
        squares = [
            keras.ops.sum(keras.ops.square(g))
            for (g, _), plain in zip(pairs, is_plain, strict=True)
            if plain
        ]
        if not squares:
            return pairs
        norm = keras.ops.sqrt(keras.ops.sum(keras.ops.stack(squares)))
        factor = limit * keras.ops.minimum(1.0 / norm, 1.0 / limit)
        factor = factor + (norm - norm)  # nan where the norm is not finite, as Keras
        return [
            (g * factor if plain else g, v)
            for (g, v), plain in zip(pairs, is_plain, strict=True)
        ]

    def apply(self, grads: Any, trainable_variables: Any = None) -> None:
        """One step: see Keras's `Optimizer.apply`."""
        grads = list(grads)
        if not grads:
            return
        if trainable_variables is not None and not self.built:
            self.build(list(trainable_variables))
        known = trainable_variables is None
        variables = list(self._trainable_variables if known else trainable_variables)
        if len(grads) != len(variables) or not self.built:
            raise ValueError(
                "Each variable needs its gradient. Received: "
                f"{len(grads)} gradients for {len(variables)} variables. Pass both, in "
                "one order."
            )
        pairs = list(zip(grads, variables, strict=True))
        missing = [getattr(v, "path", v.name) for g, v in pairs if g is None]
        if len(missing) == len(pairs):
            raise ValueError(
                "No variable has a gradient. Received: None for all. Compile the model "
                "with a loss that its weights change."
            )
        if missing:
            warnings.warn(
                f"These variables have no gradient and stay: {missing}.", stacklevel=2
            )
        pairs = self._prepared([pair for pair in pairs if pair[0] is not None])
        members = self._by_group([variable for _, variable in pairs])
        for group, numbers in zip(self.groups, members, strict=True):
            if numbers:
                gradients, own = zip(*(pairs[n] for n in numbers), strict=True)
                group.apply(list(gradients), list(own))
        self._iterations.assign_add(1)

    def finalize_variable_values(self, var_list: Any) -> None:
        """Gives variables their averages, where the optimizer keeps any."""
        variables = list(var_list)
        members = self._by_group(variables)
        for group, numbers in zip(self.groups, members, strict=True):
            if numbers:
                group.finalize_variable_values([variables[n] for n in numbers])

    def get_config(self) -> dict[str, Any]:
        """The inner optimizer's, with the present rate, its class, and multipliers."""
        base = super().get_config()
        now = {name: base[name] for name in ("name", "learning_rate")}
        own = {
            "multipliers": [[pattern, list(one)] for pattern, one in self.multipliers],
            "built_for": [list(one) for one in self._built_for],
            "inner": class_of(self.inner),
        }
        config = keras.saving.serialize_keras_object(self.inner)["config"]
        return {**config, **now, **own}

    @classmethod
    def from_config(cls, config: Any, custom_objects: Any = None) -> Self:
        """The optimizer of a configuration."""
        config = dict(config)
        told, listed = config.pop("inner"), config.pop("multipliers")
        built_for = config.pop("built_for", [])
        rate = config["learning_rate"]
        if isinstance(rate, dict):
            rate = keras.saving.deserialize_keras_object(rate, custom_objects)
        # The class is found by a rate that can be written down.
        stand_in = {
            "registered_name": None,
            **told,
            "config": {**config, "learning_rate": 0.5},
        }
        found = keras.saving.deserialize_keras_object(stand_in, custom_objects)
        inner = type(found).from_config({**config, "learning_rate": rate})
        made = cls(inner, {pattern: tuple(one) for pattern, one in listed})
        made._built_for = built_for
        return made


def scaled_optimizer(optimizer: Any, multipliers: Any) -> ScaledOptimizer:
    """An optimizer with a learning rate and a weight decay for each variable.

    A step moves a variable exactly as `optimizer` does whose learning rate is
    multiplied by the variable's multiplier. Slots, schedules, clipping, averages of
    weights, accumulation of gradients and loss scaling are the optimizer's own.
    `model.optimizer.learning_rate` is the common rate, to be read and set.

    Args:
        optimizer: New, of Keras's or like them: all but the learning rate is taken
            from its configuration.
        multipliers: From the `path` of a variable, or a glob on it or on the path of a
            layer around it, to a number >= 0, or to up to three: of the learning rate,
            of the weight decay and, for Adam's kind alone, of epsilon. The first that
            means a variable counts; others have 1. `recipes.mup(...).multipliers` and
            `recipes.completep(...).multipliers` are such mappings.

    Returns:
        A `keras.optimizers.Optimizer`, for `model.compile`; a saved model keeps it.

    Raises:
        ValueError: If the optimizer has been used, wraps another, or clips by the norm
            of all gradients while it accumulates them; if a multiplier is out of range,
            or of an epsilon that the optimizer does not have beside a root; once it is
            built, if a pattern means no variable.

    Examples:
    >>> import keras, keras_inits
    >>> layers = [keras.layers.Dense(8, "relu"), keras.layers.Dense(3, name="head")]
    >>> model = keras.Sequential([keras.Input((5,)), *layers])
    >>> adam = keras.optimizers.AdamW(0.25, weight_decay=0.1)
    >>> optimizer = keras_inits.scaled_optimizer(adam, {"head/kernel": (0.25, 4.0)})
    >>> model.compile(optimizer, "mse")
    """
    return ScaledOptimizer(optimizer, multipliers)
