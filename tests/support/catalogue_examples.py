"""Examples for schemes of the catalogue, whose properties have tests of their own.

Here each argument is off its default once, with the distribution where entries are
independent, and with the std where they are not.
"""

import dataclasses
import math

import numpy as np

from support.distributions import Normal, Truncated, Uniform


@dataclasses.dataclass(frozen=True)
class Spread:
    """Finite entries, of a std within five parts in a hundred; None for any."""

    std: float | None = None

    def complaints(self, sample, epsilon=2**-24):
        """What is wrong with a tensor."""
        found = [] if np.isfinite(sample).all() else ["values that are not finite"]
        if self.std is not None and not abs(sample.std() / self.std - 1) < 0.05:
            found.append(f"std {sample.std():.4g} for {self.std:.4g}")
        return found


class Missing:
    """Every entry NaN."""

    std = None

    def complaints(self, sample, epsilon=2**-24):
        """What is wrong with a tensor."""
        return [] if np.isnan(sample).all() else ["values that are numbers"]


def of(distribution):
    """Whatever the fans."""
    return lambda i, o: distribution


def spread(std=None):
    """A std that depends on the fans, or on nothing."""
    return (lambda i, o: Spread(std(i, o))) if callable(std) else of(Spread(std))


def normal(std):
    """N(0, std²), the std a function of the fans."""
    return lambda i, o: Normal(0.0, std(i, o))


def uniform(bound):
    """U(±bound), the bound a function of the fans."""
    return lambda i, o: Uniform(-bound(i, o), bound(i, o))


CONV, CONV_SMALL = (3, 3, 40, 456), (3, 3, 4, 8)
MATRIX, SMALL = (90, 364), (6, 8)
STATE, STATE_SMALL = (64, 64), (6, 6)
GATES, GATES_SMALL = (1200,), (24,)
TABLE, TABLE_SMALL = (200, 64), (9, 4)
HEADS, HEADS_SMALL = (64, 4, 16), (8, 4, 2)
TRUNCATED = Truncated(0.0, 0.02, 2.0)


def fans(shape):
    """Fans of a kernel (*window, inputs, outputs), or twice a vector's length."""
    if len(shape) < 2:
        return (shape[0], shape[0])
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]


def rows(shape, small, *cases):
    """Cases (arguments, distribution of fans) on one shape."""
    return [(arguments, law, shape, fans(shape), small) for arguments, law in cases]


ANY = spread()
CATALOGUE = {
    # structure
    "Dirac": rows(
        CONV, CONV_SMALL, ({}, ANY), ({"gain": 2.0, "padding": "causal"}, ANY)
    ),
    "BilinearUpsampling": rows(
        CONV, CONV_SMALL, ({}, ANY), ({"kernel_format": "default"}, ANY)
    ),
    "LinearDownsampling": rows(CONV, CONV_SMALL, ({}, ANY)),
    "BinomialBlur": rows(CONV, CONV_SMALL, ({}, ANY)),
    "Icnr": rows(
        CONV,
        CONV_SMALL,
        ({}, spread(lambda i, o: math.sqrt(2 / i))),
        (
            {"initializer": "he_fan_out", "scale": 1, "channel_order": "torch"},
            spread(lambda i, o: math.sqrt(2 / o)),
        ),
    ),
    "HadamardZero": rows(CONV, CONV_SMALL, ({}, ANY), ({"gain": 2.0}, ANY)),
    "Idinit": rows(
        MATRIX, SMALL, ({"noise": 0.25}, ANY), ({"tau": 1.5, "noise": 0.0}, ANY)
    ),
    "IdinitZero": rows(MATRIX, SMALL, ({}, ANY), ({"epsilon": 0.5}, ANY)),
    "Stft": rows(
        (40, 1, 21),
        (8, 1, 5),
        ({}, ANY),
        (
            {
                "side": "imag",
                "window": "hamming",
                "scaling": "spectrum",
                "periodic": True,
            },
            ANY,
        ),
    ),
    "NanFill": rows(MATRIX, SMALL, ({}, of(Missing()))),
    "AffineIdentity": rows((12,), (6,), ({}, ANY)),
    "PositiveUnitball": rows(MATRIX, SMALL, ({}, ANY)),
    # orthogonal
    "DeltaOrthogonal": rows(
        CONV,
        CONV_SMALL,
        ({}, spread(1 / math.sqrt(9 * 456))),
        ({"gain": 2.0}, spread(2 / math.sqrt(9 * 456))),
    ),
    "ConvOrthogonal": rows(
        (3, 3, 20, 24),
        CONV_SMALL,
        ({}, spread(1 / math.sqrt(9 * 24))),
        ({"gain": 2.0, "rank": 12}, spread(2 / math.sqrt(9 * 24))),
    ),
    "ConvolutionAware": rows(
        CONV,
        CONV_SMALL,
        ({}, spread(lambda i, o: math.sqrt(2 / i))),
        ({"scale": 1.0, "noise": 0.5}, spread(lambda i, o: math.sqrt(1 / i + 0.25))),
    ),
    "LooksLinear": rows(
        MATRIX,
        SMALL,
        ({}, spread(1 / math.sqrt(182))),
        (
            {"initializer": "he_fan_in", "part": "first"},
            spread(lambda i, o: math.sqrt(2 / i)),
        ),
    ),
    "BlockRotation": rows(
        STATE, STATE_SMALL, ({}, ANY), ({"low": 0.0, "high": 1.5}, ANY)
    ),
    # sparse
    "Sparse": rows(
        MATRIX,
        SMALL,
        ({}, spread(math.sqrt(15 / 90))),
        ({"nnz": 30, "stddev": 2.0}, spread(2 * math.sqrt(30 / 90))),
        ({"sparsity": 0.5, "preserve_variance": True}, spread(math.sqrt(1 / 90))),
    ),
    # recurrent
    "UnitForgetBias": rows(GATES, GATES_SMALL, ({}, ANY), ({"value": 2.0}, ANY)),
    "LinspaceBias": rows(
        GATES,
        GATES_SMALL,
        ({}, ANY),
        ({"low": 1.0, "high": 2.0, "gates": 3, "gate": 2}, ANY),
    ),
    "PowerLawBias": rows(
        GATES,
        GATES_SMALL,
        ({"block": 1, "blocks": 1}, ANY),
        ({"block": 2, "blocks": 3, "gates": 3, "gate": 0, "heads": 2}, ANY),
    ),
    "Chrono": rows(
        GATES,
        GATES_SMALL,
        ({"timesteps": 50.0}, ANY),
        ({"timesteps": 9.0, "cell": "gru"}, ANY),
    ),
    "UniformGates": rows(GATES, GATES_SMALL, ({}, ANY)),
    "PositiveDefiniteRnn": rows(STATE, STATE_SMALL, ({}, ANY)),
    "EchoState": rows(
        STATE,
        STATE_SMALL,
        ({"connectivity": 0.9}, ANY),
        ({"spectral_radius": 0.5, "connectivity": 0.8}, ANY),
    ),
    "TorchRnn": rows(
        MATRIX,
        SMALL,
        ({}, uniform(lambda i, o: 364**-0.5)),
        ({"gates": 2, "biases": 2}, spread(math.sqrt(2 / (3 * 182)))),
    ),
    "TorchBias": rows(
        GATES, GATES_SMALL, ({"fan_in": 25.0}, uniform(lambda i, o: 0.2))
    ),
    # state space
    "HippoLegs": rows(STATE, STATE_SMALL, ({}, ANY))
    + rows((64,), (6,), ({"part": "B"}, ANY)),
    "Lmu": rows(STATE, STATE_SMALL, ({}, ANY))
    + rows((64, 1), (6, 1), ({"part": "B"}, ANY)),
    "S4d": rows(MATRIX, SMALL, ({}, ANY), ({"kind": "inv", "part": "imaginary"}, ANY)),
    "LogUniformStep": rows(
        GATES,
        GATES_SMALL,
        ({}, ANY),
        ({"low": 0.01, "high": 0.5, "floor": 0.02, "inverse": "log"}, ANY),
    ),
    "Lru": rows(
        GATES,
        GATES_SMALL,
        ({}, ANY),
        ({"part": "theta_log", "r_min": 0.1, "r_max": 0.9, "max_phase": 3.0}, ANY),
    ),
    "RgLru": rows(GATES, GATES_SMALL, ({}, ANY), ({"low": 0.5, "high": 0.9}, ANY)),
    # embeddings and heads
    "EmbeddingNormal": rows(
        TABLE,
        TABLE_SMALL,
        ({}, of(Normal(0.0, 1 / 8))),
        ({"padding_row": 0}, spread(math.sqrt(199 / 200) / 8)),
    ),
    "SinusoidalPositions": rows(
        TABLE, TABLE_SMALL, ({}, ANY), ({"base": 100.0, "interleaved": False}, ANY)
    ),
    "PriorBias": rows(GATES, GATES_SMALL, ({}, ANY), ({"prior": 0.2}, ANY))
    + rows(
        (3,),
        (3,),
        (
            {
                "counts": [4.0, 2.0, 0.0],
                "activation": "sigmoid",
                "smoothing": 1.0,
            },
            ANY,
        ),
    ),
    # Transformers and depth
    "SmallInit": rows(
        MATRIX,
        SMALL,
        ({}, normal(lambda i, o: math.sqrt(0.4 / i))),
        ({"width": 40.0}, of(Normal(0.0, 0.1))),
    ),
    "WangInit": rows(
        MATRIX,
        SMALL,
        ({"layers": 4}, normal(lambda i, o: 0.5 / math.sqrt(i))),
        ({"layers": 2, "width": 25.0}, of(Normal(0.0, 0.2))),
    ),
    "T5": rows(
        MATRIX,
        SMALL,
        ({"role": "wo"}, normal(lambda i, o: i**-0.5)),
        ({"role": "query", "key_dim": 4.0}, normal(lambda i, o: (4 * i) ** -0.5)),
        ({"role": "relative_bias", "width": 25.0}, of(Normal(0.0, 0.2))),
    ),
    "TruncatedNormal02": rows(MATRIX, SMALL, ({}, of(TRUNCATED))),
    "Gpt2Residual": rows(
        MATRIX,
        SMALL,
        ({"layers": 8}, of(Normal(0.0, 0.005))),
        (
            {"layers": 3, "stddev": 0.3, "residuals_per_layer": 3},
            of(Normal(0.0, 0.1)),
        ),
    ),
    "DepthScaled": rows(
        MATRIX,
        SMALL,
        (
            {"initializer": "he_fan_in", "layer": 2},
            normal(lambda i, o: math.sqrt(0.5 / i)),
        ),
    ),
    "DsInit": rows(
        MATRIX,
        SMALL,
        ({"layer": 1}, uniform(lambda i, o: math.sqrt(6 / (i + o)))),
        ({"layer": 4, "alpha": 0.5}, uniform(lambda i, o: math.sqrt(6 / (i + o)) / 4)),
    ),
    "Fixup": rows(
        MATRIX,
        SMALL,
        ({"branches": 16}, normal(lambda i, o: math.sqrt(2 / i) / 4)),
        (
            {"branches": 16, "layers_per_branch": 3, "negative_slope": 0.5},
            normal(lambda i, o: math.sqrt(1.6 / i) / 2),
        ),
    ),
    "LayerScale": rows(GATES, GATES_SMALL, ({"depth": 18}, ANY), ({"depth": 19}, ANY)),
    "TFixup": rows(
        MATRIX,
        SMALL,
        (
            {"part": "decoder", "layers": 9},
            uniform(lambda i, o: math.sqrt(6 / (i + o)) / 3),
        ),
    ),
    "Deepnorm": rows(
        MATRIX,
        SMALL,
        (
            {"architecture": "encoder", "encoder_layers": 2},
            normal(lambda i, o: math.sqrt(2 / (i + o)) / 2),
        ),
        (
            {
                "architecture": "encoder_decoder",
                "part": "decoder",
                "encoder_layers": 3,
                "decoder_layers": 108,
            },
            normal(lambda i, o: math.sqrt(2 / (i + o)) / 6),
        ),
    ),
    "SubLn": rows(
        MATRIX,
        SMALL,
        (
            {"architecture": "decoder", "decoder_layers": 6},
            normal(lambda i, o: math.sqrt(2 * math.log(12) / (i + o))),
        ),
        (
            {
                "architecture": "encoder_decoder",
                "part": "decoder",
                "encoder_layers": 3,
                "decoder_layers": 4,
            },
            normal(lambda i, o: math.sqrt(2 * math.log(12) / (i + o))),
        ),
    ),
    "Mimetic": rows(
        HEADS,
        HEADS_SMALL,
        ({"part": "query", "seed": 3}, ANY),
        ({"part": "key", "heads": 4, "alpha": 0.5, "beta": 0.25, "seed": 3}, ANY),
    ),
    # coordinates
    "SirenFirst": rows(MATRIX, SMALL, ({}, uniform(lambda i, o: 1 / i))),
    "SirenHidden": rows(
        MATRIX,
        SMALL,
        ({}, uniform(lambda i, o: math.sqrt(6 / i) / 30)),
        (
            {"omega": 2.0, "unit_variance": True},
            uniform(lambda i, o: math.sqrt(6 / i / (1 - math.exp(-2))) / 2),
        ),
    ),
    "FourierFeatures": rows(
        MATRIX,
        SMALL,
        ({}, of(Normal(0.0, 1.0))),
        ({"stddev": 3.0}, of(Normal(0.0, 3.0))),
    ),
    "RandomFourier": rows(
        MATRIX,
        SMALL,
        ({}, of(Normal(0.0, 1.0))),
        ({"scale": 2.0, "orthogonal": True}, spread(0.5)),
        ({"kernel": "laplacian"}, ANY),
    ),
    "GeometricOutput": rows(MATRIX, SMALL, ({}, ANY))
    + rows(MATRIX, SMALL, ({"radius": 0.5}, ANY)),
    # width, adapters, scale laws
    "Mup": rows(
        MATRIX,
        SMALL,
        ({"kind": "hidden", "base_fan_in": 9.0}, normal(lambda i, o: i**-0.5)),
        (
            {"kind": "output", "base_fan_in": 25.0, "scale": 4.0, "table": 8},
            of(Normal(0.0, 0.4)),
        ),
        (
            {"kind": "input", "base_fan_out": 91.0, "table": 9},
            normal(lambda i, o: math.sqrt(91 / i / o)),
        ),
    ),
    "Spectral": rows(
        MATRIX,
        SMALL,
        ({}, normal(lambda i, o: i**-0.5)),
        ({"gain": 2.0, "orthogonal": True}, spread(2 / math.sqrt(90))),
    ),
    "LoraA": rows(
        MATRIX,
        SMALL,
        ({}, uniform(lambda i, o: i**-0.5)),
        ({"convention": "keras"}, uniform(lambda i, o: math.sqrt(6 / i))),
    ),
    "LoraB": rows(MATRIX, SMALL, ({}, ANY)),
    "RandomWalk": rows(
        MATRIX,
        SMALL,
        ({}, normal(lambda i, o: math.sqrt(2 / i) * math.exp(1.2 / (o - 2.4)))),
        (
            {"activation": "linear", "width": 10.0},
            normal(lambda i, o: math.exp(0.05) / math.sqrt(i)),
        ),
    ),
    "NguyenWidrow": rows(
        MATRIX, SMALL, ({}, spread(lambda i, o: 0.7 * o ** (1 / i) / math.sqrt(i)))
    ),
    "NguyenWidrowBias": rows(
        GATES, GATES_SMALL, ({"fan_in": 2}, uniform(lambda i, o: 0.7 * math.sqrt(1200)))
    ),
    "Hyperfan": rows(
        MATRIX,
        SMALL,
        ({"fan": 20.0}, uniform(lambda i, o: math.sqrt(3 / (20 * i)))),
        (
            {"fan": 20.0, "gain": 2.0, "input_variance": 4.0, "with_bias": True},
            uniform(lambda i, o: math.sqrt(3 / (40 * i))),
        ),
        (
            {"fan": 20.0, "role": "bias", "fan_out": 40.0},
            uniform(lambda i, o: math.sqrt(1.5 / i)),
        ),
    ),
}
# What draws nothing has no seed.
CATALOGUE_FIXED = {
    *("Dirac", "BilinearUpsampling", "LinearDownsampling", "BinomialBlur"),
    *("HadamardZero", "IdinitZero", "Stft", "NanFill", "AffineIdentity"),
    *("UnitForgetBias", "LinspaceBias", "PowerLawBias", "HippoLegs", "Lmu", "S4d"),
    *("SinusoidalPositions", "PriorBias", "LayerScale", "LoraB"),
}
