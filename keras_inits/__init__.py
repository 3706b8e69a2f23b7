"""Weight initializers for Keras, by name, in any layer, the same on every backend.

Importing the package registers every scheme, so that
`keras.layers.Dense(64, kernel_initializer="he_fan_in")` works and saved models open.
"""

from keras_inits import sampling, schemes
from keras_inits.base import Initializer, KernelInitializer
from keras_inits.registry import get, names, register
from keras_inits.replacing import replacing_builtins
from keras_inits.schemes import *  # noqa: F403  every exported scheme

__version__ = "0.1.0"

__all__ = sorted(
    [
        "Initializer",
        "KernelInitializer",
        "get",
        "names",
        "register",
        "replacing_builtins",
        "sampling",
        *schemes.__all__,
    ]
)
