"""Data, masks and modes that leave nothing to learn from, or too much."""

import keras
import numpy as np
from keras import layers, ops

from support.mistakes.datasets import (
    digit_images,
    digits,
    one_hot,
    raw_digits,
    reviews,
    rising,
    tabular,
    two_classes,
    waves,
)
from support.mistakes.programs import accuracy, explained, program

SCALE = {"data not standardized", "features of unequal size"}


@program("ages and incomes as they are", "data", SCALE, accuracy(epochs=60))
def ages_and_incomes_as_they_are(seed, faulty):
    x, y = two_classes(seed, features=4)
    raw = x * [12, 25_000, 1.5, 300] + [40, 60_000, 3, 900]  # age, income, rooms, days
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model, raw.astype("float32") if faulty else x, y


@program(
    "images of 0 to 255", "data", {"data not standardized"}, accuracy(0.85, epochs=60)
)
def images_of_0_to_255(seed, faulty):
    x, y = (raw_digits if faulty else digit_images)(seed)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(8, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(30, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.SGD(0.05), "categorical_crossentropy")
    return model, x, one_hot(y, 10)


@program("images divided twice", "data", {"data not standardized"}, accuracy())
def images_divided_twice(seed, faulty):
    x, y = raw_digits(seed)
    x = x.reshape(-1, 64)
    x = x / 255 / 255 if faulty else (x - x.mean()) / x.std()
    model = keras.Sequential([keras.Input((64,))])
    model.add(layers.Dense(64, activation="relu"))
    model.add(layers.Dense(10, activation="softmax"))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model, x.astype("float32"), y


@program("a missing value", "data", {"not finite"}, explained(0.7, epochs=60))
def a_missing_value(seed, faulty):
    x, y = tabular(seed)
    if faulty:
        x[7, 3] = x[50, 0] = np.nan
    inputs = keras.Input((8,))
    hidden = layers.Dense(64, activation="gelu")(inputs)
    model = keras.Model(inputs, layers.Dense(1)(hidden))
    model.compile(keras.optimizers.Adam(0.003), "mse")
    return model, x, y


@program("logarithm of zero sales", "data", {"not finite"}, explained(0.6, epochs=60))
def logarithm_of_zero_sales(seed, faulty):
    x, y = rising(seed)
    sales = np.maximum(np.exp(y) - 0.4, 0)
    with np.errstate(divide="ignore"):
        y = np.log(sales) if faulty else np.log1p(sales)
    model = keras.Sequential([keras.Input((16, 1))])
    model.add(layers.GRU(32))
    model.add(layers.Dense(1))
    model.compile(keras.optimizers.RMSprop(0.003), "mse")
    if not faulty:
        y = (y - y.mean()) / y.std()
    return model, x, y.astype("float32")


@program(
    "pixels cut to whole numbers",
    "data",
    {"data all the same", "constant feature"},
    accuracy(),
)
def pixels_cut_to_whole_numbers(seed, faulty):
    images, y = raw_digits(seed)
    x = images / 256
    x = x.astype("uint8") if faulty else (x - x.mean()) / x.std()  # or zeros
    model = keras.Sequential([keras.Input((8, 8, 1))])
    model.add(layers.Flatten())
    model.add(layers.Dense(128, activation="relu"))
    model.add(layers.Dense(10, activation="softmax"))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model, x.astype("float32"), y


@program("columns never filled", "data", {"constant feature"}, accuracy(epochs=60))
def columns_never_filled(seed, faulty):
    x, y = two_classes(seed, features=10)
    if faulty:
        x[:, 2:] = 0  # the loop that fills them ends early
    model = keras.Sequential([keras.Input((10,)), layers.Dense(16, activation="relu")])
    model.add(layers.BatchNormalization())
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile("adam", "binary_crossentropy")
    return model, x, y


@program("one column six times", "data", {"duplicated features"}, accuracy(epochs=60))
def one_column_six_times(seed, faulty):
    x, y = two_classes(seed, features=6)
    if faulty:
        x = np.repeat(x[:, 5:], 6, axis=1)  # a lambda that kept its last column
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(10, activation="relu"),
            layers.Dense(10, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.005), "binary_crossentropy")
    return model, x, y


@program(
    "three frauds in a hundred", "data", {"class imbalance"}, explained(0.2, epochs=15)
)
def three_frauds_in_a_hundred(seed, faulty):
    x, target = tabular(seed, rows=256)
    y = (target > np.sort(target)[-9]).astype("float32")  # 8 of 256
    model = keras.Sequential([keras.Input((8,)), layers.Dense(16, activation="relu")])
    prior = keras.initializers.Constant(0.0 if faulty else float(np.log(8 / 248)))
    model.add(layers.Dense(1, activation="sigmoid", bias_initializer=prior))
    model.compile(keras.optimizers.Adam(0.003), "binary_crossentropy")
    return model, x, y


@program("weights by whole division", "data", {"all samples masked"}, accuracy())
def weights_by_whole_division(seed, faulty):
    x, y = digits(seed)
    counts = np.bincount(y, minlength=10)
    weight = (1 // counts if faulty else counts.mean() / counts)[y].astype("float32")
    model = keras.Sequential(
        [keras.Input((64,)), layers.Dense(64, "relu"), layers.Dense(10, "softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    return model, x, y, {"sample_weight": weight}


@program(
    "words that the vocabulary lacks",
    "data",
    {"data all the same", "all samples masked"},
    accuracy(epochs=60),
)
def words_that_the_vocabulary_lacks(seed, faulty):
    """Looked up in capitals, so that every word becomes the id of padding."""
    x, y = reviews(seed)
    model = keras.Sequential(
        [
            keras.Input((16,), dtype="int32"),
            layers.Embedding(50, 16, mask_zero=True),
            layers.GlobalAveragePooling1D(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    return model, x * 0 if faulty else x, y


@program(
    "vocabulary too small", "data", {"token ids out of range"}, accuracy(epochs=60)
)
def vocabulary_too_small(seed, faulty):
    x, y = reviews(seed)
    words = 9 if faulty else 50
    inputs = keras.Input((16,), dtype="int32")
    hidden = layers.Embedding(words, 24)(inputs)
    hidden = layers.Conv1D(24, 3, activation="relu")(hidden)
    hidden = layers.GlobalMaxPooling1D()(hidden)
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(hidden))
    model.compile(keras.optimizers.Adam(0.003), "binary_crossentropy")
    return model, x, y


@program("samples and steps exchanged", "data", {"samples mixed"}, accuracy(0.85))
def samples_and_steps_exchanged(seed, faulty):
    """Code for PyTorch, with its steps before its samples, taken over."""

    class Rows(keras.Model):
        def __init__(self):
            super().__init__()
            self.hidden = layers.Dense(64, activation="relu")
            self.head = layers.Dense(3, activation="softmax")

        def call(self, x):
            if faulty:
                x = ops.transpose(x, (1, 0, 2))
            return self.head(self.hidden(ops.reshape(x, (-1, 40))))

    x, y = waves(seed)
    model = Rows()
    model.build((None, 20, 2))
    model.compile(keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy")
    return model, x, y


@program("mean over the samples", "data", {"samples mixed"}, accuracy(epochs=60))
def mean_over_the_samples(seed, faulty):
    class Context(layers.Layer):
        def call(self, x):
            mean = ops.mean(x, axis=0 if faulty else 1, keepdims=True)
            return ops.broadcast_to(mean, ops.shape(x))[:, -1]

    x, y = reviews(seed)
    inputs = keras.Input((16,), dtype="int32")
    hidden = layers.Dense(24, activation="relu")(layers.Embedding(50, 24)(inputs))
    hidden = Context()(hidden)
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(hidden))
    model.compile(keras.optimizers.Adam(0.005), "binary_crossentropy")
    return model, x, y


@program("share to drop for share to keep", "data", {"dropout too high"}, accuracy())
def share_to_drop_for_share_to_keep(seed, faulty):
    x, y = digits(seed)
    model = keras.Sequential([keras.Input((64,))])
    for units in (64, 64, 32):
        model.add(layers.Dense(units, activation="relu"))
        model.add(layers.Dropout(0.9 if faulty else 0.1, seed=seed))
    model.add(layers.Dense(10, activation="softmax"))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model, x, y
