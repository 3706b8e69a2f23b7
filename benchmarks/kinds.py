"""The kinds of layers whose outputs `variance.py` measures."""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras

from keras_inits.geometry import Geometry, register_geometry

layers, ops = keras.layers, keras.ops


class Kind(NamedTuple):
    """A kind of layer.

    Attributes:
        make: From an initializer for its kernels to a layer.
        shapes: Of its inputs, without the batch.
        outputs: From (layer, *inputs) to what should have variance 1.
        wrong: Whether Keras's own start is off.
    """

    make: Callable[[Any], Any]
    shapes: tuple[tuple[int, ...], ...]
    outputs: Callable[..., Any] = lambda layer, *inputs: layer(*inputs)
    wrong: bool = False


class Experts(layers.Layer):
    """One dense kernel for each expert."""

    def __init__(self, initializer: Any) -> None:
        super().__init__()
        self.initializer = initializer

    def build(self, shape: Any) -> None:
        self.maps = self.add_weight(
            shape=(shape[-2], shape[-1], 24),
            initializer=self.initializer,
            name="maps",
        )

    def call(self, x: Any) -> Any:
        return ops.einsum("bei,eio->beo", x, self.maps)


register_geometry(Experts, {"maps": Geometry(kernel_format="experts")})


def plain(name: str, *given: Any, **more: Any) -> Callable[[Any], Any]:
    return lambda i: getattr(layers, name)(
        *given, kernel_initializer=i, use_bias=False, **more
    )


def depthwise(name: str, *given: Any, **more: Any) -> Callable[[Any], Any]:
    return lambda i: getattr(layers, name)(
        *given, depthwise_initializer=i, use_bias=False, **more
    )


def separable(i: Any) -> Any:
    return layers.SeparableConv2D(
        30, 3, depthwise_initializer=i, pointwise_initializer=i, use_bias=False
    )


def recurrent(name: str, *given: Any) -> Callable[[Any], Any]:
    return lambda i: getattr(layers, name)(
        *given, kernel_initializer=i, recurrent_initializer=i
    )


def attention(i: Any) -> Any:
    return layers.MultiHeadAttention(4, 24, kernel_initializer=i, use_bias=False)


def grouped_attention(i: Any) -> Any:
    return layers.GroupQueryAttention(24, 4, 2, kernel_initializer=i, use_bias=False)


def inner(name: str) -> Callable[..., Any]:
    return lambda layer, x, _: getattr(layer, name)(x)


def attended(layer: Any, x: Any, _: Any) -> Any:
    heads = ops.reshape(x, (*x.shape[:-1], 4, 24))
    return layer.output_dense(heads)


def gates_of_inputs(layer: Any, x: Any) -> Any:
    return ops.matmul(x, layer.cell.kernel)


def gates_of_state(layer: Any, x: Any) -> Any:
    state = x[..., : layer.units]
    return ops.matmul(state, layer.cell.recurrent_kernel)


def windows_of_inputs(layer: Any, x: Any) -> Any:
    return layer.cell.input_conv(x[:, 0], layer.cell.kernel, padding="valid")


def windows_of_state(layer: Any, x: Any) -> Any:
    kernel = layer.cell.recurrent_kernel
    state = x[:, 0, ..., : kernel.shape[-2]]
    return layer.cell.input_conv(state, kernel, padding="valid")


def inside(*edge: int) -> Callable[..., Any]:
    """Outputs that all taps reach, in whole periods of the stride."""

    def outputs(layer: Any, x: Any) -> Any:
        cut = (slice(None), *(slice(e, -e) for e in edge), slice(None))
        return layer(x)[cut]

    return outputs


def looked_up(layer: Any, x: Any) -> Any:
    rows = ops.cast(ops.floor(abs(x) * 1e4) % layer.input_dim, "int32")
    return layer(rows)


def depthwise_part(layer: Any, x: Any) -> Any:
    return ops.depthwise_conv(x, layer.depthwise_kernel)


def pointwise_part(layer: Any, x: Any) -> Any:
    return ops.conv(x, layer.pointwise_kernel)


def einsum(equation: str, out: tuple[int | None, ...]) -> Callable[[Any], Any]:
    return lambda i: layers.EinsumDense(equation, out, kernel_initializer=i)


def kinds() -> dict[str, Kind]:
    """All kinds, by name; window sizes, channels and units are unequal."""
    line, plane, volume = (20, 96), (12, 14, 48), (6, 7, 8, 24)
    lines, planes = (20, 512), (8, 9, 512)  # a depthwise kernel is small
    return {
        "Dense": Kind(plain("Dense", 144), ((96,),)),
        "EinsumDense, heads": Kind(einsum("abc,cde->abde", (None, 3, 40)), (line,)),
        "EinsumDense, merging": Kind(
            einsum("abcd,cde->abe", (None, 60)), ((9, 8, 24),)
        ),
        "EinsumDense, shared axis": Kind(einsum("bnd,ndh->bnh", (5, 24)), ((5, 96),)),
        "MultiHeadAttention, query": Kind(
            attention, (line, line), inner("_query_dense")
        ),
        "MultiHeadAttention, output": Kind(attention, (line, line), attended),
        "GroupQueryAttention, value": Kind(
            grouped_attention, (line, line), inner("_value_dense")
        ),
        "Conv1D": Kind(plain("Conv1D", 36, 5), (line,)),
        "Conv2D": Kind(plain("Conv2D", 36, (3, 2)), (plane,)),
        "Conv2D, stride 2": Kind(plain("Conv2D", 36, 3, strides=2), (plane,)),
        "Conv2D, 4 groups": Kind(plain("Conv2D", 36, 3, groups=4), (plane,)),
        "Conv2D, dilation 2": Kind(plain("Conv2D", 36, 3, dilation_rate=2), (plane,)),
        "Conv3D": Kind(plain("Conv3D", 36, (2, 3, 2)), (volume,)),
        "DepthwiseConv1D, 2 maps": Kind(
            depthwise("DepthwiseConv1D", 5, depth_multiplier=2), (lines,), wrong=True
        ),
        "DepthwiseConv2D": Kind(depthwise("DepthwiseConv2D", 3), (planes,), wrong=True),
        "SeparableConv2D, depthwise kernel": Kind(
            separable, (planes,), depthwise_part, wrong=True
        ),
        "SeparableConv2D, pointwise kernel": Kind(separable, (planes,), pointwise_part),
        "SeparableConv2D, both": Kind(separable, (planes,), wrong=True),
        "Conv2DTranspose": Kind(
            plain("Conv2DTranspose", 12, 3), (plane,), inside(2, 2), wrong=True
        ),
        "Conv2DTranspose, window 4, stride 2": Kind(
            plain("Conv2DTranspose", 16, 4, strides=2),
            (plane,),
            inside(4, 4),
            wrong=True,
        ),
        "Conv1DTranspose, window 3, stride 2": Kind(
            plain("Conv1DTranspose", 96, 3, strides=2, padding="same"),
            (line,),
            inside(4),
            wrong=True,
        ),
        "Embedding": Kind(
            lambda i: layers.Embedding(100, 64, embeddings_initializer=i),
            (line,),
            looked_up,
            wrong=True,
        ),
        "SimpleRNN, kernel": Kind(recurrent("SimpleRNN", 64), (line,), gates_of_inputs),
        "LSTM, kernel": Kind(recurrent("LSTM", 64), (line,), gates_of_inputs),
        "LSTM, recurrent kernel": Kind(recurrent("LSTM", 64), (line,), gates_of_state),
        "GRU, kernel": Kind(recurrent("GRU", 64), (line,), gates_of_inputs),
        "GRU, recurrent kernel": Kind(recurrent("GRU", 64), (line,), gates_of_state),
        "ConvLSTM2D, kernel": Kind(
            recurrent("ConvLSTM2D", 16, 3), ((2, *plane),), windows_of_inputs
        ),
        "ConvLSTM2D, recurrent kernel": Kind(
            recurrent("ConvLSTM2D", 16, 3), ((2, *plane),), windows_of_state
        ),
        "kernels of 6 experts": Kind(Experts, ((6, 96),), wrong=True),
    }
