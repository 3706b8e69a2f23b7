"""Optimizers, rates, clipping and frozen layers that keep a model from learning."""

import keras
import numpy as np
from keras import layers

from support.mistakes.datasets import (
    digit_images,
    digits,
    reviews,
    rising,
    tabular,
    two_classes,
    waves,
)
from support.mistakes.programs import accuracy, explained, program

LARGE = {"step too large", "loss rises"}


@program("adam with a rate of ten", "steps", LARGE, accuracy(epochs=20))
def adam_with_a_rate_of_ten(seed, faulty):
    x, y = digit_images(seed)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    rate = 10.0 if faulty else 0.003
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    return model, x, y


@program("sgd that diverges", "steps", LARGE, explained(0.7, epochs=60))
def sgd_that_diverges(seed, faulty):
    x, y = tabular(seed, features=12)
    model = keras.Sequential([keras.Input((12,))])
    for units in (256, 128):
        model.add(layers.Dense(units, activation="relu"))
    model.add(layers.Dense(1))
    rate = 1.0 if faulty else 0.003
    model.compile(keras.optimizers.SGD(rate, momentum=0.9), "mse")
    return model, x, y


@program("rate of 1e-9", "steps", {"step too small"}, accuracy(epochs=60))
def rate_of_1e_9(seed, faulty):
    x, y = reviews(seed)
    model = keras.Sequential(
        [
            keras.Input((16,), dtype="int32"),
            layers.Embedding(50, 32),
            layers.Bidirectional(layers.LSTM(16)),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    rate = 1e-9 if faulty else 3e-3
    model.compile(keras.optimizers.Adam(rate), "binary_crossentropy")
    return model, x, y


@program("adadelta as it comes", "steps", {"step too small"}, accuracy(epochs=30))
def adadelta_as_it_comes(seed, faulty):
    """The old MNIST example: its rate was 1, and 0.001 since TensorFlow 2."""
    x, y = digit_images(seed)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    rate = 0.001 if faulty else 1.0
    model.compile(
        keras.optimizers.Adadelta(rate),
        keras.losses.SparseCategoricalCrossentropy(),
        metrics=["accuracy"],
    )
    return model, x, y


@program(
    "norm clipped to 1e-8",
    "steps",
    {"gradient clipped away", "step too small"},
    accuracy(epochs=60),
)
def norm_clipped_to_1e_8(seed, faulty):
    x, y = waves(seed)
    model = keras.Sequential(
        [
            keras.Input((20, 2)),
            layers.SimpleRNN(32),
            layers.Dense(3, activation="softmax"),
        ]
    )
    clip = {"clipnorm": 1e-8 if faulty else 1.0}
    model.compile(
        keras.optimizers.SGD(0.05, momentum=0.9, **clip),
        "sparse_categorical_crossentropy",
    )
    return model, x, y


@program(
    "values clipped to 1e-7",
    "steps",
    {"gradient clipped away", "step too small"},
    explained(0.7, epochs=80),
)
def values_clipped_to_1e_7(seed, faulty):
    x, y = tabular(seed, features=4)
    inputs = keras.Input((4,))
    hidden = layers.Dense(64, activation="relu")(inputs)
    hidden = layers.Add()([hidden, layers.Dense(64, activation="relu")(hidden)])
    model = keras.Model(inputs, layers.Dense(1)(hidden))
    clip = {"clipvalue": 1e-7 if faulty else 0.5}
    model.compile(keras.optimizers.SGD(0.02, momentum=0.9, **clip), "mse")
    return model, x, y


@program("head frozen with its base", "steps", {"nothing trains"}, accuracy())
def head_frozen_with_its_base(seed, faulty):
    x, y = digits(seed)
    base = keras.Sequential([keras.Input((64,)), layers.Dense(32, use_bias=False)])
    principal = np.linalg.svd(x - x.mean(0), full_matrices=False)[2][:32].T
    base.set_weights([principal])  # stands for one that was trained before
    model = keras.Sequential([keras.Input((64,)), base, layers.Dense(10, "softmax")])
    (model if faulty else base).trainable = False
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    return model, x, y


@program(
    "discriminator left frozen", "steps", {"nothing trains"}, accuracy(0.8, epochs=60)
)
def discriminator_left_frozen(seed, faulty):
    """Frozen for the generator's turn and compiled so."""
    x, _ = two_classes(seed, features=8)
    real = np.arange(len(x)) % 2
    x = np.where(real[:, None] == 1, np.abs(x) - 0.8, x).astype("float32") * 1.1
    model = keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(64),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.trainable = not faulty
    model.compile(keras.optimizers.Adam(2e-3, beta_1=0.5), "binary_crossentropy")
    return model, x, real.astype("float32")


@program("schedule that starts at nothing", "steps", {"step too small"}, accuracy())
def schedule_that_starts_at_nothing(seed, faulty):
    """A warm-up whose end was not given: 0 decays to 0."""
    x, y = digits(seed)
    model = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Reshape((8, 8)),
            layers.LSTM(48),
            layers.Dense(10),
        ]
    )
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0 if faulty else 0.01, decay_steps=1000
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.AdamW(schedule), loss)
    return model, x, y


@program(
    "a loss weighed by a million",
    "steps",
    LARGE,
    explained(0.7, output="next", epochs=60),
)
def a_loss_weighed_by_a_million(seed, faulty):
    x, y = rising(seed)
    inputs = keras.Input((16, 1))
    hidden = layers.Flatten()(layers.Conv1D(8, 3, activation="relu")(inputs))
    outputs = {
        "next": layers.Dense(1, name="next")(hidden),
        "up": layers.Dense(1, activation="sigmoid", name="up")(hidden),
    }
    model = keras.Model(inputs, outputs)
    model.compile(
        keras.optimizers.SGD(0.02),
        loss={"next": "mse", "up": "binary_crossentropy"},
        loss_weights={"next": 1e6 if faulty else 1.0, "up": 1.0},
    )
    return model, x, {"next": y[:, None], "up": (y[:, None] > 0).astype("float32")}
