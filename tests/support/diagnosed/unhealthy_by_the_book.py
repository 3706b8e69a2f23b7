"""Faults of the textbooks: scales, activations, biases, seeds, fans, numbers."""

import keras
import numpy as np
from keras import layers

from support.diagnosed.networks import CLASSES, case, labelled, mlp, normal


@case("all kernels zero, ReLU", "no gradient", "symmetric units")
def _(width, seed):
    return labelled(mlp(width, 4, "relu", "zeros", "zeros"), seed)


@case("all kernels zero, sigmoid", "symmetric units")
def _(width, seed):
    return labelled(mlp(width, 1, "sigmoid", "zeros", "zeros"), seed)


@case("all kernels constant", "symmetric units")
def _(width, seed):
    return labelled(
        mlp(width, 2, "relu", lambda: keras.initializers.Constant(0.05)), seed
    )


@case("std 0.01, ReLU, 10 layers", "vanishing signal")
def _(width, seed):
    return labelled(mlp(width, 10, "relu", lambda: normal(0.01)), seed)


@case("std 0.01, GELU, 10 layers", "vanishing signal")
def _(width, seed):
    return (mlp(width, 10, "gelu", lambda: normal(0.01)),)


@case("std 1.0, ReLU, 10 layers", "exploding signal")
def _(width, seed):
    return labelled(mlp(width, 10, "relu", lambda: normal(1.0)), seed)


@case("std 1.0, tanh, 10 layers", "saturated activation")
def _(width, seed):
    return labelled(mlp(width, 10, "tanh", lambda: normal(1.0)), seed)


@case("std 1.0, tanh, 10 layers: gradient", "exploding gradient")
def _(width, seed):
    return (mlp(width, 10, "tanh", lambda: normal(1.0)),)


@case("He in tanh, 120 layers", "exploding gradient")
def _(width, seed):
    # Mean field: the gradient's norm grows by sqrt(1.1055) a layer, 415 times in all.
    return (mlp(width, 120, "tanh", "he_normal"),)


@case("Xavier in 30 ReLU layers", "vanishing signal")
def _(width, seed):
    return labelled(mlp(width, 30, "relu", "glorot_normal"), seed)


@case("Xavier in 30 convolutions with ReLU", "vanishing signal")
def _(width, seed):
    x = start = keras.Input((8, 8, 3))
    for _ in range(30):
        x = layers.Conv2D(16, 3, padding="same", activation="relu")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return (keras.Model(start, layers.Dense(CLASSES)(x)),)


@case("10 sigmoid layers", "vanishing gradient")
def _(width, seed):
    return labelled(mlp(width, 10, "sigmoid", "glorot_uniform"), seed)


@case("20 sigmoid layers", "vanishing gradient")
def _(width, seed):
    return (mlp(width, 20, "sigmoid", "glorot_uniform"),)


@case("30 residual blocks without scaling", "exploding signal")
def _(width, seed):
    x = start = keras.Input((width,))
    for _ in range(30):
        y = layers.Dense(width, "relu", kernel_initializer="he_normal")(x)
        y = layers.Dense(width, kernel_initializer="lecun_normal")(y)
        y = layers.Rescaling(2.0**0.5)(y)
        x = layers.Add()([x, y])
    return labelled(keras.Model(start, layers.Dense(CLASSES)(x)), seed)


@case("bidirectional LSTM with one seed", "identical tensors")
def _(width, seed):
    x = start = keras.Input((12, 16))
    initializer = keras.initializers.GlorotUniform(seed=seed)
    x = layers.Bidirectional(layers.LSTM(16, kernel_initializer=initializer))(x)
    return (keras.Model(start, layers.Dense(CLASSES)(x)),)


@case("one initializer in two layers", "identical tensors")
def _(width, seed):
    shared = keras.initializers.HeNormal(seed=seed)
    return labelled(mlp(width, 3, "relu", lambda: shared), seed)


@case("depthwise He as Keras counts", "wrong fans")
def _(width, seed):
    x = start = keras.Input((8, 8, 3))
    x = layers.Conv2D(64, 3, activation="relu", kernel_initializer="he_normal")(x)
    x = layers.DepthwiseConv2D(
        3, activation="relu", depthwise_initializer="he_normal", name="dw"
    )(x)
    x = layers.GlobalAveragePooling2D()(x)
    return (keras.Model(start, layers.Dense(CLASSES)(x)),)


@case("separable He as Keras counts", "wrong fans")
def _(width, seed):
    x = start = keras.Input((8, 8, 3))
    x = layers.Conv2D(48, 3, activation="relu", kernel_initializer="he_normal")(x)
    x = layers.SeparableConv2D(
        32, 3, depthwise_initializer="he_normal", pointwise_initializer="he_normal"
    )(x)
    x = layers.GlobalAveragePooling2D()(layers.ReLU()(x))
    return (keras.Model(start, layers.Dense(CLASSES)(x)),)


@case("transposed He as Keras counts", "wrong fans")
def _(width, seed):
    x = start = keras.Input((6, 6, 96))
    x = layers.Conv2DTranspose(8, 3, kernel_initializer="he_normal")(x)
    return (keras.Model(start, layers.Conv2D(3, 3)(layers.ReLU()(x))),)


@case("bias -10, ReLU", "dying ReLU", "bias far off")
def _(width, seed):
    bias = keras.initializers.Constant(-10.0)
    return labelled(mlp(width, 4, "relu", bias_initializer=bias), seed)


@case("bias 5, tanh", "bias far off")
def _(width, seed):
    bias = keras.initializers.Constant(5.0)
    return labelled(mlp(width, 4, "tanh", "lecun_normal", bias_initializer=bias), seed)


@case("bias 20, ReLU", "bias far off")
def _(width, seed):
    bias = keras.initializers.Constant(20.0)
    return (mlp(width, 4, "relu", bias_initializer=bias),)


@case("one layer nan", "not finite")
def _(width, seed):
    model = mlp(width, 5, "relu")
    kernel = np.array(model.layers[2].kernel)
    kernel[1, 2] = np.nan
    model.layers[2].kernel.assign(kernel)
    return labelled(model, seed)


@case("overflow in float16", "not finite")
def _(width, seed):
    return (mlp(width, 8, "relu", lambda: normal(1.0), dtype="float16"),)


@case("gradients underflow in float16", "low-precision underflow")
def _(width, seed):
    # Each layer keeps a quarter of the signal: none of it is lost in 4 layers.
    small = (2 / width) ** 0.5 / 4
    model = mlp(width, 5, "relu", lambda: normal(small), dtype="float16")
    return labelled(model, seed)


@case("Llama from scratch, keys equal values", "identical tensors")
def _(width, seed):
    import keras_hub

    model = keras_hub.models.LlamaBackbone(
        vocabulary_size=100,
        num_layers=2,
        num_query_heads=4,
        num_key_value_heads=2,
        hidden_dim=max(32, width // 4),
        intermediate_dim=64,
    )
    ids = np.random.default_rng(seed).integers(0, 100, (16, 12))
    return model, {"token_ids": ids, "padding_mask": np.ones_like(ids)}


@case("head of std 1", "confident head")
def _(width, seed):
    return labelled(mlp(width, 2, "relu", head=normal(1.0)), seed)


@case("LSTM with kernels of std 3", "saturated gates")
def _(width, seed):
    x = start = keras.Input((12, width))
    x = layers.LSTM(32, kernel_initializer=normal(3.0))(x)
    return (keras.Model(start, layers.Dense(CLASSES)(x)),)


@case("attention with large queries", "saturated attention")
def _(width, seed):
    x = start = keras.Input((12, width))
    y = layers.LayerNormalization()(x)
    y = layers.MultiHeadAttention(2, width // 2, kernel_initializer=normal(1.0))(y, y)
    y = layers.LayerNormalization()(y)
    return (keras.Model(start, layers.Dense(CLASSES)(layers.Add()([x, y]))),)


@case("tanh with biases, ordered, 40 layers", "collapsed representation")
def _(width, seed):
    # σ_w² = 0.3, σ_b² = 0.3: the slope of the correlation map at 1 is below 0.3.
    return (
        mlp(
            width,
            30,
            "tanh",
            lambda: normal((0.3 / width) ** 0.5),
            bias_initializer=normal(0.3**0.5),
        ),
    )


@case("orthogonal with gain 3, 12 ReLU layers", "exploding signal")
def _(width, seed):
    return (mlp(width, 12, "relu", lambda: keras.initializers.Orthogonal(gain=3.0)),)


@case("branches with two zeros in series", "no gradient")
def _(width, seed):
    x = start = keras.Input((width,))
    for _ in range(3):
        y = layers.Dense(width, "relu", kernel_initializer="he_normal")(x)
        y = layers.Dense(width, kernel_initializer="zeros")(y)
        y = layers.Dense(width, kernel_initializer="zeros")(y)
        x = layers.Add()([x, y])
    return labelled(keras.Model(start, layers.Dense(CLASSES)(x)), seed)


@case("filters all the same", "symmetric units")
def _(width, seed):
    x = start = keras.Input((8, 8, 3))
    x = layers.Conv2D(16, 3, activation="relu", kernel_initializer="ones")(x)
    x = layers.Conv2D(16, 3, activation="relu", kernel_initializer="ones")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return (keras.Model(start, layers.Dense(CLASSES, kernel_initializer="ones")(x)),)
