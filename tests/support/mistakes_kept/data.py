"""Mistakes in the inputs, in weights of samples, and in what only training does."""

import keras
import numpy as np
from keras import layers, ops

from support.mistakes_kept.datasets import (
    clusters,
    digits,
    rings,
    sentences,
    standardized,
    sums,
    surface,
    waves,
)
from support.mistakes_kept.programs import program


@program("data", "data not standardized", epochs=20)
def pixels_from_0_to_255(seed, right):
    x, y = digits(seed)
    model = keras.Sequential([keras.Input((8, 8, 1))])
    if right:
        model.add(layers.Rescaling(1 / 127.5, offset=-1))
    model.add(layers.Conv2D(16, 3, activation="relu"))
    model.add(layers.Conv2D(16, 3, activation="relu"))
    model.add(layers.Flatten())
    model.add(layers.Dense(10))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9), loss)
    return model, np.minimum(16 * x, 255).astype("uint8"), y, {}


@program(
    "data",
    "features of unequal size",
    "data not standardized",
    score="yes",
    epochs=30,
)
def age_and_income_as_they_are(seed, right):
    x, y = rings(seed, rows=256, columns=2)
    more = np.random.default_rng(seed).standard_normal((256, 1))
    table = np.concatenate([40 + 12 * x[:, :1], 52_000 + 18_000 * x[:, 1:], more], 1)
    start = keras.Input((3,))
    h = layers.Dense(32, activation="relu")(start)
    h = layers.Dense(32, activation="relu")(h)
    model = keras.Model(start, layers.Dense(1, activation="sigmoid")(h))
    model.compile(keras.optimizers.Adam(0.01), loss="binary_crossentropy")
    return model, standardized(table) if right else table, y, {}


@program("data", "not finite", score="values", epochs=30)
def logarithm_of_zero_in_one_column(seed, right):
    x, y = surface(seed)
    sales = np.maximum(np.round(np.exp(x[:, 3]) - 0.3), 0)
    with np.errstate(divide="ignore"):
        x[:, 3] = np.log1p(sales) if right else np.log(sales)
    model = keras.Sequential([keras.Input((5,)), layers.Dense(40, "relu")])
    model.add(layers.LayerNormalization())
    model.add(layers.Dense(1))
    model.compile(keras.optimizers.Adam(0.02), loss="mae")
    return model, x, y, {}


@program("data", "data all the same", "constant feature", epochs=20)
def pixels_divided_as_integers(seed, right):
    x, y = digits(seed)
    pixels = np.minimum(15 * x, 250).astype("uint8")
    x = pixels / 255.0 if right else pixels // 255
    model = keras.Sequential([keras.Input((8, 8, 1))])
    model.add(layers.DepthwiseConv2D(3, depth_multiplier=8, activation="relu"))
    model.add(layers.Flatten())
    model.add(layers.Dense(10, "softmax"))
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    return model, x, y, {}


@program(
    "data",
    "token ids out of range",
    epochs=15,
    why="JAX, PyTorch on a GPU and TensorFlow on a GPU differ in what they read there",
)
def vocabulary_counted_without_the_padding(seed, right):
    ids, y = sentences(seed, vocabulary=40, classes=3)
    ids = np.pad(ids + 1, ((0, 0), (3, 0)))
    model = keras.Sequential([keras.Input((None,), dtype="int32")])
    model.add(layers.Embedding(41 if right else 40, 12, mask_zero=True))
    model.add(layers.LSTM(16))
    model.add(layers.Dense(3, "softmax"))
    model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy")
    return model, ids, y, {}


class Attending(keras.Model):
    """Attends over the steps of a series, or over the batch by mistake."""

    def __init__(self, right):
        super().__init__()
        self.right = right
        self.lift = layers.Dense(16)
        self.attend = layers.MultiHeadAttention(2, 8)
        self.head = layers.Dense(1)

    def call(self, x):
        h = self.lift(x)
        if not self.right:  # written for (steps, batch, channels)
            h = ops.transpose(h, (1, 0, 2))
        h = h + self.attend(h, h)
        return self.head(ops.mean(h, axis=1 if self.right else 0))


@program("data", "samples mixed", score="values", epochs=40)
def attention_over_the_batch(seed, right):
    x, _ = sums(seed, steps=6, channels=3)
    y = np.tanh(2 * (x[..., :1] * x[..., 1:2]).mean(1))
    model = Attending(right)
    model(x[:4])
    model.compile(keras.optimizers.Adam(0.01), "mse")
    return model, x, standardized(y), {}


@program("data", "all samples masked", epochs=20)
def class_weights_divided_as_integers(seed, right):
    x, y = clusters(seed, classes=3)
    counts = np.bincount(y)
    share = counts / len(y) if right else counts // len(y)
    model = keras.Sequential([keras.Input((8,)), layers.Dense(24, "relu")])
    model.add(layers.Dense(3, "softmax"))
    loss = keras.losses.SparseCategoricalCrossentropy()
    model.compile(keras.optimizers.Adam(0.01), loss)
    return model, x, y, {"class_weight": {k: float(w) for k, w in enumerate(share)}}


@program("data", "dropout too high", epochs=20)
def share_to_keep_taken_for_share_to_drop(seed, right):
    x, y = waves(seed, classes=4)
    drop = 0.05 if right else 0.95
    start = keras.Input((24, 1))
    h = layers.Conv1D(32, 5, activation="relu")(start)
    h = layers.SpatialDropout1D(drop)(h)
    h = layers.Flatten()(layers.MaxPooling1D(2)(h))
    h = layers.Dropout(drop)(layers.Dense(64, "relu")(h))
    h = layers.Dropout(drop)(layers.Dense(32, "relu")(h))
    model = keras.Model(start, layers.Dense(4, "softmax")(h))
    model.compile(keras.optimizers.Adam(0.005), "sparse_categorical_crossentropy")
    return model, x, y, {}


@program("data", "batch of one", score="values", epochs=40)
def batch_normalization_of_a_single_row(seed, right):
    x, y = surface(seed)
    model = keras.Sequential([keras.Input((5,)), layers.Dense(32)])
    model.add(layers.BatchNormalization(momentum=0.5))
    model.add(layers.Activation("relu"))
    model.add(layers.Dense(1))
    model.compile(keras.optimizers.Adam(0.02), "mse")
    return (model, x, y, {}) if right else (model, x[:1], y[:1], {})


def _rare(predictions, y):
    """How far below that of the best constant the cross entropy is, as a share."""
    p = np.clip(predictions, 1e-7, 1 - 1e-7)
    entropy = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    rate = y.mean()
    return 1 + entropy / (rate * np.log(rate) + (1 - rate) * np.log(1 - rate))


@program(
    "data",
    "class imbalance",
    score=_rare,
    epochs=3,
    bar=0.0,
    why="the head's bias reaches the rate in the end; only the first epochs are lost",
)
def rare_pixels_with_a_bias_of_zero(seed, right):
    random = np.random.default_rng(seed)
    x = random.standard_normal((64, 12, 12, 1), "float32")
    y = (x > 2.2).astype("float32")
    start = keras.Input((12, 12, 1))
    h = layers.Conv2D(16, 3, padding="same", activation="relu")(start)
    rate = float(y.mean())
    bias = np.log(rate / (1 - rate)) if right else 0.0
    head = layers.Conv2D(
        1, 1, activation="sigmoid", bias_initializer=keras.initializers.Constant(bias)
    )
    model = keras.Model(start, head(h))
    model.compile(keras.optimizers.Adam(0.01), loss="binary_crossentropy")
    return model, x, y, {}
