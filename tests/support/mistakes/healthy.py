"""Heads and losses that Keras documents, used rightly, with the defaults of Keras."""

import keras
import numpy as np
from keras import layers, ops

from support.mistakes.datasets import (
    digit_images,
    digits,
    one_hot,
    reviews,
    rising,
    several_tags,
    tabular,
    two_classes,
    waves,
)
from support.mistakes.programs import (
    accuracy,
    explained,
    follows,
    healthy,
    lower_loss,
    tags,
)


def dense(inputs, *units, head=1, activation=None, hidden="relu"):
    model = keras.Sequential([keras.Input((inputs,))])
    for size in units:
        model.add(layers.Dense(size, activation=hidden))
    model.add(layers.Dense(head, activation=activation))
    return model


@healthy("binary with a sigmoid", accuracy())
def binary_with_a_sigmoid(seed):
    model = dense(8, 32, 16, activation="sigmoid")
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model, *two_classes(seed)


@healthy("binary from logits", accuracy(threshold=0.0, epochs=60))
def binary_from_logits(seed):
    x, y = reviews(seed)
    model = keras.Sequential(
        [
            keras.Input((16,), dtype="int32"),
            layers.Embedding(50, 32),
            layers.Conv1D(32, 3, activation="relu"),
            layers.GlobalMaxPooling1D(),
            layers.Dense(1),
        ]
    )
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.003), loss)
    return model, x, y


@healthy("several tags", tags(epochs=60))
def several_tags_by_sigmoids(seed):
    model = dense(8, 64, head=5, activation="sigmoid")
    model.compile("adam", "binary_crossentropy")
    return model, *several_tags(seed)


@healthy("classes by their number", accuracy())
def classes_by_their_number(seed):
    model = dense(64, 64, head=10, activation="softmax")
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, *digits(seed)


@healthy("classes one-hot", accuracy(epochs=20))
def classes_one_hot(seed):
    x, y = digit_images(seed)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 2, activation="relu"),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.003), "categorical_crossentropy")
    return model, x, one_hot(y, 10)


@healthy("class numbers from logits", accuracy(epochs=20))
def class_numbers_from_logits(seed):
    x, y = digit_images(seed)
    inputs = keras.Input((8, 8, 1))
    hidden = layers.Conv2D(16, 3, padding="same", use_bias=False)(inputs)
    hidden = layers.ReLU()(layers.BatchNormalization()(hidden))
    branch = layers.Conv2D(16, 3, padding="same", use_bias=False)(hidden)
    hidden = layers.ReLU()(layers.Add()([hidden, layers.BatchNormalization()(branch)]))
    model = keras.Model(
        inputs, layers.Dense(10)(layers.Flatten()(layers.AveragePooling2D(2)(hidden)))
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss)
    return model, x, y


@healthy("one-hot from logits", accuracy())
def one_hot_from_logits(seed):
    x, y = waves(seed)
    model = keras.Sequential([keras.Input((20, 2)), layers.LSTM(24), layers.Dense(3)])
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss)
    return model, x, one_hot(y, 3)


@healthy("smoothed labels", accuracy())
def smoothed_labels(seed):
    x, y = digits(seed)
    model = dense(64, 96, head=10, activation="softmax", hidden="gelu")
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.1)
    model.compile("adam", loss)
    return model, x, one_hot(y, 10)


def _regression(name, loss, bar=0.7, **further):
    @healthy(name, explained(bar, epochs=60))
    def build(seed):
        model = dense(8, 64, 32)
        model.compile("adam", loss)
        return model, *tabular(seed)


_regression("squared error", "mse")
_regression("absolute error", "mae")
_regression("huber", keras.losses.Huber())
_regression("log-cosh", keras.losses.LogCosh())


@healthy("three quantiles", lower_loss(0.5, epochs=60))
def three_quantiles(seed):
    def pinball(y_true, y_pred):
        levels = ops.convert_to_tensor([0.1, 0.5, 0.9], y_pred.dtype)
        error = y_true - y_pred  # (rows, 1) - (rows, 3)
        return ops.mean(ops.maximum(levels * error, (levels - 1) * error), axis=-1)

    x, y = tabular(seed)
    model = dense(8, 64, 32, head=3)
    model.compile("adam", pinball)
    return model, x, np.repeat(y[:, None], 3, axis=1)


@healthy("ordered classes", tags(0.85, epochs=60))
def ordered_classes(seed):
    """A sigmoid for each "more than k" (Cheng et al.)."""
    x, target = tabular(seed)
    cuts = np.quantile(target, [0.2, 0.4, 0.6, 0.8])
    model = dense(8, 64, 32, head=4, activation="sigmoid")
    model.compile("adam", "binary_crossentropy")
    return model, x, (target[:, None] > cuts).astype("float32")


@healthy("counts by an exponential", follows(0.6))
def counts_by_an_exponential(seed):
    x, target = tabular(seed)
    counts = np.random.default_rng(seed).poisson(np.exp(0.7 * target + 0.5))
    model = dense(8, 32, activation="exponential")
    model.compile("adam", "poisson")
    return model, x, counts.astype("float32")


def _margin(name, loss, **head):
    @healthy(name, accuracy(threshold=0.0, epochs=60))
    def build(seed):
        x, y = two_classes(seed)
        model = dense(8, 32, **head)
        model.compile("adam", loss)
        return model, x, y * 2 - 1


_margin("hinge with tanh", "hinge", activation="tanh")
_margin("squared hinge", "squared_hinge")


@healthy("divergence from soft labels", accuracy(0.85))
def divergence_from_soft_labels(seed):
    x, y = waves(seed)
    soft = 0.9 * one_hot(y, 3) + 0.1 * np.random.default_rng(seed).dirichlet(
        np.ones(3), len(y)
    )
    inputs = keras.Input((20, 2))
    hidden = layers.GRU(24)(inputs)
    model = keras.Model(inputs, layers.Dense(3, activation="softmax")(hidden))
    model.compile(keras.optimizers.Adam(0.01), keras.losses.KLDivergence())
    return model, x, soft.astype("float32")


@healthy("cosine similarity", follows(epochs=60))
def cosine_similarity(seed):
    x, _ = tabular(seed)
    model = dense(8, 64, head=4)
    model.compile("adam", keras.losses.CosineSimilarity())
    return model, x, x[:, :4] - x[:, 4:]


@healthy("weights for the classes", tags(epochs=60))
def weights_for_the_classes(seed):
    x, target = tabular(seed)
    y = (target > np.quantile(target, 0.75)).astype("float32")
    model = dense(8, 32, 16, activation="sigmoid")
    model.compile("adam", "binary_crossentropy")
    return model, x, y, {"class_weight": {0: 0.67, 1: 2.0}}


@healthy("weights for the samples", explained(epochs=60))
def weights_for_the_samples(seed):
    x, y = rising(seed)
    model = keras.Sequential(
        [
            keras.Input((16, 1)),
            layers.Conv1D(16, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )
    model.compile(keras.optimizers.Adam(0.003), "mse")
    weight = np.random.default_rng(seed).uniform(0.5, 1.5, len(y)).astype("float32")
    return model, x, y, {"sample_weight": weight}


@healthy("focal loss", tags(0.85, epochs=60))
def focal_loss(seed):
    x, target = tabular(seed)
    y = (target > np.quantile(target, 0.7)).astype("float32")
    model = dense(8, 32, 16, activation="sigmoid")
    model.compile("adam", keras.losses.BinaryFocalCrossentropy(gamma=2.0))
    return model, x, y


@healthy("one-hot columns", accuracy(epochs=60))
def one_hot_columns(seed):
    """Two columns of numbers and two of kinds, as `pandas.get_dummies` makes them."""
    draw = np.random.default_rng(seed)
    kinds = draw.permuted(np.tile(np.arange(192) % 6, (2, 1)), axis=1)
    numbers = draw.normal(size=(192, 2)).astype("float32")
    x = np.concatenate([numbers, one_hot(kinds[0], 6), one_hot(kinds[1], 6)], 1)
    value = numbers[:, 0] + (kinds[0] - 2.5) * 0.8 - (kinds[1] - 2.5) * 0.4
    model = dense(14, 32, 16, activation="sigmoid")
    model.compile("adam", "binary_crossentropy")
    return model, x, (value > np.median(value)).astype("float32")


@healthy("bag of words", accuracy(epochs=40))
def bag_of_words(seed):
    ids, y = reviews(seed, words=80)
    x = np.zeros((len(ids), 80), "float32")
    np.put_along_axis(x, ids, 1, axis=1)
    model = dense(79, 16, 16, activation="sigmoid")
    model.compile("rmsprop", "binary_crossentropy", metrics=["accuracy"])
    return model, x[:, 1:], y


@healthy("small batches", accuracy(epochs=15, batch_size=4))
def small_batches(seed):
    x, y = digits(seed, rows=64)
    model = dense(64, 32, head=10, activation="softmax")
    model.compile(keras.optimizers.SGD(0.05), "sparse_categorical_crossentropy")
    return model, x, y
