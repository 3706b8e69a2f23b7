"""Mistakes in initializers: kernels, recurrent kernels, biases."""

import keras
import numpy as np
from keras import initializers, layers, ops

from support.mistakes_kept.datasets import (
    clusters,
    digits,
    rings,
    sentences,
    standardized,
    sums,
    surface,
    waves,
)
from support.mistakes_kept.programs import program

SMALL_LOSS = keras.losses.SparseCategoricalCrossentropy


@program("weights", "symmetric units", score="yes", epochs=40)
def every_kernel_one_constant(seed, right):
    x, y = rings(seed, columns=4)
    kernel = initializers.HeNormal() if right else initializers.Constant(0.1)
    model = keras.Sequential([keras.Input((4,))])
    for units in (32, 16):
        model.add(layers.Dense(units, "relu", kernel_initializer=kernel.clone()))
    model.add(layers.Dense(1, "sigmoid", kernel_initializer=kernel.clone()))
    model.compile(keras.optimizers.Adam(0.01), loss="binary_crossentropy")
    return model, x, y, {}


@program("weights", "symmetric units", "no gradient", epochs=20)
def zeros_in_all_convolutions(seed, right):
    x, y = waves(seed, classes=5)
    names = {"kernel_initializer": "glorot_uniform" if right else "zeros"}
    model = keras.Sequential([keras.Input((24, 1))])
    model.add(layers.Conv1D(16, 7, activation="relu", **names))
    model.add(layers.Conv1D(16, 5, activation="relu", **names))
    model.add(layers.Flatten())
    model.add(layers.Dense(5, "softmax", **names))
    model.compile(keras.optimizers.Adam(0.01), SMALL_LOSS())
    return model, x, y, {}


@program(
    "weights",
    "exploding signal",
    "exploding gradient",
    "confident head",
    epochs=15,
)
def normal_of_std_one_in_wide_layers(seed, right):
    x, y = digits(seed, rows=160)
    start = keras.Input((8, 8, 1))
    h = layers.Flatten()(start)
    for _ in range(5):
        kernel = "he_normal" if right else initializers.RandomNormal(stddev=1.0)
        h = layers.Dense(200, kernel_initializer=kernel)(h)
        h = ops.relu(h)
    kernel = "glorot_normal" if right else initializers.RandomNormal(stddev=1.0)
    model = keras.Model(start, layers.Dense(10, kernel_initializer=kernel)(h))
    model.compile(keras.optimizers.SGD(0.01, 0.9), SMALL_LOSS(from_logits=True))
    return model, x / 8 - 1, y, {}


@program("weights", "vanishing signal", "vanishing gradient", epochs=20)
def hundredth_of_a_normal_in_ten_layers(seed, right):
    x, y = clusters(seed, columns=12)
    kernel = None
    model = keras.Sequential([keras.Input((12,))])
    for _ in range(10):
        kernel = initializers.TruncatedNormal(stddev=0.01)
        if right:
            kernel = initializers.Orthogonal()
        model.add(layers.Dense(64, "tanh", kernel_initializer=kernel))
    model.add(layers.Dense(4))
    model.compile(keras.optimizers.SGD(0.05, 0.9), SMALL_LOSS(from_logits=True))
    return model, x, y, {}


@program("weights", "dying ReLU", "bias far off", score="values", epochs=30)
def biases_far_below_zero(seed, right):
    x, y = surface(seed, rows=256)
    bias = "zeros" if right else initializers.RandomUniform(-8.0, -6.0)
    start = keras.Input((5,))
    h = layers.Dense(64, "relu", bias_initializer=bias)(start)
    h = layers.Dense(64, "relu", bias_initializer=bias)(h)
    model = keras.Model(start, layers.Dense(1)(h))
    model.compile(keras.optimizers.Adam(0.003), "mean_absolute_error")
    return model, x, y, {}


@program("weights", "bias far off", score="values", epochs=25)
def bias_of_the_head_from_raw_prices(seed, right):
    x, y = surface(seed)
    mean = 0.0 if right else 250.0
    model = keras.Sequential([keras.Input((5,)), layers.Dense(48, "relu")])
    bias = initializers.Constant(mean)
    model.add(layers.Dense(1, bias_initializer=bias))
    model.compile(keras.optimizers.Adam(0.01), loss=keras.losses.MeanSquaredError())
    return model, x, y, {}


@program("weights", "saturated gates", "bias far off", score="values", epochs=30)
def forget_bias_given_to_all_gates(seed, right):
    x, y = sums(seed, steps=14)
    bias = {"bias_initializer": initializers.Constant(-9.0), "unit_forget_bias": False}
    model = keras.Sequential([keras.Input((14, 2))])
    model.add(layers.LSTM(24, **({} if right else bias)))
    model.add(layers.Dense(1))
    model.compile(keras.optimizers.Adam(0.02), "mse")
    return model, x, y[:, -1], {}


@program("weights", "saturated gates", "exploding signal", score="values", epochs=25)
def kernels_of_a_gru_from_a_normal_of_std_three(seed, right):
    x, y = sums(seed, steps=10, channels=6)
    start = keras.Input((10, 6))
    kernels = ("kernel_initializer", "recurrent_initializer")
    wrong = {name: initializers.RandomNormal(stddev=3.0) for name in kernels}
    h = layers.GRU(32, return_sequences=True, **({} if right else wrong))(start)
    model = keras.Model(start, layers.Dense(1)(h))
    model.compile(keras.optimizers.Adam(0.01), "mse")
    return model, x, y, {}


@program("weights", "confident head", epochs=20)
def last_kernel_of_std_ten_on_given_vectors(seed, right):
    ids, y = sentences(seed, vocabulary=48, classes=8, rows=192)
    text = keras.Input((12,), dtype="int32")
    vectors = initializers.RandomNormal(stddev=1.0)
    h = layers.Embedding(48, 32, embeddings_initializer=vectors, trainable=False)(text)
    h = layers.LayerNormalization()(layers.GlobalAveragePooling1D()(h))
    kernel = "glorot_uniform" if right else initializers.RandomNormal(stddev=10.0)
    out = layers.Dense(8, kernel_initializer=kernel, activation="softmax")(h)
    model = keras.Model(text, out)
    model.compile(keras.optimizers.Adam(0.01), SMALL_LOSS())
    return model, ids, y, {}


def _by_first_axis(shape, dtype=None):
    """The std of He et al., from what only a matrix has at the front: its inputs."""
    return keras.random.normal(shape, stddev=(2 / shape[0]) ** 0.5, dtype=dtype, seed=5)


@program("weights", "wrong fans", "exploding signal", epochs=12)
def fan_in_read_off_the_window(seed, right):
    x, y = digits(seed, rows=128)
    kernel = "he_normal" if right else _by_first_axis
    model = keras.Sequential([keras.Input((8, 8, 1))])
    for _ in range(5):
        model.add(layers.Conv2D(32, 3, padding="same", kernel_initializer=kernel))
        model.add(layers.ReLU())
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(10, "softmax"))
    model.compile(keras.optimizers.Adam(0.004), "sparse_categorical_crossentropy")
    return model, x / 8 - 1, y, {}


@program("weights", "identical tensors", score="values", epochs=60)
def one_seed_for_all_members(seed, right):
    random = np.random.default_rng(seed)
    x = random.uniform(-2, 2, (256, 1)).astype("float32")
    y = standardized(np.sin(5 * x))
    start = keras.Input((1,))
    said = []
    for member in range(16):
        one = seed + member if right else seed
        uniform = initializers.RandomUniform(-3, 3, seed=one)
        offset = initializers.RandomUniform(-2, 2, seed=one + 100)
        hidden = layers.Dense(
            3, "tanh", kernel_initializer=uniform, bias_initializer=offset
        )
        head = initializers.GlorotUniform(seed=one + 200)
        said.append(layers.Dense(1, kernel_initializer=head)(hidden(start)))
    model = keras.Model(start, layers.Average()(said))
    model.compile(keras.optimizers.Adam(0.03), "mse")
    return model, x, y, {}


@program("weights", "exploding signal", "exploding gradient", epochs=20)
def recurrent_identity_times_two(seed, right):
    x, y = waves(seed, steps=40)
    gain = 1.0 if right else 2.0
    model = keras.Sequential([keras.Input((40, 1))])
    cell = layers.SimpleRNNCell(
        32, activation="relu", recurrent_initializer=initializers.Identity(gain)
    )
    model.add(layers.RNN(cell))
    model.add(layers.Dense(3, kernel_initializer=initializers.RandomNormal(0, 0.02)))
    optimizer = keras.optimizers.Adam(0.002, clipnorm=1.0)
    model.compile(optimizer, SMALL_LOSS(from_logits=True))
    return model, x, y, {}
