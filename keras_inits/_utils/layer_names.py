"""Where a draw happens: the path of the layer that asks for it.

One seed must give different kernels to the query and the key of an attention layer, and
the same kernels when the same code runs again. The names of the layers on the way to
the variable tell both, once the numbers are gone that Keras adds to default names
(`dense_3`), which depend on what else the process has built.

Keras keeps these names in private state. Where that is missing, every draw is in the
nameless stream: seeds still repeat, and layers that share one seed share its values.
"""

import re
from typing import Any

import keras

try:
    from keras.src.backend.common import global_state
except ImportError:  # private: a later Keras may move it
    global_state = None


def snake_case(name: str) -> str:
    """The name of a class in small letters, as Keras turns it into that of a layer."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def _subclasses(cls: type) -> set[type]:
    direct: set[type] = set(cls.__subclasses__())
    return direct.union(*(_subclasses(sub) for sub in direct))


def _is_class_name(base: str) -> bool:
    names = {snake_case(cls.__name__) for cls in _subclasses(keras.layers.Layer)}
    return base in names


def without_number(name: str, owner: Any = None) -> str:
    """`name` without the number that Keras adds to default names.

    A name is a default one if it is the class's name in snake case and a number. Names
    that a person chose (`block_3` for a Dense layer) stay whole. `Bidirectional` puts
    `forward_` or `backward_` before its layer's name.

    Args:
        name: One component of a path.
        owner: The layer that bears the name, where known.
    """
    match = re.fullmatch(r"(forward_|backward_)?(.+?)_\d+", name)
    if match is None:
        return name
    prefix, base = match.group(1) or "", match.group(2)
    if owner is not None:
        is_default = base == snake_case(type(owner).__name__)
    else:
        is_default = _is_class_name(base)
    return prefix + base if is_default else name


def private_state(name: str) -> Any:
    """What Keras keeps under a name in its private state; None where it keeps none."""
    return None if global_state is None else global_state.get_global_attribute(name)


def current_stream() -> str:
    """The names of the layers under construction, outermost first, joined by `/`."""
    try:
        scopes = private_state("name_scope_stack") or []
        components: list[str] = []
        for scope in scopes:
            if scope.override_parent is not None:
                parents = filter(None, scope.override_parent.split("/"))
                components = [without_number(parent) for parent in parents]
            components.append(without_number(scope.name, scope.caller))
    except AttributeError:  # the private objects have changed
        return ""
    return "/".join(components)
