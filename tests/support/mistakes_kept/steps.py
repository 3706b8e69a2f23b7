"""Mistakes in the optimizer: rate, clipping, weight decay, frozen weights."""

import keras
from keras import layers, optimizers

from support.mistakes_kept.datasets import (
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


@program("steps", "step too large", "loss rises", epochs=20)
def schedule_that_starts_at_five(seed, right):
    x, y = digits(seed)
    model = keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten()])
    model.add(layers.Dense(64, "relu", kernel_initializer="he_normal"))
    model.add(layers.Dense(10, "softmax"))
    start = 0.05 if right else 5.0
    rate = optimizers.schedules.ExponentialDecay(start, 200, decay_rate=0.9)
    model.compile(optimizers.SGD(rate, momentum=0.9), "categorical_crossentropy")
    return model, x / 8 - 1, one_hot(y, 10), {}


@program("steps", "step too large", "loss rises", score="values", epochs=30)
def adam_with_a_rate_of_one(seed, right):
    x, y = sums(seed)
    series = keras.Input((10, 2))
    h = layers.LSTM(24)(series)
    model = keras.Model(series, layers.Dense(1)(layers.Dense(12, "tanh")(h)))
    model.compile(optimizers.Adam(0.01 if right else 1.0), "mse")
    return model, x, y[:, -1], {}


@program("steps", "step too small", epochs=30)
def adadelta_at_its_default_rate(seed, right):
    x, y = clusters(seed, classes=4, columns=10)
    model = keras.Sequential([keras.Input((10,))])
    model.add(layers.Dense(32, activation="relu"))
    model.add(layers.Dense(4, activation="softmax"))
    optimizer = optimizers.Adadelta(learning_rate=3.0) if right else "adadelta"
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy")
    return model, x, y, {}


@program("steps", "step too small", score="yes", epochs=30)
def rate_left_over_from_a_plateau(seed, right):
    ids, y = sentences(seed)
    model = keras.Sequential([keras.Input((12,), dtype="int32")])
    model.add(layers.Embedding(40, 8))
    model.add(layers.Flatten())
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile(optimizer="rmsprop", loss="binary_crossentropy")
    model.optimizer.learning_rate.assign(0.01 if right else 1e-8)
    return model, ids, y, {}


@program("steps", "gradient clipped away", score="values", epochs=30)
def norm_clipped_to_a_millionth(seed, right):
    x, y = surface(seed)
    start = keras.Input((5,))
    h = start
    for _ in range(3):
        h = layers.Dense(48, "silu")(h)
    model = keras.Model(start, layers.Dense(1)(h))
    limit = 1.0 if right else 1e-6
    optimizer = optimizers.SGD(0.1, momentum=0.9, global_clipnorm=limit)
    model.compile(optimizer, keras.losses.MeanSquaredError())
    return model, x, y, {}


@program("steps", "gradient clipped away", epochs=20)
def values_clipped_to_a_ten_millionth(seed, right):
    x, y = waves(seed, classes=3, channels=2)
    model = keras.Sequential([keras.Input((24, 2))])
    model.add(layers.Conv1D(16, 5, activation="relu", padding="causal"))
    model.add(layers.MaxPooling1D(4))
    model.add(layers.Flatten())
    model.add(layers.Dense(3))
    limit = {"clipvalue": 0.5 if right else 1e-7}
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizers.SGD(0.05, 0.9, nesterov=True, **limit), loss)
    return model, x, y, {}


@program("steps", "nothing trains", epochs=20)
def head_frozen_with_its_base(seed, right):
    x, y = digits(seed)
    base = keras.Sequential(name="base")
    base.add(keras.Input((8, 8, 1)))
    base.add(layers.Conv2D(32, 3, activation="relu", kernel_initializer="he_normal"))
    base.add(layers.MaxPooling2D())
    base.add(layers.Flatten())
    out = layers.Dense(10, "softmax", name="head")(base.outputs[0])
    model = keras.Model(base.inputs, out)
    for layer in base.layers if right else model.layers:
        layer.trainable = False
    loss = keras.losses.SparseCategoricalCrossentropy()
    model.compile(optimizers.Adam(0.01), loss)
    return model, x / 8 - 1, y, {}


@program("steps", "step too large", "loss rises", score="values", epochs=30)
def weight_decay_given_in_other_units(seed, right):
    x, y = surface(seed, rows=256)
    model = keras.Sequential(
        [keras.Input((5,)), *[layers.Dense(32, "relu") for _ in range(2)]]
    )
    model.add(layers.Dense(1))
    decay = 1e-4 if right else 400.0
    model.compile(
        optimizers.AdamW(0.005, weight_decay=decay), loss="mean_squared_error"
    )
    return model, x, y, {}


@program(
    "steps",
    "step too large",
    "loss rises",
    score=["values", "yes"],
    epochs=30,
    bar=0.4,
)
def loss_weighted_a_million_times(seed, right):
    x, y = surface(seed)
    above = (x[:, :1] + x[:, 1:2] > 0).astype("float32")
    start = keras.Input((5,))
    h = layers.Dense(32, "tanh")(start)
    heads = [layers.Dense(1)(h), layers.Dense(1, "sigmoid")(h)]
    model = keras.Model(start, heads)
    model.compile(
        optimizer=optimizers.SGD(0.05, momentum=0.9),
        loss=["mse", "binary_crossentropy"],
        loss_weights=[1.0 if right else 1e6, 1.0],
    )
    return model, x, [y, above], {}


@program("steps", "step too large", "loss rises", score="yes", epochs=40)
def sum_over_the_batch_at_the_rate_of_a_mean(seed, right):
    x, y = rings(seed, rows=256, columns=5)
    model = keras.Sequential([keras.Input((5,))])
    model.add(layers.Dense(64, "relu", kernel_initializer="he_uniform"))
    model.add(layers.Dense(64, "relu", kernel_initializer="he_uniform"))
    model.add(layers.Dense(1))
    reduction = "sum_over_batch_size" if right else "sum"
    loss = keras.losses.BinaryCrossentropy(from_logits=True, reduction=reduction)
    model.compile(optimizers.SGD(0.2, momentum=0.9), loss)
    return model, x, y, {}
