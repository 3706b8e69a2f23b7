"""More networks that are healthy by construction, each of another kind.

Most start in a way that looks ill to a single figure: closed gates, one number where
others have many, or outputs that are no pre-activations.
"""

import math

import keras
import numpy as np
from keras import layers, ops

from support.diagnosed.networks import CLASSES, case, labelled, mlp, normal


def _hidden(width, x, activation="relu", kernel="he_normal"):
    return layers.Dense(width, activation, kernel_initializer=kernel)(x)


def _features(width, seed, samples=64):
    """Standardized features, and a target of each sample between 0 and 1."""
    x = np.random.default_rng(seed).standard_normal((samples, width))
    y = 0.5 + 0.5 * np.tanh(x[:, :1])
    return x.astype("float32"), y.astype("float32")


@case("ReZero: branches times a scalar zero of any name")
def _(width, seed):
    class Open(layers.Layer):
        def build(self, shape):
            self.alpha = self.add_weight(shape=(), initializer="zeros", name="alpha")

        def call(self, x):
            return self.alpha * x

    x = start = keras.Input((width,))
    for _ in range(6):
        x = layers.Add()([x, Open()(layers.Dense(width)(_hidden(width, x)))])
    return labelled(keras.Model(start, layers.Dense(CLASSES)(x)), seed)


@case("ReZero: a vector of zeros inside the block")
def _(width, seed):
    class Block(layers.Layer):
        def build(self, shape):
            self.inner = layers.Dense(width, "relu", kernel_initializer="he_normal")
            self.inner.build(shape)
            self.strength = self.add_weight(
                shape=(width,), initializer="zeros", name="strength"
            )

        def call(self, x):
            return x + self.strength * self.inner(x)

    x = start = keras.Input((width,))
    for _ in range(5):
        x = Block()(x)
    return labelled(keras.Model(start, layers.Dense(CLASSES)(x)), seed)


@case("two convolutional LSTMs")
def _(width, seed):
    x = start = keras.Input((6, 8, 8, 1))
    x = layers.ConvLSTM2D(8, 3, padding="same", return_sequences=True)(x)
    x = layers.ConvLSTM2D(8, 3, padding="same")(x)
    x = layers.GlobalAveragePooling2D()(x)
    model, x, y, kind = labelled(keras.Model(start, layers.Dense(CLASSES)(x)), seed)
    # Films of another brightness each: noise alone would be averaged away.
    return model, x + (y / 5 - 1).reshape(-1, 1, 1, 1, 1).astype("float32"), y, kind


@case("GRU without recurrence at the start")
def _(width, seed):
    x = start = keras.Input((12, 4))
    x = layers.GRU(24, recurrent_initializer="zeros")(x)
    return labelled(keras.Model(start, layers.Dense(CLASSES)(x)), seed)


@case("LSTM and a zero head")
def _(width, seed):
    x = start = keras.Input((12, 4))
    x = layers.LSTM(24)(x)
    head = layers.Dense(CLASSES, kernel_initializer="zeros")
    return labelled(keras.Model(start, head(x)), seed)


@case("text of 1000 words, pooled, a sigmoid at the end")
def _(width, seed):
    x = start = keras.Input((1000,), dtype="int32")
    x = layers.GlobalAveragePooling1D()(layers.Embedding(200, 16)(x))
    x = layers.Dense(16, "relu")(x)
    model = keras.Model(start, layers.Dense(1, "sigmoid")(x))
    model.compile("adam", "binary_crossentropy")
    random = np.random.default_rng(seed)
    x = random.integers(1, 200, (64, 1000)).astype("int32")
    return model, x, random.integers(0, 2, (64, 1)).astype("float32")


@case("ratings between 1 and 5")
def _(width, seed):
    x = start = keras.Input((width,))
    x = layers.Dense(1, "sigmoid")(_hidden(width, x))
    model = keras.Model(start, x * 4.0 + 1.0)
    model.compile("adam", "mse")
    x, y = _features(width, seed)
    return model, x, 4 * y + 1


@case("mean and scale as outputs")
def _(width, seed):
    start = keras.Input((width,))
    x = _hidden(width, start)
    scale = layers.Dense(1, "softplus")(x) + 1e-3
    model = keras.Model(start, layers.Concatenate()([layers.Dense(1)(x), scale]))

    def likelihood(y, parts):
        mean, scale = parts[:, :1], parts[:, 1:]
        return ops.mean(ops.log(scale) + 0.5 * ops.square((y - mean) / scale))

    model.compile("adam", likelihood)
    return model, *_features(width, seed)


@case("scales of many outputs beside their means")
def _(width, seed):
    start = keras.Input((width,))
    x = _hidden(width, start)
    scale = layers.Dense(6, "softplus", kernel_initializer=normal(1e-3))(x) + 1.0
    mean = layers.Dense(6)(x)
    return (keras.Model(start, layers.Concatenate()([mean, scale])),)


@case("autoencoder through one rectified unit")
def _(width, seed):
    x = start = keras.Input((width,))
    x = layers.Dense(1, "relu")(_hidden(width, x, "tanh"))
    x = _hidden(width, x)
    model = keras.Model(start, layers.Dense(width)(x))
    model.compile("adam", "mse")
    data, _ = _features(width, seed)
    return model, data, data


@case("a curve over one positive feature")
def _(width, seed):
    x = start = keras.Input((1,))
    for _ in range(4):
        x = _hidden(16, x)
    model = keras.Model(start, layers.Dense(1)(x))
    model.compile("adam", "mse")
    x = np.linspace(0, 3, 64, dtype="float32")[:, None]
    return model, x, np.sin(2 * x)


@case("He, 3 Mish layers")
def _(width, seed):
    return labelled(mlp(width, 3, "mish"), seed)


@case("two softplus layers")
def _(width, seed):
    return labelled(mlp(width, 2, "softplus", "glorot_uniform"), seed)


@case("variational autoencoder")
def _(width, seed):
    class Sample(layers.Layer):
        def __init__(self):
            super().__init__()
            self.noise = keras.random.SeedGenerator(seed)

        def call(self, parts):
            mean, log_variance = parts
            divergence = ops.square(mean) + ops.exp(log_variance) - log_variance - 1
            self.add_loss(0.005 * ops.mean(divergence))
            noise = keras.random.normal(ops.shape(mean), seed=self.noise)
            return mean + ops.exp(log_variance / 2) * noise

    start = keras.Input((width,))
    x = _hidden(width, start)
    x = Sample()([layers.Dense(4)(x), layers.Dense(4)(x)])
    model = keras.Model(start, layers.Dense(width)(_hidden(width, x)))
    model.compile("adam", "mse")
    data, _ = _features(width, seed)
    return model, data, data


@case("one encoder for two inputs, compared")
def _(width, seed):
    encoder = keras.Sequential(
        [keras.Input((width,)), layers.Dense(width, "relu"), layers.Dense(16)]
    )
    a, b = keras.Input((width,)), keras.Input((width,))
    x = ops.abs(encoder(a) - encoder(b))
    model = keras.Model([a, b], layers.Dense(1, "sigmoid")(x))
    model.compile("adam", "binary_crossentropy")
    (one, y), (two, _) = _features(width, seed), _features(width, seed + 100)
    return model, [one, two], np.round(y)


@case("squeeze and excitation")
def _(width, seed):
    start = keras.Input((8, 8, 3))
    x = layers.Conv2D(16, 3, padding="same")(start)
    for _ in range(3):
        y = layers.Conv2D(16, 3, padding="same", use_bias=False)(layers.ReLU()(x))
        y = layers.BatchNormalization()(y)
        gates = layers.Dense(4, "relu")(layers.GlobalAveragePooling2D()(y))
        gates = layers.Dense(16, "sigmoid")(gates)
        x = x + y * layers.Reshape((1, 1, 16))(gates)
    x = layers.GlobalAveragePooling2D()(layers.ReLU()(x))
    return labelled(keras.Model(start, layers.Dense(CLASSES)(x)), seed)


@case("sines of high frequency, as in SIREN")
def _(width, seed):
    def uniform(bound):
        return keras.initializers.RandomUniform(-bound, bound)

    start = keras.Input((2,))
    x = ops.sin(30 * layers.Dense(width, kernel_initializer=uniform(0.5))(start))
    for _ in range(2):
        bound = math.sqrt(6 / width) / 30
        x = ops.sin(30 * layers.Dense(width, kernel_initializer=uniform(bound))(x))
    model = keras.Model(start, layers.Dense(1)(x))
    model.compile("adam", "mse")
    x = np.random.default_rng(seed).uniform(-1, 1, (64, 2)).astype("float32")
    return model, x, np.sin(6 * x[:, :1])


@case("graph convolutions")
def _(width, seed):
    random = np.random.default_rng(seed)
    nodes, edges = keras.Input((10, 8)), keras.Input((10, 10))
    x = nodes
    for _ in range(2):
        x = layers.Dense(32, "relu")(ops.matmul(edges, x))
    x = layers.GlobalAveragePooling1D()(x)
    model = keras.Model([nodes, edges], layers.Dense(CLASSES)(x))
    near = (random.random((64, 10, 10)) < 0.3) + np.eye(10)
    data = [random.standard_normal((64, 10, 8)), near / near.sum(-1, keepdims=True)]
    return model, [part.astype("float32") for part in data]


@case("two embeddings and their product")
def _(width, seed):
    a, b = (keras.Input((1,), dtype="int32") for _ in range(2))

    def table(rows, size):
        return layers.Embedding(rows, size, embeddings_initializer="he_normal")

    x = layers.Dot(2)([table(50, 16)(a), table(60, 16)(b)])
    x = x + table(50, 1)(a) + table(60, 1)(b)
    model = keras.Model([a, b], layers.Activation("sigmoid")(layers.Flatten()(x)))
    model.compile("adam", "binary_crossentropy")
    random = np.random.default_rng(seed)
    data = [random.integers(0, n, (64, 1)).astype("int32") for n in (50, 60)]
    return model, data, random.integers(0, 2, (64, 1)).astype("float32")


@case("policy and value from one trunk")
def _(width, seed):
    x = start = keras.Input((width,))
    for _ in range(2):
        x = _hidden(width, x, "tanh", keras.initializers.Orthogonal(math.sqrt(2)))
    small = keras.initializers.Orthogonal(0.01)
    policy = layers.Dense(4, kernel_initializer=small, name="policy")(x)
    value = layers.Dense(1, kernel_initializer="orthogonal", name="value")(x)
    return (keras.Model(start, {"policy": policy, "value": value}),)


@case("numbers of very different sizes behind a Normalization")
def _(width, seed):
    data, _ = _features(4, seed)
    data = data * np.array([1e5, 10, 1, 0.01], "float32") + np.float32(5)
    start = keras.Input((4,))
    normalization = layers.Normalization()
    normalization.adapt(data)
    x = _hidden(width, _hidden(width, normalization(start)))
    return keras.Model(start, layers.Dense(CLASSES)(x)), data


@case("prototypes compared by cosine over a temperature")
def _(width, seed):
    class Prototypes(layers.Layer):
        def build(self, shape):
            self.rows = self.add_weight(
                shape=(CLASSES, shape[-1]), initializer="glorot_normal", name="rows"
            )

        def call(self, x):
            rows = self.rows / ops.norm(self.rows, axis=-1, keepdims=True)
            return ops.matmul(x, ops.transpose(rows)) / 0.07

    x = start = keras.Input((width,))
    x = layers.UnitNormalization()(layers.Dense(32)(_hidden(width, x)))
    return labelled(keras.Model(start, Prototypes()(x)), seed)
