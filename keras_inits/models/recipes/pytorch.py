"""What PyTorch would have drawn for the same layers."""

import math
from typing import Any

import keras

from keras_inits.geometry.roles import KERNEL_ROLES, Role
from keras_inits.graph.weights import WeightInfo
from keras_inits.initializers import (
    Constant,
    RandomUniform,
    StandardNormal,
    TorchBias,
    TorchDefault,
    TorchRnn,
    Zeros,
)
from keras_inits.models.recipes.parts import Anatomy, Place
from keras_inits.models.recipes.recipe import Recipe, Row
from keras_inits.models.recipes.roles import anatomy

__all__ = ["torch"]

RNNS = (
    keras.layers.LSTMCell,
    keras.layers.GRUCell,
    keras.layers.SimpleRNNCell,
)
SLOPE = 0.25  # of PyTorch's PReLU


def _fan_in(info: WeightInfo) -> float:
    """Inputs as PyTorch counts them: of a transposed convolution its outputs."""
    fans = info.weight.geometry.fans(info.shape)
    if info.weight.geometry.kernel_format == "transpose":
        return math.prod(info.shape[:-1])
    return fans[0]


def _attention(info: WeightInfo) -> Any:
    """Keras's attention layer around a weight; None if there is none."""
    cls = keras.layers.MultiHeadAttention
    return next((one for one in reversed(info.parents) if isinstance(one, cls)), None)


def _in_attention(info: WeightInfo, attention: Any) -> Any:
    """A kernel or bias of attention: PyTorch draws query, key and value as one."""
    if info.weight.role == Role.BIAS:
        return Zeros()
    if info.layer is attention.output_dense:
        return TorchDefault()
    three = (attention.query_dense, attention.key_dense, attention.value_dense)
    is_one = len({layer.kernel.shape[0] for layer in three}) == 1
    inputs, outputs = info.weight.geometry.fans(info.shape)
    # Of unequal widths there is a matrix for each, with fans of its own.
    bound = math.sqrt(6 / (inputs + (3 * outputs if is_one else outputs)))
    return RandomUniform(-bound, bound)


def _scheme(info: WeightInfo, beside: dict[int, WeightInfo]) -> Any:
    """What PyTorch draws for a weight; None where the layer's own start is the same."""
    role, layer = info.weight.role, info.layer
    if isinstance(layer, RNNS):
        gates = info.shape[-1] // layer.units
        two = role == Role.BIAS and len(info.shape) == 1
        return TorchRnn(gates=gates, biases=2 if two else 1)
    attention = _attention(info)
    if attention is not None and role in (Role.KERNEL, Role.BIAS):
        return _in_attention(info, attention)
    if role == Role.EMBEDDING:
        return StandardNormal()
    if role == Role.SLOPE:
        return Constant(SLOPE)
    if role in KERNEL_ROLES:
        is_transpose = info.weight.geometry.kernel_format == "transpose"
        bound = 1 / math.sqrt(max(1, _fan_in(info)))
        return RandomUniform(-bound, bound) if is_transpose else TorchDefault()
    if role == Role.BIAS and id(layer) in beside:
        return TorchBias(fan_in=_fan_in(beside[id(layer)]))
    return None


def torch(model: Any) -> Recipe:
    """What a PyTorch model of the same layers would start from.

    Formula: kernels U(±1 / sqrt(fan_in)), their biases alike, with the kernel's fan_in;
    recurrent layers U(±1 / sqrt(units)) for all, two biases added where Keras has one;
    embeddings N(0, 1); slopes of PReLU 0.25. Query, key and value of
    `keras.layers.MultiHeadAttention` U(±sqrt(6 / (4 d))), as one Xavier matrix of
    three, its output's kernel as others, all its biases 0. Gains, statistics and biases
    of normalizations stay at 1 and 0.

    Args:
        model: Built; any model: no residual branches are needed.

    Returns:
        A `Recipe`, rules for `initialize`.

    Raises:
        ValueError: If the model is not built.

    Examples:
    >>> import keras, keras_inits
    >>> model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(10)])
    >>> print(keras_inits.recipes.torch(model).code())
    import keras_inits
    <BLANKLINE>
    rules = {
        # bias
        'dense[0]/bias': keras_inits.TorchBias(fan_in=64.0),
        # head
        '*': keras_inits.TorchDefault(),
    }
    keras_inits.initialize(model, rules, seed=0)

    Reference: Paszke et al. (2019), "PyTorch: An Imperative Style, High-Performance
    Deep Learning Library", arXiv 1912.01703; `reset_parameters` of its layers.
    """
    found: Anatomy = anatomy(model)
    infos = [place.info for place in found.places.values()]
    # The pointwise kernel of a separable convolution is the last, and has the bias.
    beside = {id(p.layer): p for p in infos if p.weight.role == Role.KERNEL}
    given = []
    for place in found.places.values():
        scheme = _scheme(place.info, beside)
        if scheme is not None:
            given.append(Row(place, scheme))
    return Recipe("torch", found, given, _notes(found.places.values()))


def _notes(places: Any) -> list[str]:
    """What has no counterpart in PyTorch."""
    strange: dict[str, Place] = {}
    for place in places:
        layers = (*place.info.parents, place.info.layer)
        is_inner = type(layers[-1]).__name__ == "ConvLSTMCell"  # its layer is known
        name = type(layers[-2 if is_inner else -1]).__name__
        if name.startswith("ConvLSTM") or "SeparableConv" in name:
            strange.setdefault(name, place)
    return [
        f"PyTorch has no {name}: {place.info.path!r} and its like are drawn as "
        "convolutions are."
        for name, place in strange.items()
    ]
