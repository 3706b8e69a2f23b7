"""Biases of gates drawn so that units remember for times of a known distribution.

Keras's LSTM with `unit_forget_bias=True`, its default, asks the initializer for two
pieces of the vector, so that no scheme can fill it: set `unit_forget_bias=False`.
"""

import math
from types import ModuleType
from typing import Any

from keras_inits import sampling
from keras_inits._utils import checks
from keras_inits._utils.types import Seed, Shape
from keras_inits.initializers.computed import Computed, Draw, precisely
from keras_inits.initializers.recurrent.biases import units_of
from keras_inits.initializers.registry import register

__all__ = ["Chrono", "UniformGates"]

CELLS = {"lstm": 4, "gru": 3}


@register("chrono")
class Chrono(Computed):
    """Biases for memories of up to a known length: for LSTM and GRU.

    In Keras's LSTM set `unit_forget_bias=False` beside it.

    Formula: LSTM: forget gate log U(1, T - 1), input gate minus the same, else 0. GRU:
    update gate, which keeps the state in Keras, log U(1, T - 1), in the first row of
    two where the bias is (2, 3 * units), else 0.

    Use for: dependencies of up to a known number of steps, such as the length of
    the sequences. If it is not known, use `uniform_gates`.

    Args:
        timesteps: Longest dependency T in steps; finite float, > 2.
        cell: "lstm" or "gru".
        seed: As in `Initializer`.

    Raises:
        ValueError: At construction, if an argument is out of range; when called, if
            the last axis does not hold the cell's gates.

    Examples:
    A unit forgets a share of 1 / t in each step; t is uniform on 2 to T:

    >>> import keras, keras_inits
    >>> bias = keras_inits.Chrono(timesteps=100, seed=7)((4000,))
    >>> forget = keras.ops.sigmoid(bias[1000:2000])
    >>> round(float(keras.ops.mean(1 / (1 - forget))), -1)
    50.0

    Reference: Tallec, Ollivier (2018), "Can recurrent neural networks warp time?",
    arXiv 1804.11188.
    """

    example_shape = (256,)
    usage = "keras.layers.LSTM(64, bias_initializer={}, unit_forget_bias=False)"
    usage_arguments = "timesteps=500"
    family = "recurrent"

    def __init__(self, timesteps: float, cell: str = "lstm", seed: Seed = None) -> None:
        super().__init__(seed)
        self.timesteps = checks.number(
            "timesteps",
            timesteps,
            above=2,
            meaning="the longest dependency in steps",
            instead="For sequences of 500 steps use timesteps=500.",
        )
        self.cell = checks.choice("cell", cell, CELLS, meaning="the layer's cell")

    def values(self, shape: Shape, draw: Draw, ops: ModuleType) -> Any:
        units = units_of(shape, CELLS[self.cell])
        rows = math.prod(shape[:-1])
        if self.cell == "gru" and len(shape) > 1:
            rows = 1
        times = draw(sampling.uniform(1.0, self.timesteps - 1), (rows, units))
        logs = precisely(ops.log, times, ops)
        none = ops.zeros_like(logs)
        if self.cell == "lstm":
            return ops.reshape(
                ops.concatenate([-logs, logs, none, none], axis=-1), shape
            )
        bias = ops.concatenate([logs, none, none], axis=-1)
        others = math.prod(shape[:-1]) - rows
        if others:
            rest = ops.zeros((others, shape[-1]), dtype=bias.dtype)
            bias = ops.concatenate([bias, rest], axis=0)
        return ops.reshape(bias, shape)


@register("uniform_gates")
class UniformGates(Computed):
    """Forget gates spread evenly between 0 and 1: for LSTMs of unknown memory.

    In Keras's LSTM set `unit_forget_bias=False` beside it.

    Formula: forget gate logit U(1/u, 1 - 1/u), u the units; input gate minus the same,
    else 0.

    Use for: LSTMs whose memory has to span unknown times. Where the longest is
    known, use `chrono`.

    Args:
        seed: As in `Initializer`.

    Raises:
        ValueError: When called, if the last axis does not hold four gates of at least
            two units.

    Examples:
    >>> import keras, keras_inits
    >>> bias = keras_inits.UniformGates(seed=7)((4000,))
    >>> round(float(keras.ops.mean(keras.ops.sigmoid(bias[1000:2000]))), 1)
    0.5

    Reference: Gu et al. (2020), "Improving the Gating Mechanism of Recurrent Neural
    Networks", arXiv 1910.09890; the input gate of a plain LSTM is our reading.
    """

    example_shape = (256,)
    usage = "keras.layers.LSTM(64, bias_initializer={}, unit_forget_bias=False)"
    family = "recurrent"

    def __init__(self, seed: Seed = None) -> None:
        super().__init__(seed)

    def values(self, shape: Shape, draw: Draw, ops: ModuleType) -> Any:
        units = units_of(shape, 4)
        if units < 2:
            raise ValueError(
                "Gates are spread over at least two units. Received: "
                f"shape={shape}. Use (8,) or longer."
            )
        size = (*shape[:-1], units)
        opened = draw(sampling.uniform(1 / units, 1 - 1 / units), size)
        logits = precisely(lambda x: ops.log(x) - ops.log(1 - x), opened, ops)
        none = ops.zeros_like(logits)
        return ops.concatenate([-logits, logits, none, none], axis=-1)
