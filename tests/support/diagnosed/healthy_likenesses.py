"""Sound networks that are most like those of `unhealthy_networks.py`."""

import keras
import numpy as np
from keras import layers

from support.diagnosed.networks import CLASSES, case, labelled, mlp
from support.diagnosed.unhealthy_networks import cut, recurrent, regression, rescaled


@case("LSTM with long memory in its biases")
def _(width, seed):
    # Chrono initialization: log of times up to 200, against the input's gate.
    layer = layers.LSTM(width)
    model = recurrent(layer)
    memory = np.log(np.random.default_rng(seed).uniform(1, 199, width))
    rest = np.zeros(2 * width)
    layer.cell.bias.assign(np.concatenate([-memory, memory, rest]))
    return (model,)


@case("tanh recurrence of gain 1")
def _(width, seed):
    return (recurrent(layers.SimpleRNN(width), 1, 30, 2),)


@case("mixed float16 whose gradients overflow at first")
def _(width, seed):
    # 2**20 times a gradient of 0.1 is more than float16 holds; 2**16 times is not.
    model, x, y, _ = labelled(mlp(width, 3, "relu", dtype="mixed_float16"), seed)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.LossScaleOptimizer(
        keras.optimizers.SGD(), initial_scale=2.0**20
    )
    model.compile(optimizer, loss)
    return model, x, y


@case("one positive feature")
def _(width, seed):
    x = start = keras.Input((1,))
    for _ in range(2):
        x = layers.Dense(width, "tanh")(x)
    model = keras.Model(start, layers.Dense(CLASSES)(x))
    return rescaled(lambda x: 0.1 + abs(x), model, seed)


@case("data of 1e5 behind a Normalization")
def _(width, seed):
    mean, variance = 3e5, 1e10
    x = start = keras.Input((width,))
    x = layers.Normalization(mean=mean, variance=variance)(x)
    x = layers.Dense(width, "relu", kernel_initializer="he_normal")(x)
    model = keras.Model(start, layers.Dense(CLASSES)(x))
    return rescaled(lambda x: 1e5 * x + 3e5, model, seed)


@case("targets of 2e5 that a Rescaling reaches")
def _(width, seed):
    model, x, y = regression(lambda z: 5e4 * z + 2e5, "mse", width, seed)
    scaled = layers.Rescaling(5e4, offset=2e5)(model.outputs[0])
    model = keras.Model(model.inputs, scaled)
    model.compile("adam", "mse")
    return model, x, y


@case("a discrete code that the gradient is led past")
def _(width, seed):
    def straight(x):
        return x + keras.ops.stop_gradient(keras.ops.round(x) - x)

    return cut(straight, width, seed)


@case("20 sigmoid layers, their mean taken off by biases")
def _(width, seed):
    # sigmoid(z) = (1 + tanh(z/2)) / 2: with four times the kernel, and its sums halved
    # against it, the network is one of tanh and orthogonal kernels.
    model = mlp(width, 20, "sigmoid", lambda: keras.initializers.Orthogonal())
    for layer in model.layers[1:-1]:
        kernel = 4 * np.array(layer.kernel)
        layer.kernel.assign(kernel)
        layer.bias.assign(-kernel.sum(0) / 2)
    return labelled(model, seed)


@case("large penalty on kernels")
def _(width, seed):
    penalty = keras.regularizers.L2(1.0)
    return labelled(mlp(width, 3, "relu", kernel_regularizer=penalty), seed)


@case("loss with a weight of 40")
def _(width, seed):
    model, x, y, _ = labelled(mlp(width, 3, "relu"), seed)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss, loss_weights=[40.0])
    return model, x, y


@case("attention with one seed")
def _(width, seed):
    # Equal queries, keys and values part in the first step: random Transformers with
    # such layers learn as others do.
    x = start = keras.Input((12, width))
    initializer = keras.initializers.GlorotUniform(seed=seed)
    y = layers.LayerNormalization()(x)
    y = layers.MultiHeadAttention(4, width // 4, kernel_initializer=initializer)(y, y)
    return (keras.Model(start, layers.Dense(CLASSES)(layers.Add()([x, y]))),)
