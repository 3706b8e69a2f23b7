"""Lists every weight of a model: its owner, its path, its role.

A weight's place is made of the names on the way to it. A name that a person gave stays:
a layer's own, else that of the attribute that holds it. A default name, whose number
depends on what else the process has built, becomes its class and a count among the
siblings of that class. So the same code gives the same places, and a new layer leaves
those of named layers alone.
"""

import collections
from collections.abc import Iterator
from typing import Any, NamedTuple

import keras

from keras_inits._utils.layer_names import default_names
from keras_inits.geometry import Weight, describe
from keras_inits.geometry.roles import Role

# Attributes by which Keras, and TensorFlow's tracking, keep layers once more.
BOOKKEEPING = {
    "_functional",
    "_layers",
    "_metrics",
    "_modules",
    "_non_trainable_variables",
    "_tracked",
    "_trainable_variables",
}
HELD = (keras.layers.Layer, keras.Variable)


class WeightInfo(NamedTuple):
    """A weight in a model.

    Attributes:
        path: Place in the model's structure; unique, and the same for the same code.
        layer: The layer that owns the variable.
        variable: The Keras variable.
        weight: What it is for.
        shape: Shape of the variable.
        parents: The layers around the owner, the model first.

    Examples:
    A function of it says which weights a rule of `initialize` is about:

    >>> import keras, keras_inits
    >>> layers = [keras.layers.Dense(units, "relu") for units in (64, 4)]
    >>> model = keras.Sequential([keras.Input((16,)), *layers])
    >>> def is_wide(info):
    ...     return info.name == "kernel" and info.shape[-1] >= 64
    >>> rules = {is_wide: "he_fan_in", "*": "zeros"}
    >>> report = keras_inits.initialize(model, rules, seed=7)
    >>> [(row.path, row.scheme) for row in report.rows if row.role == "kernel"]
    [('dense[0]/kernel', 'HeFanIn()'), ('dense[1]/kernel', 'Zeros()')]
    """

    path: str
    layer: Any
    variable: Any
    weight: Weight
    shape: tuple[int, ...]
    parents: tuple[Any, ...] = ()

    @property
    def name(self) -> str:
        """The last component of the path: the variable's own name."""
        return self.path.rpartition("/")[2]


def children(layer: keras.layers.Layer) -> list[Any]:
    """The layers directly inside a layer, each once, in the order of their creation."""
    inside = layer.layers if isinstance(layer, keras.Model) else []
    tracked = [*inside, *getattr(layer, "_layers", [])]
    found = {id(child): child for child in tracked}
    found.pop(id(layer), None)
    return [c for c in found.values() if isinstance(c, keras.layers.Layer)]


def _members(value: Any, name: str, depth: int = 4) -> Iterator[tuple[str, Any]]:
    """Layers and variables in nested lists and dictionaries, and how to get at them."""
    if isinstance(value, HELD):
        yield name, value
    elif isinstance(value, list | tuple) and depth:
        for index, member in enumerate(value):
            yield from _members(member, f"{name}[{index}]", depth - 1)
    elif isinstance(value, dict) and depth:
        for key, member in value.items():
            key = str(key).replace("/", ".")
            yield from _members(member, f"{name}[{key}]", depth - 1)


def _attributes(layer: keras.layers.Layer) -> dict[int, str]:
    """The names of the attributes that hold inner layers and variables."""
    # A graph's attributes hold its layers for Keras's own use.
    is_graph = hasattr(layer, "_operations") or isinstance(layer, keras.Sequential)
    held = dict(vars(layer))
    held |= held.get("_modules", {})  # where PyTorch keeps direct attributes
    named = [
        (name, value)
        for name, value in held.items()
        if name not in BOOKKEEPING
        and not name.startswith("_" if is_graph else "_self_")
        and isinstance(value, (*HELD, list, tuple, dict))
    ]
    named.sort(key=lambda pair: not isinstance(pair[1], HELD))
    found: dict[int, str] = {}
    for name, value in named:
        for info, member in _members(value, name.lstrip("_")):
            found.setdefault(id(member), info)
    return found


def _components(layer: keras.layers.Layer, inside: list[Any]) -> list[str]:
    """A name for each inner layer that its siblings do not have."""
    if not inside:
        return []
    defaults = default_names(inside)
    held = _attributes(layer) if any(defaults) else {}
    given = [c.name for c, default in zip(inside, defaults, strict=True) if not default]
    taken = collections.Counter(given)
    # Of equal names that a person gave, the first stays whole.
    repeats: collections.Counter[str] = collections.Counter()
    classes: collections.Counter[str] = collections.Counter()
    components: list[str] = []
    for child, default in zip(inside, defaults, strict=True):
        name = held.get(id(child), "")
        if not default:
            name = child.name + (f"[{n}]" if (n := repeats[child.name]) else "")
            repeats[child.name] += 1
        elif not name or taken[name]:
            while taken[name := f"{default}[{classes[default]}]"]:
                classes[default] += 1
            classes[default] += 1
        if default:
            taken[name] += 1
        components.append(name)
    return components


def _visit(model: keras.Model) -> Iterator[tuple[str, Any, tuple[Any, ...], list[Any]]]:
    """Path, layer, the layers around it, and those inside it."""
    seen: set[int] = set()

    def visit(
        layer: keras.layers.Layer, path: str, parents: tuple[Any, ...]
    ) -> Iterator[Any]:
        if id(layer) in seen:
            return
        seen.add(id(layer))
        inside = children(layer)
        yield path, layer, parents, inside
        for name, child in zip(_components(layer, inside), inside, strict=True):
            yield from visit(
                child, f"{path}/{name}" if path else name, (*parents, layer)
            )

    yield from visit(model, "", ())


def layers_with_paths(model: keras.Model) -> list[tuple[str, Any]]:
    """All layers of a model, itself included, each once under its first path."""
    return [(path, layer) for path, layer, _, _ in _visit(model)]


def layers_of(model: keras.Model) -> list[Any]:
    """All layers of a model, itself included, each once."""
    found: dict[int, Any] = {}

    def visit(layer: keras.layers.Layer) -> None:
        if id(layer) not in found:
            found[id(layer)] = layer
            for child in children(layer):
                visit(child)

    visit(model)
    return list(found.values())


def own_variables(
    layer: keras.layers.Layer, inside: list[Any] | None = None
) -> list[Any]:
    """The weights that a layer itself created, without those of inner layers.

    The states of seed generators and metrics are no weights.
    """
    inside = children(layer) if inside is None else inside
    inner = {id(weight) for child in inside for weight in child.weights}
    return [weight for weight in layer.weights if id(weight) not in inner]


def _names(layer: keras.layers.Layer, own: list[Any]) -> list[str]:
    """A name for each of a layer's variables that the others do not have."""
    if not own:
        return []
    defaults = default_names(own)
    held = _attributes(layer) if any(defaults) else {}
    taken: collections.Counter[str] = collections.Counter()
    names: list[str] = []
    for variable, default in zip(own, defaults, strict=True):
        base = held.get(id(variable), "variable") if default else variable.name
        while taken[name := base + (f"[{n}]" if (n := taken[base]) else "")]:
            taken[base] += 1
        taken[name] += 1
        names.append(name)
    return names


def _is_parameter(layer: keras.layers.Layer, variable: keras.Variable) -> bool:
    """Whether a variable was made to be trained, though it may be frozen now."""
    if getattr(variable, "overwrite_with_gradient", False):  # scales of float8
        return False
    never = getattr(layer, "_non_trainable_variables", [])
    return not any(variable is other for other in never)


def _weight(
    layer: keras.layers.Layer,
    name: str,
    variable: keras.Variable,
    shape: tuple[int, ...],
    is_quantized: bool,
) -> Weight:
    if not keras.backend.is_float_dtype(variable.dtype):
        return Weight(Role.STATE, note=f"{variable.dtype} holds no real numbers")
    weight = describe(layer, name, shape)
    if is_quantized and weight.role not in (Role.LORA_A, Role.LORA_B):
        return Weight(Role.STATE, note="its layer is quantized")
    is_statistic = weight.role in (Role.STATE, Role.MEAN, Role.VARIANCE)
    if is_statistic or _is_parameter(layer, variable):
        return weight
    return Weight(Role.STATE, note="never trained")


def weights_of(model: Any) -> list[WeightInfo]:
    """Every weight of a built model, in the order of its layers.

    Args:
        model: A model or any other layer.

    Returns:
        Each variable once, with the innermost layer that has it. What is no parameter
        (integers, quantized kernels, constants) has the role "state".

    Raises:
        ValueError: If the model is no Keras layer, is not built or has no weights.
    """
    if not isinstance(model, keras.layers.Layer):
        raise ValueError(
            "`model` must be a Keras model or layer. "
            f"Received: model={model!r} of type {type(model).__name__}. "
            "Pass the keras.Model itself."
        )
    if not model.built or not model.weights:
        raise ValueError(
            "`model` must be built, so that its weights exist. Received: "
            f"model={model.name!r}, not built or without weights. "
            "Call model.build(input_shape), or the model on a batch, first."
        )
    found: list[WeightInfo] = []
    seen: set[int] = set()
    for path, layer, parents, inside in _visit(model):
        own = own_variables(layer, inside)
        is_quantized = getattr(layer, "quantization_mode", None) is not None and any(
            not keras.backend.is_float_dtype(v.dtype) for v in own
        )
        for name, variable in zip(_names(layer, own), own, strict=True):
            if id(variable) in seen:  # tied: the layer that was first has it
                continue
            seen.add(id(variable))
            shape = tuple(int(n) for n in variable.shape)
            weight = _weight(layer, name, variable, shape, is_quantized)
            full = f"{path}/{name}" if path else name
            found.append(WeightInfo(full, layer, variable, weight, shape, parents))
    return found
