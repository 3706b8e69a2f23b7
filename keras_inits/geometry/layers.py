"""The role of each weight of a layer, and the true geometry of its kernels.

A class of layers has a rule, and a class without one is read by the nearest class above
it. So layers derived from Keras's own need nothing; `register_geometry` teaches others.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, TypeAlias

import keras

from keras_inits._utils import checks
from keras_inits._utils.types import Shape
from keras_inits.geometry.kernels import Geometry
from keras_inits.geometry.roles import Role


class Weight(NamedTuple):
    """What a weight is for.

    Attributes:
        role: "kernel", "recurrent kernel", "embedding", "bias", "gain", "slope",
            "moving mean", "moving variance", "LoRA factor A", "LoRA factor B" or
            "state", which is left alone.
        geometry: Of a kernel; of no meaning for the other roles.
        note: What was assumed, where no rule said.

    Examples:
    >>> import keras, keras_inits
    >>> class Mixed(keras.layers.Layer):
    ...     def build(self, shape):
    ...         self.mix = self.add_weight(shape=(8, shape[-1], 5), name="mix")
    >>> experts = keras_inits.Geometry(kernel_format="experts")
    >>> role = keras_inits.Weight("kernel", experts)
    >>> keras_inits.register_geometry(Mixed, {"mix": role})
    >>> layer = Mixed()
    >>> layer.build((None, 3))
    >>> keras_inits.fans(layer, "mix")  # of one of the 8 experts
    Fans(fan_in=3, fan_out=5)
    """

    role: str
    geometry: Geometry = Geometry()
    note: str = ""


Answer: TypeAlias = Weight | Geometry | str | None
Rule: TypeAlias = Callable[[keras.layers.Layer, str, Shape], Answer]
_rules: dict[type, Rule] = {}

BY_NAME = {
    "bias": Role.BIAS,
    "beta": Role.BIAS,
    "gamma": Role.GAIN,
    "scale": Role.GAIN,
    "moving_mean": Role.MEAN,
    "moving_variance": Role.VARIANCE,
}


def _weight(answer: object, asked: str) -> Weight | None:
    """What a rule answers, as a `Weight`.

    Raises:
        ValueError: If it is of another kind, or its role is none.
    """
    if isinstance(answer, Geometry):
        return Weight(Role.KERNEL, answer)
    if isinstance(answer, Role):
        return Weight(answer)
    if isinstance(answer, str):
        answer = Weight(answer)
    if isinstance(answer, Weight):
        checks.choice("role", answer.role, Role, meaning=f"what {asked} is for")
    elif answer is not None:
        raise ValueError(
            f"What {asked} is for must be a `Geometry` (of a kernel), the name of a "
            f"role or a `Weight`. Received: {answer!r}. For example "
            "Geometry(kernel_format='experts') or 'bias'."
        )
    return answer


def _rule_of(weights: Mapping[str, Answer], owner: str) -> Rule:
    """The rule that a mapping from names stands for."""
    for name in weights:
        if not isinstance(name, str):
            raise ValueError(
                "The keys of `weights` are the names that `add_weight` gives. "
                f"Received: key {name!r} for {owner}. For example 'kernel'."
            )
    known = {n: _weight(w, f"{owner}'s weight {n!r}") for n, w in weights.items()}
    return lambda layer, name, shape: known.get(name)


def register_geometry(
    layer_class: type, weights: Mapping[str, Weight | Geometry | str] | Rule
) -> None:
    """Teaches what the weights of a class of layers, and of its subclasses, are for.

    Args:
        layer_class: A subclass of `keras.layers.Layer`.
        weights: From names of weights to the `Geometry` of a kernel, to a role such as
            "bias", or to a `Weight`, which is both. Or a function of (layer, name,
            shape) that returns one of these. Weights that the mapping lacks, or for
            which the function returns None, are read by the class above, and then by
            their names.

    Raises:
        ValueError: If `layer_class` is no class of layers, or `weights` neither a
            mapping nor a function; if a role is unknown.

    Examples:
    >>> import keras, keras_inits
    >>> class Bilinear(keras.layers.Layer):
    ...     def build(self, left, right):
    ...         self.form = self.add_weight(shape=(left[-1], right[-1], 6), name="form")
    ...         self.shift = self.add_weight(shape=(6,), name="shift")
    >>> form = keras_inits.Geometry(input_axes=(0, 1), output_axes=(2,))
    >>> keras_inits.register_geometry(Bilinear, {"form": form, "shift": "bias"})
    >>> layer = Bilinear()
    >>> layer.build((None, 5), (None, 3))
    >>> keras_inits.fans(layer, "form")
    Fans(fan_in=15, fan_out=6)
    """
    is_class = isinstance(layer_class, type)
    if not is_class or not issubclass(layer_class, keras.layers.Layer):
        raise ValueError(
            "`layer_class` must be a subclass of `keras.layers.Layer`, not a layer. "
            f"Received: layer_class={layer_class!r}. For a layer use type(layer)."
        )
    if isinstance(weights, Mapping):
        _rules[layer_class] = _rule_of(weights, layer_class.__name__)
    elif callable(weights):
        _rules[layer_class] = weights
    else:
        raise ValueError(
            "`weights` says what each weight is for and must be a mapping from names, "
            f"or a function of (layer, name, shape). Received: weights={weights!r}. "
            "For example {'kernel': Geometry(), 'bias': 'bias'}."
        )


def rule(*names: str, classes: Iterable[type] = ()) -> Callable[[Rule], Rule]:
    """Registers a rule for layers of Keras's by name; some versions lack some."""

    def decorate(function: Rule) -> Rule:
        found = [getattr(keras.layers, name, None) for name in names]
        for cls in [*found, *classes]:
            if cls is not None:
                _rules[cls] = function
        return function

    return decorate


def describe(layer: keras.layers.Layer, name: str, shape: Shape) -> Weight:
    """What a layer's weight is for.

    Args:
        layer: The layer that owns the weight.
        name: The weight's own name, such as "kernel".
        shape: Its shape.

    Returns:
        What the layer's rule says; else what the name says; else, with a note, what
        the shape suggests: a kernel, or for a vector a bias. Weights that are not of a
        floating-point type, and unknown ones that are not trained, are state.

    Raises:
        ValueError: If the layer's rule answers what is no weight.
    """
    own = own_variables(layer)
    trained, fixed = ([v for v in kind if v.name == name] for kind in own)
    if any(not keras.backend.is_float_dtype(v.dtype) for v in trained + fixed):
        return Weight(Role.STATE)  # quantized
    for cls in type(layer).__mro__:
        if cls in _rules:
            asked = f"{type(layer).__name__}'s weight {name!r}"
            weight = _weight(_rules[cls](layer, name, shape), asked)
            if weight is not None:
                return weight
    if name in BY_NAME:
        return Weight(BY_NAME[name])
    where = f"{type(layer).__name__} has no geometry of its own"
    if fixed and not trained:
        return Weight(Role.STATE, note=f"{where}: not trained, so left alone")
    if len(shape) < 2:
        return Weight(Role.BIAS, note=f"{where}: a vector is taken for a bias")
    if "embed" in name:
        geometry = Geometry(kernel_format="embedding")
        return Weight(Role.EMBEDDING, geometry, f"{where}: read by its name")
    return Weight(Role.KERNEL, note=f"{where}: read by its shape")


def own_variables(
    layer: keras.layers.Layer,
) -> tuple[list[keras.Variable], list[keras.Variable]]:
    """The layer's own variables: those made to be trained, and the others.

    Keras's private lists tell them apart in frozen layers, too.
    """
    trained = list(getattr(layer, "_trainable_variables", ()))
    return trained, list(getattr(layer, "_non_trainable_variables", ()))
