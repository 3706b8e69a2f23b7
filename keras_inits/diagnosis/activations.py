"""The activation that a layer, an operation or a model ends with."""

import math
from typing import Any, NamedTuple

import keras

from keras_inits._utils.keras_private import is_of_keras
from keras_inits.graph import moments
from keras_inits.graph.graph import Graph
from keras_inits.signals import hooks

INF = math.inf
BOUNDS = {
    "softmax": (0.0, 1.0),
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "sparsemax": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "hard_tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
    "relu": (0.0, INF),
    "relu6": (0.0, 6.0),
    "softplus": (0.0, INF),
    "exponential": (0.0, INF),
    "squareplus": (0.0, INF),
    "elu": (-1.0, INF),
    "selu": (-1.7581, INF),
    "gelu": (-0.17, INF),
    "silu": (-0.2785, INF),
    "mish": (-0.3089, INF),
    "log_sigmoid": (-INF, 0.0),
    "log_softmax": (-INF, 0.0),
}
ALIASES = {"exp": "exponential", "swish": "silu", "logsoftmax": "log_softmax"}
ALIASES |= {"hardsigmoid": "hard_sigmoid", "logsigmoid": "log_sigmoid"}
ALIASES |= {"hardtanh": "hard_tanh", "leakyrelu": "leaky_relu"}
GATED = (keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN)


class Made(NamedTuple):
    """An activation, and what it can give."""

    activation: str | None
    bounds: tuple[float, float]


UNKNOWN = Made(None, (-INF, INF))


def _named(function: Any) -> Made:
    """Of an activation function or the class of an operation."""
    name = getattr(function, "__name__", None) or type(function).__name__
    name = ALIASES.get(name.lower(), name.lower())
    if getattr(keras.activations, name, None) is None:
        return UNKNOWN
    return Made(name, BOUNDS.get(name, (-INF, INF)))


def _rectified(layer: Any) -> Made:
    """Of a ReLU layer with all its options."""
    if layer.negative_slope or layer.threshold:
        return Made("leaky_relu", (-INF, INF))
    return Made("relu", (0.0, INF if layer.max_value is None else layer.max_value))


def made_by(layer: Any) -> Made:
    """The activation that a layer or an operation ends with."""
    kind = type(layer)
    if isinstance(layer, keras.layers.ReLU):
        return _rectified(layer)
    if isinstance(layer, keras.layers.TimeDistributed):
        return made_by(layer.layer)
    if isinstance(layer, keras.layers.Softmax):
        return Made("softmax", BOUNDS["softmax"])
    if isinstance(layer, keras.layers.ELU):
        return Made("elu", (-float(abs(layer.alpha)), INF))
    if isinstance(layer, keras.layers.PReLU | keras.layers.LeakyReLU):
        return Made("leaky_relu", (-INF, INF))
    function = getattr(layer, "activation", None)
    if isinstance(layer, GATED) or is_of_keras(kind, "layers"):
        if callable(function):
            return _named(function)
        return UNKNOWN
    if isinstance(layer, keras.layers.Layer):
        return UNKNOWN
    if kind.__name__ == "Clip":
        return UNKNOWN
    return _named(layer)


def by_graph(model: keras.Model, graph: Graph, number: int) -> Made:
    """The activation that the graph shows in front of an output."""
    outputs = getattr(model, "outputs", None) or []
    ends = [id(x) for x in outputs if id(x) in graph.outputs]
    if not ends:
        ends = list(graph.outputs) if len(graph.outputs) == 1 else []
    if number >= len(ends):
        return UNKNOWN
    tensor, seen = ends[number], set()
    while tensor not in seen:
        seen.add(tensor)
        makers = graph.makers(tensor)
        if len(makers) != 1:
            return UNKNOWN
        step = makers[0]
        moves = step.operation is None or step.name in moments.MOVERS | hooks.NOISES
        if not moves:
            return made_by(step.operation)
        given = graph.signals(step)
        if len(given) != 1:
            return UNKNOWN
        tensor = given[0]
    return UNKNOWN


def code(layer: Any) -> str:
    """A layer as a line, with its units and its activation left open."""
    named = f', name="{layer.name}"' if hasattr(layer, "name") else ""
    kind = type(layer).__name__
    if isinstance(layer, hooks.ACTIVATIONS):
        return f'keras.layers.Activation("{{activation}}"{named})'
    window = getattr(layer, "kernel_size", None)
    if kind.startswith("Conv") and window is not None:
        size = window[0] if len(set(window)) == 1 else tuple(window)
        padding = getattr(layer, "padding", "valid")
        same = f', padding="{padding}"' if padding != "valid" else ""
        start = f"keras.layers.{kind}({{units}}, {size}{same}"
    elif isinstance(layer, keras.layers.Dense):
        start = "keras.layers.Dense({units}"
    else:
        return 'keras.layers.Dense({units}, activation="{activation}")'
    return f'{start}, activation="{{activation}}"{named})'
