"""How large weights should be: the fans of kernels, in any layer."""

from keras_inits.geometry import keras_layers
from keras_inits.geometry.axes import KERNEL_FORMATS, check_axes
from keras_inits.geometry.kernels import Fans, Geometry, MatrixView
from keras_inits.geometry.layer_fans import fans
from keras_inits.geometry.layers import Weight, describe, register_geometry

__all__ = [
    "KERNEL_FORMATS",
    "Fans",
    "Geometry",
    "MatrixView",
    "Weight",
    "check_axes",
    "describe",
    "fans",
    "keras_layers",
    "register_geometry",
]
