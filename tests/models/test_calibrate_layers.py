"""Kernels of every kind of layer, in every place of a network, get variance 1."""

import contextlib
import math

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_inits import calibrate, replacing_builtins

ROWS = 200
quickly, einsum = replacing_builtins(), layers.EinsumDense


@pytest.fixture(autouse=True)
def same_start():
    """The same models and data at every run."""
    keras.utils.set_random_seed(0)


def images(*shape, seed=0):
    """Noise, with a mean for each channel."""
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(ROWS, *shape)) + np.arange(shape[-1])).astype("float32")


def numpy(z):
    """In double precision."""
    return ops.convert_to_numpy(z).astype(np.float64)


def heard(model, x, *spied, **arguments):
    """What each layer puts out at each of its calls, while the model runs on `x`."""
    found = [[] for _ in spied]
    with contextlib.ExitStack() as undo:
        for layer, kept in zip(spied, found, strict=True):

            def call(*inputs, original=layer.call, kept=kept, **more):
                z = original(*inputs, **more)
                kept.append(numpy(z))
                return z

            object.__setattr__(layer, "call", call)
            undo.callback(object.__delattr__, layer, "call")
        model(x, **arguments)
    return found


def is_standard(z, axis=-1, error=0.02, variance=1.0):
    """Whether each unit has mean 0 and this variance."""
    z = np.moveaxis(z, axis, -1).reshape(-1, z.shape[axis])
    assert len(z) >= ROWS
    z = z / math.sqrt(variance)
    return abs(z.mean(0)).max() < error and abs(z.var(0) - 1).max() < error


@quickly
def one(layer, shape):
    """A layer between others: not the first to see the data, and no head."""
    inputs = keras.Input(shape)
    x = layers.Dense(shape[-1], name="before")(inputs)
    x = layer(layers.Activation("sigmoid")(x))
    x = layers.Activation("relu")(x)
    return keras.Model(inputs, layers.Dense(2, name="head")(layers.Flatten()(x)))


KINDS = {
    "Dense": (lambda: layers.Dense(7), (5,)),
    "Dense on sequences": (lambda: layers.Dense(7), (6, 5)),
    "Conv1D": (lambda: layers.Conv1D(7, 3, strides=2), (9, 5)),
    "causal": (lambda: layers.Conv1D(7, 3, padding="causal"), (9, 5)),
    "Conv2D": (lambda: layers.Conv2D(7, (3, 2), padding="same"), (6, 8, 5)),
    "dilated": (lambda: layers.Conv2D(7, 2, dilation_rate=2), (6, 8, 5)),
    "Conv3D": (lambda: layers.Conv3D(4, 2), (3, 4, 5, 2)),
    "grouped": (lambda: layers.Conv2D(9, 3, groups=3), (6, 8, 6)),
    "depthwise": (lambda: layers.DepthwiseConv2D(3, depth_multiplier=2), (6, 8, 5)),
    "DepthwiseConv1D": (lambda: layers.DepthwiseConv1D(3), (9, 5)),
    "transposed": (lambda: layers.Conv2DTranspose(7, 3, strides=2), (4, 5, 3)),
    "Conv1DTranspose": (lambda: layers.Conv1DTranspose(7, 4, strides=3), (6, 3)),
    "separable": (lambda: layers.SeparableConv2D(7, 3, depth_multiplier=2), (6, 8, 5)),
    "SeparableConv1D": (lambda: layers.SeparableConv1D(7, 3), (9, 5)),
    "einsum": (lambda: einsum("abc,cd->abd", (6, 7), bias_axes="d"), (6, 5)),
    "time distributed": (lambda: layers.TimeDistributed(layers.Dense(7)), (6, 5)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_unit_is_standard(kind):
    """Twin: not before."""
    make, shape = KINDS[kind]
    layer, x = make(), images(*shape)
    model = one(layer, shape)
    assert not is_standard(heard(model, x, layer)[0][0])
    calibrate(model, x)
    assert is_standard(heard(model, x, layer)[0][0])


def test_einsum_units_are_what_its_kernel_tells_apart():
    """Two heads of three units, with a bias of each."""
    layer = einsum("btc,chd->bthd", (6, 2, 3), bias_axes="hd")
    model, x = one(layer, (6, 5)), images(6, 5)
    calibrate(model, x)
    assert is_standard(heard(model, x, layer)[0][0].reshape(ROWS, 6, 6))


FIRST = {
    "Conv2D": lambda: layers.Conv2D(7, 3),
    "depthwise": lambda: layers.DepthwiseConv2D(3),
    "separable": lambda: layers.SeparableConv2D(7, 3),
    "transposed": lambda: layers.Conv2DTranspose(7, 3, strides=2),
}


@pytest.mark.backend("jax", "torch")  # TensorFlow has none on CPU
@pytest.mark.parametrize("kind", FIRST)
def test_channels_may_come_first(kind):
    keras.config.set_image_data_format("channels_first")
    layer = FIRST[kind]()
    keras.config.set_image_data_format("channels_last")
    inputs, x = keras.Input((5, 6, 8)), images(6, 8, 5).transpose(0, 3, 1, 2)
    found = layers.Flatten()(layers.Activation("relu")(layer(inputs)))
    model = keras.Model(inputs, layers.Dense(2)(found))
    assert not is_standard(heard(model, x, layer)[0][0], axis=1)
    calibrate(model, x)
    assert is_standard(heard(model, x, layer)[0][0], axis=1)


@pytest.mark.parametrize("kind", ["self", "cross", "grouped"])
def test_attention(kind):
    """Queries, keys, values and outputs; and logits, which have not before."""
    a, b = keras.Input((6, 40)), keras.Input((4, 30))
    parts = "_query_dense", "_key_dense", "_value_dense", "_output_dense"
    attention = layers.MultiHeadAttention(2, 8)
    if kind == "grouped":
        attention = layers.GroupQueryAttention(8, 4, 2)
    found = attention(a, b) if kind == "cross" else attention(a, a)
    model = keras.Model([a, b], layers.Dense(2)(layers.Flatten()(found)))
    x = [images(6, 40), images(4, 30, seed=1)]
    spied = [getattr(attention, part) for part in parts]
    for layer in spied:
        layer.kernel.assign(numpy(layer.kernel) * 3)

    def logits():
        found = heard(model, x, *spied)
        (query,), (key,) = found[:2]
        key = key.repeat(query.shape[2] // key.shape[2], axis=2)
        z = np.einsum("bqhd,bkhd->bhqk", query, key) / math.sqrt(query.shape[-1])
        return z.var(), [z.reshape(*z.shape[:2], -1) for (z,) in found]

    assert logits()[0] > 2
    calibrate(model, x)
    variance, signals = logits()
    assert abs(variance - 1) < 0.2  # 8 units of 30 inputs are tied by about 1/sqrt(30)
    assert all(map(is_standard, signals))


RECURRENT = {
    "SimpleRNN": lambda: layers.SimpleRNN(6),
    "LSTM": lambda: layers.LSTM(6),
    "GRU": lambda: layers.GRU(6),
    "GRU, reset before": lambda: layers.GRU(6, reset_after=False),
    "RNN of a cell": lambda: layers.RNN(layers.LSTMCell(6)),
    "sequences": lambda: layers.LSTM(6, return_sequences=True),
}


@pytest.mark.parametrize("kind", RECURRENT)
def test_gates_hear_variance_1_over_time(kind):
    """x @ kernel by NumPy; twin: not before. In the mean gates open as they did."""
    layer, x = RECURRENT[kind](), images(7, 5)
    inputs = keras.Input((7, 5))
    with replacing_builtins():
        found = layers.Flatten()(layer(inputs))
        model = keras.Model(inputs, layers.Dense(2)(found))
    cell = layer.cell
    rng = np.random.default_rng(1)
    cell.kernel.assign(rng.normal(size=cell.kernel.shape))
    cell.bias.assign(numpy(cell.bias) + rng.normal(size=cell.bias.shape) / 10)
    bias = numpy(cell.bias)

    def inputs_of_gates():
        return x.reshape(-1, 5).astype(np.float64) @ numpy(cell.kernel)

    assert abs(inputs_of_gates().var(0) - 1).max() > 0.5
    calibrate(model, x)
    assert abs(inputs_of_gates().var(0) - 1).max() < 0.02
    kept = 0 if kind == "SimpleRNN" else bias  # which has no gates
    opened = np.atleast_2d(numpy(cell.bias) - kept)
    assert abs(inputs_of_gates().mean(0) + opened[0]).max() < 1e-3
    assert not opened[1:].any()  # the second of a GRU is of states


def test_recurrent_layers_over_one_another_and_both_ways():
    """Each hears what is below it, after that was set."""
    lower = layers.Bidirectional(layers.LSTM(4, return_sequences=True))
    upper = layers.GRU(3)
    inputs = keras.Input((7, 5))
    with replacing_builtins():
        model = keras.Model(inputs, layers.Dense(2)(upper(lower(inputs))))
    x = images(7, 5)
    calibrate(model, x)
    for cell in (lower.forward_layer.cell, lower.backward_layer.cell):
        z = x.reshape(-1, 5).astype(np.float64) @ numpy(cell.kernel)
        assert abs(z.var(0) - 1).max() < 0.02
    ((states,),) = heard(model, x, lower)
    z = states.reshape(-1, 8) @ numpy(upper.cell.kernel)
    assert abs(z.var(0) - 1).max() < 0.02


def branches(blocks, norm=None, add="layer"):
    """A stream that two kernels read, and the layers that end its branches."""
    ends = []
    with replacing_builtins():
        inputs = keras.Input((9,))
        x = layers.Dense(11, name="stem")(inputs)
        for _ in range(blocks):
            y = layers.LayerNormalization()(x) if norm == "pre" else x
            y = layers.Dense(13, "relu")(y)
            ends.append(layers.Dense(11))
            y = ends[-1](y)
            x = layers.Add()([x, y]) if add == "layer" else x + y
            if norm == "post":
                x = layers.LayerNormalization()(x)
        x = layers.Identity(name="stream")(x)
        return keras.Model(inputs, layers.Dense(3)(layers.ReLU()(x))), ends


@pytest.mark.parametrize("add", ["layer", "operator"])
@pytest.mark.parametrize("blocks", [1, 5])
def test_branches_share_the_variance_of_their_stream(blocks, add):
    """Each has 1/L of it; twins: as other kernels, each has 1, and so on ("unit")."""
    (model, ends), x = branches(blocks, add=add), images(9)
    report = calibrate(model, x)
    found = heard(model, x, *ends, model.get_layer("stream"))
    assert all(is_standard(z, variance=1 / blocks) for (z,) in found[:-1])
    assert found[-1][0].var() < 4
    told = [one.std_after for one in report.rows if one.std_after]
    assert sum(abs(std * math.sqrt(blocks) - 1) < 0.01 for std in told) >= blocks
    calibrate(model, x, branches="unit")
    found = heard(model, x, *ends, model.get_layer("stream"))
    assert all(is_standard(z) for (z,) in found[:-1])
    assert blocks == 1 or found[-1][0].var() > blocks / 2


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_branches_of_normalized_streams_have_variance_1(norm):
    (model, ends), x = branches(4, norm), images(9)
    calibrate(model, x)
    assert all(is_standard(z) for (z,) in heard(model, x, *ends))


class Twice(keras.Model):
    """A subclassed model: a layer that is called twice, a nested model, a sum."""

    def __init__(self):
        super().__init__()
        self.stem, self.shared = layers.Dense(6), layers.Dense(6)
        self.inner = keras.Sequential([layers.Dense(4), layers.ReLU(), layers.Dense(6)])
        self.head = layers.Dense(2)

    def call(self, x):
        """All but the head in a stream."""
        x = ops.sigmoid(self.stem(x))
        x = ops.exp(self.shared(x) / 2)
        x = ops.tanh(self.shared(x))
        return self.head(x + self.inner(x))


def test_a_subclassed_model():
    """The first call of a shared layer counts; the inner model ends the one branch."""
    x = images(5)
    with replacing_builtins():
        model = Twice()
        model(x)
    calibrate(model, x)
    inner = model.inner.layers
    spied = model.stem, model.shared, inner[0], inner[2]
    stem, (first, second), low, end = heard(model, x, *spied)
    assert all(map(is_standard, (*stem, first, *low, *end)))
    assert not is_standard(second)


def test_nested_models_and_sums_of_several_branches():
    """A stream of three branches, two of which one sum adds: each has std 1/sqrt(3)."""
    with replacing_builtins():
        start = keras.Input((6,))
        tower = keras.Sequential(
            [keras.Input((6,)), layers.Dense(9, "relu"), layers.Dense(6, name="end_0")]
        )
        ends = [tower.layers[-1], layers.Dense(6), layers.Dense(6)]
        x = layers.Dense(6)(start)
        x = layers.Add()([x, tower(x), ends[1](layers.ReLU()(x))])
        x = layers.Add()([x, ends[2](layers.Activation("tanh")(x))])
        model = keras.Model(start, layers.Dense(2)(layers.ReLU()(x)))
    x = images(6)
    calibrate(model, x)
    assert all(is_standard(z, variance=1 / 3) for (z,) in heard(model, x, *ends))
