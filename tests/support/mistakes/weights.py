"""Initializers, activations, depth, gates and biases that spoil the start."""

import keras
import numpy as np
from keras import initializers, layers, ops

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

VANISHING = {"vanishing signal", "vanishing gradient", "collapsed representation"}
EXPLODING = {"exploding signal", "exploding gradient"}


@program(
    "twenty sigmoid layers",
    "weights",
    {"vanishing gradient", "collapsed representation"},
    accuracy(epochs=60),
)
def twenty_sigmoid_layers(seed, faulty):
    x, y = two_classes(seed)
    kind = (
        {"activation": "sigmoid"}
        if faulty
        else {"activation": "selu", "kernel_initializer": "lecun_normal"}
    )
    model = keras.Sequential([keras.Input((8,))])
    for _ in range(18):
        model.add(layers.Dense(32, **kind))
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile("adam", "binary_crossentropy")
    return model, x, y


@program(
    "all kernels zero",
    "weights",
    {"symmetric units", "no gradient", "vanishing signal"},
    accuracy(),
)
def all_kernels_zero(seed, faulty):
    x, y = digits(seed)
    start = "zeros" if faulty else "glorot_uniform"
    model = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(128, activation="relu", kernel_initializer=start),
            layers.Dense(64, activation="relu", kernel_initializer=start),
            layers.Dense(10, activation="softmax", kernel_initializer=start),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    return model, x, y


@program("all kernels a constant", "weights", {"symmetric units"}, accuracy(epochs=60))
def all_kernels_a_constant(seed, faulty):
    x, y = digit_images(seed)
    start = initializers.Constant(0.05) if faulty else initializers.HeNormal()
    inputs = keras.Input((8, 8, 1))
    hidden = layers.Conv2D(8, 3, activation="relu", kernel_initializer=start)(inputs)
    hidden = layers.Flatten()(hidden)
    for units, function in ((32, "relu"), (10, "softmax")):
        hidden = layers.Dense(units, function, kernel_initializer=start)(hidden)
    model = keras.Model(inputs, hidden)
    model.compile(keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy")
    return model, x, y


@program("normal of std one", "weights", EXPLODING, accuracy(epochs=30))
def normal_of_std_one(seed, faulty):
    x, y = digits(seed)
    start = initializers.RandomNormal(stddev=1.0) if faulty else "he_normal"
    model = keras.Sequential([keras.Input((64,))])
    for units in (256, 128, 128, 64, 64):
        model.add(layers.Dense(units, activation="relu", kernel_initializer=start))
    model.add(layers.Dense(10, activation="softmax"))
    model.compile(keras.optimizers.SGD(0.05), "sparse_categorical_crossentropy")
    return model, x, y


@program("normal of std 0.001", "weights", VANISHING, explained(0.7, epochs=60))
def normal_of_std_0_001(seed, faulty):
    x, y = tabular(seed)
    start = initializers.RandomNormal(stddev=0.001) if faulty else "glorot_normal"
    hidden = inputs = keras.Input((8,))
    for units in (64, 64, 32, 32, 32, 16, 16, 8):
        hidden = layers.Dense(units, "tanh", kernel_initializer=start)(hidden)
    model = keras.Model(inputs, layers.Dense(1)(hidden))
    model.compile("adam", "mse")
    return model, x, y


@program(
    "relu with biases of minus ten",
    "weights",
    {"dying ReLU", "bias far off", "no gradient"},
    accuracy(epochs=20),
)
def relu_with_biases_of_minus_ten(seed, faulty):
    x, y = digit_images(seed)
    bias = initializers.Constant(-10.0 if faulty else 0.0)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Conv2D(32, 3, activation="relu", bias_initializer=bias),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy")
    return model, x, y


@program(
    "members from one seed",
    "weights",
    {"identical tensors", "symmetric units"},
    explained(0.95, epochs=100),
)
def members_from_one_seed(seed, faulty):
    """Small members that were all given the seed of the experiment: they stay equal."""
    x, _ = tabular(seed, features=4)
    y = np.sin(2 * x[:, 0]) + x[:, 1]  # a hill, which one unit cannot bend to
    y = (y / y.std()).astype("float32")
    inputs = keras.Input((4,))
    members = []
    for number in range(12):
        one = seed if faulty else seed + 100 * number
        start = {"kernel_initializer": initializers.GlorotUniform(seed=one)}
        hidden = layers.Dense(1, activation="tanh", **start)(inputs)
        members.append(layers.Dense(1, **start)(hidden))
    model = keras.Model(inputs, layers.Average()(members))
    model.compile(keras.optimizers.Adam(0.02), "mse")
    return model, x, y


@program(
    "gates that stay shut",
    "weights",
    {"saturated gates", "bias far off", "vanishing signal"},
    accuracy(),
)
def gates_that_stay_shut(seed, faulty):
    x, y = waves(seed)
    gates = {"bias_initializer": initializers.Constant(-12.0)} if faulty else {}
    model = keras.Sequential([keras.Input((20, 2))])
    model.add(layers.LSTM(24, unit_forget_bias=not faulty, **gates))
    model.add(layers.Dense(3, activation="softmax"))
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    return model, x, y


@program(
    "gru with kernels of std ten",
    "weights",
    {"saturated gates", "saturated activation"},
    explained(0.7, epochs=80),
)
def gru_with_kernels_of_std_ten(seed, faulty):
    x, y = rising(seed)
    start = {}
    if faulty:
        wide = initializers.RandomNormal(stddev=10.0)
        start = {"kernel_initializer": wide, "recurrent_initializer": wide}
    inputs = keras.Input((16, 1))
    model = keras.Model(inputs, layers.Dense(1)(layers.GRU(32, **start)(inputs)))
    model.compile(keras.optimizers.Adam(0.005), "mse")
    return model, x, y


@program("head of std fifty", "weights", {"confident head"}, accuracy(epochs=25))
def head_of_std_fifty(seed, faulty):
    x, y = digits(seed)
    start = initializers.RandomNormal(stddev=50.0) if faulty else "glorot_uniform"
    model = keras.Sequential([keras.Input((64,)), layers.Dense(64, activation="relu")])
    model.add(layers.Dense(10, activation="softmax", kernel_initializer=start))
    model.compile(keras.optimizers.SGD(0.05), "sparse_categorical_crossentropy")
    return model, x, y


class Attention(layers.Layer):
    """Softmax of queries and keys, over the steps."""

    def __init__(self, units, scale, std):
        super().__init__()
        self.scale = scale
        start = initializers.RandomNormal(stddev=std)
        self.query = layers.Dense(units, use_bias=False, kernel_initializer=start)
        self.key = layers.Dense(units, use_bias=False, kernel_initializer=start)
        self.value = layers.Dense(units)

    def call(self, x):
        keys = ops.transpose(self.key(x), (0, 2, 1))
        weights = ops.softmax(ops.matmul(self.query(x), keys) * self.scale, axis=-1)
        return ops.matmul(weights, self.value(x))


@program(
    "attention without its scale",
    "weights",
    {"saturated attention"},
    accuracy(0.98, epochs=30),
)
def attention_without_its_scale(seed, faulty):
    x, y = reviews(seed)
    inputs = keras.Input((16,), dtype="int32")
    hidden = layers.Embedding(50, 64, embeddings_initializer="glorot_normal")(inputs)
    hidden = layers.LayerNormalization()(hidden)
    hidden = Attention(64, *((1.0, 1.0) if faulty else (1 / 8, 1 / 8)))(hidden)
    hidden = layers.LayerNormalization()(hidden[:, 0])
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(hidden))
    model.compile("adam", "binary_crossentropy")
    return model, x, y


@program(
    "four exponentials in a row",
    "weights",
    {"unbounded activation", "not finite"} | EXPLODING,
    explained(0.7, epochs=60),
)
def four_exponentials_in_a_row(seed, faulty):
    x, y = tabular(seed)
    model = keras.Sequential([keras.Input((8,))])
    for units in (32, 32, 16, 16):
        model.add(layers.Dense(units, activation="exponential" if faulty else "elu"))
    model.add(layers.Dense(1))
    model.compile("adam", "mse")
    return model, x, y


@program(
    "tanh with uniform(-5, 5)",
    "weights",
    {"saturated activation"},
    accuracy(epochs=60),
)
def tanh_with_uniform_5(seed, faulty):
    x, y = digits(seed)
    wide = initializers.RandomUniform(-5, 5)
    start = {"kernel_initializer": wide if faulty else "glorot_uniform"}
    model = keras.Sequential([keras.Input((64,))])
    for units in (64, 32, 16, 16):
        model.add(layers.Dense(units, activation="tanh", **start))
    model.add(layers.Dense(10, activation="softmax"))
    model.compile(keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy")
    return model, x, y


@program(
    "simple recurrence of std one",
    "weights",
    EXPLODING | {"not finite"},
    explained(0.7, epochs=80),
)
def simple_recurrence_of_std_one(seed, faulty):
    x, y = rising(seed, steps=24)
    wide = initializers.RandomNormal(stddev=1.0)
    start = {"recurrent_initializer": wide if faulty else "orthogonal"}
    model = keras.Sequential([keras.Input((24, 1))])
    model.add(layers.SimpleRNN(48, activation="relu", **start))
    model.add(layers.Dense(1))
    model.compile(keras.optimizers.Adam(0.002), "mse")
    return model, x, y


@program(
    "head biased by a thousand",
    "weights",
    {"bias far off", "confident head"},
    accuracy(epochs=30),
)
def head_biased_by_a_thousand(seed, faulty):
    x, y = two_classes(seed)
    start = initializers.Constant(1000.0 if faulty else 0.0)
    model = keras.Sequential([keras.Input((8,)), layers.Dense(32, activation="relu")])
    model.add(layers.Dense(1, bias_initializer=start))
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.005), loss)
    return model, x, y
