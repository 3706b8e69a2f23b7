"""`looks_linear`: networks with ReLU that start as linear ones."""

from typing import Any

import keras

from keras_inits import sampling
from keras_inits._utils import checks
from keras_inits._utils.types import Layout, Seed, Shape, Tensor
from keras_inits.initializers.registry import register
from keras_inits.initializers.wrappers.base import Wrapper

__all__ = ["LooksLinear"]


@register("looks_linear")
class LooksLinear(Wrapper):
    """Units in pairs of opposite sign, so that a network with ReLU starts linear.

    Formula: W drawn by `initializer`; first layer [W, -W], hidden [[W, -W], [-W, W]],
    last [W; -W]. Between them ReLU.

    Use for: deep ReLU networks without normalization and residual branches, in
    every layer and with even widths. A single layer of it brings nothing.

    Args:
        initializer: What draws W: a name, an initializer or its config.
        part: "first", "hidden" or "last": the place in the network.
        seed: As in `Initializer`; None for the scheme's own.

    Raises:
        ValueError: At construction, if an argument is not of its kind; when called, if
            an axis that is cut in two is odd.

    Examples:
    >>> import keras, keras_inits
    >>> kernel = keras_inits.LooksLinear("ones", part="hidden")((2, 4))
    >>> keras.ops.convert_to_numpy(kernel).tolist()
    [[1.0, 1.0, -1.0, -1.0], [-1.0, -1.0, 1.0, 1.0]]

    Reference: Balduzzi et al. (2017), "The Shattered Gradients Problem: If resnets are
    the answer, then what is the question?", arXiv 1702.08591.
    """

    family = "orthogonal"

    def __init__(
        self, initializer: Any = "orthogonal", part: str = "hidden", seed: Seed = None
    ) -> None:
        super().__init__(initializer, seed)
        self.part = checks.choice(
            "part",
            part,
            ["first", "hidden", "last"],
            meaning="its place",
        )

    def _half(self, shape: Shape) -> Shape:
        cut_in, cut_out = self.part != "first", self.part != "last"
        if len(shape) < 2 or (cut_in and shape[-2] % 2) or (cut_out and shape[-1] % 2):
            raise ValueError(
                "Pairs of units need an even number of them. Received: "
                f"shape={shape} for part={self.part!r}. Use (64, 128)."
            )
        inputs, outputs = shape[-2] // (1 + cut_in), shape[-1] // (1 + cut_out)
        return (*shape[:-2], inputs, outputs)

    def expected_std(self, shape: Shape) -> float | None:
        return self.inner_std(self._half(shape))

    def compute(
        self, shape: Shape, dtype: str, key: sampling.Key, layout: Layout
    ) -> Tensor:
        whole = self.block(self._half(shape), "float32", key)
        if self.part != "last":
            whole = keras.ops.concatenate([whole, -whole], axis=-1)
        if self.part != "first":
            whole = keras.ops.concatenate([whole, -whole], axis=-2)
        return sampling.finished(whole, dtype, layout)
