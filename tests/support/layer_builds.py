"""Layers to build with every scheme, and the weights that the scheme then fills."""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras

layers = keras.layers
TELLS_AXES = tuple(int(n) for n in keras.version().split(".")[:2]) >= (3, 15)


class Build(NamedTuple):
    """A layer made with an initializer, and the shapes of its inputs."""

    make: Callable[[Any], Any]
    shapes: tuple
    ranks: tuple  # of the weights that the initializer fills
    told: bool = False  # whether Keras tells the initializer the axes, since 3.15


def _conv(cls, **arguments):
    return lambda i: cls(6, 3, kernel_initializer=i, **arguments)


def _separable(cls):
    return lambda i: cls(6, 3, depthwise_initializer=i, pointwise_initializer=i)


def _recurrent(cls):
    return lambda i: cls(3, kernel_initializer=i, recurrent_initializer=i)


BUILDS = {
    "Dense": Build(lambda i: layers.Dense(6, kernel_initializer=i), ((2, 4),), (2,)),
    "Conv1D": Build(_conv(layers.Conv1D), ((2, 7, 4),), (3,)),
    "Conv2D": Build(_conv(layers.Conv2D), ((2, 7, 7, 4),), (4,)),
    "Conv3D": Build(_conv(layers.Conv3D), ((2, 7, 7, 7, 4),), (5,)),
    "Conv1D groups": Build(_conv(layers.Conv1D, groups=2), ((2, 7, 4),), (3,)),
    "Conv2D groups": Build(_conv(layers.Conv2D, groups=2), ((2, 7, 7, 4),), (4,)),
    "Conv3D groups": Build(_conv(layers.Conv3D, groups=2), ((2, 7, 7, 7, 4),), (5,)),
    "DepthwiseConv1D": Build(
        lambda i: layers.DepthwiseConv1D(3, depthwise_initializer=i), ((2, 7, 4),), (3,)
    ),
    "DepthwiseConv2D": Build(
        lambda i: layers.DepthwiseConv2D(3, depthwise_initializer=i),
        ((2, 7, 7, 4),),
        (4,),
    ),
    "SeparableConv1D": Build(_separable(layers.SeparableConv1D), ((2, 7, 4),), (3, 3)),
    "SeparableConv2D": Build(
        _separable(layers.SeparableConv2D), ((2, 7, 7, 4),), (4, 4)
    ),
    "Conv1DTranspose": Build(_conv(layers.Conv1DTranspose), ((2, 7, 4),), (3,)),
    "Conv2DTranspose": Build(_conv(layers.Conv2DTranspose), ((2, 7, 7, 4),), (4,)),
    "Conv3DTranspose": Build(_conv(layers.Conv3DTranspose), ((2, 7, 7, 7, 4),), (5,)),
    "EinsumDense": Build(
        lambda i: layers.EinsumDense("ab,bc->ac", output_shape=6, kernel_initializer=i),
        ((2, 4),),
        (2,),
    ),
    "EinsumDense heads": Build(
        lambda i: layers.EinsumDense(
            "abc,cde->abde", output_shape=(None, 3, 5), kernel_initializer=i
        ),
        ((2, 7, 4),),
        (3,),
        TELLS_AXES,
    ),
    "MultiHeadAttention": Build(
        lambda i: layers.MultiHeadAttention(3, 5, kernel_initializer=i),
        ((2, 7, 4), (2, 7, 4)),
        (3, 3, 3, 3),
        TELLS_AXES,
    ),
    "GroupQueryAttention": Build(
        lambda i: layers.GroupQueryAttention(5, 4, 2, kernel_initializer=i),
        ((2, 7, 4), (2, 7, 4)),
        (3, 3, 3, 3),
        TELLS_AXES,
    ),
    "Embedding": Build(
        lambda i: layers.Embedding(6, 4, embeddings_initializer=i), ((2, 7),), (2,)
    ),
    "LSTM": Build(_recurrent(layers.LSTM), ((2, 7, 4),), (2, 2)),
    "GRU": Build(_recurrent(layers.GRU), ((2, 7, 4),), (2, 2)),
    "Bidirectional": Build(
        lambda i: layers.Bidirectional(_recurrent(layers.LSTM)(i)),
        ((2, 7, 4),),
        (2, 2, 2, 2),
    ),
    "TimeDistributed": Build(
        lambda i: layers.TimeDistributed(layers.Dense(6, kernel_initializer=i)),
        ((2, 7, 4),),
        (2,),
    ),
    "bias": Build(
        lambda i: layers.Dense(6, kernel_initializer="zeros", bias_initializer=i),
        ((2, 4),),
        (1,),
    ),
}
ONLY_MATRICES = {"identity"}
NO_VECTORS = {"identity", "orthogonal"}


def can_fill(name, build):
    """Whether the scheme of this name has a meaning for the weights' ranks."""
    if name in ONLY_MATRICES:
        return set(build.ranks) == {2} or build.told
    return name not in NO_VECTORS or 1 not in build.ranks


def build(layer, shapes):
    """Builds a layer as a model does, by its first call on symbols."""
    dtype = "int32" if isinstance(layer, layers.Embedding) else "float32"
    layer(*(keras.KerasTensor(shape, dtype=dtype) for shape in shapes))
    return layer


def filled(layer):
    """Kernels and embeddings of a built layer, by their path inside it."""
    return {
        variable.path.split("/", 1)[1]: variable
        for variable in layer.weights
        if len(variable.shape) > 1 and "bias" not in variable.path
    }
