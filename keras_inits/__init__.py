"""Weight initializers for Keras, by name, in any layer, the same on every backend.

Importing the package registers every scheme, so that
`keras.layers.Dense(64, kernel_initializer="he_fan_in")` works and saved models open.
"""

from keras_inits import sampling
from keras_inits.base import Initializer, KernelInitializer
from keras_inits.gains import gain
from keras_inits.registry import get, names, register
from keras_inits.replacing import replacing_builtins
from keras_inits.schemes import (
    Constant,
    GlorotNormal,
    GlorotUniform,
    HeFanIn,
    HeFanOut,
    HeNormal,
    HeUniform,
    HeUniformFanIn,
    HeUniformFanOut,
    Identity,
    KaimingNormal,
    KaimingUniform,
    LecunNormal,
    LecunUniform,
    Ones,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    StandardNormal,
    TorchDefault,
    TruncatedNormal,
    VarianceScaling,
    XavierNormal,
    XavierUniform,
    Zeros,
)

__version__ = "0.1.0"

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeFanIn",
    "HeFanOut",
    "HeNormal",
    "HeUniform",
    "HeUniformFanIn",
    "HeUniformFanOut",
    "Identity",
    "Initializer",
    "KaimingNormal",
    "KaimingUniform",
    "KernelInitializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "StandardNormal",
    "TorchDefault",
    "TruncatedNormal",
    "VarianceScaling",
    "XavierNormal",
    "XavierUniform",
    "Zeros",
    "gain",
    "get",
    "names",
    "register",
    "replacing_builtins",
    "sampling",
]
