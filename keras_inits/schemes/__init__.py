"""The recipes, one family a file. Importing this registers every one."""

from keras_inits.schemes.constants import Constant, Identity, Ones, Zeros
from keras_inits.schemes.distributions import (
    RandomNormal,
    RandomUniform,
    StandardNormal,
    TruncatedNormal,
)
from keras_inits.schemes.he import (
    HeFanIn,
    HeFanOut,
    HeNormal,
    HeUniform,
    HeUniformFanIn,
    HeUniformFanOut,
    KaimingNormal,
    KaimingUniform,
)
from keras_inits.schemes.lecun import LecunNormal, LecunUniform, TorchDefault
from keras_inits.schemes.orthogonal import Orthogonal
from keras_inits.schemes.per_gate import per_gate
from keras_inits.schemes.variance_scaling import VarianceScaling
from keras_inits.schemes.xavier import (
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
