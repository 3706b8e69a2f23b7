"""Adapters: the two factors of low rank that LoRA adds to a frozen kernel."""

import math
from typing import Any

from keras_inits import sampling
from keras_inits._utils import checks
from keras_inits._utils.types import Shape
from keras_inits.initializers.constants import Zeros
from keras_inits.initializers.kernel import KernelInitializer
from keras_inits.initializers.registry import register

__all__ = ["LoraA", "LoraB"]

SCALES = {"torch": 1.0, "keras": 6.0}


@register("lora_a")
class LoraA(KernelInitializer):
    """LoRA's first factor, from the inputs to the rank.

    In attention its shape does not tell the inputs: for a query's factor (features,
    heads, rank) pass input_axes=[0], output_axes=[-1], batch_axes=[1].

    Formula: U(±sqrt(s / fan_in)), fan_in that of the adapted kernel; s = 1 as in PEFT,
    6 as in Keras.

    Use for: the first factor of an adapter, beside `lora_b`. For kernels of
    attention give `input_axes` too: the shape does not tell which axes are inputs.

    Args:
        convention: "torch" or "keras".
        **geometry_and_seed: As in `VarianceScaling`.

    Raises:
        ValueError: At construction, if `convention` is neither.

    Examples:
    >>> import keras_inits
    >>> round(keras_inits.LoraA().expected_std((64, 4)) * 3**0.5, 4)  # the bound
    0.125

    Reference: Hu et al. (2021), "LoRA: Low-Rank Adaptation of Large Language Models",
    arXiv 2106.09685; scales as in PEFT and Keras.
    """

    family = "adapter"

    def __init__(self, convention: str = "torch", **geometry_and_seed: Any) -> None:
        super().__init__(**geometry_and_seed)
        self.convention = checks.choice(
            "convention", convention, SCALES, meaning="whose scale it has"
        )

    def entry_distribution(self, shape: Shape) -> sampling.Distribution:
        bound = math.sqrt(SCALES[self.convention] / self.fans(shape).fan_in)
        return sampling.uniform(-bound, bound)


@register("lora_b")
class LoraB(Zeros):
    """LoRA's second factor: zeros, so that the adapted layer starts unchanged.

    Formula: w = 0.

    Use for: the second factor of an adapter, beside a first one that is drawn. Not
    for both: neither would get a gradient.

    Examples:
    >>> import keras, keras_inits
    >>> float(keras.ops.max(keras.ops.abs(keras_inits.LoraB()((4, 64)))))
    0.0

    Reference: Hu et al. (2021), "LoRA", arXiv 2106.09685, sec. 4.1.
    """

    family = "adapter"
