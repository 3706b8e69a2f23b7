"""Fans of the kernels in Keras's layers, against counts made through the layers.

A layer of ones is fed every unit input in turn. What answers is counted: how many
inputs reach one output, and how many outputs one input reaches, away from the borders.
"""

import math

import keras
import numpy as np
import pytest

from keras_inits.geometry import Geometry, fans

layers = keras.layers


def filled_with_ones(layer):
    """The layer, each kernel all ones, so that no path through it cancels another."""
    for variable in layer.weights:
        ones = variable.name.endswith("kernel")
        variable.assign(np.full(variable.shape, float(ones), "float32"))
    return layer


def reached(layer, shape):
    """Whether (input, output) are connected: an array of (*input, *output) axes."""
    units = np.eye(math.prod(shape), dtype="float32").reshape(-1, *shape)
    answers = keras.ops.convert_to_numpy(layer(keras.ops.convert_to_tensor(units)))
    return (abs(answers) > 0.5).reshape(*shape, *answers.shape[1:])


def middle(counts, period, window_axes):
    """The mean over one period of the middle, of one channel."""
    place = [0] * counts.ndim
    for axis, step in zip(window_axes, period, strict=True):
        start = counts.shape[axis] // 2
        place[axis] = slice(start, start + step)
    return float(np.mean(counts[tuple(place)]))


def counted(layer, shape, window=(), into=None, out_of=None):
    """fan_in and fan_out of a linear layer of ones.

    Args:
        layer: A built layer.
        shape: One input's, without the batch.
        window: Axes along which the kernel slides, the same in input and output.
        into: Outputs after which the counts of inputs repeat, along each.
        out_of: Inputs after which the counts of outputs repeat, along each.
    """
    ones = (1,) * len(window)
    found = reached(layer, shape)
    inputs = tuple(range(len(shape)))
    outputs = tuple(range(len(shape), found.ndim))
    fan_in = middle(found.sum(axis=inputs), into or ones, window)
    return fan_in, middle(found.sum(axis=outputs), out_of or ones, window)


def built(layer, shape):
    """A layer of ones, built for a batch of such inputs."""
    layer.build((None, *shape))
    return filled_with_ones(layer)


@pytest.mark.parametrize(
    ("equation", "out", "shape"),
    [
        ("ab,bc->ac", (5,), (4,)),
        ("abc,cde->abde", (None, 3, 5), (2, 4)),
        ("abcd,cde->abe", (None, 5), (2, 3, 4)),
        ("abcd,ecd->abe", (None, 5), (2, 3, 4)),
        ("bnd,ndh->bnh", (3, 5), (3, 4)),  # one map a head
        ("bnd,dnh->bnh", (3, 5), (3, 4)),
        ("...x,xy->...y", (5,), (2, 4)),
        ("bec,ecf->bef", (3, 5), (3, 4)),  # experts
        ("bhc,c->bhc", (2, 4), (2, 4)),  # a factor for each channel
    ],
)
def test_einsum_kernels_are_counted_right(equation, out, shape):
    """Axes that inputs and outputs share are many kernels, not many outputs.

    Axes of the input alone repeat the kernel: what is counted is one place of each.
    """
    layer = built(layers.EinsumDense(equation, out), shape)
    found = reached(layer, shape)
    inputs = tuple(range(len(shape)))
    outputs = tuple(range(len(shape), found.ndim))
    fan_in, fan_out = found.sum(axis=inputs).max(), found.sum(axis=outputs).max()
    assert fans(layer) == (fan_in, fan_out)


def test_dense_kernels_are_counted_right():
    layer = built(layers.Dense(5), (4,))
    assert fans(layer) == counted(layer, (4,)) == (4, 5)


CONVOLUTIONS = [
    pytest.param(rank, arguments, id=f"{rank}D {arguments}")
    for rank in (1, 2, 3)
    for arguments in (
        {},
        {"groups": 2},
        {"dilation_rate": 2},
        {"padding": "same"},
        {"strides": 2},
        {"strides": 2, "groups": 2},
    )
    if rank < 3 or "dilation_rate" not in arguments
]
SIZES = {1: (4,), 2: (2, 3), 3: (2, 3, 2)}  # of windows


def window_of(rank, channels=4):
    """Window, one input's shape and its sliding axes, all sizes unequal."""
    sizes = {1: (15,), 2: (11, 12), 3: (6, 8, 5)}
    return SIZES[rank], (*sizes[rank], channels), tuple(range(rank))


@pytest.mark.parametrize(("rank", "arguments"), CONVOLUTIONS)
def test_convolutions_are_counted_right(rank, arguments):
    """Groups see and reach only their own channels; a stride leaves fan_in alone.

    All taps count in fan_out, which is the number of outputs that a whole period of
    inputs reaches.
    """
    window, shape, axes = window_of(rank)
    cls = getattr(layers, f"Conv{rank}D")
    layer = built(cls(6, window, **arguments), shape)
    period = (arguments.get("strides", 1),) * rank
    fan_in, mean_out = counted(layer, shape, axes, out_of=period)
    assert fans(layer) == (fan_in, mean_out * math.prod(period))
    strided = Geometry(groups=layer.groups, stride=math.prod(period))
    assert strided.fans(tuple(layer.kernel.shape)) == (fan_in, mean_out)


@pytest.mark.parametrize("rank", [1, 2])
@pytest.mark.parametrize("multiplier", [1, 2])
def test_depthwise_kernels_are_counted_right(rank, multiplier):
    """A window of one channel goes in, one window of each multiplier comes out."""
    window, shape, axes = window_of(rank)
    cls = getattr(layers, f"DepthwiseConv{rank}D")
    layer = built(cls(window, depth_multiplier=multiplier), shape)
    assert fans(layer) == counted(layer, shape, axes)


@pytest.mark.parametrize("rank", [1, 2])
def test_both_kernels_of_separable_convolutions_are_counted_right(rank):
    """Each with the other kernel made an identity."""
    window, shape, axes = window_of(rank, channels=3)
    cls = getattr(layers, f"SeparableConv{rank}D")
    layer = built(cls(6, window, depth_multiplier=2), shape)
    eye = np.eye(6, dtype="float32").reshape(*(1,) * rank, 6, 6)
    layer.pointwise_kernel.assign(eye)
    assert fans(layer, "depthwise_kernel") == counted(layer, shape, axes)

    layer = built(cls(5, 1, depth_multiplier=1), shape)
    assert fans(layer, "pointwise_kernel") == counted(layer, shape, axes) == (3, 5)
    layer = built(cls(5, window, depth_multiplier=2), shape)
    assert fans(layer, "pointwise_kernel") == (6, 5)  # 3 channels, 2 maps of each


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("strides", [1, 2, 3])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_transposed_convolutions_are_counted_right(rank, strides, padding):
    """An output sees a mean of window * inputs / strides, whatever divides what."""
    window, shape, axes = window_of(rank, channels=3)
    shape = (*(6, 5, 4)[:rank], 3)
    cls = getattr(layers, f"Conv{rank}DTranspose")
    layer = built(cls(2, window, strides=strides, padding=padding), shape)
    period = (strides,) * rank
    fan_in, fan_out = counted(layer, shape, axes, into=period)
    assert fans(layer) == pytest.approx((fan_in, fan_out))
    assert fan_in == pytest.approx(math.prod(window) * 3 / strides**rank)
    taps = Geometry(kernel_format="transpose").fans(tuple(layer.kernel.shape))
    assert taps == (math.prod(window) * 3, fan_out)


def test_attention_projections_are_counted_right():
    """Query, key and value go from the inputs to all heads, the output back."""
    layer = layers.MultiHeadAttention(3, 5, value_dim=7)
    layer.build((None, 2, 4), (None, 2, 6))
    expected = {"query": (4, 15), "key": (6, 15), "value": (6, 21)}
    expected |= {"attention_output": (21, 4)}
    for name, count in expected.items():
        assert fans(layer, f"{name}/kernel") == count, name
    layer = layers.GroupQueryAttention(5, 4, 2)
    layer.build((None, 2, 7), (None, 2, 6))
    expected = {"query": (7, 20), "key": (6, 10), "value": (6, 10)}
    for name, count in expected.items():
        assert fans(layer, f"{name}/kernel") == count, name
    assert fans(layer, "attention_output/kernel") == (20, 7)


@pytest.mark.parametrize("name", ["SimpleRNN", "GRU", "LSTM"])
def test_gates_are_kernels_of_their_own(name):
    """4 inputs or 3 units go into each gate of 3 units."""
    for layer in (getattr(layers, name)(3), getattr(layers, f"{name}Cell")(3)):
        layer.build((None, 5, 4) if layer.name.count("cell") == 0 else (None, 4))
        assert fans(layer, "kernel") == (4, 3)
        assert fans(layer, "recurrent_kernel") == (3, 3)


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_gates_of_convolutional_cells_are_kernels_of_their_own(rank):
    """Windows of the inputs' 4 channels, and of the state's 3."""
    window, shape, _ = window_of(rank)
    layer = getattr(layers, f"ConvLSTM{rank}D")(3, window)
    layer.build((None, 2, *shape))
    taps = math.prod(window)
    assert fans(layer, "kernel") == (taps * 4, taps * 3)
    assert fans(layer, "recurrent_kernel") == (taps * 3, taps * 3)


def test_wrappers_show_the_kernels_inside():
    """By name where it is the only one, else by the end of its path."""
    timed = layers.TimeDistributed(layers.Dense(5))
    timed.build((None, 2, 4))
    assert fans(timed) == (4, 5)
    both = layers.Bidirectional(layers.GRU(3, name="gru"))
    both.build((None, 2, 4))
    cell = both.forward_layer.cell.name
    assert fans(both, f"forward_gru/{cell}/kernel") == (4, 3)
    with pytest.raises(
        ValueError, match=r"backward_gru/gru_cell\w*/kernel, .*2 weights"
    ):
        fans(both, f"{cell}/kernel")
    stacked = layers.RNN([layers.LSTMCell(3), layers.SimpleRNNCell(5, name="top")])
    stacked.build((None, 2, 4))
    assert fans(stacked, "top/kernel") == (3, 5)
    normalized = layers.SpectralNormalization(layers.Conv2D(5, 3))
    normalized.build((None, 8, 8, 2))
    assert fans(normalized) == (18, 45)


def test_one_row_of_an_embedding_is_looked_up():
    """And the reverse embedding is a dense layer's kernel."""
    table = layers.Embedding(7, 4)
    table.build((None,))
    assert fans(table, "embeddings") == (1, 4)
    reverse = layers.ReversibleEmbedding(7, 4, tie_weights=False)
    reverse.build((None,))
    assert fans(reverse, "embeddings") == (1, 4)
    assert fans(reverse, "reverse_embeddings") == (4, 7)


def test_the_scale_of_additive_attention_sums_to_one_score():
    layer = layers.AdditiveAttention()
    layer.build([(None, 2, 4), (None, 3, 4)])
    assert fans(layer, "scale") == (4, 1)


def test_low_rank_factors_have_the_fans_of_the_maps_they_make():
    """From the kernel's inputs to the rank, and from the rank to its outputs."""
    dense = layers.Dense(5)
    dense.build((None, 4))
    conv = layers.Conv2D(6, 3, groups=2)
    conv.build((None, 8, 8, 4))
    heads = layers.EinsumDense("abc,cde->abde", (None, 3, 5))
    heads.build((None, 2, 4))
    table = layers.Embedding(7, 4)
    table.build((None,))
    for layer in (dense, conv, heads, table):
        layer.enable_lora(2)
    assert fans(dense, "lora_kernel_a") == (4, 2)
    assert fans(dense, "lora_kernel_b") == (2, 5)
    assert fans(conv, "lora_kernel_a") == (9 * 2, 9 * 2)  # the window's inputs to 2
    assert fans(heads, "lora_kernel_a") == (4, 3 * 2)  # (inputs, heads, rank)
    assert fans(table, "lora_embeddings_a") == (1, 2)
