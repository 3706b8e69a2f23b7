"""Scales of kernels in well-known Transformers."""

import math
from typing import Any

from keras_inits import sampling
from keras_inits._utils import checks
from keras_inits._utils.types import Seed, Shape
from keras_inits.initializers.base import Initializer
from keras_inits.initializers.kernel import KernelInitializer
from keras_inits.initializers.registry import register

__all__ = ["SmallInit", "T5", "TruncatedNormal02", "WangInit"]  # noqa: RUF022


def checked_layers(name: str, value: Any) -> int:
    """How many layers are stacked, or which of them: an int from 1."""
    return checks.whole(
        name,
        value,
        meaning="counted in blocks of the stack, from 1,",
        instead=f"For twelve blocks use {name}=12.",
    )


def _width(width: Any) -> float | None:
    if width is None:
        return None
    return checks.number(
        "width",
        width,
        above=0,
        meaning="the features of the residual stream",
        instead="For example width=768.",
    )


@register("small_init")
class SmallInit(KernelInitializer):
    """Kernels of Transformers at a std below Xavier's: SmallInit.

    Formula: N(0, 2 / (5 d)), d the width of the residual stream.

    Use for: kernels of Transformers, with `wang_init` for the last ones of
    branches. Without residual branches and normalization signals fade: use
    `xavier_normal`.

    Args:
        width: d; finite float, > 0, or None for fan_in, which is right for all kernels
            but the second of an MLP.
        **geometry_and_seed: As in `VarianceScaling`.

    Raises:
        ValueError: At construction, if `width` is out of range.

    Examples:
    As Xavier's for a kernel from d to 4 d:

    >>> import keras_inits
    >>> round(keras_inits.SmallInit().expected_std((64, 256)), 5)
    0.07906
    >>> round(keras_inits.XavierNormal().expected_std((64, 256)), 5)
    0.07906

    Reference: Nguyen, Salazar (2019), "Transformers without Tears", arXiv 1910.05895.
    """

    family = "transformer"

    def __init__(self, width: float | None = None, **geometry_and_seed: Any) -> None:
        super().__init__(**geometry_and_seed)
        self.width = _width(width)

    def entry_distribution(self, shape: Shape) -> sampling.Distribution:
        width = self.width or self.fans(shape).fan_in
        return sampling.normal(0.0, math.sqrt(2 / (5 * width)))


@register("wang_init")
class WangInit(KernelInitializer):
    """Last kernels of the branches of GPT-J and GPT-NeoX.

    Formula: N(0, (2 / (L sqrt(d)))²), L the blocks, d the width of the residual stream.

    Use for: the last kernels of branches, beside `small_init` for all others. Not
    for kernels inside a branch, which would be too small.

    Args:
        layers: L, which no shape tells; int, >= 1. `initialize` counts it.
        width: d; finite float, > 0, or None for fan_in.
        **geometry_and_seed: As in `VarianceScaling`.

    Raises:
        ValueError: At construction, if an argument is missing or out of range.

    Examples:
    >>> import keras_inits
    >>> keras_inits.WangInit(layers=8).expected_std((64, 64))  # 2 / (8 * 8)
    0.03125

    Reference: Wang, Komatsuzaki (2021), "GPT-J-6B", mesh-transformer-jax; Black et al.
    (2022), "GPT-NeoX-20B", arXiv 2204.06745.
    """

    usage_arguments = "layers=12"
    family = "transformer"
    needs = ("layers",)

    def __init__(
        self, layers: int, width: float | None = None, **geometry_and_seed: Any
    ) -> None:
        super().__init__(**geometry_and_seed)
        self.layers = checked_layers("layers", layers)
        self.width = _width(width)

    def entry_distribution(self, shape: Shape) -> sampling.Distribution:
        width = self.width or self.fans(shape).fan_in
        return sampling.normal(0.0, 2 / (self.layers * math.sqrt(width)))


T5_ROLES = (
    *("query", "key", "value", "output"),
    *("wi", "wo", "relative_bias", "embedding"),
)


@register("t5")
class T5(KernelInitializer):
    """Kernels of T5, whose attention does not divide by sqrt(key_dim).

    Keras's attention divides, and wants "key" for the query's kernel, too.

    Formula: N(0, s²); s² = 1 / (fan_in key_dim) for "query"; 1 / fan_in for "key",
    "value", "output", "wi", "wo"; for "relative_bias" 1 over the length of its last
    axis but for `width`; 1 for "embedding".

    Use for: layers that leave out the division by sqrt(key_dim). Keras's attention
    divides: there the query takes variance 1 / fan_in, as `lecun_normal` has it.

    Args:
        role: One of these.
        key_dim: Size of a head, for "query"; finite float, > 0.
        width: Features of the stream, for "relative_bias"; finite float, > 0.
        **geometry_and_seed: As in `VarianceScaling`.

    Raises:
        ValueError: At construction, if an argument is out of range, or that of the
            role is missing.

    Examples:
    >>> import keras_inits
    >>> keras_inits.T5("query", key_dim=16).expected_std((64, 128))  # (64 * 16)**-0.5
    0.03125

    Reference: Raffel et al. (2020), "Exploring the Limits of Transfer Learning with a
    Unified Text-to-Text Transformer", arXiv 1910.10683.
    """

    usage_arguments = 'role="wi"'
    family = "transformer"

    def __init__(
        self,
        role: str,
        key_dim: float | None = None,
        width: float | None = None,
        **geometry_and_seed: Any,
    ) -> None:
        super().__init__(**geometry_and_seed)
        self.role = checks.choice("role", role, T5_ROLES, meaning="what the kernel is")
        if key_dim is not None or role == "query":
            key_dim = checks.number(
                "key_dim",
                key_dim,
                above=0,
                meaning="the size of a head",
                instead="For example key_dim=64.",
            )
        self.key_dim, self.width = key_dim, _width(width)

    def entry_distribution(self, shape: Shape) -> sampling.Distribution:
        if self.role == "embedding":
            return sampling.normal(0.0, 1.0)
        fan_in = self.fans(shape).fan_in
        if self.role == "query" and self.key_dim:
            fan_in *= self.key_dim
        if self.role == "relative_bias" and self.width:
            fan_in = self.width
        return sampling.normal(0.0, 1 / math.sqrt(fan_in))


@register("truncated_normal_02")
class TruncatedNormal02(Initializer):
    """The normal of BERT and of vision Transformers: std 0.02, cut at 0.04.

    Formula: N(0, 0.02²) given |w| <= 0.04; its std is 0.0176.

    Use for: BERT, vision Transformers and their kin, at their usual widths. For
    much narrower or wider ones use `small_init`, which follows the width.

    Args:
        seed: As in `Initializer`.

    Raises:
        ValueError: As in `Initializer`.

    Examples:
    >>> import keras_inits
    >>> round(keras_inits.TruncatedNormal02().expected_std((64, 64)), 4)
    0.0176

    Reference: Devlin et al. (2019), "BERT: Pre-training of Deep Bidirectional
    Transformers for Language Understanding", arXiv 1810.04805.
    """

    family = "transformer"

    def __init__(self, seed: Seed = None) -> None:
        super().__init__(seed)

    def entry_distribution(self, shape: Shape) -> sampling.Distribution:
        return sampling.truncated_normal(0.0, 0.02, 2.0)
