"""The recipes, one family a file. Importing this registers every one."""

from keras_inits.initializers.constants import Constant, Identity, Ones, Zeros
from keras_inits.initializers.he import (
    HeFanIn,
    HeFanOut,
    HeNormal,
    HeUniform,
    HeUniformFanIn,
    HeUniformFanOut,
    KaimingNormal,
    KaimingUniform,
)
from keras_inits.initializers.lecun import LecunNormal, LecunUniform, TorchDefault
from keras_inits.initializers.orthogonal import Orthogonal
from keras_inits.initializers.per_gate import per_gate
from keras_inits.initializers.random import (
    RandomNormal,
    RandomUniform,
    StandardNormal,
    TruncatedNormal,
)
from keras_inits.initializers.variance_scaling import VarianceScaling
from keras_inits.initializers.xavier import (
    GlorotNormal,
    GlorotUniform,
    XavierNormal,
    XavierUniform,
)

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
    "KaimingNormal",
    "KaimingUniform",
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
    "per_gate",
]
