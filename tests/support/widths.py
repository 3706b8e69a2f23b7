"""Models of any width, of the layers whose units are copied or chosen."""

import keras
import numpy as np
from keras import layers

from keras_inits.graph.weights import weights_of


def values(model):
    return {p.path: keras.ops.convert_to_numpy(p.variable) for p in weights_of(model)}


def outputs(model, x):
    return keras.ops.convert_to_numpy(model(x))


def scrambled(model, seed=0):
    """The model with no weight at zero or one, as after training."""
    random = np.random.default_rng(seed)
    for info in weights_of(model):
        value = keras.ops.convert_to_numpy(info.variable)
        noise = random.normal(0, 0.3, value.shape)
        is_variance = info.weight.role == "moving variance"
        info.variable.assign(value + (np.abs(noise) if is_variance else noise))
    return model


def mlp(*widths, inputs=8, classes=3, name="head"):
    keras.utils.set_random_seed(0)
    hidden = [layers.Dense(n, "relu") for n in widths]
    head = layers.Dense(classes, name=name)
    return scrambled(keras.Sequential([keras.Input((inputs,)), *hidden, head]))


def convolutions(width, between=1):
    """Convolutions, grouped and depthwise, a normalization, and Flatten."""
    keras.utils.set_random_seed(0)
    return scrambled(
        keras.Sequential(
            [
                keras.Input((6, 5, 2)),
                layers.Conv2D(2 * width, 3, activation="relu"),
                layers.BatchNormalization(),
                layers.DepthwiseConv2D(2, activation="relu"),
                layers.GroupNormalization(2),
                layers.Conv2D(4 * width, 1, groups=2),
                layers.PReLU(shared_axes=[1, 2]),
                layers.Flatten(),
                layers.Dense(5 * between, "tanh"),
                layers.Dense(3, name="head"),
            ]
        )
    )


def transformer(width, heads=2, size=3, blocks=2, classes=7):
    """Blocks of attention in a stream, with positions, behind a table."""
    keras.utils.set_random_seed(0)
    tokens = keras.Input((6,), dtype="int32")
    x = layers.Embedding(11, width)(tokens)
    for _ in range(blocks):
        y = layers.LayerNormalization()(x)
        x = x + layers.MultiHeadAttention(heads, size)(y, y)
        y = layers.LayerNormalization()(x)
        y = layers.Dense(3 * width, "gelu")(y)
        x = x + layers.Dense(width)(y)
    x = layers.LayerNormalization()(x)
    return scrambled(keras.Model(tokens, layers.Dense(classes, name="head")(x)))


def recurrent(units):
    keras.utils.set_random_seed(0)
    return scrambled(
        keras.Sequential(
            [
                keras.Input((4, 3)),
                layers.LSTM(units, return_sequences=True),
                layers.GRU(2 * units),
                layers.Dense(3, name="head"),
            ]
        )
    )


def tied(width, activation=None):
    keras.utils.set_random_seed(0)
    table = layers.ReversibleEmbedding(11, width)
    tokens = keras.Input((6,), dtype="int32")
    x = layers.Dense(width, activation)(table(tokens))
    return scrambled(keras.Model(tokens, table(x, reverse=True)))
