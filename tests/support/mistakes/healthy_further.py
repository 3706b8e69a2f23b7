"""More whole models: segmentation, a language model, a frozen base, half precision."""

import keras
import numpy as np
from keras import layers, ops

from support.mistakes.datasets import digits, one_hot, squares, waves
from support.mistakes.programs import accuracy, healthy, lower_loss, tags


def _net(size):
    inputs = keras.Input((size, size, 1))
    fine = layers.Conv2D(8, 3, padding="same", activation="relu")(inputs)
    deep = layers.MaxPooling2D()(fine)
    deep = layers.Conv2D(16, 3, padding="same", activation="relu")(deep)
    both = layers.Concatenate()([fine, layers.UpSampling2D()(deep)])
    both = layers.Conv2D(8, 3, padding="same", activation="relu")(both)
    return keras.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(both))


def _segmentation(name, loss):
    @healthy(name, tags(0.85, epochs=20))
    def build(seed):
        model = _net(16)
        model.compile(keras.optimizers.Adam(0.003), loss)
        return model, *squares(seed)


_segmentation("dice", keras.losses.Dice())
_segmentation("tversky", keras.losses.Tversky(alpha=0.3, beta=0.7))


class Block(layers.Layer):
    """Of a Transformer: norms first, then attention to what came before."""

    def __init__(self, width, heads):
        super().__init__()
        self.first, self.second = (layers.LayerNormalization() for _ in range(2))
        self.attention = layers.MultiHeadAttention(heads, width // heads)
        self.wide = layers.Dense(4 * width, activation="gelu")
        self.narrow = layers.Dense(width)

    def call(self, x):
        normed = self.first(x)
        x = x + self.attention(normed, normed, use_causal_mask=True)
        return x + self.narrow(self.wide(self.second(x)))


@healthy("language model", lower_loss(0.3, epochs=30))
def language_model(seed):
    """The next of 20 words, each of which three others follow."""
    draw = np.random.default_rng(seed)
    follow = draw.integers(0, 20, (20, 3))
    ids = np.zeros((96, 17), "int32")
    ids[:, 0] = draw.integers(0, 20, 96)
    for step in range(16):
        ids[:, step + 1] = follow[ids[:, step], draw.integers(0, 3, 96)]
    inputs = keras.Input((16,), dtype="int32")
    places = layers.Embedding(16, 32)(ops.expand_dims(ops.arange(16), 0))
    hidden = layers.Embedding(20, 32)(inputs) + places
    for _ in range(2):
        hidden = Block(32, 4)(hidden)
    model = keras.Model(inputs, layers.Dense(20)(layers.LayerNormalization()(hidden)))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.003), loss)
    return model, ids[:, :-1], ids[:, 1:]


@healthy("frozen base", accuracy())
def frozen_base(seed):
    x, y = digits(seed)
    base = keras.Sequential([keras.Input((64,)), layers.Dense(24, use_bias=False)])
    axes = np.linalg.svd(x - x.mean(0), full_matrices=False)[2][:24].T
    base.set_weights([axes])  # stands for one that was trained before
    base.trainable = False
    inputs = keras.Input((64,))
    hidden = layers.Dropout(0.2)(base(inputs, training=False))
    model = keras.Model(inputs, layers.Dense(10, activation="softmax")(hidden))
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    return model, x, y


@healthy("mixed precision", accuracy(epochs=30))
def mixed_precision(seed):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = keras.Sequential(
            [
                keras.Input((64,)),
                layers.Dense(64, activation="relu"),
                layers.Dense(10),
                layers.Activation("softmax", dtype="float32"),
            ]
        )
    finally:
        keras.config.set_dtype_policy(before)
    x, y = digits(seed)
    model.compile(keras.optimizers.Adam(0.003), "categorical_crossentropy")
    return model, x, one_hot(y, 10)


@healthy("attention over waves", accuracy(0.85, epochs=40))
def attention_over_waves(seed):
    """The Transformer encoder of Keras's example for time series."""
    x, y = waves(seed)
    hidden = inputs = keras.Input((20, 2))
    normed = layers.LayerNormalization(epsilon=1e-6)(layers.Dense(16)(hidden))
    hidden = normed + layers.MultiHeadAttention(2, 8, dropout=0.1)(normed, normed)
    branch = layers.LayerNormalization(epsilon=1e-6)(hidden)
    branch = layers.Conv1D(16, 3, padding="same", activation="relu")(branch)
    hidden = layers.GlobalAveragePooling1D()(hidden + branch)
    hidden = layers.Dense(32, activation="relu")(hidden)
    model = keras.Model(inputs, layers.Dense(3, activation="softmax")(hidden))
    model.compile(keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy")
    return model, x, y
