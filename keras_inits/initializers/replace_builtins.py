"""`replacing_builtins`: Keras's names mean this package's schemes for a while."""

import contextlib
from collections.abc import Iterator

import keras

from keras_inits._utils.keras_private import private_state
from keras_inits.initializers import registry


def _outer_objects() -> dict[str, object]:
    """What an enclosing scope defines: Keras's inner scope would hide it."""
    return private_state("custom_objects_scope_dict") or {}


@contextlib.contextmanager
def replacing_builtins() -> Iterator[None]:
    """Context in which Keras's names of random initializers mean this package's.

    Layers, models and functions such as `keras.applications.ResNet50(weights=None)`
    that are built inside draw from the same distributions, but the same weights on
    every backend under `keras.utils.set_random_seed`. Strings, class names and
    configurations of a class name and arguments are replaced, at any depth of the code.
    Not replaced are instances that the code constructs itself
    (`keras.initializers.HeNormal()`) and what Keras has serialized itself, as in the
    configuration of an existing model: Keras looks those up in its own modules.

    A model built inside is saved with this package's initializers: opening the file
    needs `import keras_inits`.

    Examples:
    >>> import keras, keras_inits
    >>> with keras_inits.replacing_builtins():
    ...     layer = keras.layers.Dense(4, kernel_initializer="he_normal")
    >>> layer.kernel_initializer
    HeNormal()
    >>> keras.layers.Dense(4).kernel_initializer.__module__.startswith("keras.")
    True
    """
    replaced: dict[str, object] = {}
    for name in registry.names():
        scheme = registry.scheme(name)
        if scheme.is_random and hasattr(keras.initializers, name):
            replaced[name] = replaced[scheme.__name__] = scheme
    for alias, name in registry.ALIASES.items():
        if registry.scheme(name).is_random:
            replaced[alias] = registry.scheme(name)
    with keras.saving.custom_object_scope({**_outer_objects(), **replaced}):
        yield
