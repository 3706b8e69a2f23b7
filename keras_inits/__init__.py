"""Weight initializers for Keras, by name, in any layer, the same on every backend.

Importing the package registers every scheme, so that
`keras.layers.Dense(64, kernel_initializer="he_fan_in")` works and saved models open.
"""

import importlib
from typing import TYPE_CHECKING, Any

from keras_inits import sampling
from keras_inits.geometry import Fans, Geometry, Weight, fans, register_geometry
from keras_inits.geometry.gains import gain
from keras_inits.initializers import (
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
    per_gate,
)
from keras_inits.initializers.base import Initializer, KernelInitializer
from keras_inits.initializers.registry import get, names, register
from keras_inits.initializers.replace_builtins import replacing_builtins

if TYPE_CHECKING:
    from keras_inits.diagnosis.callback import DiagnosisCallback
    from keras_inits.diagnosis.measure import diagnose
    from keras_inits.diagnosis.report import Diagnosis
    from keras_inits.graph.duplicates import duplicates
    from keras_inits.models.initialize import initialize
    from keras_inits.models.recommend import recommend

__version__ = "0.1.0"

__all__ = [
    "Constant",
    "Diagnosis",
    "DiagnosisCallback",
    "Fans",
    "Geometry",
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
    "Weight",
    "XavierNormal",
    "XavierUniform",
    "Zeros",
    "diagnose",
    "duplicates",
    "fans",
    "gain",
    "get",
    "initialize",
    "names",
    "per_gate",
    "recommend",
    "register",
    "register_geometry",
    "replacing_builtins",
    "sampling",
]

# What looks at whole models is loaded when it is first asked for.
_LATER = {
    "Diagnosis": "diagnosis.report",
    "DiagnosisCallback": "diagnosis.callback",
    "diagnose": "diagnosis.measure",
    "duplicates": "graph.duplicates",
    "initialize": "models.initialize",
    "recommend": "models.recommend",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_LATER[name]}")
    value = globals()[name] = getattr(module, name)
    return value
