"""Xavier's kernels with the factors of recipes for very deep Transformers."""

import math
from typing import Any

from keras_inits import sampling
from keras_inits._utils import checks
from keras_inits._utils.types import Shape
from keras_inits.initializers.kernel import KernelInitializer
from keras_inits.initializers.registry import register
from keras_inits.initializers.transformers.scales import checked_layers

__all__ = ["Deepnorm", "SubLn", "TFixup"]

ARCHITECTURES = ["encoder", "decoder", "encoder_decoder"]


@register("t_fixup")
class TFixup(KernelInitializer):
    """Transformers without layer normalization and warm-up: T-Fixup.

    For value, output and both kernels of the MLP, and for embeddings; query and key
    stay `xavier_uniform`.

    Formula: Xavier's uniform times 0.67 N^(-1/4) for the encoder, (9 M)^(-1/4) for the
    decoder; N(0, 1 / d) times (9 N)^(-1/4) or (9 M)^(-1/4) for embeddings of width d.

    Use for: Transformers without layer normalization: embeddings, and kernels of
    value, output and MLP; query and key take `xavier_uniform`. With it use
    `deepnorm` or `sub_ln`.

    Args:
        part: "encoder", "decoder", "source_embedding" or "target_embedding".
        layers: N or M, the blocks of the encoder or of the decoder; int, >= 1.
        **geometry_and_seed: As in `VarianceScaling`.

    Raises:
        ValueError: At construction, if an argument is missing or out of range.

    Examples:
    >>> import keras_inits
    >>> scheme = keras_inits.TFixup("encoder", layers=16)
    >>> xavier = keras_inits.XavierUniform()
    >>> round(scheme.expected_std((64, 32)) / xavier.expected_std((64, 32)), 4)
    0.335

    Reference: Huang, Pérez, Ba, Volkovs (2020), "Improving Transformer Optimization
    Through Better Initialization", ICML.
    """

    usage_arguments = 'part="encoder", layers=12'
    family = "transformer"
    needs = ("layers",)

    def __init__(self, part: str, layers: int, **geometry_and_seed: Any) -> None:
        super().__init__(**geometry_and_seed)
        parts = ["encoder", "decoder", "source_embedding", "target_embedding"]
        self.part = checks.choice("part", part, parts, meaning="where the kernel is")
        self.layers = checked_layers("layers", layers)

    def entry_distribution(self, shape: Shape) -> sampling.Distribution:
        if self.part == "encoder":
            factor = 0.67 * self.layers**-0.25
        else:
            factor = (9 * self.layers) ** -0.25
        if self.part.endswith("embedding"):
            return sampling.normal(0.0, factor / math.sqrt(max(1, shape[-1])))
        bound = factor * math.sqrt(6 / sum(self.fans(shape)))
        return sampling.uniform(-bound, bound)


class _Recipe(KernelInitializer):
    """Xavier's normal kernels, times a gain that the numbers of blocks give."""

    family = "transformer"
    usage_arguments = 'architecture="decoder", decoder_layers=12'

    def __init__(
        self,
        architecture: str,
        part: str | None = None,
        encoder_layers: int | None = None,
        decoder_layers: int | None = None,
        **geometry_and_seed: Any,
    ) -> None:
        super().__init__(**geometry_and_seed)
        self.architecture = checks.choice(
            "architecture", architecture, ARCHITECTURES, meaning="the model's own"
        )
        both = architecture == "encoder_decoder"
        if part is not None or both:
            allowed = ["encoder", "decoder"] if both else [architecture]
            checks.choice("part", part, allowed, meaning="where the kernel is")
        self.part = part
        counts = {}
        for side, value in (("encoder", encoder_layers), ("decoder", decoder_layers)):
            name = f"{side}_layers"
            wanted = both or architecture == side
            if not wanted and value is not None:
                raise ValueError(
                    f"An architecture of {architecture} has no {side}. Received: "
                    f"{name}={value!r}. Leave it out, or use "
                    "architecture='encoder_decoder'."
                )
            counts[side] = checked_layers(name, value) if wanted else 0
        self.encoder_layers, self.decoder_layers = encoder_layers, decoder_layers
        self.gain = self._factor(counts["encoder"], counts["decoder"])

    def _factor(self, n: int, m: int) -> float:
        """The gain for n blocks of an encoder and m of a decoder; 0 where none is."""
        raise NotImplementedError

    def entry_distribution(self, shape: Shape) -> sampling.Distribution:
        std = self.gain * math.sqrt(2 / sum(self.fans(shape)))
        return sampling.normal(0.0, std)


@register("deepnorm")
class Deepnorm(_Recipe):
    """Post-norm Transformers of a thousand layers: DeepNorm.

    For value, output and both kernels of the MLP; query and key stay `xavier_normal`.
    The stream is multiplied by `alpha` before each branch is added and normalized.

    Formula: N(0, 2 beta² / (fan_in + fan_out)). Encoder or decoder alone, of N blocks:
    alpha (2 N)^(1/4), beta (8 N)^(-1/4). Both, of N and M: encoder 0.81 (N⁴ M)^(1/16)
    and 0.87 (N⁴ M)^(-1/16), decoder (3 M)^(1/4) and (12 M)^(-1/4).

    Use for: kernels of value, output and MLP in post-norm Transformers whose stream
    is multiplied by `alpha`; query and key take `xavier_normal`. Not for pre-norm.

    Args:
        architecture: "encoder", "decoder" or "encoder_decoder".
        part: "encoder" or "decoder", where there are both.
        encoder_layers: N; int, >= 1, or None without an encoder.
        decoder_layers: M; int, >= 1, or None without a decoder.
        **geometry_and_seed: As in `VarianceScaling`.

    Attributes:
        alpha: Factor of the residual stream.
        beta: Factor of Xavier's std.

    Raises:
        ValueError: At construction, if an argument is missing or out of range.

    Examples:
    >>> import keras_inits
    >>> scheme = keras_inits.Deepnorm("encoder", encoder_layers=8)
    >>> scheme.alpha, round(scheme.beta, 4)
    (2.0, 0.3536)

    Reference: Wang et al. (2022), "DeepNet: Scaling Transformers to 1,000 Layers",
    arXiv 2203.00555.
    """

    def _factor(self, n: int, m: int) -> float:
        if self.architecture != "encoder_decoder":
            self.alpha, self.beta = (2 * (n + m)) ** 0.25, (8 * (n + m)) ** -0.25
        elif self.part == "encoder":
            mixed = (n**4 * m) ** (1 / 16)
            self.alpha, self.beta = 0.81 * mixed, 0.87 / mixed
        else:
            self.alpha, self.beta = (3 * m) ** 0.25, (12 * m) ** -0.25
        return float(self.beta)


@register("sub_ln")
class SubLn(_Recipe):
    """Transformers with a second normalization in each branch: Sub-LN, Magneto.

    For value, output and both kernels of the MLP; not for cross-attention of an
    encoder.

    Formula: N(0, 2 gain² / (fan_in + fan_out)). Encoder or decoder alone, of L blocks:
    gain sqrt(log(2 L)). Both, of N and M: encoder sqrt(log(3 M) log(2 N) / 3), decoder
    sqrt(log(3 M)).

    Use for: kernels of value, output and MLP in Transformers with a second
    normalization in each branch; query and key take `xavier_normal`. For plain
    post-norm use `deepnorm`.

    Args:
        architecture, part, encoder_layers, decoder_layers: As in `Deepnorm`.
        **geometry_and_seed: As in `VarianceScaling`.

    Attributes:
        gain: Factor of Xavier's std.

    Raises:
        ValueError: At construction, if an argument is missing or out of range.

    Examples:
    >>> import keras_inits
    >>> round(keras_inits.SubLn("decoder", decoder_layers=12).gain, 4)
    1.7827

    Reference: Wang et al. (2022), "Foundation Transformers", arXiv 2210.06423.
    """

    def _factor(self, n: int, m: int) -> float:
        if self.architecture != "encoder_decoder":
            square = math.log(2 * (n + m))
        elif self.part == "encoder":
            square = math.log(3 * m) * math.log(2 * n) / 3
        else:
            square = math.log(3 * m)
        return math.sqrt(square)
