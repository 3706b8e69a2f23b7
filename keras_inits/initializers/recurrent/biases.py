"""Biases of gates that follow from the number of units: one, or a ramp.

Keras's LSTM with `unit_forget_bias=True`, its default, asks the initializer for two
pieces of the vector, so that no scheme can fill it: set `unit_forget_bias=False`.
"""

from typing import Any

import numpy as np

from keras_inits._utils import checks
from keras_inits._utils.types import Shape
from keras_inits.initializers.computed import Deterministic
from keras_inits.initializers.registry import register

__all__ = ["LinspaceBias", "PowerLawBias", "UnitForgetBias"]


def units_of(shape: Shape, gates: int) -> int:
    """Units of a layer whose bias has this shape.

    Raises:
        ValueError: If the last axis does not hold equal gates.
    """
    if not shape or shape[-1] % gates:
        raise ValueError(
            f"The last axis must hold {gates} equal gates. Received: shape={shape}. "
            f"For 64 units use ({gates * 64},); in Keras's LSTM set "
            "unit_forget_bias=False, else it asks for pieces of the bias."
        )
    return shape[-1] // gates


def checked_gate(gate: Any, gates: int) -> int:
    """Number of a gate, from 0."""
    number = checks.whole(
        "gate",
        gate,
        minimum=0,
        meaning="which gate is filled, from 0,",
        instead="The forget gate of Keras's LSTM is gate=1.",
    )
    if number >= gates:
        raise ValueError(
            f"`gate` counts from 0 and must be below `gates`. Received: gate={gate}, "
            f"gates={gates}. The forget gate of Keras's LSTM is gate=1, gates=4."
        )
    return number


def checked_gates(gates: Any) -> int:
    """How many gates lie side by side."""
    return checks.whole(
        "gates",
        gates,
        meaning="the number of gates side by side",
        instead="An LSTM has gates=4, a GRU gates=3.",
    )


@register("unit_forget_bias")
class UnitForgetBias(Deterministic):
    """Forget gates open at the start: for the bias of an LSTM.

    In Keras's LSTM set `unit_forget_bias=False` beside it.

    Formula: b = value for the second of four gates, the forget gate, else 0.

    Use for: an LSTM's whole bias set in one call, as by `initialize`. Keras's own
    `unit_forget_bias=True` does the same in a layer. For long memories use
    `chrono`.

    Args:
        value: Finite float.

    Raises:
        ValueError: At construction, if `value` is not a finite number; when called, if
            the last axis does not hold four gates.

    Examples:
    >>> import keras, keras_inits
    >>> bias = keras_inits.UnitForgetBias()((8,))
    >>> keras.ops.convert_to_numpy(bias).tolist()
    [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]

    Reference: Gers, Schmidhuber, Cummins (2000), "Learning to Forget"; Jozefowicz,
    Zaremba, Sutskever (2015), "An Empirical Exploration of Recurrent Network
    Architectures", ICML.
    """

    example_shape = (256,)
    usage = "keras.layers.LSTM(64, bias_initializer={}, unit_forget_bias=False)"
    family = "recurrent"

    def __init__(self, value: float = 1.0) -> None:
        super().__init__()
        self.value = checks.number(
            "value",
            value,
            meaning="the bias of the forget gate",
            instead="For example value=1.0.",
        )

    def values(self, shape: Shape) -> Any:
        units = units_of(shape, 4)
        bias = np.zeros(shape)
        bias[..., units : 2 * units] = self.value
        return bias


@register("linspace_bias")
class LinspaceBias(Deterministic):
    """A ramp of forget biases: units that remember for different times.

    Formula: b = low, ..., high in equal steps along one gate, else 0.

    Use for: cells such as xLSTM's, whose units should forget at different rates.
    For an LSTM whose memory has a known length use `chrono`.

    Args:
        low: First bias; finite float.
        high: Last bias; finite float, > low.
        gates: Number of gates side by side; int, >= 1. With 1 the ramp fills all.
        gate: Which of them, from 0; 1 is the forget gate of Keras's LSTM. With one
            gate it is that one.

    Raises:
        ValueError: At construction, if an argument is out of range; when called, if
            the last axis does not hold equal gates.

    Examples:
    >>> import keras, keras_inits
    >>> bias = keras_inits.LinspaceBias(low=3.0, high=6.0, gates=1)((4,))
    >>> keras.ops.convert_to_numpy(bias).tolist()
    [3.0, 4.0, 5.0, 6.0]

    Reference: Beck et al. (2024), "xLSTM: Extended Long Short-Term Memory", arXiv
    2405.04517; range as in its authors' cells.
    """

    example_shape = (256,)
    usage = "keras.layers.LSTM(64, bias_initializer={}, unit_forget_bias=False)"
    family = "recurrent"

    def __init__(
        self, low: float = 3.0, high: float = 6.0, gates: int = 4, gate: int = 1
    ) -> None:
        super().__init__()
        example = "For example low=3.0, high=6.0."
        self.low = checks.number("low", low, meaning="the first bias", instead=example)
        self.high = checks.number(
            "high", high, above=self.low, meaning="the last bias", instead=example
        )
        self.gates = checked_gates(gates)
        self.gate = gate if self.gates == 1 else checked_gate(gate, self.gates)

    def values(self, shape: Shape) -> Any:
        units = units_of(shape, self.gates)
        start = 0 if self.gates == 1 else self.gate * units
        bias = np.zeros(shape)
        bias[..., start : start + units] = np.linspace(self.low, self.high, units)
        return bias


@register("power_law_bias")
class PowerLawBias(Deterministic):
    """Forget biases that fall by a power of the unit: for scalar memories of xLSTM.

    Formula: b = 5 - 12 (j / (h - 1))^(0.3 + 1.3 r) for unit j of a head of h, with r =
    (block - 1) / (blocks - 1), 0 for one block; 0 for the other gates.

    Use for: the sLSTM blocks of an xLSTM. For a plain LSTM use `chrono` or
    `unit_forget_bias`.

    Args:
        block: Which of the model's blocks, from 1; int.
        blocks: How many there are; int, >= block.
        gates: Number of gates side by side; int, >= 1.
        gate: Which of them, from 0; 1 is the forget gate of Keras's LSTM.
        heads: Into how many heads the units are cut; int, >= 1.

    Raises:
        ValueError: At construction, if an argument is out of range; when called, if
            the last axis does not hold equal gates, or heads of at least two units.

    Examples:
    >>> import keras, keras_inits
    >>> bias = keras_inits.PowerLawBias(block=1, blocks=1, gates=1, gate=0)((5,))
    >>> float(bias[0]), float(bias[4])
    (5.0, -7.0)

    Reference: Beck et al. (2024), "xLSTM", arXiv 2405.04517; formula as in its
    authors' cell of scalar memories.
    """

    example_shape = (256,)
    usage = "keras.layers.LSTM(64, bias_initializer={}, unit_forget_bias=False)"
    usage_arguments = "block=1, blocks=6"
    family = "recurrent"

    def __init__(
        self, block: int, blocks: int, gates: int = 4, gate: int = 1, heads: int = 1
    ) -> None:
        super().__init__()
        example = "For the second of six blocks use block=2, blocks=6."
        self.block = checks.whole(
            "block", block, meaning="the number of the block, from 1,", instead=example
        )
        self.blocks = checks.whole(
            "blocks",
            blocks,
            minimum=self.block,
            meaning="the number of blocks",
            instead=example,
        )
        self.gates = checked_gates(gates)
        self.gate = gate if self.gates == 1 else checked_gate(gate, self.gates)
        self.heads = checks.whole(
            "heads",
            heads,
            meaning="the number of heads",
            instead="For example heads=4.",
        )

    def values(self, shape: Shape) -> Any:
        units = units_of(shape, self.gates)
        size = units // self.heads
        if units % self.heads or size < 2:
            raise ValueError(
                "Each head must have the same number of units, at least two. Received: "
                f"heads={self.heads} for shape={shape}. Use a divisor of {units}."
            )
        ratio = (self.block - 1) / (self.blocks - 1) if self.blocks > 1 else 0.0
        fall = (np.arange(size) / (size - 1)) ** (0.3 + 1.3 * ratio)
        start = 0 if self.gates == 1 else self.gate * units
        bias = np.zeros(shape)
        bias[..., start : start + units] = np.tile(5 - 12 * fall, self.heads)
        return bias
