"""Weight initializers for Keras, by name, in any layer, the same on every backend.

Importing the package registers every scheme, so that
`keras.layers.Dense(64, kernel_initializer="he_fan_in")` works and saved models open.
"""

import keras_inits._utils.quiet_start as _  # noqa: F401  before TensorFlow is imported
from keras_inits import initializers, sampling
from keras_inits.diagnosis.callback import DiagnosisCallback
from keras_inits.diagnosis.diagnosis import Diagnosis
from keras_inits.diagnosis.measure import diagnose
from keras_inits.files.portable import PortableReport, portable
from keras_inits.geometry import Fans, Geometry, Weight, fans, register_geometry
from keras_inits.geometry.gains import gain
from keras_inits.graph.duplicates import duplicates
from keras_inits.graph.fingerprint import fingerprint
from keras_inits.graph.weights import WeightInfo
from keras_inits.initializers.adapters import *  # noqa: F403
from keras_inits.initializers.base import Initializer
from keras_inits.initializers.centered import *  # noqa: F403
from keras_inits.initializers.constants import *  # noqa: F403
from keras_inits.initializers.coordinates import *  # noqa: F403
from keras_inits.initializers.embeddings import *  # noqa: F403
from keras_inits.initializers.he import *  # noqa: F403
from keras_inits.initializers.kernel import KernelInitializer
from keras_inits.initializers.lecun import *  # noqa: F403
from keras_inits.initializers.orthogonal.convolutions import *  # noqa: F403
from keras_inits.initializers.orthogonal.looks_linear import *  # noqa: F403
from keras_inits.initializers.orthogonal.matrices import *  # noqa: F403
from keras_inits.initializers.random import *  # noqa: F403
from keras_inits.initializers.recurrent.biases import *  # noqa: F403
from keras_inits.initializers.recurrent.kernels import *  # noqa: F403
from keras_inits.initializers.recurrent.pytorch import *  # noqa: F403
from keras_inits.initializers.recurrent.times import *  # noqa: F403
from keras_inits.initializers.registry import get, names, register
from keras_inits.initializers.replace_builtins import replacing_builtins
from keras_inits.initializers.scale_laws import *  # noqa: F403
from keras_inits.initializers.sparse import *  # noqa: F403
from keras_inits.initializers.state_space.random_states import *  # noqa: F403
from keras_inits.initializers.state_space.transitions import *  # noqa: F403
from keras_inits.initializers.structure.filters import *  # noqa: F403
from keras_inits.initializers.structure.icnr import *  # noqa: F403
from keras_inits.initializers.structure.isometries import *  # noqa: F403
from keras_inits.initializers.structure.others import *  # noqa: F403
from keras_inits.initializers.transformers.depth import *  # noqa: F403
from keras_inits.initializers.transformers.mimetic import *  # noqa: F403
from keras_inits.initializers.transformers.recipes import *  # noqa: F403
from keras_inits.initializers.transformers.scales import *  # noqa: F403
from keras_inits.initializers.variance_scaling import *  # noqa: F403
from keras_inits.initializers.width import *  # noqa: F403
from keras_inits.initializers.wrappers.gates import *  # noqa: F403
from keras_inits.initializers.wrappers.parts import *  # noqa: F403
from keras_inits.initializers.wrappers.scaling import *  # noqa: F403
from keras_inits.initializers.wrappers.values import *  # noqa: F403
from keras_inits.initializers.xavier import *  # noqa: F403
from keras_inits.models import recipes
from keras_inits.models.calibrate import calibrate
from keras_inits.models.initialize import initialize
from keras_inits.models.recommend import recommend
from keras_inits.models.report import InitializationReport
from keras_inits.models.scaled_optimizer import scaled_optimizer
from keras_inits.models.skip import missing, skip
from keras_inits.models.transfer.embeddings import grow_embedding
from keras_inits.models.transfer.grow import grow
from keras_inits.models.transfer.inherit import inherit
from keras_inits.models.transfer.lora import lora

__version__ = "0.1.0"

__all__ = [
    "Diagnosis",
    "DiagnosisCallback",
    "Fans",
    "Geometry",
    "InitializationReport",
    "Initializer",
    "KernelInitializer",
    "PortableReport",
    "Weight",
    "WeightInfo",
    "calibrate",
    "diagnose",
    "duplicates",
    "fans",
    "fingerprint",
    "gain",
    "get",
    "grow",
    "grow_embedding",
    "inherit",
    "initialize",
    "lora",
    "missing",
    "names",
    "portable",
    "recipes",
    "recommend",
    "register",
    "register_geometry",
    "replacing_builtins",
    "sampling",
    "scaled_optimizer",
    "skip",
]
__all__ += initializers.__all__
