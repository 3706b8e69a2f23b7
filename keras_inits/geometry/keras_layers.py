"""The geometry rules for Keras's own layers."""

import math
import re

import keras

from keras_inits._utils.keras_private import conv_lstm_cells
from keras_inits._utils.types import Shape
from keras_inits.geometry.kernels import Geometry
from keras_inits.geometry.layers import Answer, Weight, describe, rule
from keras_inits.geometry.roles import Role

# What quantization keeps beside the integers, for a layer that is already trained.
QUANTIZATION = re.compile(r"\w+_(scale|scales|zero|amax_history)|g_idx")


def _quantization(name: str) -> Weight | None:
    return Weight(Role.STATE) if QUANTIZATION.fullmatch(name) else None


@rule("Dense")
def _dense(layer: keras.layers.Layer, name: str, shape: Shape) -> Answer:
    roles = {
        "kernel": Role.KERNEL,
        "lora_kernel_a": Role.LORA_A,
        "lora_kernel_b": Role.LORA_B,
    }
    return roles.get(name) or _quantization(name)


@rule("Conv1D", "Conv2D", "Conv3D")
def _conv(layer: keras.layers.Layer, name: str, shape: Shape) -> Answer:
    if name == "kernel":
        return Geometry(groups=layer.groups)
    return {"lora_kernel_a": Role.LORA_A, "lora_kernel_b": Role.LORA_B}.get(name)


@rule("DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D")
def _depthwise(layer: keras.layers.Layer, name: str, shape: Shape) -> Answer:
    if name == "pointwise_kernel":
        return Role.KERNEL
    is_kernel = name in ("kernel", "depthwise_kernel")
    return Geometry(kernel_format="depthwise") if is_kernel else None


@rule("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose")
def _transpose(layer: keras.layers.Layer, name: str, shape: Shape) -> Answer:
    if name != "kernel":
        return None
    return Geometry(kernel_format="transpose", stride=math.prod(layer.strides))


def einsum_geometry(equation: str, rank: int) -> Geometry:
    """The kernel's geometry in an einsum of (inputs, kernel).

    Letters of the kernel that the output lacks are summed over; those that only the
    output shares are outputs; those that the inputs share too are batch axes.

    Args:
        equation: As EinsumDense takes it, for example "abc,cde->abde".
        rank: Number of the kernel's axes.
    """
    terms, result = re.sub(r"[.\s]", "", equation).split("->")
    inputs, kernel = terms.split(",")
    axes = range(rank)
    summed = tuple(a for a in axes if kernel[a] not in result)
    batch = tuple(a for a in axes if a not in summed and kernel[a] in inputs)
    outputs = tuple(a for a in axes if a not in summed and a not in batch)
    return Geometry(summed, outputs, batch)


@rule("EinsumDense")
def _einsum(layer: keras.layers.Layer, name: str, shape: Shape) -> Answer:
    if name == "kernel":
        return einsum_geometry(layer.equation, len(shape))
    if name == "lora_kernel_a":  # the kernel with the rank in place of its last axis
        axes = einsum_geometry(layer.equation, len(shape) - 1)
        outputs = (*(axes.output_axes or ()), len(shape) - 1)
        return Weight(Role.LORA_A, Geometry(axes.input_axes, outputs, axes.batch_axes))
    return Role.LORA_B if name == "lora_kernel_b" else _quantization(name)


@rule("Embedding", "ReversibleEmbedding")
def _embedding(layer: keras.layers.Layer, name: str, shape: Shape) -> Answer:
    table = Geometry(kernel_format="embedding")
    return {
        "embeddings": Weight(Role.EMBEDDING, table),
        "reverse_embeddings": Weight(Role.KERNEL),  # (units, vocabulary)
        "lora_embeddings_a": Weight(Role.LORA_A, table),
        "lora_embeddings_b": Weight(Role.LORA_B),
    }.get(name) or _quantization(name)


@rule("SimpleRNNCell", "GRUCell", "LSTMCell", classes=conv_lstm_cells())
def _cell(layer: keras.layers.Layer, name: str, shape: Shape) -> Answer:
    units = getattr(layer, "units", None) or layer.filters
    geometry = Geometry(gates=shape[-1] // units)
    roles = {
        "kernel": Role.KERNEL,
        "recurrent_kernel": Role.RECURRENT,
        "bias": Role.BIAS,
    }
    return Weight(roles[name], geometry) if name in roles else None


@rule("RNN")
def _stateful(layer: keras.layers.Layer, name: str, shape: Shape) -> Answer:
    return Role.STATE if name == "rnn_state" else None


@rule("AdditiveAttention")
def _additive(layer: keras.layers.Layer, name: str, shape: Shape) -> Answer:
    # A vector that is multiplied and summed: one output.
    return Geometry((0,), ()) if name == "scale" else None


@rule("Attention")
def _attention(layer: keras.layers.Layer, name: str, shape: Shape) -> Answer:
    return Role.GAIN if name in ("scale", "concat_score_weight") else None


@rule("PReLU")
def _prelu(layer: keras.layers.Layer, name: str, shape: Shape) -> Answer:
    return Role.SLOPE if name == "alpha" else None


@rule("BatchNormalization")
def _renormalized(layer: keras.layers.Layer, name: str, shape: Shape) -> Answer:
    # Standard deviations start at one, as variances do.
    spreads = {"moving_stddev": Role.VARIANCE, "renorm_stddev": Role.VARIANCE}
    return ({"renorm_mean": Role.MEAN} | spreads).get(name)


@rule("SpectralNormalization")
def _spectral(layer: keras.layers.Layer, name: str, shape: Shape) -> Answer:
    if name == "vector_u":  # of the power iteration: an estimate, not a parameter
        return Role.STATE
    return describe(layer.layer, name, shape)


@rule("Normalization", "STFTSpectrogram", "MelSpectrogram")
def _adapted(layer: keras.layers.Layer, name: str, shape: Shape) -> Answer:
    return Role.STATE  # comes from data, or from a formula


@rule("JaxLayer", "FlaxLayer", "TorchModuleWrapper", "TFSMLayer")
def _foreign(layer: keras.layers.Layer, name: str, shape: Shape) -> Answer:
    return Weight(Role.STATE, note="of another library: left alone")
