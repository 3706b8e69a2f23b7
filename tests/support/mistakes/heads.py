"""Heads that do not go with their losses, as in many questions on StackOverflow."""

import keras
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
from support.mistakes.programs import accuracy, explained, follows, program, tags

NO_FIT = "head does not fit loss"


@program("one softmax unit", "heads", {"softmax over one unit"}, accuracy(epochs=60))
def one_softmax_unit(seed, faulty):
    x, y = two_classes(seed)
    model = keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(16, activation="relu"),
            layers.Dense(8, activation="relu"),
            layers.Dense(1, activation="softmax" if faulty else "sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model, x, y


@program(
    "softmax for a number",
    "heads",
    {"softmax over one unit", "outputs cannot reach targets"},
    explained(0.7, epochs=80),
)
def softmax_for_a_number(seed, faulty):
    x, y = rising(seed)
    model = keras.Sequential([keras.Input((16, 1))])
    model.add(layers.LSTM(24))
    model.add(layers.Dense(1, activation="softmax" if faulty else None))
    model.compile(keras.optimizers.Adam(0.005), "mse")
    return model, x, y


@program("logits taken for probabilities", "heads", {NO_FIT}, accuracy())
def logits_taken_for_probabilities(seed, faulty):
    x, y = digits(seed)
    model = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(128, activation="relu"),
            layers.Dense(10),  # as in the beginner's tutorial of TensorFlow
        ]
    )
    if faulty:
        model.compile("adam", loss="sparse_categorical_crossentropy")
    else:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("adam", loss=loss)
    return model, x, y


@program("probabilities taken for logits", "heads", {NO_FIT}, accuracy(epochs=15))
def probabilities_taken_for_logits(seed, faulty):
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.convolution = layers.Conv2D(16, 3, activation="relu")
            self.flatten = layers.Flatten()
            self.head = layers.Dense(10)

        def call(self, x):
            x = self.head(self.flatten(self.convolution(x)))
            # TensorFlow sees through the activation of a layer, so not by a layer
            return ops.exp(x - ops.logsumexp(x, -1, keepdims=True))

    x, y = digit_images(seed)
    model = Net()
    model.build((None, 8, 8, 1))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=faulty)
    model.compile(keras.optimizers.SGD(0.05), loss)
    return model, x, y


@program("review scored by a logit", "heads", {NO_FIT}, accuracy(epochs=60))
def review_scored_by_a_logit(seed, faulty):
    x, y = reviews(seed)
    model = keras.Sequential(
        [
            keras.Input((16,), dtype="int32"),
            layers.Embedding(50, 16),
            layers.GlobalAveragePooling1D(),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation=None if faulty else "sigmoid"),
        ]
    )
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9)
    model.compile(optimizer, keras.losses.BinaryCrossentropy())
    return model, x, y


@program("sigmoid taken for a logit", "heads", {NO_FIT}, accuracy(epochs=60))
def sigmoid_taken_for_a_logit(seed, faulty):
    inputs = keras.Input((8,))
    x = layers.Dense(32, activation="relu")(inputs)
    x = layers.Dense(32, activation="relu")(x)
    chance = 1 / (1 + ops.exp(-layers.Dense(1)(x)))
    model = keras.Model(inputs, chance)
    model.compile(
        keras.optimizers.SGD(0.05),
        keras.losses.BinaryCrossentropy(from_logits=faulty),
    )
    # one in four rows is positive: a "logit" of 0 cannot say that
    data, target = tabular(seed, rows=256)
    return model, data, (target > 0.65).astype("float32")


@program("tags by a softmax", "heads", {NO_FIT}, tags(0.9, epochs=60))
def tags_by_a_softmax(seed, faulty):
    x, y = several_tags(seed)
    model = keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(64, activation="relu"),
            layers.Dense(5, activation="softmax" if faulty else "sigmoid"),
        ]
    )
    model.compile("rmsprop", "binary_crossentropy")
    return model, x, y


@program("tanh under a cross entropy", "heads", {NO_FIT}, accuracy(epochs=40))
def tanh_under_a_cross_entropy(seed, faulty):
    x, y = digits(seed)
    model = keras.Sequential([keras.Input((64,))])
    for units in (128, 64, 32):
        model.add(layers.Dense(units, activation="tanh"))
    model.add(layers.Dense(10, activation="tanh" if faulty else "softmax"))
    model.compile("adam", loss="categorical_crossentropy")
    return model, x, one_hot(y, 10)


@program("relu before a cross entropy", "heads", {NO_FIT}, accuracy(epochs=20))
def relu_before_a_cross_entropy(seed, faulty):
    x, y = digit_images(seed)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(10, activation="relu" if faulty else "softmax"),
        ]
    )
    model.compile("adam", loss="categorical_crossentropy")
    return model, x, one_hot(y, 10)


@program(
    "sigmoid for standardized targets",
    "heads",
    {"outputs cannot reach targets"},
    explained(0.7, epochs=80),
)
def sigmoid_for_standardized_targets(seed, faulty):
    x, y = tabular(seed)
    model = keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(32, activation="sigmoid"),
            layers.Dense(1, activation="sigmoid" if faulty else "linear"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "mean_squared_error")
    return model, x, y[:, None]


@program(
    "relu for negative targets",
    "heads",
    {"outputs cannot reach targets", "flat loss"},
    explained(0.6, epochs=80),
)
def relu_for_negative_targets(seed, faulty):
    x, y = tabular(seed)
    model = keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(1, activation="relu" if faulty else None),
        ]
    )
    model.compile(keras.optimizers.Adam(0.003), keras.losses.Huber())
    return model, x, y * 0.5 - 2  # losses in decibel


@program("poisson rate below zero", "heads", {NO_FIT, "not finite"}, follows(0.5))
def poisson_rate_below_zero(seed, faulty):
    x, y = tabular(seed, features=5)
    inputs = keras.Input((5,), name="day")
    hidden = layers.Dense(24, activation="relu")(inputs)
    rate = layers.Dense(1, activation=None if faulty else "exponential")(hidden)
    model = keras.Model(inputs, rate)
    model.compile("adam", keras.losses.Poisson())
    counts = (y - y.min()).round().astype("float32")
    return model, x, counts


@program("divergence of logits", "heads", {NO_FIT}, accuracy(0.85, epochs=40))
def divergence_of_logits(seed, faulty):
    x, y = waves(seed)
    model = keras.Sequential(
        [
            keras.Input((20, 2)),
            layers.Conv1D(16, 5, activation="relu"),
            layers.GlobalMaxPooling1D(),
            layers.Dense(3, activation=None if faulty else "softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.005), "kl_divergence")
    return model, x, one_hot(y, 3) * 0.94 + 0.02


@program(
    "losses of two outputs swapped",
    "heads",
    {"losses swapped", NO_FIT},
    explained(0.9, output="income", epochs=60),
)
def losses_of_two_outputs_swapped(seed, faulty):
    x, income = tabular(seed)
    inputs = keras.Input((8,))
    hidden = layers.Dense(64, activation="relu")(inputs)
    hidden = layers.Dense(32, activation="relu")(hidden)
    outputs = {
        "income": layers.Dense(1, name="income")(hidden),
        "owner": layers.Dense(1, activation="sigmoid", name="owner")(hidden),
    }
    model = keras.Model(inputs, outputs)
    names = ["owner", "income"] if faulty else ["income", "owner"]
    losses = zip(names, ["mse", "binary_crossentropy"], strict=True)
    model.compile(keras.optimizers.SGD(0.02, momentum=0.9), dict(losses))
    owner = (x[:, :1] + x[:, 1:2] > 0).astype("float32")
    return model, x, {"income": income[:, None], "owner": owner}


@program(
    "a loss that rounds",
    "heads",
    {"flat loss", "no gradient"},
    accuracy(),
)
def a_loss_that_rounds(seed, faulty):
    def wrong_answers(y_true, y_pred):
        answers = ops.cast(y_pred > 0.5, "float32") + 0 * y_pred
        return ops.mean(ops.abs(y_true - answers), axis=-1)

    x, y = two_classes(seed)
    model = keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(32, activation="gelu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", wrong_answers if faulty else "binary_crossentropy")
    return model, x, y[:, None]


@program(
    "softmax for cosines",
    "heads",
    {"outputs cannot reach targets", NO_FIT},
    follows(0.9, epochs=60),
)
def softmax_for_cosines(seed, faulty):
    x, _ = tabular(seed)
    model = keras.Sequential([keras.Input((8,))])
    model.add(layers.Dense(64, activation="tanh"))
    model.add(layers.Dense(4, activation="softmax" if faulty else None))
    model.compile("adam", keras.losses.CosineSimilarity())
    return model, x, x[:, :4] - x[:, 4:]
