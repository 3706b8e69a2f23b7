"""Layers to build with a scheme, and what they then ask of it."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple
from unittest import mock

import keras

import keras_inits

layers = keras.layers
TELLS_AXES = tuple(int(n) for n in keras.version().split(".")[:2]) >= (3, 15)


class Build(NamedTuple):
    """A layer made with an initializer, and the shapes of its inputs."""

    make: Callable[[Any], Any]
    shapes: tuple


def _conv(cls, **arguments):
    return lambda i: cls(6, 3, kernel_initializer=i, **arguments)


def _separable(cls):
    return lambda i: cls(6, 3, depthwise_initializer=i, pointwise_initializer=i)


def _recurrent(cls):
    return lambda i: cls(3, kernel_initializer=i, recurrent_initializer=i)


BUILDS = {
    "Dense": Build(lambda i: layers.Dense(6, kernel_initializer=i), ((2, 4),)),
    "Conv1D": Build(_conv(layers.Conv1D), ((2, 7, 4),)),
    "Conv2D": Build(_conv(layers.Conv2D), ((2, 7, 7, 4),)),
    "Conv3D": Build(_conv(layers.Conv3D), ((2, 7, 7, 7, 4),)),
    "Conv1D groups": Build(_conv(layers.Conv1D, groups=2), ((2, 7, 4),)),
    "Conv2D groups": Build(_conv(layers.Conv2D, groups=2), ((2, 7, 7, 4),)),
    "Conv3D groups": Build(_conv(layers.Conv3D, groups=2), ((2, 7, 7, 7, 4),)),
    "DepthwiseConv1D": Build(
        lambda i: layers.DepthwiseConv1D(3, depthwise_initializer=i), ((2, 7, 4),)
    ),
    "DepthwiseConv2D": Build(
        lambda i: layers.DepthwiseConv2D(3, depthwise_initializer=i),
        ((2, 7, 7, 4),),
    ),
    "SeparableConv1D": Build(_separable(layers.SeparableConv1D), ((2, 7, 4),)),
    "SeparableConv2D": Build(_separable(layers.SeparableConv2D), ((2, 7, 7, 4),)),
    "Conv1DTranspose": Build(_conv(layers.Conv1DTranspose), ((2, 7, 4),)),
    "Conv2DTranspose": Build(_conv(layers.Conv2DTranspose), ((2, 7, 7, 4),)),
    "Conv3DTranspose": Build(_conv(layers.Conv3DTranspose), ((2, 7, 7, 7, 4),)),
    "EinsumDense": Build(
        lambda i: layers.EinsumDense("ab,bc->ac", output_shape=6, kernel_initializer=i),
        ((2, 4),),
    ),
    "EinsumDense heads": Build(
        lambda i: layers.EinsumDense(
            "abc,cde->abde", output_shape=(None, 3, 5), kernel_initializer=i
        ),
        ((2, 7, 4),),
    ),
    "MultiHeadAttention": Build(
        lambda i: layers.MultiHeadAttention(3, 5, kernel_initializer=i),
        ((2, 7, 4), (2, 7, 4)),
    ),
    "GroupQueryAttention": Build(
        lambda i: layers.GroupQueryAttention(5, 4, 2, kernel_initializer=i),
        ((2, 7, 4), (2, 7, 4)),
    ),
    "Embedding": Build(
        lambda i: layers.Embedding(6, 4, embeddings_initializer=i), ((2, 7),)
    ),
    "LSTM": Build(_recurrent(layers.LSTM), ((2, 7, 4),)),
    "GRU": Build(_recurrent(layers.GRU), ((2, 7, 4),)),
    "Bidirectional": Build(
        lambda i: layers.Bidirectional(_recurrent(layers.LSTM)(i)),
        ((2, 7, 4),),
    ),
    "TimeDistributed": Build(
        lambda i: layers.TimeDistributed(layers.Dense(6, kernel_initializer=i)),
        ((2, 7, 4),),
    ),
    "bias": Build(
        lambda i: layers.Dense(6, kernel_initializer="zeros", bias_initializer=i),
        ((2, 4),),
    ),
}


class Asked(NamedTuple):
    """A call of an initializer: the shape, and the axes that Keras told it."""

    shape: tuple
    input_axes: tuple | None
    output_axes: tuple | None

    def given_to(self, initializer):
        """A copy of the initializer with these axes, made as Keras makes it."""
        if self.input_axes is None:
            return initializer
        axes = {"input_axes": self.input_axes, "output_axes": self.output_axes}
        return type(initializer).from_config(initializer.get_config() | axes)


def asked(recipe):
    """What the layer of a recipe asks of its initializer, call by call."""
    found = []
    cls = keras_inits.HeFanIn
    true = cls.__call__

    @functools.wraps(true)  # Keras looks for `layout` in the signature
    def call(self, shape, *rest, **named):
        axes = [self.get_config().get(name) for name in Asked._fields[1:]]
        found.append(Asked(tuple(shape), *(a if a is None else tuple(a) for a in axes)))
        return true(self, shape, *rest, **named)

    with mock.patch.object(cls, "__call__", call):
        build(recipe.make(cls(seed=7)), recipe.shapes)
    return found


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
