"""Mistakes in the last activation, and in what the loss takes it for."""

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
    tags,
    waves,
)
from support.mistakes_kept.programs import program


@program("heads", "softmax over one unit", score="yes")
def softmax_layer_behind_one_unit(seed, right):
    x, y = rings(seed)
    start = keras.Input((2,), name="point")
    hidden = layers.Dense(32, kernel_initializer="he_normal")(start)
    hidden = layers.LeakyReLU(negative_slope=0.1)(hidden)
    logit = layers.Dense(1, use_bias=False)(layers.Dense(16, "relu")(hidden))
    squash = layers.Activation("sigmoid") if right else layers.Softmax(axis=-1)
    model = keras.Model(start, squash(logit))
    model.compile(keras.optimizers.Adam(0.01), keras.losses.BinaryCrossentropy())
    return model, x, y, {}


@program("heads", "softmax over one unit", score="yes", epochs=25)
def softmax_at_each_step_of_a_tagger(seed, right):
    x, total = sums(seed, steps=8)
    head = layers.Dense(1, activation=keras.activations.get("softmax"))
    if right:
        head = layers.Dense(1, activation=keras.activations.get("sigmoid"))
    model = keras.Sequential([keras.Input((8, 2))])
    model.add(layers.Bidirectional(layers.GRU(12, return_sequences=True)))
    model.add(layers.TimeDistributed(head))
    model.compile(optimizer=keras.optimizers.Nadam(0.01), loss="bce", metrics=["acc"])
    return model, x, (total > 0).astype("int64"), {}


class Predictor(keras.Model):
    """The next word from the one before, as probabilities or as logits."""

    def __init__(self, words, probabilities):
        super().__init__()
        self.probabilities = probabilities
        self.embed = layers.Embedding(words, 24)
        self.mix = layers.GRU(24, return_sequences=True)
        self.out = layers.Dense(words)

    def call(self, ids):
        logits = self.out(self.mix(self.embed(ids)))
        return ops.clip(ops.softmax(logits), 1e-7, 1) if self.probabilities else logits


@program("heads", "head does not fit loss", epochs=40)
def softmax_twice_in_a_language_model(seed, right):
    first, _ = sentences(seed, length=1, vocabulary=60)
    ids = (first + 7 * np.arange(13, dtype="int32")) % 60
    model = Predictor(60, probabilities=not right)
    model(ids[:2, :-1])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.5, momentum=0.9, nesterov=True), loss)
    return model, ids[:, :-1], ids[:, 1:], {}


@program("heads", "head does not fit loss", epochs=20)
def logits_to_a_loss_named_by_a_string(seed, right):
    x, y = digits(seed)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(12, 3, activation="relu", padding="same"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(48, activation="relu"),
            layers.Dense(10),
        ]
    )
    loss = "sparse_categorical_crossentropy"
    if right:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(loss=loss, optimizer=keras.optimizers.RMSprop(0.003))
    return model, x / 8 - 1, y, {}


@program(
    "heads",
    "head does not fit loss",
    score="yes",
    epochs=40,
    why="outputs below 0 are clipped and have no gradient; the others carry them along",
)
def tanh_under_binary_cross_entropy(seed, right):
    x, y = rings(seed, columns=3)
    model = keras.Sequential(name="gate")
    model.add(layers.InputLayer(shape=(3,)))
    for _ in range(2):
        model.add(layers.Dense(20, activation=keras.activations.swish))
    model.add(layers.Dense(1, activation=ops.sigmoid if right else ops.tanh))
    model.compile("adam", loss=keras.losses.binary_crossentropy, metrics=["accuracy"])
    model.optimizer.learning_rate = 0.01
    return model, x, y, {}


@program("heads", "head does not fit loss", epochs=25)
def relu_under_categorical_cross_entropy(seed, right):
    x, y = waves(seed, classes=6)
    start = keras.Input(shape=(24, 1))
    h = layers.Conv1D(16, 5, strides=2, activation="relu")(start)
    h = layers.Conv1D(24, 3, activation="relu")(h)
    h = layers.Flatten()(h)
    out = layers.Dense(6, activation="softmax" if right else "relu", name="kind")(h)
    model = keras.Model(start, out)
    model.compile(
        keras.optimizers.Adam(0.005), {"kind": keras.losses.categorical_crossentropy}
    )
    return model, x, one_hot(y, 6), {}


@program("heads", "head does not fit loss", score="yes", epochs=40)
def softmax_for_several_tags(seed, right):
    x, y = tags(seed)
    hidden = layers.Dense(64, activation="elu", kernel_initializer="lecun_normal")
    squash = keras.activations.sigmoid if right else keras.activations.softmax
    model = keras.Sequential([keras.Input((8,)), hidden, layers.Dense(5, squash)])
    loss = keras.losses.BinaryCrossentropy(label_smoothing=0.02)
    model.compile(optimizer=keras.optimizers.AdamW(0.01), loss=loss)
    return model, x, y, {}


@program("heads", "outputs cannot reach targets", score="values", epochs=40)
def softplus_for_values_of_both_signs(seed, right):
    x, y = surface(seed)
    start = keras.Input((5,))
    h = layers.Dense(48, "gelu")(start)
    h = layers.Dense(48, "gelu")(h)
    out = layers.Dense(1)(h)
    if not right:
        out = ops.softplus(out)
    model = keras.Model(start, out)
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss=[keras.losses.LogCosh()])
    return model, x, y[:, 0], {}


def _by_sign(predictions, y):
    return 2 * np.mean(np.sign(predictions) == y) - 1


@program("heads", "outputs cannot reach targets", score=_by_sign, epochs=30)
def sigmoid_under_hinge(seed, right):
    x, y = rings(seed, rows=256, columns=4)
    model = keras.Sequential([keras.Input((4,)), layers.Dense(40, "relu")])
    model.add(layers.Dense(1, "tanh" if right else "sigmoid"))
    model.compile(keras.optimizers.Adam(0.02), keras.losses.Hinge())
    return model, x, 2 * y - 1, {}


@program("heads", "head does not fit loss", score="values", epochs=30)
def identity_head_for_counts(seed, right):
    x, y = surface(seed, rows=256)
    counts = np.round(np.exp(0.7 * y + 0.3))
    start = keras.Input((5,), name="row")
    h = layers.Dense(32, "relu")(start)
    rate = layers.Dense(1, activation="exponential" if right else None)(h)
    model = keras.Model(inputs={"row": start}, outputs=rate)
    model.compile(keras.optimizers.Adam(0.01), loss="poisson")
    return model, {"row": x}, counts, {}


class NegativeLogLikelihood(keras.Model):
    """Written like in PyTorch: the network ends in a log softmax."""

    def __init__(self, logs):
        super().__init__()
        self.body = keras.Sequential([layers.Dense(32, "relu"), layers.Dense(5)])
        self.logs = logs

    def call(self, x, training=None):
        logits = self.body(x, training=training)
        return ops.log_softmax(logits, -1) if self.logs else ops.softmax(logits, -1)


@program("heads", "head does not fit loss")
def log_softmax_to_a_loss_of_probabilities(seed, right):
    x, y = clusters(seed, classes=5)
    model = NegativeLogLikelihood(logs=not right)
    model(x[:2])
    model.compile(
        optimizer=keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
        loss=keras.losses.SparseCategoricalCrossentropy(),
    )
    return model, x, y[:, None], {}


def dice(soft):
    """One minus the overlap, of the probabilities or of what they round to."""

    def loss(y_true, y_pred):
        if not soft:
            y_pred = ops.cast(y_pred > 0.5, "float32")
        both = ops.sum(y_true * y_pred, axis=(1, 2, 3))
        either = ops.sum(y_true + y_pred, axis=(1, 2, 3))
        return 1 - (2 * both + 1) / (either + 1)

    return loss


@program("heads", "flat loss", "no gradient", score="yes", epochs=12)
def overlap_of_rounded_masks(seed, right):
    x, y = bars(seed)
    start = keras.Input((16, 16, 1))
    a = layers.Conv2D(8, 3, padding="same", activation="relu")(start)
    b = layers.Conv2D(16, 3, 2, padding="same", activation="relu")(a)
    b = layers.Conv2DTranspose(8, 2, 2, activation="relu")(b)
    out = layers.Conv2D(1, 1, activation="sigmoid")(layers.Concatenate()([a, b]))
    model = keras.Model(start, out)
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss=dice(soft=right))
    return model, x, y, {}
