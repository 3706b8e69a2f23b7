"""Further networks known to be unhealthy.

They were trained beside sound ones of the same shape, or follow from what an
operation does.
"""

import keras
import numpy as np
from keras import layers

from support.diagnosed.networks import CLASSES, case, labelled, mlp, normal


def recurrent(layer, head=1, steps=24, features=4):
    """One recurrent layer and a head."""
    start = keras.Input((steps, features))
    return keras.Model(start, layers.Dense(head, "sigmoid")(layer(start)))


def times(layer, factor, name="kernel"):
    """The layer's weights of a name times a factor, once it is built."""
    for variable in layer.trainable_variables:
        if name in variable.name:
            variable.assign(factor * variable)


def cut(operation, width, seed):
    """Two layers, an operation without a slope, two layers."""
    x = start = keras.Input((width,))
    for _ in range(2):
        x = layers.Dense(width, "relu", kernel_initializer="he_normal")(x)
    x = layers.Dense(width, "relu", kernel_initializer="he_normal")(operation(x))
    return labelled(keras.Model(start, layers.Dense(CLASSES)(x)), seed)


def regression(targets, loss, width, seed):
    """A network for one number, with targets of a function of noise."""
    model = keras.Sequential(
        [
            keras.Input((width,)),
            layers.Dense(width, "relu", kernel_initializer="he_normal"),
            layers.Dense(1),
        ]
    )
    random = np.random.default_rng(seed)
    x = random.standard_normal((64, width)).astype("float32")
    model.compile("adam", loss)
    return model, x, targets(random.standard_normal((64, 1))).astype("float32")


def driven(layer, factor):
    """A recurrent network whose kernels are made larger."""
    model = recurrent(layer)
    times(layer, factor)
    return model


def rescaled(function, model, seed):
    """The usual labels, with a function of the usual data."""
    model, x, y, _ = labelled(model, seed)
    return model, function(x), y


# --- ill ---------------------------------------------------------------------------


@case("LSTM behind embeddings of std 10", "saturated gates")
def _(width, seed):
    x = start = keras.Input((24,), dtype="int32")
    x = layers.Embedding(200, width, embeddings_initializer=normal(10.0))(x)
    return (keras.Model(start, layers.Dense(1, "sigmoid")(layers.LSTM(width)(x))),)


@case("LSTM with kernels times 30", "saturated gates")
def _(width, seed):
    return (driven(layers.LSTM(width), 30.0),)


@case("GRU with kernels times 20", "saturated gates")
def _(width, seed):
    return (driven(layers.GRU(width), 20.0),)


@case("tanh recurrence of gain 10", "saturated activation")
def _(width, seed):
    gain = keras.initializers.Orthogonal(10.0)
    return (recurrent(layers.SimpleRNN(width, recurrent_initializer=gain), 1, 30, 2),)


@case("raw targets of 2e5", "targets not standardized")
def _(width, seed):
    return regression(lambda z: 5e4 * z + 2e5, "mse", width, seed)


@case("raw targets of 2e5, Huber", "targets not standardized")
def _(width, seed):
    loss = keras.losses.Huber()
    return regression(lambda z: 5e4 * z + 2e5, loss, width, seed)


@case("LSTM with biases of 10", "saturated gates")
def _(width, seed):
    bias = keras.initializers.Constant(10.0)
    layer = layers.LSTM(width, bias_initializer=bias, unit_forget_bias=False)
    return (recurrent(layer),)


@case("data of 1e-5", "data not standardized")
def _(width, seed):
    return rescaled(lambda x: 1e-5 * x, mlp(width, 3, "relu"), seed)


@case("one raw column of 1e5", "data not standardized", "confident head")
def _(width, seed):
    def raw(x):
        return np.concatenate([1e5 * x[:, :1] + 3e5, x[:, 1:]], axis=1)

    return rescaled(raw, mlp(width, 2, "relu"), seed)


@case("all samples equal", "data all the same")
def _(width, seed):
    return rescaled(lambda x: np.repeat(x[:1], 64, 0), mlp(width, 2, "relu"), seed)


@case("stop_gradient in the middle", "no gradient")
def _(width, seed):
    return cut(keras.ops.stop_gradient, width, seed)


@case("rounding in the middle", "no gradient")
def _(width, seed):
    return cut(keras.ops.round, width, seed)


@case("half of the units without weights", "dying ReLU", "symmetric units")
def _(width, seed):
    model = mlp(width, 3, "relu")
    kernel = np.array(model.layers[1].kernel)
    kernel[:, : (2 * width) // 3] = 0
    model.layers[1].kernel.assign(kernel)
    return labelled(model, seed)


@case("units copied to widen a layer", "symmetric units")
def _(width, seed):
    model, half = mlp(width, 2, "relu"), width // 2
    one, two = (np.array(layer.kernel) for layer in model.layers[:2])
    one[:, half:] = one[:, :half]
    two[half:] = two[:half]
    model.layers[0].kernel.assign(one)
    model.layers[1].kernel.assign(two / 2)
    return labelled(model, seed)


@case("constant kernel and identity in a recurrence", "symmetric units")
def _(width, seed):
    layer = layers.SimpleRNN(
        width,
        "relu",
        kernel_initializer=keras.initializers.Constant(0.1),
        recurrent_initializer="identity",
    )
    start = keras.Input((12, 4))
    head = layers.Dense(1, kernel_initializer="ones")
    return (keras.Model(start, head(layer(start))),)


@case("gain 0 in a normalization on the only path", "no gradient", "vanishing signal")
def _(width, seed):
    x = start = keras.Input((width,))
    for gamma in ("ones", "zeros", "ones"):
        x = layers.Dense(width, use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization(gamma_initializer=gamma)(x))
    return labelled(keras.Model(start, layers.Dense(CLASSES)(x)), seed)


@case("hard_sigmoid with bias 10", "saturated activation", "no gradient")
def _(width, seed):
    model = mlp(width, 3, "hard_sigmoid")
    model.layers[1].bias.assign(np.full(width, 10.0))
    return labelled(model, seed)


@case("relu6 with kernels times 30", "saturated activation", "confident head")
def _(width, seed):
    model = mlp(width, 3, "relu6")
    for layer in model.layers:
        times(layer, 30.0)
    return labelled(model, seed)


@case("embedding of zeros, pooled, ReLU", "no gradient", "vanishing signal")
def _(width, seed):
    x = start = keras.Input((24,), dtype="int32")
    x = layers.Embedding(200, width, embeddings_initializer="zeros")(x)
    x = layers.Dense(width, "relu")(layers.GlobalAveragePooling1D()(x))
    return (keras.Model(start, layers.Dense(1, "sigmoid")(x)),)


@case("ReLU recurrence of gain 3", "exploding signal", "exploding gradient")
def _(width, seed):
    gain = keras.initializers.Orthogonal(3.0)
    layer = layers.SimpleRNN(width, "relu", recurrent_initializer=gain)
    return (recurrent(layer, 1, 30, 2),)


@case("bias of 20 for one class", "confident head")
def _(width, seed):
    model = mlp(width, 2, "relu")
    model.layers[-1].bias.assign([20.0] + [0.0] * (CLASSES - 1))
    return labelled(model, seed)


@case("softmax of logits by 0.001", "confident head", "exploding signal")
def _(width, seed):
    model = mlp(width, 3, "relu")
    probability = layers.Softmax()(model.outputs[0] / 0.001)
    model = keras.Model(model.inputs, probability)
    model, x, y, _ = labelled(model, seed)
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model, x, y
