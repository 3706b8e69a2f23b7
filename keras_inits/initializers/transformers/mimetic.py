"""`mimetic`: attention that starts with the patterns of trained attention."""

import math
from types import ModuleType
from typing import Any

import numpy as np

from keras_inits import sampling
from keras_inits._utils import checks
from keras_inits._utils.types import Shape
from keras_inits.initializers.computed import Computed, Draw, drawer
from keras_inits.initializers.registry import register

__all__ = ["Mimetic"]

SCALES = {"query": 0.7, "key": 0.7, "value": 0.4, "output": 0.4}


@register("mimetic")
class Mimetic(Computed):
    """Kernels of attention that match in pairs: query with key, value with output.

    Give all four kernels of a layer the same integer seed, and each layer another: the
    two of a pair are factors of one draw. Singular values are computed on the host, in
    float64.

    Formula: for each head, query keyᵀ is the best approximation of rank k of alpha Z +
    beta I; value output, over all heads, is alpha Z - beta I; Z of N(0, 1 / D), D the
    features, k those of a head.

    Use for: self-attention trained on little data, all four kernels with one seed.
    Not where keys and values come from another input than queries.

    Args:
        part: "query", "key", "value" or "output".
        heads: Number of heads, for kernels of two axes; int, >= 1, or None where the
            shape tells.
        alpha: Factor of the noise; finite float, or None: 0.7 for query and key, 0.4
            for value and output.
        beta: Factor of the identity; finite float, or None: as alpha.
        seed: Int, the same for all four.

    Raises:
        ValueError: At construction, if an argument is out of range or the seed is no
            int; when called, if heads and sizes do not fit.

    Examples:
    Tokens attend to themselves, and values come back with their sign changed:

    >>> import keras, keras_inits, numpy as np
    >>> def kernel(part, shape):
    ...     drawn = keras_inits.Mimetic(part, seed=7)(shape)
    ...     return keras.ops.convert_to_numpy(drawn)
    >>> query, key = (kernel(part, (64, 1, 64))[:, 0] for part in ("query", "key"))
    >>> value, output = kernel("value", (64, 1, 64)), kernel("output", (1, 64, 64))
    >>> round(float(np.trace(query @ key.T)) / 64, 1)
    0.7
    >>> round(float(np.trace(value[:, 0] @ output[0])) / 64, 1)
    -0.4

    Reference: Trockman, Kolter (2023), "Mimetic Initialization of Self-Attention
    Layers", arXiv 2305.09828.
    """

    example_shape = (64, 4, 16)
    usage = (
        'keras.layers.EinsumDense("btd,dnh->btnh", (None, 8, 8), kernel_initializer={})'
    )
    usage_arguments = 'part="query", seed=7'
    family = "transformer"
    on_host = True
    needs = ("pair",)

    def __init__(
        self,
        part: str,
        heads: int | None = None,
        alpha: float | None = None,
        beta: float | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(seed)
        self.part = checks.choice("part", part, SCALES, meaning="the kernel's place")
        if not isinstance(self.seed, int):
            raise ValueError(
                "`seed` makes the kernels of a layer match and must be an int. "
                f"Received: seed={seed!r}. Give all four seed=7, in the next layer "
                "seed=8."
            )
        if heads is not None:
            heads = checks.whole(
                "heads",
                heads,
                meaning="the number of heads",
                instead="For example heads=8.",
            )
        self.heads = heads
        for name, value in (("alpha", alpha), ("beta", beta)):
            if value is not None:
                value = checks.number(
                    name,
                    value,
                    meaning="a factor of noise or identity",
                    instead=f"For example {name}=0.7.",
                )
            setattr(self, name, value)

    def expected_std(self, shape: Shape) -> None:
        return None

    def _sizes(self, shape: Shape) -> tuple[int, int]:
        """Features and heads of a kernel."""
        output = self.part == "output"
        found = (self.heads or 0, 0, 0)
        if len(shape) == 3:
            heads, size, features = shape if output else (*shape[1:], shape[0])
            found = heads, size, features
        elif len(shape) == 2 and shape[0] == shape[1] and self.heads:
            found = self.heads, shape[0] // self.heads, shape[0]
        heads, size, features = found
        if not features or heads * size != features or self.heads not in (None, heads):
            raise ValueError(
                "Heads must cut the features evenly, and be as many in all four. "
                f"Received: heads={self.heads}, part={self.part!r} for shape={shape}. "
                "Use (64, 8, 8), for an output (8, 8, 64), or (64, 64) with heads=8."
            )
        return features, heads

    def values(self, shape: Shape, draw: Draw, ops: ModuleType) -> Any:
        features, heads = self._sizes(shape)
        own = SCALES[self.part]
        alpha = own if self.alpha is None else self.alpha
        beta = own if self.beta is None else self.beta
        attends = self.part in ("query", "key")
        # Not the stream of the call, which shapes and layers change: that of the pair.
        name = "query and key" if attends else "value and output"
        key = sampling.key_from_seed(self.seed, (features, heads), f"mimetic {name}")
        drawn = drawer(key, sampling.draw_on_host)(
            sampling.normal(0.0, 1 / math.sqrt(features)),
            (heads if attends else 1, features, features),
        )
        sign = 1 if attends else -1
        target = alpha * drawn.astype("float64") + sign * beta * np.eye(features)
        left, lengths, right = np.linalg.svd(target)
        # A sign of its own for each pair of vectors: the same on every machine.
        largest = abs(left).argmax(axis=1)[:, None, :]
        signs = np.sign(np.take_along_axis(left, largest, axis=1))
        left, right = left * signs, right * np.swapaxes(signs, 1, 2)
        roots = np.sqrt(lengths)
        kept = features // heads if attends else features
        first = (left * roots[:, None, :])[:, :, :kept]
        second = (np.swapaxes(right, 1, 2) * roots[:, None, :])[:, :, :kept]
        if self.part == "output":
            return np.swapaxes(second, 1, 2)[0].reshape(shape)
        kernel = second if self.part == "key" else first
        return np.moveaxis(kernel, 0, 1).reshape(shape)
