"""What the weights are for, of every layer that Keras ships."""

import inspect

import keras
import numpy as np
import pytest

from keras_inits.geometry import Weight, describe

layers = keras.layers
HEADS = (layers.MultiHeadAttention, layers.GroupQueryAttention)
PAIRS = (layers.Attention, layers.AdditiveAttention)


def quantized(layer, mode):
    """A layer that is quantized once it is built."""
    layer.quantize_as = mode
    return layer


def adapted(layer):
    """A layer that has seen data."""
    layer.adapt(np.arange(6.0).reshape(2, 3))
    return layer


LINE, MAP, VOLUME = (2, 9, 4), (2, 9, 8, 4), (2, 9, 8, 7, 4)
OF_RANK = {"1D": LINE, "2D": MAP, "3D": VOLUME}
MADE = {  # how to make each layer with weights, in every way that adds some
    "AdditiveAttention": [(lambda: layers.AdditiveAttention(), LINE, LINE)],
    "Attention": [
        (lambda: layers.Attention(use_scale=True, score_mode="concat"), LINE, LINE)
    ],
    "BatchNormalization": [(lambda: layers.BatchNormalization(), LINE)],
    "Bidirectional": [(lambda: layers.Bidirectional(layers.LSTM(3)), LINE)],
    "Dense": [
        (lambda: layers.Dense(3), LINE),
        (lambda: layers.Dense(3, lora_rank=2), LINE),
        (lambda: quantized(layers.Dense(3), "int8"), LINE),
        (lambda: quantized(layers.Dense(3), "int4"), LINE),
        (lambda: quantized(layers.Dense(3), "float8"), LINE),
    ],
    "EinsumDense": [
        (lambda: layers.EinsumDense("abc,cd->abd", (None, 3)), LINE),
        (lambda: layers.EinsumDense("abc,cd->abd", (None, 3), lora_rank=2), LINE),
        (
            lambda: quantized(layers.EinsumDense("abc,cd->abd", (None, 3)), "int8"),
            LINE,
        ),
    ],
    "Embedding": [
        (lambda: layers.Embedding(6, 4), (2, 9)),
        (lambda: layers.Embedding(6, 4, lora_rank=2), (2, 9)),
        (lambda: quantized(layers.Embedding(6, 4), "int8"), (2, 9)),
    ],
    "GroupNormalization": [(lambda: layers.GroupNormalization(2), LINE)],
    "GroupQueryAttention": [
        (lambda: layers.GroupQueryAttention(3, 4, 2), LINE, LINE),
    ],
    "GRU": [
        (lambda: layers.GRU(3), LINE),
        (lambda: layers.GRU(3, reset_after=False), LINE),
    ],
    "GRUCell": [(lambda: layers.RNN(layers.GRUCell(3)), LINE)],
    "LayerNormalization": [(lambda: layers.LayerNormalization(), LINE)],
    "LSTM": [
        (lambda: layers.LSTM(3), LINE),
        (lambda: layers.LSTM(3, stateful=True), LINE),
    ],
    "LSTMCell": [(lambda: layers.RNN(layers.LSTMCell(3)), LINE)],
    "MultiHeadAttention": [(lambda: layers.MultiHeadAttention(3, 5), LINE, LINE)],
    "Normalization": [(lambda: adapted(layers.Normalization()), (2, 3))],
    "PReLU": [(lambda: layers.PReLU(), LINE)],
    "ReversibleEmbedding": [
        (lambda: layers.ReversibleEmbedding(6, 4), (2, 9)),
        (lambda: layers.ReversibleEmbedding(6, 4, tie_weights=False), (2, 9)),
    ],
    "RMSNormalization": [(lambda: layers.RMSNormalization(), LINE)],
    "RNN": [(lambda: layers.RNN([layers.LSTMCell(3), layers.GRUCell(5)]), LINE)],
    "SimpleRNN": [(lambda: layers.SimpleRNN(3), LINE)],
    "SimpleRNNCell": [(lambda: layers.RNN(layers.SimpleRNNCell(3)), LINE)],
    "SpectralNormalization": [
        (lambda: layers.SpectralNormalization(layers.Conv2D(6, 3)), MAP)
    ],
    "STFTSpectrogram": [(lambda: layers.STFTSpectrogram("log", 8, 4), (2, 40, 1))],
    "TimeDistributed": [(lambda: layers.TimeDistributed(layers.Dense(3)), LINE)],
}
for kind in ("Conv", "ConvLSTM", "DepthwiseConv", "SeparableConv", "Conv{}Transpose"):
    for rank, shape in OF_RANK.items():
        name = kind.format(rank) if "{}" in kind else kind + rank
        cls = getattr(layers, name, None)
        if cls is None:
            continue
        arguments = (2,) if kind == "DepthwiseConv" else (6, 2)
        if kind == "ConvLSTM":
            shape = (shape[0], 3, *shape[1:])
        MADE[name] = [(lambda cls=cls, given=arguments: cls(*given), shape)]
for name in ("Conv1D", "Conv2D", "Conv3D"):
    cls, shape = getattr(layers, name), OF_RANK[name[-2:]]
    MADE[name].append((lambda cls=cls: cls(6, 2, groups=2, lora_rank=2), shape))
if "renorm" in inspect.signature(layers.BatchNormalization).parameters:
    MADE["BatchNormalization"].append(
        (lambda: layers.BatchNormalization(renorm=True), LINE)
    )
FOREIGN = {"FlaxLayer", "JaxLayer", "TFSMLayer", "TorchModuleWrapper"}
WITHOUT_KERAS_VARIABLES = {"IntegerLookup", "StringLookup"}  # tables of TensorFlow's

ROLES = {
    "kernel": "kernel",
    "depthwise_kernel": "kernel",
    "pointwise_kernel": "kernel",
    "reverse_embeddings": "kernel",
    "recurrent_kernel": "recurrent kernel",
    "embeddings": "embedding",
    "bias": "bias",
    "beta": "bias",
    "gamma": "gain",
    "concat_score_weight": "gain",
    "alpha": "slope",
    "moving_mean": "moving mean",
    "renorm_mean": "moving mean",
    "moving_variance": "moving variance",
    "moving_stddev": "moving variance",
    "renorm_stddev": "moving variance",
    "lora_kernel_a": "LoRA factor A",
    "lora_embeddings_a": "LoRA factor A",
    "lora_kernel_b": "LoRA factor B",
    "lora_embeddings_b": "LoRA factor B",
}
STATES = {
    *("mean", "variance", "count", "rnn_state", "vector_u", "real_kernel"),
    *("imag_kernel", "kernel_scale", "kernel_zero", "embeddings_scale", "g_idx"),
    *("inputs_scale", "inputs_amax_history", "kernel_amax_history"),
    *("outputs_grad_scale", "outputs_grad_amax_history"),
}


def make(build, *shapes):
    """The layer after a call on such inputs, quantized if it is to be."""
    layer = build()
    whole = isinstance(layer, layers.Embedding)
    inputs = [np.zeros(shape, "int32" if whole else "float32") for shape in shapes]
    layer(*inputs) if isinstance(layer, HEADS) else layer(
        inputs if isinstance(layer, PAIRS) else inputs[0]
    )
    if hasattr(layer, "quantize_as"):
        layer.quantize(layer.quantize_as)
    return layer


def owned(layer):
    """Every weight in a layer, with the innermost layer that owns it."""
    return [
        (owner, variable)
        for owner in layer._flatten_layers()
        for variable in owner.weights
        if not any(variable is v for child in owner._layers for v in child.weights)
    ]


def names_used(code):
    """The names that a function's code, and functions inside it, use."""
    inner = [names_used(c) for c in code.co_consts if inspect.iscode(c)]
    return set(code.co_names).union(*inner)


def with_weights():
    """The names of Keras's layers whose code, or a base's, makes variables."""
    found = set()
    for cls in vars(layers).values():
        if isinstance(cls, type) and issubclass(cls, layers.Layer):
            bases = [b for b in cls.__mro__ if issubclass(b, layers.Layer)]
            for base in bases[: bases.index(layers.Layer)]:
                functions = filter(inspect.isfunction, vars(base).values())
                codes = [inspect.unwrap(f).__code__ for f in functions]
                used = set().union(*map(names_used, codes))
                if used & {"add_weight", "Variable"}:
                    found.add(cls.__name__)
    return found


def test_every_layer_of_keras_with_weights_is_made_here():
    """A layer that a later Keras adds must be looked at."""
    assert with_weights() - FOREIGN - WITHOUT_KERAS_VARIABLES <= set(MADE)
    assert {"Dense", "LSTM", "Normalization"} <= with_weights()  # the search finds


@pytest.mark.parametrize("name", sorted(MADE))
def test_every_weight_of_every_layer_of_keras_is_known(name):
    """Its role is what its name means, and nothing is guessed."""
    for recipe in MADE[name]:
        pairs = owned(make(*recipe))
        assert pairs
        for owner, variable in pairs:
            said = describe(owner, variable.name, tuple(variable.shape))
            expected = ROLES.get(variable.name, "state")
            if variable.name == "scale":
                vector = isinstance(owner, layers.AdditiveAttention)
                expected = "kernel" if vector else "gain"
            if not keras.backend.is_float_dtype(variable.dtype):
                expected = "state"  # quantized
            assert said.role == expected, (variable.path, said)
            assert said.note == "", (variable.path, said)
            assert variable.name in {*ROLES, *STATES, "scale"}, variable.path


@pytest.mark.parametrize("name", sorted(FOREIGN))
def test_weights_of_other_libraries_are_left_alone(name):
    """How they are laid out is not Keras's to say."""
    cls = getattr(layers, name, None)
    if cls is None:
        pytest.skip("not in this version of Keras")
    weight = describe(object.__new__(cls), "params", (3, 4))
    assert weight.role == "state"
    assert "another library" in weight.note


def test_frozen_layers_are_read_as_trained_ones():
    """`trainable=False` makes no state of a kernel."""
    layer = layers.Dense(3)
    layer.trainable = False
    layer.build((None, 4))
    assert describe(layer, "kernel", (4, 3)) == Weight("kernel")
