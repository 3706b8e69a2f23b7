"""How large should they be: what a kernel connects, in any layer."""

from keras_inits.geometry import keras_layers
from keras_inits.geometry.kernels import (
    KERNEL_FORMATS,
    Fans,
    Geometry,
    MatrixView,
    check_axes,
)
from keras_inits.geometry.layers import Weight, describe, fans, register_geometry

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
