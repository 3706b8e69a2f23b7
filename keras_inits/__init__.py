"""Weight initializers for Keras, by name, in any layer, the same on every backend.

Importing the package registers every scheme, so that
`keras.layers.Dense(64, kernel_initializer="he_fan_in")` works and saved models open.
"""

import keras_inits._utils.quiet_start as _  # noqa: F401  before TensorFlow is imported
from keras_inits import initializers, sampling
from keras_inits.diagnosis.callback import DiagnosisCallback
from keras_inits.diagnosis.diagnosis import Diagnosis
from keras_inits.diagnosis.measure import diagnose
from keras_inits.geometry import Fans, Geometry, Weight, fans, register_geometry
from keras_inits.geometry.gains import gain
from keras_inits.graph.duplicates import duplicates
from keras_inits.graph.weights import WeightInfo
from keras_inits.initializers.base import Initializer, KernelInitializer
from keras_inits.initializers.constants import *  # noqa: F403
from keras_inits.initializers.he import *  # noqa: F403
from keras_inits.initializers.lecun import *  # noqa: F403
from keras_inits.initializers.orthogonal import *  # noqa: F403
from keras_inits.initializers.random import *  # noqa: F403
from keras_inits.initializers.registry import get, names, register
from keras_inits.initializers.replace_builtins import replacing_builtins
from keras_inits.initializers.variance_scaling import *  # noqa: F403
from keras_inits.initializers.wrappers import *  # noqa: F403
from keras_inits.initializers.xavier import *  # noqa: F403
from keras_inits.models.initialize import initialize
from keras_inits.models.recommend import recommend
from keras_inits.models.report import InitializationReport

__version__ = "0.1.0"

__all__ = [
    "Diagnosis",
    "DiagnosisCallback",
    "Fans",
    "Geometry",
    "InitializationReport",
    "Initializer",
    "KernelInitializer",
    "Weight",
    "WeightInfo",
    "diagnose",
    "duplicates",
    "fans",
    "gain",
    "get",
    "initialize",
    "names",
    "recommend",
    "register",
    "register_geometry",
    "replacing_builtins",
    "sampling",
]
__all__ += initializers.__all__
