"""Healthy networks of the usual kinds, with starts that their makers gave them."""

from typing import Any

import keras
import numpy as np
from keras import layers

from support.diagnosed.networks import CLASSES, case, labelled, mlp, normal


@case("He, 10 ReLU layers")
def _(width, seed):
    return labelled(mlp(width, 10, "relu"), seed)


@case("He, 30 ReLU layers")
def _(width, seed):
    return (mlp(max(width, 128), 30, "relu"),)


@case("LeCun, 10 tanh layers")
def _(width, seed):
    return labelled(mlp(width, 10, "tanh", "lecun_normal"), seed)


@case("Glorot, 6 tanh layers")
def _(width, seed):
    return (mlp(width, 6, "tanh", "glorot_uniform"),)


@case("He in 5 tanh layers")
def _(width, seed):
    return labelled(mlp(width, 5, "tanh"), seed)


@case("LeCun, 20 SELU layers")
def _(width, seed):
    return labelled(mlp(width, 20, "selu", "lecun_normal"), seed)


@case("He, 8 GELU layers")
def _(width, seed):
    return labelled(mlp(width, 8, "gelu"), seed)


@case("Glorot, 5 ReLU layers, Keras's default")
def _(width, seed):
    return labelled(mlp(width, 5, "relu", "glorot_uniform"), seed)


@case("one sigmoid layer")
def _(width, seed):
    return labelled(mlp(width, 1, "sigmoid", "glorot_uniform"), seed)


@case("two sigmoid layers")
def _(width, seed):
    return labelled(mlp(width, 2, "sigmoid", "glorot_uniform"), seed)


@case("orthogonal, 40 linear layers")
def _(width, seed):
    return (mlp(width, 40, "linear", lambda: keras.initializers.Orthogonal()),)


@case("logistic regression from zero")
def _(width, seed):
    return labelled(mlp(width, 0, "linear", head="zeros"), seed)


@case("zero head")
def _(width, seed):
    return labelled(mlp(width, 4, "relu", head="zeros"), seed)


@case("small head")
def _(width, seed):
    return labelled(mlp(width, 4, "relu", head=normal(0.001)), seed)


@case("head with a prior in its bias")
def _(width, seed):
    x = start = keras.Input((width,))
    x = layers.Dense(width, "relu", kernel_initializer="he_normal")(x)
    bias = keras.initializers.Constant(-4.6)
    return (keras.Model(start, layers.Dense(1, "sigmoid", bias_initializer=bias)(x)),)


@case("PyTorch's default, 2 hidden layers")
def _(width, seed):
    bound = width**-0.5  # kernels and biases alike
    return labelled(
        mlp(
            width,
            2,
            "relu",
            lambda: keras.initializers.RandomUniform(-bound, bound),
            bias_initializer=keras.initializers.RandomUniform(-bound, bound),
        ),
        seed,
    )


def _conv_net(norm: bool, kernel: Any = "he_normal", blocks: int = 4) -> Any:
    x = start = keras.Input((16, 16, 3))
    for block in range(blocks):
        initializer = kernel() if callable(kernel) else kernel
        x = layers.Conv2D(
            16 * (1 + block // 2),
            3,
            padding="same",
            use_bias=not norm,
            kernel_initializer=initializer,
        )(x)
        if norm:
            x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x)
        if block % 2:
            x = layers.MaxPooling2D()(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(start, layers.Dense(CLASSES)(x))


@case("convolutions, He")
def _(width, seed):
    return labelled(_conv_net(False), seed)


@case("convolutions of std 0.01 with batch normalization")
def _(width, seed):
    return labelled(_conv_net(True, lambda: normal(0.01)), seed)


@case("convolutions, Glorot, batch normalization")
def _(width, seed):
    return labelled(_conv_net(True, "glorot_uniform", 8), seed)


def _resnet(blocks: int, last: Any, norm: bool, scale: float = 1.0) -> Any:
    x = start = keras.Input((8, 8, 3))
    x = layers.Conv2D(16, 3, padding="same", kernel_initializer="he_normal")(x)
    for _ in range(blocks):
        y = layers.BatchNormalization()(x) if norm else x
        y = layers.ReLU()(y)
        y = layers.Conv2D(16, 3, padding="same", kernel_initializer="he_normal")(y)
        y = layers.BatchNormalization()(y) if norm else y
        y = layers.ReLU()(y)
        y = layers.Conv2D(16, 3, padding="same", kernel_initializer=last)(y)
        y = layers.Rescaling(scale)(y) if scale != 1 else y
        x = layers.Add()([x, y])
    x = layers.BatchNormalization()(x) if norm else x
    x = layers.GlobalAveragePooling2D()(layers.ReLU()(x))
    return keras.Model(start, layers.Dense(CLASSES)(x))


@case("residual, batch normalization, 12 blocks")
def _(width, seed):
    return labelled(_resnet(12, "he_normal", True), seed)


@case("residual, branches end with zero")
def _(width, seed):
    return labelled(_resnet(8, "zeros", False), seed)


@case("residual, branches scaled down, no normalization")
def _(width, seed):
    return labelled(_resnet(16, "he_normal", False, scale=16**-0.5), seed)


@case("residual, gates that start at zero")
def _(width, seed):
    class Gate(layers.Layer):
        def build(self, shape):
            self.gate = self.add_weight(shape=(), initializer="zeros", name="gamma")

        def call(self, x):
            return self.gate * x

    x = start = keras.Input((width,))
    for _ in range(6):
        y = layers.Dense(width, "relu", kernel_initializer="he_normal")(x)
        x = layers.Add()([x, Gate()(y)])
    return labelled(keras.Model(start, layers.Dense(CLASSES)(x)), seed)


def _transformer(width: int, depth: int, pre: bool, kernel: Any, table: Any) -> Any:
    x = start = keras.Input((12,), dtype="int32")
    x = layers.Embedding(50, width, embeddings_initializer=table)(x)

    def make() -> Any:
        return kernel() if callable(kernel) else kernel

    for _ in range(depth):
        y = layers.LayerNormalization(epsilon=1e-6)(x) if pre else x
        y = layers.MultiHeadAttention(4, width // 4, kernel_initializer=make())(y, y)
        x = layers.Add()([x, y])
        x = x if pre else layers.LayerNormalization(epsilon=1e-6)(x)
        y = layers.LayerNormalization(epsilon=1e-6)(x) if pre else x
        y = layers.Dense(4 * width, "gelu", kernel_initializer=make())(y)
        y = layers.Dense(width, kernel_initializer=make())(y)
        x = layers.Add()([x, y])
        x = x if pre else layers.LayerNormalization(epsilon=1e-6)(x)
    x = layers.LayerNormalization(epsilon=1e-6)(x) if pre else x
    return keras.Model(start, layers.Dense(50, kernel_initializer=make())(x))


@case("Transformer, normalized first, Keras's defaults")
def _(width, seed):
    return (_transformer(width, 4, True, "glorot_uniform", "uniform"),)


@case("Transformer, normalized first, std 0.02 as GPT-2")
def _(width, seed):
    return (_transformer(width, 6, True, lambda: normal(0.02), normal(0.02)),)


@case("Transformer, normalized last")
def _(width, seed):
    return (_transformer(width, 3, False, "glorot_uniform", normal(1.0)),)


@case("LSTM, Keras's defaults")
def _(width, seed):
    x = start = keras.Input((20, 16))
    x = layers.LSTM(32)(x)
    return labelled(keras.Model(start, layers.Dense(CLASSES)(x)), seed)


@case("three LSTMs over tokens")
def _(width, seed):
    x = start = keras.Input((12,), dtype="int32")
    x = layers.Embedding(50, 32)(x)
    x = layers.LSTM(32, return_sequences=True)(x)
    x = layers.LSTM(32, return_sequences=True)(x)
    x = layers.LSTM(32)(x)
    return (keras.Model(start, layers.Dense(CLASSES)(x)),)


@case("GRU, both directions")
def _(width, seed):
    x = start = keras.Input((12, 16))
    x = layers.Bidirectional(layers.GRU(16))(x)
    return labelled(keras.Model(start, layers.Dense(CLASSES)(x)), seed)


@case("autoencoder")
def _(width, seed):
    x = start = keras.Input((width,))
    for units in (width // 2, width // 8, width // 2):
        x = layers.Dense(units, "relu", kernel_initializer="he_normal")(x)
    model = keras.Model(start, layers.Dense(width)(x))
    model.compile("adam", "mse")
    x = np.random.default_rng(seed).standard_normal((64, width)).astype("float32")
    return model, x, x


@case("two inputs, two outputs")
def _(width, seed):
    a, b = keras.Input((width,), name="a"), keras.Input((6,), name="b")
    x = layers.Dense(32, "relu", kernel_initializer="he_normal")(a)
    x = layers.Concatenate()([x, layers.Dense(8, "tanh")(b)])
    one, two = layers.Dense(3, name="one")(x), layers.Dense(1, name="two")(x)
    return (keras.Model({"a": a, "b": b}, {"one": one, "two": two}),)


@case("mixed float16 with loss scaling")
def _(width, seed):
    model = mlp(width, 6, "relu", dtype="mixed_float16")
    return labelled(model, seed)


@case("MobileNet, Keras's defaults")
def _(width, seed):
    model = keras.applications.MobileNet(
        weights=None, input_shape=(32, 32, 3), alpha=0.25, classes=CLASSES
    )
    return (model,)


@case("pictures behind a Rescaling")
def _(width, seed):
    x = start = keras.Input((8, 8, 3))
    x = layers.Flatten()(layers.Rescaling(1 / 127.5, offset=-1.0)(x))
    x = layers.Dense(width, "relu", kernel_initializer="he_normal")(x)
    return (keras.Model(start, layers.Dense(CLASSES)(x)),)


@case("residual, branches almost closed as in ConvNeXt")
def _(width, seed):
    x = start = keras.Input((width,))
    for _ in range(6):
        y = layers.LayerNormalization()(x)
        y = layers.Dense(width, "gelu", kernel_initializer="he_normal")(y)
        y = layers.Dense(width)(y)
        x = layers.Add()([x, layers.Rescaling(1e-6)(y)])
    x = layers.LayerNormalization()(x)
    return (keras.Model(start, layers.Dense(CLASSES, "softmax")(x)),)
