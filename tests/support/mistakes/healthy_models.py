"""Whole models as Keras's examples build them: several parts, masks, own losses."""

import keras
import numpy as np
from keras import layers, ops

from support.mistakes.datasets import (
    digits,
    raw_digits,
    tabular,
)
from support.mistakes.programs import (
    accuracy,
    explained,
    healthy,
    lower_loss,
)


@healthy("pairs by their distance", accuracy(0.85, epochs=40))
def pairs_by_their_distance(seed):
    """A Siamese network; label 1 for digits of two kinds, as in Keras's example."""

    def contrastive(y_true, distance):
        apart = ops.square(ops.maximum(1.0 - distance, 0.0))
        return ops.mean((1 - y_true) * ops.square(distance) + y_true * apart)

    x, y = digits(seed, rows=256)
    x, y = x[y < 4], y[y < 4]
    draw = np.random.default_rng(seed)
    left = draw.integers(0, len(x), 160)
    differ = np.arange(160) % 2
    right = [
        draw.choice(np.flatnonzero((y != y[one]) == other))
        for one, other in zip(left, differ, strict=True)
    ]
    tower = keras.Sequential(
        [keras.Input((64,)), layers.Dense(32, "relu"), layers.Dense(8, "tanh")]
    )
    inputs = [keras.Input((64,)), keras.Input((64,))]
    gap = ops.square(tower(inputs[0]) - tower(inputs[1]))
    distance = ops.sqrt(ops.sum(gap, -1, keepdims=True) + 1e-6)
    model = keras.Model(inputs, distance)
    model.compile("adam", contrastive)
    model_x = [x[left], x[right]]
    return model, model_x, differ[:, None].astype("float32")


@healthy("triplets of a batch", lower_loss(0.5, epochs=30))
def triplets_of_a_batch(seed):
    """The hardest positive and negative of each sample within its batch."""

    def hardest(labels, vectors):
        same = ops.equal(ops.reshape(labels, (-1, 1)), ops.reshape(labels, (1, -1)))
        gap = ops.expand_dims(vectors, 1) - ops.expand_dims(vectors, 0)
        gap = ops.sqrt(ops.sum(ops.square(gap), -1) + 1e-6)
        kin = ops.max(ops.where(same, gap, 0.0), axis=1)
        other = ops.min(ops.where(same, 10.0, gap), axis=1)
        return ops.mean(ops.maximum(kin - other + 0.3, 0.0))

    x, y = digits(seed)
    inputs = keras.Input((64,))
    vectors = layers.Dense(16)(layers.Dense(64, activation="relu")(inputs))
    model = keras.Model(inputs, layers.UnitNormalization()(vectors))
    model.compile(keras.optimizers.Adam(0.003), hardest)
    return model, x, y[:, None]


@healthy("ctc", lower_loss(0.5, epochs=40))
def ctc(seed):
    """Each label shows for four steps or so; class 0 is the blank."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(1, 6, (64, 4))
    shown = np.repeat(labels, 4, axis=1)
    x = np.eye(6)[shown] * 2 + draw.normal(0, 0.5, (64, 16, 6))
    model = keras.Sequential(
        [
            keras.Input((16, 6)),
            layers.Bidirectional(layers.LSTM(16, return_sequences=True)),
            layers.Dense(6),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), keras.losses.CTC())
    return model, x.astype("float32"), labels.astype("int32")


@healthy("discriminator", accuracy(epochs=20, threshold=0.0))
def discriminator(seed):
    """Of a DCGAN: digits from smoothed noise, with LeakyReLU and strides."""
    images, _ = raw_digits(seed, rows=96)
    noise = np.random.default_rng(seed).normal(size=(96, 8, 8, 1))
    noise = np.tanh(noise + 0.5 * np.roll(noise, 1, axis=2))
    x = np.concatenate([images / 127.5 - 1, noise]).astype("float32")
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 4, strides=2, padding="same"),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Conv2D(32, 4, strides=2, padding="same"),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(1),
        ]
    )
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3, beta_1=0.5), loss)
    return model, x, np.repeat([1.0, 0.0], 96).astype("float32")


@healthy("generator of digits", lower_loss(0.4, epochs=40))
def generator_of_digits(seed):
    """Of a DCGAN, from labels and noise, trained on pixels first."""
    images, labels = raw_digits(seed)
    noise = np.random.default_rng(seed).normal(size=(len(images), 16)).astype("float32")
    code = keras.Input((16,), name="noise")
    digit = keras.Input((1,), dtype="int32", name="digit")
    named = layers.Flatten()(layers.Embedding(10, 16)(digit))
    hidden = layers.Dense(2 * 2 * 32)(layers.Concatenate()([code, named]))
    hidden = layers.Reshape((2, 2, 32))(hidden)
    for filters in (32, 16):
        hidden = layers.Conv2DTranspose(filters, 4, strides=2, padding="same")(hidden)
        hidden = layers.LeakyReLU(negative_slope=0.2)(
            layers.BatchNormalization()(hidden)
        )
    images_made = layers.Conv2D(1, 3, padding="same", activation="tanh")(hidden)
    model = keras.Model({"noise": code, "digit": digit}, images_made)
    model.compile(keras.optimizers.Adam(0.002), "mae")
    return model, {"noise": noise, "digit": labels[:, None]}, images / 127.5 - 1


@healthy("autoencoder by squares", explained(0.6, epochs=60))
def autoencoder_by_squares(seed):
    x, _ = digits(seed)
    model = keras.Sequential([keras.Input((64,))])
    for units in (48, 16, 48):
        model.add(layers.Dense(units, activation="relu"))
    model.add(layers.Dense(64))
    model.compile("adam", "mse")
    return model, x, x


@healthy("autoencoder of pixels", explained(0.5, epochs=60))
def autoencoder_of_pixels(seed):
    """As on the blog of Keras: pixels from 0 to 1, sigmoid, cross entropy."""
    images, _ = raw_digits(seed)
    x = images.reshape(-1, 64) / 255
    model = keras.Sequential([keras.Input((64,)), layers.Dense(32, activation="relu")])
    model.add(layers.Dense(64, activation="sigmoid"))
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    return model, x, x


class Sampling(layers.Layer):
    """A draw from N(mean, exp(log_variance)), and its divergence from N(0, 1)."""

    def __init__(self, seed):
        super().__init__()
        self.draws = keras.random.SeedGenerator(seed)

    def call(self, mean, log_variance):
        gap = ops.square(mean) + ops.exp(log_variance) - 1 - log_variance
        self.add_loss(0.02 * ops.mean(ops.sum(gap, -1)))
        noise = keras.random.normal(ops.shape(mean), seed=self.draws)
        return mean + ops.exp(0.5 * log_variance) * noise


@healthy("variational autoencoder", explained(0.3, epochs=60))
def variational_autoencoder(seed):
    x, _ = digits(seed)
    inputs = keras.Input((64,))
    hidden = layers.Dense(48, activation="relu")(inputs)
    mean = layers.Dense(8, name="mean")(hidden)
    log_variance = layers.Dense(8, name="log_variance")(hidden)
    code = Sampling(seed)(mean, log_variance)
    hidden = layers.Dense(48, activation="relu")(code)
    model = keras.Model(inputs, layers.Dense(64)(hidden))
    model.compile(keras.optimizers.Adam(0.003), "mse")
    return model, x, x


@healthy("several tasks", explained(0.7, output="price", epochs=60))
def several_tasks(seed):
    x, y = tabular(seed)
    inputs = keras.Input((8,), name="features")
    hidden = layers.Dense(64, activation="relu")(inputs)
    outputs = {
        "price": layers.Dense(1, name="price")(hidden),
        "sold": layers.Dense(1, activation="sigmoid", name="sold")(hidden),
        "kind": layers.Dense(3, activation="softmax", name="kind")(hidden),
    }
    model = keras.Model(inputs, outputs)
    model.compile(
        keras.optimizers.Adam(0.003),
        loss={
            "price": "mse",
            "sold": "binary_crossentropy",
            "kind": "sparse_categorical_crossentropy",
        },
        loss_weights={"price": 1.0, "sold": 0.5, "kind": 0.5},
    )
    sold = (x[:, :1] > x[:, 1:2]).astype("float32")
    kind = np.digitize(x[:, 2], [-0.4, 0.4])[:, None]
    return model, x, {"price": y[:, None], "sold": sold, "kind": kind}


@healthy("words of a sentence", accuracy(padding=0, epochs=20))
def words_of_a_sentence(seed):
    """A kind for each word, sentences of 5 to 12 words, zeros after them."""
    draw = np.random.default_rng(seed)
    ids = draw.integers(1, 40, (128, 12))
    ids[np.arange(12) >= draw.integers(5, 13, (128, 1))] = 0
    before = np.pad(ids, ((0, 0), (1, 0)))[:, :-1]
    kinds = ((ids + before % 2) % 4 + 1) * (ids > 0)
    model = keras.Sequential(
        [
            keras.Input((12,), dtype="int32"),
            layers.Embedding(40, 24, mask_zero=True),
            layers.Bidirectional(layers.LSTM(24, return_sequences=True)),
            layers.Dense(5, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    return model, ids.astype("int32"), kinds.astype("int32")
