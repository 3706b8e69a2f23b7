"""Small models of every kind, each with unequal sizes throughout; and their weights.

Every function builds its model anew, so that two calls are two builds of one code.
"""

import keras
import numpy as np

import keras_inits
from keras_inits.graph.weights import weights_of

layers = keras.layers
# As a decorator: JAX would compile each of Keras's own draws.
quickly = keras_inits.replacing_builtins()


@quickly
def sequential():
    """A stack, of which one layer has a name."""
    return keras.Sequential(
        [
            keras.Input((9, 8, 4)),
            layers.Conv2D(6, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.DepthwiseConv2D(3, depth_multiplier=2),
            layers.Dropout(0.5),
            layers.GlobalAveragePooling2D(),
            layers.Dense(5, activation="relu"),
            layers.Dense(3, name="head"),
        ]
    )


@quickly
def functional():
    """Convolutions, attention, a recurrent layer and an embedding."""
    tokens = keras.Input((7,), dtype="int32")
    image = keras.Input((7, 8, 3))
    x = layers.Embedding(11, 6)(tokens)
    x = layers.MultiHeadAttention(2, 3, name="attention")(x, x)
    x = layers.LayerNormalization()(x)
    x = layers.LSTM(5, return_sequences=True)(x)
    x = layers.GRU(4)(x)
    y = layers.Conv2D(6, 3, groups=3, activation="relu")(image)
    y = layers.SeparableConv2D(8, 3)(y)
    y = layers.Conv2DTranspose(5, 2, strides=2)(y)
    y = layers.PReLU()(y)
    y = layers.GlobalMaxPooling2D()(y)
    x = layers.Concatenate()([x, y])
    x = layers.Dense(6, activation="gelu")(x)
    return keras.Model([tokens, image], layers.Dense(2, name="head")(x))


class Scale(layers.Layer):
    """A layer of a person's own, which starts its weight at a constant."""

    def __init__(self, start=0.25, **kwargs):
        super().__init__(**kwargs)
        self.start = start

    def build(self, shape):
        """One weight, without a name."""
        start = keras.initializers.Constant(self.start)
        self.factor = self.add_weight(shape=(shape[-1],), initializer=start)

    def call(self, x):
        """Each channel times its factor."""
        return x * self.factor


class Block(layers.Layer):
    """Layers in attributes of several kinds, and a weight of its own."""

    def __init__(self, width, **kwargs):
        super().__init__(**kwargs)
        self.first = layers.Dense(width, activation="relu")
        self._second = layers.Dense(width + 1)
        self.many = [layers.Dense(width + 2), layers.Dense(width + 3)]
        self.by_key = {"left": layers.Dense(width + 4)}
        self.drop = layers.Dropout(0.1)

    def build(self, shape):
        """The layers inside, and a weight."""
        self.shift = self.add_weight(shape=(shape[-1],), initializer="ones")
        for layer in (self.first, self._second, *self.many, *self.by_key.values()):
            layer.build(shape)
            shape = layer.compute_output_shape(shape)

    def call(self, x):
        """One after the other."""
        x = self.drop(self._second(self.first(x + self.shift)))
        for layer in self.many:
            x = layer(x)
        return self.by_key["left"](x)


class Subclassed(keras.Model):
    """A model whose structure is code."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.stem = layers.Dense(6)
        self.blocks = [Block(3), Block(4)]
        self.scale = Scale()
        self.out = layers.Dense(2, name="head")

    def call(self, x):
        """One after the other."""
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.out(self.scale(x))


@quickly
def subclassed():
    """Built by a call."""
    model = Subclassed()
    model(keras.ops.ones((2, 5)))
    return model


@quickly
def nested():
    """Models in a model, one of them called twice."""
    inner = keras.Sequential(
        [keras.Input((6,)), layers.Dense(5, activation="relu"), layers.Dense(6)],
        name="tower",
    )
    inputs = keras.Input((6,))
    x = inner(inner(inputs))
    other = keras.Sequential([layers.Dense(4), layers.Dense(3)])
    return keras.Model(inputs, other(x))


@quickly
def wrapped():
    """Layers around layers."""
    inputs = keras.Input((7, 5))
    x = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(inputs)
    x = layers.TimeDistributed(layers.Dense(4))(x)
    x = layers.SpectralNormalization(layers.Dense(6))(x)
    x = layers.RNN([layers.GRUCell(3), layers.LSTMCell(2)])(x)
    return keras.Model(inputs, x)


@quickly
def shared():
    """One layer in two places, and inside another model as well."""
    layer = layers.Dense(5, activation="relu")
    inputs = keras.Input((5,))
    x = layer(layer(inputs))
    inner = keras.Sequential([keras.Input((5,)), layer, layers.Dense(4)])
    return keras.Model(inputs, inner(x))


@quickly
def mixed_precision():
    """float16 computation on float32 weights, and weights of bfloat16."""
    inputs = keras.Input((6,))
    x = layers.Dense(5, activation="relu", dtype="mixed_float16")(inputs)
    x = layers.Dense(4, dtype="bfloat16")(x)
    return keras.Model(inputs, layers.Dense(3, dtype="float32", name="head")(x))


ZOO = {
    "sequential": sequential,
    "functional": functional,
    "subclassed": subclassed,
    "nested": nested,
    "wrapped": wrapped,
    "shared": shared,
    "mixed precision": mixed_precision,
}


@quickly
def dense(*sizes, **arguments):
    """A stack of dense layers."""
    stack = [layers.Dense(units, **arguments) for units in sizes[1:]]
    return keras.Sequential([keras.Input(sizes[:1]), *stack])


def values(variable):
    """As float32, on the host."""
    single = keras.ops.cast(variable.value, "float32")
    return np.array(keras.ops.convert_to_numpy(single))


def weights(model):
    """The values of all weights, by path."""
    return {info.path: values(info.variable) for info in weights_of(model)}


def same(one, other):
    """Whether two dictionaries of arrays are equal, to the last bit."""
    return set(one) == set(other) and all(
        np.array_equal(one[path], other[path]) for path in one
    )


def row(report, path):
    """The report's row of a weight."""
    (found,) = [one for one in report.rows if one.path == path]
    return found
