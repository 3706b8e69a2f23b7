"""Examples for schemes of the catalogue, whose properties have tests of their own.

Here each argument is off its default once, with the distribution where entries are
independent, and with the std where they are not.
"""

import math

from support.catalogue_of_models import OF_MODELS
from support.catalogue_rows import (
    ANY,
    CONV,
    CONV_SMALL,
    GATES,
    GATES_SMALL,
    MATRIX,
    SMALL,
    STATE,
    STATE_SMALL,
    Missing,
    of,
    rows,
    spread,
    uniform,
)

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
    "TanhFixedPoint": rows(
        MATRIX,
        SMALL,
        ({}, spread(math.sqrt((1 - 1 / 90 + 0.085**2) / 90))),
        ({"alpha": 0.5}, spread(math.sqrt((1 - 1 / 90 + 0.25) / 90))),
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
    **OF_MODELS,
}
# What draws nothing has no seed.
CATALOGUE_FIXED = {
    *("Dirac", "BilinearUpsampling", "LinearDownsampling", "BinomialBlur"),
    *("HadamardZero", "IdinitZero", "Stft", "NanFill", "AffineIdentity"),
    *("UnitForgetBias", "LinspaceBias", "PowerLawBias", "HippoLegs", "Lmu", "S4d"),
    *("SinusoidalPositions", "PriorBias", "LayerScale", "LoraB"),
}
