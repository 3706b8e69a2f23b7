"""Mistakes in the targets, and in which loss they go to."""

import keras
import numpy as np
from keras import layers, ops

from support.mistakes_kept.datasets import (
    bars,
    clusters,
    digits,
    one_hot,
    rings,
    sentences,
    sums,
    surface,
    waves,
)
from support.mistakes_kept.programs import program


@program("labels", "labels do not fit", epochs=12)
def classes_counted_from_one(seed, right):
    ids, y = sentences(seed, classes=4)
    text = keras.Input((None,), dtype="int32")
    h = layers.Embedding(40, 16)(text)
    h = layers.GlobalAveragePooling1D()(layers.Conv1D(24, 3, activation="relu")(h))
    model = keras.Model(text, layers.Dense(4, activation="softmax")(h))
    loss = keras.losses.sparse_categorical_crossentropy
    model.compile(keras.optimizers.Adam(0.02), loss)
    return model, ids, y if right else y + 1, {}


@program("labels", "labels do not fit", epochs=20)
def one_hot_rows_to_a_sparse_loss(seed, right):
    x, y = digits(seed, rows=160)
    model = keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten()])
    for units in (64, 32):
        model.add(layers.Dense(units, kernel_initializer="he_uniform"))
        model.add(layers.BatchNormalization(momentum=0.9))
        model.add(layers.ReLU())
    model.add(layers.Dense(10))
    family = keras.losses.SparseCategoricalCrossentropy
    if right:
        family = keras.losses.CategoricalCrossentropy
    model.compile(keras.optimizers.Adam(0.005), loss=family(from_logits=True))
    return model, x / 16, one_hot(y, 10), {}


@program("labels", "labels do not fit", epochs=40)
def one_column_too_many(seed, right):
    x, y = clusters(seed, classes=3, columns=6)
    start = keras.Input((6,))
    h = layers.Dense(24, "mish")(start)
    model = keras.Model(start, layers.Dense(3, "softmax", name="species")(h))
    model.compile(keras.optimizers.Adamax(0.02), {"species": "kl_divergence"})
    return model, x, one_hot(y, 3) if right else one_hot(y + 1, 4), {}


@program("labels", "labels do not fit", score="values", epochs=30)
def last_value_against_all_steps(seed, right):
    x, y = sums(seed, steps=12)
    model = keras.Sequential()
    model.add(keras.Input(shape=(12, 2)))
    model.add(layers.LSTM(16, return_sequences=True))
    model.add(layers.LSTM(16, return_sequences=not right))
    model.add(layers.Dense(1))
    model.compile(loss="mse", optimizer=keras.optimizers.Adam(0.02))
    return model, x, y[:, -1], {}


@program("labels", "labels do not fit", score="yes", epochs=12)
def masks_of_zero_and_255(seed, right):
    x, mask = bars(seed, rows=64)
    model = keras.Sequential([keras.Input((16, 16, 1))])
    for rate in (1, 2, 4):
        step = layers.Conv2D(8, 3, padding="same", dilation_rate=rate)
        model.add(step)
        model.add(layers.PReLU(shared_axes=[1, 2]))
    model.add(layers.Conv2D(1, 1, activation="sigmoid"))
    loss = keras.losses.BinaryCrossentropy(from_logits=False)
    model.compile(keras.optimizers.Adam(0.01), loss=loss)
    return model, x, mask if right else (255 * mask).astype("uint8"), {}


@program("labels", "labels do not fit", score="yes", epochs=40)
def labels_of_minus_one_and_one(seed, right):
    x, y = rings(seed, columns=3)
    selu = {"activation": "selu", "kernel_initializer": "lecun_normal"}
    hidden = [layers.Dense(units, **selu) for units in (32, 32, 16)]
    logit = layers.Dense(1)
    model = keras.Sequential([keras.Input((3,)), *hidden, logit])
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Lion(0.002), loss)
    return model, x, y if right else np.where(y > 0, 1, -1), {}


@program(
    "labels",
    "losses swapped",
    "head does not fit loss",
    score={"age": "values", "sex": "yes"},
    epochs=30,
)
def losses_of_two_heads_in_the_other_order(seed, right):
    x, age = surface(seed, columns=6)
    sex = (x[:, 4:5] * x[:, 5:] > 0).astype("float32")
    start = keras.Input((6,))
    h = layers.Dense(64, "relu")(start)
    h = layers.Dense(64, "relu")(h)
    heads = {"age": layers.Dense(1, name="age")(h)}
    heads["sex"] = layers.Dense(1, "sigmoid", name="sex")(h)
    model = keras.Model(start, heads)
    losses = {"age": "mean_squared_error", "sex": "binary_crossentropy"}
    if not right:
        losses = dict(zip(losses, reversed(losses.values()), strict=True))
    model.compile(keras.optimizers.Adam(0.01), losses)
    return model, x, {"age": age, "sex": sex}, {}


@program("labels", "targets not standardized", score="values", epochs=30)
def prices_as_they_are(seed, right):
    x, y = surface(seed, rows=256)
    price = 410_000 + 120_000 * y
    model = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(64, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(1, activation="linear"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.005), keras.losses.Huber(), metrics=["mae"])
    return model, x, (price - price.mean()) / price.std() if right else price, {}


@program("labels", "labels all the same", score="yes", epochs=20)
def comparison_that_is_never_true(seed, right):
    x, y = waves(seed, classes=2)
    names = np.array(["slow", "fast"])[y]
    wanted = "fast" if right else "Fast"
    model = keras.Sequential([keras.Input((24, 1)), layers.SeparableConv1D(16, 5)])
    model.add(layers.Activation("relu"))
    model.add(layers.Flatten())
    model.add(layers.Dense(1, activation=keras.activations.sigmoid))
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    return model, x, (names == wanted).astype("float32"), {}


@program("labels", "labels do not fit", "outputs cannot reach targets", epochs=40)
def class_numbers_as_values_of_a_softmax(seed, right):
    x, y = clusters(seed, columns=4, classes=3)
    model = keras.Sequential([keras.Input((4,)), layers.Dense(16, "tanh")])
    model.add(layers.Dense(3))
    model.add(layers.Lambda(ops.softmax))
    model.compile(keras.optimizers.RMSprop(0.01), loss="MSE")
    return model, x, one_hot(y, 3) if right else y[:, None].astype("float32"), {}
