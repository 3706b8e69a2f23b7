"""Further examples: embeddings, Transformers, coordinates, width, scale laws."""

import math

from support.catalogue_rows import (
    ANY,
    GATES,
    GATES_SMALL,
    HEADS,
    HEADS_SMALL,
    MATRIX,
    SMALL,
    TABLE,
    TABLE_SMALL,
    TRUNCATED,
    normal,
    of,
    rows,
    spread,
    uniform,
)
from support.distributions import Normal

OF_MODELS = {
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
    "CenteredVarianceScaling": rows(
        MATRIX,
        SMALL,
        ({}, spread(lambda i, o: math.sqrt(1 / i))),
        (
            {"scale": 4.0, "mode": "fan_out", "distribution": "uniform"},
            spread(lambda i, o: math.sqrt(4 / o)),
        ),
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
