"""Labels and targets in a form that the loss does not take."""

import keras
import numpy as np
from keras import layers

from support.mistakes.datasets import (
    digit_images,
    digits,
    one_hot,
    reviews,
    rising,
    several_tags,
    squares,
    tabular,
    two_classes,
    waves,
)
from support.mistakes.programs import accuracy, explained, follows, program, tags

NO_FIT = "labels do not fit"


@program("labels from one", "labels", {NO_FIT}, accuracy())
def labels_from_one(seed, faulty):
    x, y = digits(seed)
    model = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    return model, x, y + 1 if faulty else y


@program("one-hot labels under a sparse loss", "labels", {NO_FIT}, accuracy())
def one_hot_labels_under_a_sparse_loss(seed, faulty):
    x, y = waves(seed)
    model = keras.Sequential(
        [keras.Input((20, 2)), layers.GRU(24), layers.Dense(3, activation="softmax")]
    )
    name = "sparse_categorical_crossentropy" if faulty else "categorical_crossentropy"
    model.compile(keras.optimizers.Adam(0.01), loss=name)
    return model, x, one_hot(y, 3)


@program("whole labels under categorical", "labels", {NO_FIT}, accuracy())
def whole_labels_under_categorical(seed, faulty):
    x, y = digits(seed)
    inputs = keras.Input((64,))
    hidden = layers.Dense(100, activation="relu")(inputs)
    model = keras.Model(inputs, layers.Dense(10, activation="softmax")(hidden))
    model.compile("adam", "categorical_crossentropy")
    return model, x, y if faulty else one_hot(y, 10)


@program("labels 1 and 2", "labels", {NO_FIT}, accuracy(epochs=60))
def labels_1_and_2(seed, faulty):
    x, y = two_classes(seed)
    model = keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(12, activation="relu"),
            layers.Dense(8, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model, x, y + 1 if faulty else y


@program("three classes under one sigmoid", "labels", {NO_FIT}, accuracy(0.85))
def three_classes_under_one_sigmoid(seed, faulty):
    """As with the irises."""
    x, target = tabular(seed, features=4)
    y = np.digitize(target, [-0.5, 0.5])
    head = layers.Dense(*((1, "sigmoid") if faulty else (3, "softmax")))
    model = keras.Sequential([keras.Input((4,)), layers.Dense(64, "relu"), head])
    model.compile(
        keras.optimizers.Adam(0.01),
        "binary_crossentropy" if faulty else "categorical_crossentropy",
    )
    return model, x, y.astype("float32") if faulty else one_hot(y, 3)


@program("mask of 0 and 255", "labels", {NO_FIT}, tags(0.85, epochs=20))
def mask_of_0_and_255(seed, faulty):
    x, mask = squares(seed)
    inputs = keras.Input((16, 16, 1))
    fine = layers.Conv2D(8, 3, padding="same", activation="relu")(inputs)
    deep = layers.MaxPooling2D()(fine)
    deep = layers.Conv2D(16, 3, padding="same", activation="relu")(deep)
    deep = layers.Conv2DTranspose(8, 2, strides=2)(deep)
    both = layers.Concatenate()([fine, deep])
    both = layers.Conv2D(8, 3, padding="same", activation="relu")(both)
    model = keras.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(both))
    model.compile(keras.optimizers.Adam(0.003), loss="binary_crossentropy")
    return model, x, mask * 255 if faulty else mask


@program("flatten forgotten", "labels", {NO_FIT}, accuracy(epochs=20))
def flatten_forgotten(seed, faulty):
    x, y = digit_images(seed)
    model = keras.Sequential([keras.Input((8, 8, 1))])
    model.add(layers.Conv2D(16, 3, activation="relu"))
    model.add(layers.Conv2D(16, 3, activation="relu"))
    if not faulty:
        model.add(layers.Flatten())
    model.add(layers.Dense(32, activation="relu"))
    model.add(layers.Dense(10, activation="softmax"))
    model.compile("nadam", "sparse_categorical_crossentropy")
    return model, x, y


@program("five units for ten classes", "labels", {NO_FIT}, accuracy())
def five_units_for_ten_classes(seed, faulty):
    x, y = digits(seed)
    model = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(96),
            layers.LayerNormalization(),
            layers.ReLU(),
            layers.Dense(5 if faulty else 10),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss)
    return model, x, y


@program(
    "several tags under categorical",
    "labels",
    {NO_FIT, "head does not fit loss"},
    tags(0.9, epochs=60),
)
def several_tags_under_categorical(seed, faulty):
    x, y = several_tags(seed)
    model = keras.Sequential([keras.Input((8,)), layers.Dense(64, activation="relu")])
    model.add(layers.Dense(5, activation="softmax" if faulty else "sigmoid"))
    model.compile("adam", f"{'categorical' if faulty else 'binary'}_crossentropy")
    return model, x, y


@program(
    "a comparison never true", "labels", {"labels all the same"}, accuracy(epochs=60)
)
def a_comparison_never_true(seed, faulty):
    x, y = two_classes(seed)
    read = np.where(y == 1, "True", "False")  # a column of a CSV file
    y = (read == ("true" if faulty else "True")).astype("float32")
    model = keras.Sequential([keras.Input((8,))])
    model.add(layers.Dense(32, activation="relu"))
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile("adam", "binary_crossentropy")
    return model, x, y


@program(
    "prices in dollars",
    "labels",
    {"targets not standardized"},
    explained(0.7, epochs=60),
)
def prices_in_dollars(seed, faulty):
    x, y = tabular(seed)
    model = keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(64, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(1),
        ]
    )
    model.compile("adam", loss="mae", metrics=["mse"])
    return model, x, y * 60_000 + 240_000 if faulty else y


@program(
    "concentrations of a millionth",
    "labels",
    {"targets not standardized"},
    explained(0.7, epochs=80),
)
def concentrations_of_a_millionth(seed, faulty):
    x, y = rising(seed)
    model = keras.Sequential(
        [
            keras.Input((16, 1)),
            layers.Conv1D(16, 3, padding="causal", activation="relu"),
            layers.Conv1D(16, 3, padding="causal", activation="relu"),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )
    model.compile("adam", "mean_squared_error")
    return model, x, (y + 3) * 1e-6 if faulty else y


@program(
    "one target for every step",
    "labels",
    {NO_FIT},
    explained(0.7, epochs=60),
)
def one_target_for_every_step(seed, faulty):
    x, y = rising(seed)
    model = keras.Sequential([keras.Input((16, 1))])
    model.add(layers.LSTM(32, return_sequences=True))
    model.add(layers.LSTM(16, return_sequences=faulty))
    model.add(layers.Dense(1))
    model.compile(keras.optimizers.Adam(0.005), "mse")
    return model, x, y


@program("stars from 1 to 5 as negative ids", "labels", {NO_FIT}, accuracy(0.8))
def stars_as_negative_ids(seed, faulty):
    """`pandas.Categorical` gives -1 for a value that it does not know."""
    x, words = reviews(seed)
    stars = words.astype("int32") + (x[:, 0] > 30)
    model = keras.Sequential(
        [
            keras.Input((16,), dtype="int32"),
            layers.Embedding(50, 32),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy")
    return model, x, stars - 1 if faulty else stars


@program(
    "two of the targets for one output",
    "labels",
    {NO_FIT},
    follows(0.8, epochs=60),
)
def two_of_the_targets_for_one_output(seed, faulty):
    x, y = tabular(seed)
    model = keras.Sequential([keras.Input((8,)), layers.Dense(48, activation="swish")])
    model.add(layers.Dense(1 if faulty else 2))
    model.compile("adam", "mse")
    return model, x, np.stack([y, x[:, 4]], -1)


@program("yes and no as 0 and 100", "labels", {NO_FIT}, accuracy(epochs=60))
def yes_and_no_as_0_and_100(seed, faulty):
    x, y = two_classes(seed)
    inputs = keras.Input((8,))
    hidden = layers.Dense(64, activation="swish")(inputs)
    hidden = layers.Dropout(0.1)(hidden)
    model = keras.Model(inputs, layers.Dense(1)(hidden))
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.005), loss)
    return model, x, y[:, None] * (100 if faulty else 1)
