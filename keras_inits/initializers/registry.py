"""The names of initializers: `register`, `names` and `get`.

Every scheme is registered with Keras as `keras_inits>name`. The bare name works too
unless Keras owns it: it stands among Keras's custom objects, which would take
precedence over Keras's own.
"""

import re
from collections.abc import Callable
from typing import Any, TypeVar

import keras

from keras_inits._utils import checks
from keras_inits.initializers.base import Initializer

PACKAGE = "keras_inits"
KINDS = (  # whose strings share one table of custom objects
    keras.initializers,
    keras.activations,
    keras.regularizers,
    keras.constraints,
    keras.losses,
    keras.metrics,
    keras.optimizers,
)
ALIASES = {  # Keras's strings that name no object of their own
    "OrthogonalInitializer": "orthogonal",
    "normal": "random_normal",
    "one": "ones",
    "uniform": "random_uniform",
    "zero": "zeros",
}
Scheme = TypeVar("Scheme", bound=type[Initializer])

_schemes: dict[str, type[Initializer]] = {}


def _keras_owns(name: str) -> bool:
    """Whether a string of this name already means something to Keras."""
    if name in keras.saving.get_custom_objects():
        return True
    return name in ALIASES or any(hasattr(kind, name) for kind in KINDS)


def register(name: str) -> Callable[[Scheme], Scheme]:
    """Class decorator: makes a scheme available by name and loadable from files.

    `Dense(4, kernel_initializer="keras_inits>name")` works everywhere, and the bare
    `name` unless Keras, or another package's custom object, has that name already.
    Registered names are for ever: files that use them must load.

    Args:
        name: In snake case.

    Returns:
        A decorator that returns the class it is given.

    Raises:
        ValueError: If the name is not in snake case or taken by another class, or the
            decorated object is not a subclass of `keras_inits.Initializer`.

    Examples:
    >>> import keras, keras_inits
    >>> @keras_inits.register("he_tenth")
    ... class HeTenth(keras_inits.VarianceScaling):
    ...     def __init__(self, **geometry_and_seed):
    ...         super().__init__(0.2, "fan_in", "normal", **geometry_and_seed)
    >>> keras.layers.Dense(4, kernel_initializer="he_tenth").kernel_initializer
    HeTenth()
    """
    if not isinstance(name, str) or not re.fullmatch(
        r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name
    ):
        raise ValueError(
            "`name` is what layers and files will say and must be snake_case. "
            f"Received: name={name!r}. For example name='scaled_he'."
        )

    def decorate(cls: Scheme) -> Scheme:
        if not (isinstance(cls, type) and issubclass(cls, Initializer)):
            raise ValueError(
                "`register` names schemes, which are subclasses of "
                f"`keras_inits.Initializer`. Received: {cls!r}. "
                "Derive the class from `keras_inits.Initializer` and implement "
                "`entry_distribution`."
            )
        other = _schemes.get(name)
        redefined = other is not None and (other.__module__, other.__qualname__) == (
            cls.__module__,
            cls.__qualname__,
        )  # a notebook's cell that ran again
        if other is not None and not redefined:
            raise ValueError(
                f"The name is taken by {other.__module__}.{other.__qualname__}. "
                f"Received: name={name!r}. Choose another name."
            )
        bare = redefined and name in keras.saving.get_custom_objects()
        bare = bare or not _keras_owns(name)
        keras.saving.register_keras_serializable(PACKAGE, name)(cls)
        if bare:
            keras.saving.get_custom_objects()[name] = cls
        _schemes[name] = cls
        return cls

    return decorate


def names() -> list[str]:
    """The names of all registered schemes, sorted.

    Examples:
    >>> import keras_inits
    >>> [name for name in keras_inits.names() if name.startswith("siren")]
    ['siren_first', 'siren_hidden']
    """
    return sorted(_schemes)


def scheme(name: str) -> type[Initializer]:
    """The class registered under a name, with or without `keras_inits>`.

    Raises:
        ValueError: If there is none; the message names the nearest ones.
    """
    bare = name.removeprefix(f"{PACKAGE}>") if isinstance(name, str) else name
    checks.choice("name", bare, names(), meaning="a registered scheme")
    return _schemes[bare]


def name_of(cls: type[Initializer]) -> str:
    """The name under which a class is registered.

    Raises:
        ValueError: If it is under none.
    """
    for name, found in _schemes.items():
        if found is cls:
            return name
    raise ValueError(
        f"The class has no name. Received: {cls!r}. Decorate it with "
        "keras_inits.register('its_name')."
    )


def get(name: str, **arguments: Any) -> Initializer:
    """A scheme by name, with arguments.

    Unlike a layer's string, the name means this package's scheme also where Keras has
    one of that name.

    Args:
        name: One of `names()`, with or without `keras_inits>`.
        **arguments: The scheme's own.

    Returns:
        The initializer.

    Raises:
        ValueError: If the name or an argument is unknown, or an argument is refused.

    Examples:
    >>> import keras_inits
    >>> keras_inits.get("he_fan_in", seed=7)
    HeFanIn(seed=7)
    """
    return scheme(name)(**arguments)
