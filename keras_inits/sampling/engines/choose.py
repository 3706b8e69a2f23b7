"""The engine of the backend that is in use."""

import functools
import importlib

import keras

from keras_inits.sampling.engines.base import Engine

# Backends with a module of their own here, which imports their library.
WITH_MODULE = ("tensorflow", "jax", "torch")


@functools.cache
def engine() -> Engine:
    """The backend's engine; the host's where arrays are NumPy's."""
    name = keras.backend.backend()
    if name not in WITH_MODULE:
        return Engine()
    module = importlib.import_module(f"keras_inits.sampling.engines.{name}")
    found: Engine = module.ENGINE
    return found
