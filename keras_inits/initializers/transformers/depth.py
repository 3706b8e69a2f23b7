"""Kernels of residual branches that shrink with depth, to keep their sum in bounds."""

import math
from typing import Any

from keras_inits import sampling
from keras_inits._utils import checks
from keras_inits._utils.types import Layout, Seed, Shape, Tensor
from keras_inits.initializers.computed import Deterministic
from keras_inits.initializers.kernel import KernelInitializer
from keras_inits.initializers.registry import register
from keras_inits.initializers.transformers.scales import checked_layers
from keras_inits.initializers.wrappers.base import Wrapper

__all__ = ["DepthScaled", "DsInit", "Fixup", "Gpt2Residual", "LayerScale"]


@register("gpt2_residual")
class Gpt2Residual(KernelInitializer):
    """Last kernels of the branches of GPT-2: smaller, the more are added.

    Formula: N(0, stddev² / (r L)), L the blocks, r the branches that each adds.

    Use for: the output kernel of attention and the second one of the MLP, in
    pre-norm Transformers whose other kernels are N(0, 0.02²). Not for kernels
    inside a branch.

    Args:
        layers: L, which no shape tells; int, >= 1. `initialize` counts it.
        stddev: Std of the other kernels; finite float, >= 0.
        residuals_per_layer: r; int, >= 1.
        **geometry_and_seed: As in `VarianceScaling`.

    Raises:
        ValueError: At construction, if an argument is missing or out of range.

    Examples:
    >>> import keras_inits
    >>> keras_inits.Gpt2Residual(layers=8, stddev=0.02).expected_std((64, 64))
    0.005

    Reference: Radford et al. (2019), "Language Models are Unsupervised Multitask
    Learners", sec. 2.3.
    """

    usage_arguments = "layers=12"
    family = "transformer"
    needs = ("layers",)

    def __init__(
        self,
        layers: int,
        stddev: float = 0.02,
        residuals_per_layer: int = 2,
        **geometry_and_seed: Any,
    ) -> None:
        super().__init__(**geometry_and_seed)
        self.layers = checked_layers("layers", layers)
        self.stddev = checks.number(
            "stddev",
            stddev,
            minimum=0,
            meaning="the std of the other kernels",
            instead="For example stddev=0.02.",
        )
        self.residuals_per_layer = checks.whole(
            "residuals_per_layer",
            residuals_per_layer,
            meaning="how many branches a block adds",
            instead="For attention and an MLP use residuals_per_layer=2.",
        )

    def entry_distribution(self, shape: Shape) -> sampling.Distribution:
        added = self.residuals_per_layer * self.layers
        return sampling.normal(0.0, self.stddev / math.sqrt(added))


@register("depth_scaled")
class DepthScaled(Wrapper):
    """Any scheme, smaller the deeper its block: for the last kernels of branches.

    Formula: what the scheme draws, over sqrt(2 layer).

    Use for: the last kernels of the branches of pre-norm Transformers, with any
    scheme inside. For a network without residual branches use the scheme itself.

    Args:
        initializer: What is scaled: a name, an initializer or its config.
        layer: Which block it is, from 1; int. `initialize` counts it.
        seed: As in `Initializer`; None for the scheme's own.

    Raises:
        ValueError: At construction, if an argument is missing or out of range.

    Examples:
    >>> import keras_inits
    >>> scheme = keras_inits.DepthScaled("truncated_normal_02", layer=8)
    >>> round(scheme.expected_std((64, 64)) / 0.0176, 2)
    0.25

    Reference: Bao et al. (2021), "BEiT: BERT Pre-Training of Image Transformers", arXiv
    2106.08254.
    """

    usage_arguments = 'initializer="he_fan_in", layer=3'
    family = "transformer"
    needs = ("layer",)

    def __init__(self, initializer: Any, layer: int, seed: Seed = None) -> None:
        super().__init__(initializer, seed)
        self.layer = checked_layers("layer", layer)

    def expected_std(self, shape: Shape) -> float | None:
        inner = self.inner_std(shape)
        return None if inner is None else inner / math.sqrt(2 * self.layer)

    def compute(
        self, shape: Shape, dtype: str, key: sampling.Key, layout: Layout
    ) -> Tensor:
        drawn = self.block(shape, "float32", key)
        return sampling.finished(drawn / math.sqrt(2 * self.layer), dtype, layout)


@register("ds_init")
class DsInit(KernelInitializer):
    """Xavier's kernels, smaller the deeper the layer: DS-Init.

    Formula: U(±alpha sqrt(6 / (fan_in + fan_out)) / sqrt(layer)).

    Use for: post-norm Transformers too deep for plain Xavier. For a pre-norm stack
    scale only the ends of branches, by `depth_scaled` or `gpt2_residual`.

    Args:
        layer: Which layer of the stack it is, from 1; int. `initialize` counts it.
        alpha: Float, 0 < alpha <= 1.
        **geometry_and_seed: As in `VarianceScaling`.

    Raises:
        ValueError: At construction, if an argument is missing or out of range.

    Examples:
    >>> import keras_inits
    >>> first, ninth = keras_inits.DsInit(layer=1), keras_inits.DsInit(layer=9)
    >>> round(first.expected_std((64, 32)) / ninth.expected_std((64, 32)), 4)
    3.0

    Reference: Zhang, Titov, Sennrich (2019), "Improving Deep Transformer with
    Depth-Scaled Initialization and Merged Attention", arXiv 1908.11365.
    """

    usage_arguments = "layer=3"
    family = "transformer"
    needs = ("layer",)

    def __init__(
        self, layer: int, alpha: float = 1.0, **geometry_and_seed: Any
    ) -> None:
        super().__init__(**geometry_and_seed)
        self.layer = checked_layers("layer", layer)
        self.alpha = checks.number(
            "alpha",
            alpha,
            above=0,
            maximum=1,
            meaning="the factor of the bound",
            instead="For example alpha=1.0.",
        )

    def entry_distribution(self, shape: Shape) -> sampling.Distribution:
        bound = self.alpha * math.sqrt(6 / sum(self.fans(shape)) / self.layer)
        return sampling.uniform(-bound, bound)


@register("fixup")
class Fixup(KernelInitializer):
    """Kernels of residual branches without normalization: Fixup.

    The last kernel of each branch, and the head, start at zeros.

    Formula: N(0, 2 / ((1 + a²) fan_in)) times branches^(-1 / (2 m - 2)), a the slope, m
    the layers of a branch.

    Use for: all but the last kernel of each branch of residual networks without
    normalization; the last ones, and the head, start as zeros. With batch
    normalization use `he_fan_out`.

    Args:
        branches: Branches of the network, which no shape tells; int, >= 1. `initialize`
            counts it.
        layers_per_branch: m; int, >= 2.
        negative_slope: Of leaky ReLU; finite float.
        **geometry_and_seed: As in `VarianceScaling`.

    Raises:
        ValueError: At construction, if an argument is missing or out of range.

    Examples:
    >>> import keras_inits
    >>> keras_inits.Fixup(branches=16).expected_std((32, 64))  # 0.25 / sqrt(16)
    0.0625

    Reference: Zhang, Dauphin, Ma (2019), "Fixup Initialization: Residual Learning
    Without Normalization", arXiv 1901.09321.
    """

    usage_arguments = "branches=16"
    family = "transformer"
    needs = ("branches",)

    def __init__(
        self,
        branches: int,
        layers_per_branch: int = 2,
        negative_slope: float = 0.0,
        **geometry_and_seed: Any,
    ) -> None:
        super().__init__(**geometry_and_seed)
        self.branches = checks.whole(
            "branches",
            branches,
            meaning="the number of residual branches of the network",
            instead="For example branches=16.",
        )
        self.layers_per_branch = checks.whole(
            "layers_per_branch",
            layers_per_branch,
            minimum=2,
            meaning="the number of layers of a branch",
            instead="A branch of one layer starts at 'zeros' alone.",
        )
        self.negative_slope = checks.number(
            "negative_slope",
            negative_slope,
            meaning="the slope of leaky ReLU",
            instead="For ReLU use negative_slope=0.0.",
        )

    def entry_distribution(self, shape: Shape) -> sampling.Distribution:
        he = 2 / ((1 + self.negative_slope**2) * self.fans(shape).fan_in)
        power = -1 / (2 * self.layers_per_branch - 2)
        return sampling.normal(0.0, math.sqrt(he) * self.branches**power)


@register("layer_scale")
class LayerScale(Deterministic):
    """Small factors for the branches of very deep vision Transformers.

    Formula: 0.1 to depth 18, 1e-5 to depth 24, 1e-6 beyond.

    Use for: the vector by which each branch of a vision Transformer is multiplied.
    Not for kernels.

    Args:
        depth: Blocks of the network; int, >= 1. `initialize` counts it.

    Raises:
        ValueError: At construction, if `depth` is missing or out of range.

    Examples:
    >>> import keras_inits
    >>> [round(float(keras_inits.LayerScale(d)((3,))[0]), 6) for d in (12, 24, 36)]
    [0.1, 1e-05, 1e-06]

    Reference: Touvron et al. (2021), "Going deeper with Image Transformers", arXiv
    2103.17239.
    """

    example_shape = (64,)
    usage = 'keras.Variable({}, shape=(64, ), dtype="float32")'
    usage_arguments = "depth=24"
    family = "transformer"
    needs = ("depth",)

    def __init__(self, depth: int) -> None:
        super().__init__()
        self.depth = checked_layers("depth", depth)

    def values(self, shape: Shape) -> Any:
        if self.depth <= 18:
            return 0.1
        return 1e-5 if self.depth <= 24 else 1e-6
