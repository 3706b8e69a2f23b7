"""Two more starts: fans counted wrongly, and half precision without scaling."""

import keras
from keras import initializers, layers, ops

from support.mistakes.datasets import digits, tabular
from support.mistakes.programs import accuracy, explained, program


class Grouped(layers.Layer):
    """A dense layer for each group of units, their kernels in one stack."""

    def __init__(self, groups, units, start):
        super().__init__()
        self.groups, self.units, self.start = groups, units, start

    def build(self, shape):
        inputs = shape[-1] // self.groups
        self.kernel = self.add_weight(
            shape=(self.groups, inputs, self.units // self.groups),
            initializer=self.start,
            name="kernel",
        )

    def call(self, x):
        x = ops.reshape(x, (-1, self.groups, x.shape[-1] // self.groups))
        x = ops.tanh(ops.einsum("bgi,gio->bgo", x, self.kernel))
        x = ops.transpose(x, (0, 2, 1))  # so that groups meet in the next layer
        return ops.reshape(x, (-1, self.units))


@program(
    "groups taken for a window",
    "weights",
    {"wrong fans", "vanishing signal", "vanishing gradient"},
    explained(0.6, epochs=60),
)
def groups_taken_for_a_window(seed, faulty):
    """Keras takes the first axis of a kernel (8, 8, 8) for a convolution's window."""
    x, y = tabular(seed, rows=128)
    hidden = inputs = keras.Input((8,))
    hidden = layers.Dense(64, activation="tanh")(hidden)
    limit = (6 / 16) ** 0.5  # what Glorot asks for 8 inputs and 8 outputs
    for _ in range(8):
        right = initializers.RandomUniform(-limit, limit)
        start = initializers.GlorotUniform() if faulty else right
        hidden = Grouped(8, 64, start)(hidden)
    model = keras.Model(inputs, layers.Dense(1)(hidden))
    model.compile(keras.optimizers.SGD(0.02, momentum=0.9), "mse")
    return model, x, y


@program(
    "half precision everywhere",
    "weights",
    {"low-precision underflow", "not finite"},
    accuracy(epochs=8),
)
def half_precision_everywhere(seed, faulty):
    """Adam's epsilon and squares are below what float16 holds, so it divides by 0."""
    x, y = digits(seed)
    policy = "float16" if faulty else "mixed_float16"
    model = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(128, activation="relu", dtype=policy),
            layers.Dense(64, activation="relu", dtype=policy),
            layers.Dense(10, dtype=policy),
            layers.Activation("softmax", dtype="float32"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    return model, x, y
