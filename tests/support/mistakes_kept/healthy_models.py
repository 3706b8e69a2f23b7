"""Programs without a mistake: kinds of networks, inputs, precisions, batches."""

import keras
import numpy as np
from keras import initializers, layers, ops

from support.mistakes_kept.datasets import (
    clusters,
    digits,
    one_hot,
    rings,
    sentences,
    standardized,
    sums,
    surface,
    waves,
)
from support.mistakes_kept.programs import healthy

Adam = keras.optimizers.Adam
Sparse = keras.losses.SparseCategoricalCrossentropy


@healthy(score="loss", epochs=20)
def autoencoder_of_pixels(seed):
    x, _ = digits(seed)
    x = x.reshape(-1, 64) / 16
    model = keras.Sequential([keras.Input((64,))])
    for units in (48, 16, 48):
        model.add(layers.Dense(units, activation="relu"))
    model.add(layers.Dense(64, activation="sigmoid"))
    model.compile(Adam(0.005), "mse")
    return model, x, x, {}


class Sampling(layers.Layer):
    """Draws from the code's normal law, and adds its divergence to the loss."""

    def __init__(self, **options):
        super().__init__(**options)
        self.seeds = keras.random.SeedGenerator(11)

    def call(self, mean, log_variance):
        gap = ops.exp(log_variance) + mean**2 - 1 - log_variance
        self.add_loss(0.01 * ops.mean(gap))
        noise = keras.random.normal(ops.shape(mean), seed=self.seeds)
        return mean + ops.exp(log_variance / 2) * noise


@healthy(score="loss", epochs=30, bar=0.3)
def variational_autoencoder(seed):
    x, _ = clusters(seed, columns=12, classes=3)
    start = keras.Input((12,))
    h = layers.Dense(48, "relu")(start)
    code = Sampling()(layers.Dense(4)(h), layers.Dense(4)(h))
    out = layers.Dense(12)(layers.Dense(48, "relu")(code))
    model = keras.Model(start, out)
    model.compile(Adam(0.01), "mse")
    return model, x, x, {}


@healthy(score="loss", epochs=20)
def tagger_with_padding(seed):
    ids, _ = sentences(seed, vocabulary=20)
    length = np.random.default_rng(seed).integers(5, 13, (128, 1))
    ids = np.where(np.arange(12) < length, ids + 1, 0)
    tag = np.where(np.roll(ids, 1, 1) % 2, ids % 3, 0) * (ids > 0)
    model = keras.Sequential([keras.Input((None,), dtype="int32")])
    model.add(layers.Embedding(21, 24, mask_zero=True))
    model.add(layers.Bidirectional(layers.LSTM(32, return_sequences=True)))
    model.add(layers.TimeDistributed(layers.Dense(3, activation="softmax")))
    model.compile(Adam(0.02), "sparse_categorical_crossentropy")
    return model, ids, tag, {}


class Placed(layers.Layer):
    """Adds to each token what stands for its place."""

    def __init__(self, length, units, **options):
        super().__init__(**options)
        self.length = length
        self.table = layers.Embedding(length, units)

    def build(self, shape):
        self.table.build((self.length,))

    def call(self, h):
        return h + self.table(ops.arange(self.length))


@healthy(epochs=30)
def small_causal_transformer(seed):
    first, _ = sentences(seed, length=1, vocabulary=30)
    ids = (first + 7 * np.arange(13, dtype="int32")) % 30
    start = keras.Input((12,), dtype="int32")
    h = Placed(12, 32)(layers.Embedding(30, 32)(start))
    for _ in range(2):
        n = layers.LayerNormalization()(h)
        h = h + layers.MultiHeadAttention(4, 8)(n, n, use_causal_mask=True)
        n = layers.LayerNormalization()(h)
        h = h + layers.Dense(32)(layers.Dense(64, "gelu")(n))
    model = keras.Model(start, layers.Dense(30)(layers.LayerNormalization()(h)))
    model.compile(Adam(0.005), Sparse(from_logits=True))
    return model, ids[:, :-1], ids[:, 1:], {}


@healthy(epochs=20)
def frozen_base_and_a_new_head(seed):
    x, y = digits(seed)
    base = keras.Sequential([keras.Input((8, 8, 1))], name="base")
    base.add(layers.Conv2D(48, 3, activation="relu", kernel_initializer="he_normal"))
    base.add(layers.AveragePooling2D(2))
    base.trainable = False
    start = keras.Input((8, 8, 1))
    h = layers.Flatten()(base(start, training=False))
    model = keras.Model(start, layers.Dense(10)(layers.Dropout(0.2)(h)))
    model.compile(Adam(0.01), Sparse(from_logits=True))
    return model, x / 8 - 1, y, {}


@healthy(epochs=20)
def mixed_precision_with_a_float32_head(seed):
    x, y = clusters(seed, columns=12)
    half = "mixed_bfloat16"
    start = keras.Input((12,))
    h = layers.Dense(64, "relu", dtype=half)(start)
    h = layers.Dense(64, "relu", dtype=half)(h)
    model = keras.Model(start, layers.Dense(4, "softmax", dtype="float32")(h))
    model.compile(Adam(0.005), "sparse_categorical_crossentropy")
    return model, x, y, {}


@healthy(epochs=20, batch_size=16)
def bags_of_words(seed):
    ids, y = sentences(seed, vocabulary=90, classes=3)
    x = np.zeros((len(ids), 90), "float32")
    np.add.at(x, (np.arange(len(ids))[:, None], ids), 1.0)
    model = keras.Sequential([keras.Input((90,)), layers.Dense(16, "relu")])
    model.add(layers.Dropout(0.3))
    model.add(layers.Dense(3, activation="softmax"))
    model.compile("adam", "sparse_categorical_crossentropy")
    model.optimizer.learning_rate = 0.01
    return model, x, y, {}


@healthy(score="values", epochs=20, batch_size=4)
def batches_of_four(seed):
    x, y = surface(seed, rows=64)
    model = keras.Sequential([keras.Input((5,)), layers.Dense(32, "relu")])
    model.add(layers.LayerNormalization())
    model.add(layers.Dense(1))
    model.compile(keras.optimizers.RMSprop(0.005), "mse")
    return model, x, y, {}


@healthy(score="yes", epochs=100, batch_size=256)
def whole_data_in_one_batch(seed):
    x, y = rings(seed, rows=256)
    model = keras.Sequential([keras.Input((2,)), layers.Dense(64, "tanh")])
    model.add(layers.Dense(1, "sigmoid"))
    model.compile(keras.optimizers.Adam(0.03), keras.losses.BinaryCrossentropy())
    return model, x, y.astype("int32"), {}


@healthy(epochs=15)
def convolutions_with_batch_normalization(seed):
    x, y = digits(seed)
    model = keras.Sequential([keras.Input((8, 8, 1))])
    for filters in (16, 32):
        model.add(layers.Conv2D(filters, 3, padding="same", use_bias=False))
        model.add(layers.BatchNormalization(momentum=0.8))
        model.add(layers.ReLU(max_value=6))
        model.add(layers.MaxPooling2D())
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(10, "softmax"))
    model.compile(Adam(0.01), "categorical_crossentropy")
    return model, x / 16, one_hot(y, 10), {}


@healthy(epochs=15)
def forty_layers_of_residual_branches(seed):
    x, y = clusters(seed, columns=16, classes=5)
    start = keras.Input((16,))
    h = layers.Dense(48)(start)
    for _ in range(20):
        n = layers.LayerNormalization()(h)
        n = layers.Dense(48, "relu", kernel_initializer="he_normal")(n)
        h = layers.add([h, layers.Dense(48, kernel_initializer="zeros")(n)])
    model = keras.Model(start, layers.Dense(5)(layers.LayerNormalization()(h)))
    model.compile(Adam(0.002), Sparse(from_logits=True))
    return model, x, y, {}


@healthy(score="values", epochs=60)
def network_of_sines(seed):
    x = np.random.default_rng(seed).uniform(-1, 1, (256, 1)).astype("float32")
    y = standardized(np.sin(9 * x) + np.cos(4 * x))
    model = keras.Sequential([keras.Input((1,))])
    first = initializers.RandomUniform(-12.0, 12.0)
    model.add(layers.Dense(64, ops.sin, kernel_initializer=first))
    later = initializers.VarianceScaling(2.0, "fan_in", "uniform")
    model.add(layers.Dense(64, ops.sin, kernel_initializer=later))
    model.add(layers.Dense(1))
    model.compile(Adam(0.002), "mse")
    return model, x, y, {}


@healthy(epochs=20)
def stack_of_recurrent_layers(seed):
    x, y = waves(seed, classes=3, channels=2)
    model = keras.Sequential([keras.Input((24, 2))])
    model.add(layers.LSTM(24, return_sequences=True))
    model.add(layers.GRU(24, return_sequences=True, reset_after=False))
    model.add(layers.SimpleRNN(24))
    model.add(layers.Dense(3, "softmax"))
    model.compile(Adam(0.01, clipnorm=1.0), "sparse_categorical_crossentropy")
    return model, x, y, {}


class Generator(keras.Model):
    """Turns noise into points, judged by the distance to where they belong."""

    def __init__(self):
        super().__init__()
        self.lift = layers.Dense(32)
        self.norm = layers.BatchNormalization(momentum=0.8)
        self.out = layers.Dense(3, "tanh")

    def call(self, noise, training=False):
        h = ops.leaky_relu(self.norm(self.lift(noise), training=training), 0.2)
        return self.out(h)


@healthy(score="values", epochs=30)
def generator_with_a_tanh_head(seed):
    noise = np.random.default_rng(seed).standard_normal((192, 8), "float32")
    points = np.tanh(noise[:, :3] * noise[:, 3:4] + noise[:, 4:7])
    model = Generator()
    model(noise[:2])
    model.compile(Adam(0.01), keras.losses.MeanSquaredError())
    return model, noise, points, {}


@healthy(epochs=20)
def table_of_numbers_and_categories(seed):
    x, y = clusters(seed, columns=6)
    city = (y + np.random.default_rng(seed).integers(0, 2, len(y))) % 7
    inputs = {
        "numbers": keras.Input((6,), name="numbers"),
        "city": keras.Input((1,), dtype="int32", name="city"),
    }
    place = layers.Flatten()(layers.Embedding(7, 4)(inputs["city"]))
    h = layers.Concatenate()([inputs["numbers"], place])
    h = layers.Dense(32, "relu")(h)
    model = keras.Model(inputs, layers.Dense(4, "softmax")(h))
    model.compile(Adam(0.01), "sparse_categorical_crossentropy")
    return model, {"numbers": x, "city": city[:, None].astype("int32")}, y, {}


@healthy(score="values", epochs=30)
def series_padded_with_minus_99(seed):
    x, y = sums(seed, steps=10)
    length = np.random.default_rng(seed).integers(4, 11, len(x))
    seen = np.arange(10) < length[:, None]
    x = np.where(seen[..., None], x, -99.0).astype("float32")
    last = y[np.arange(len(y)), length - 1]
    model = keras.Sequential([keras.Input((10, 2)), layers.Masking(mask_value=-99.0)])
    model.add(layers.GRU(24))
    model.add(layers.Dense(1))
    model.compile(Adam(0.02), "mse")
    return model, x, last, {}


@healthy(score="values", epochs=25)
def share_of_each_step_by_softmax(seed):
    x, _ = waves(seed, steps=8)
    weight = np.exp(1.5 * x)
    start = keras.Input((8, 1))
    h = layers.Conv1D(24, 3, padding="same", activation="relu")(start)
    scores = layers.Flatten()(layers.Conv1D(1, 1)(h))
    model = keras.Model(start, layers.Softmax()(scores))
    model.compile(Adam(0.01), "categorical_crossentropy")
    return model, x, (weight / weight.sum(1, keepdims=True))[..., 0], {}
