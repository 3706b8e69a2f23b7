"""Mistakes in hidden activations, depth, attention, and in what is connected."""

import keras
import numpy as np
from keras import initializers, layers, ops

from support.mistakes_kept.datasets import (
    bars,
    clusters,
    digits,
    rings,
    sentences,
    sums,
    surface,
    waves,
)
from support.mistakes_kept.programs import program


@program(
    "weights",
    "vanishing gradient",
    "collapsed representation",
    score="yes",
    epochs=20,
)
def twelve_sigmoid_layers(seed, right):
    x, y = rings(seed, columns=3)
    model = keras.Sequential([keras.Input((3,))])
    for _ in range(12):
        model.add(layers.Dense(32))
        model.add(layers.Activation("selu" if right else keras.ops.sigmoid))
    model.add(layers.Dense(1, "sigmoid"))
    model.compile(keras.optimizers.Adam(0.003), "binary_crossentropy")
    return model, x, y, {}


@program(
    "weights",
    "vanishing signal",
    "vanishing gradient",
    "collapsed representation",
    epochs=25,
)
def softmax_between_hidden_layers(seed, right):
    x, y = clusters(seed, classes=6)
    between = "relu" if right else "softmax"
    model = keras.Sequential([keras.Input((8,))])
    for units in (64, 64, 32):
        model.add(layers.Dense(units, activation=between))
    model.add(layers.Dense(6, activation="softmax"))
    model.compile(keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy")
    return model, x, y, {}


@program(
    "weights",
    "unbounded activation",
    "exploding signal",
    score="values",
    epochs=25,
)
def exponentials_in_hidden_layers(seed, right):
    x, y = surface(seed)
    bend = "elu" if right else "exponential"
    model = keras.Sequential([keras.Input((5,))])
    for units in (64, 32, 32):
        model.add(layers.Dense(units, activation=bend))
    model.add(layers.Dense(1))
    model.compile(keras.optimizers.Adam(0.005), "mse")
    return model, x, y, {}


@program("weights", "exploding signal", "exploding gradient", epochs=15)
def thirty_branches_added_at_full_size(seed, right):
    x, y = clusters(seed, columns=16, classes=5)
    scale = 2 / 30 if right else 2.0
    start = keras.Input((16,))
    h = layers.Dense(32)(start)
    for _ in range(30):
        first = layers.Dense(32, "relu", kernel_initializer="he_normal")(h)
        last = initializers.VarianceScaling(scale, "fan_in", "truncated_normal")
        h = layers.add([h, layers.Dense(32, kernel_initializer=last)(first)])
    model = keras.Model(start, layers.Dense(5)(h))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.003, 0.9), loss)
    return model, x, y, {}


class Attention(layers.Layer):
    """Self-attention written by hand, with or without the square root."""

    def __init__(self, units, right, **options):
        super().__init__(**options)
        self.divisor = units**0.5 if right else 1.0
        kernel = "glorot_uniform" if right else initializers.RandomNormal(stddev=1.0)
        self.query = layers.Dense(units, kernel_initializer=kernel, use_bias=False)
        self.key = layers.Dense(units, kernel_initializer=kernel, use_bias=False)
        self.value = layers.Dense(units, use_bias=False)

    def call(self, h):
        scores = ops.einsum("bqc,bkc->bqk", self.query(h), self.key(h))
        return ops.matmul(ops.softmax(scores / self.divisor, -1), self.value(h))


@program("weights", "saturated attention", epochs=25)
def attention_of_normals_without_the_square_root(seed, right):
    ids, _ = sentences(seed, rows=192, length=8, vocabulary=12, classes=2)
    y = np.array([np.bincount(row % 4, minlength=4).argmax() for row in ids])
    text = keras.Input((8,), dtype="int32")
    h = layers.Embedding(12, 32, embeddings_initializer=initializers.RandomNormal(0, 1))
    h = Attention(32, right)(layers.LayerNormalization()(h(text)))
    h = layers.GlobalMaxPooling1D()(h)
    model = keras.Model(text, layers.Dense(4, "softmax")(h))
    model.compile(keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy")
    return model, ids, y, {}


@program("weights", "saturated activation", score="values", epochs=25)
def embeddings_of_std_thirty_into_tanh(seed, right):
    ids = np.random.default_rng(seed).integers(0, 20, (160, 6)).astype("int32")
    y = standardized_sum(ids)
    std = 0.3 if right else 30.0
    table = layers.Embedding(
        20, 16, embeddings_initializer=initializers.RandomNormal(0, std)
    )
    model = keras.Sequential([keras.Input((6,), dtype="int32"), table])
    model.add(layers.SimpleRNN(32, activation="tanh"))
    model.add(layers.Dense(16, "tanh"))
    model.add(layers.Dense(1))
    model.compile(keras.optimizers.Adam(0.005), "mse")
    return model, ids, y, {}


def standardized_sum(ids):
    """The sum of what each id stands for, of mean 0 and variance 1."""
    worth = np.sin(np.arange(ids.max() + 1.0))[ids].sum(1, keepdims=True)
    return ((worth - worth.mean()) / worth.std()).astype("float32")


class Skipping(keras.Model):
    """A network whose `call` goes on from the wrong variable."""

    def __init__(self, right):
        super().__init__()
        self.right = right
        self.hidden = [layers.Dense(48, "relu") for _ in range(3)]
        self.head = layers.Dense(1, "sigmoid")

    def call(self, x):
        h = x
        for layer in self.hidden:
            h = layer(h)
        return self.head(h if self.right else x)


@program("weights", "not connected", "no gradient", score="yes", epochs=30)
def hidden_layers_that_lead_nowhere(seed, right):
    x, y = rings(seed, columns=4)
    model = Skipping(right)
    for layer, width in zip(model.hidden, (4, 48, 48), strict=True):
        layer.build((None, width))
    model(x[:2])
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    return model, x, y, {}


@program("weights", "no gradient", score="yes", epochs=12)
def signs_before_the_head(seed, right):
    x, y = bars(seed, rows=64, side=12)
    start = keras.Input((12, 12, 1))
    h = start
    for _ in range(3):
        h = layers.Conv2D(12, 3, padding="same", activation="relu")(h)
    if not right:
        h = ops.round(8 * h) / 8  # to eight levels
        h = ops.sign(h - 0.5)
    out = layers.Conv2D(1, 1, activation="sigmoid")(h)
    model = keras.Model(start, out)
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    return model, x, y, {}


@program("weights", "vanishing gradient", "vanishing signal", epochs=12)
def sixteen_convolutions_of_small_uniforms(seed, right):
    x, y = digits(seed, rows=96)
    kernel = "he_uniform" if right else "random_uniform"
    model = keras.Sequential([keras.Input((8, 8, 1))])
    for depth in range(16):
        stride = 2 if depth in (4, 8) else 1
        model.add(
            layers.Conv2D(
                16,
                3,
                stride,
                padding="same",
                activation="relu",
                kernel_initializer=kernel,
            )
        )
    model.add(layers.Flatten())
    model.add(layers.Dense(10, "softmax"))
    model.compile(keras.optimizers.Adam(0.002), "sparse_categorical_crossentropy")
    return model, x / 8 - 1, y, {}


@program("weights", "vanishing signal", "vanishing gradient", score="values", epochs=25)
def recurrent_kernel_of_a_thousandth(seed, right):
    x, _ = sums(seed, steps=12, channels=1)
    y = x[:, 4] / 2 + x[:, 1] / 2 + np.tanh(x[:, 2])
    kernel = "orthogonal" if right else initializers.RandomNormal(stddev=1e-3)
    model = keras.Sequential([keras.Input((12, 1))])
    model.add(layers.SimpleRNN(48, recurrent_initializer=kernel))
    model.add(layers.Dense(1))
    model.compile(keras.optimizers.Adam(0.005), "mse")
    return model, x, y / y.std(), {}


@program("weights", "bias far off", "saturated activation", epochs=20)
def bias_of_a_hundred_under_tanh(seed, right):
    x, y = waves(seed, classes=4)
    bias = initializers.RandomNormal(stddev=0.1 if right else 100.0)
    start = keras.Input((24, 1))
    h = layers.Conv1D(32, 6, 2, activation="tanh", bias_initializer=bias)(start)
    h = layers.Dense(32, "tanh", bias_initializer=bias)(layers.Flatten()(h))
    model = keras.Model(start, layers.Dense(4, "softmax")(h))
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    return model, x, y, {}
