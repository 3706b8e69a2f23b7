"""Schemes that replace normalization or scale it: bounds that hold at any depth."""

import math

import keras
import numpy as np
import pytest

import keras_inits
from support.distributions import Normal, Uniform, values

WIDTH = 64
COUNTS = (1, 2, 6, 24, 100)
XAVIER = math.sqrt(2 / 131)  # of kernels of 90 by 41


def stack(name, count, width=WIDTH, **arguments):
    """Many independent square kernels of one scheme, for a network made by hand."""
    scheme = keras_inits.get(name, seed=7, kernel_format="experts", **arguments)
    return values(scheme((count, width, width)))


def dense(scheme, inputs=90, outputs=41):
    """The kernel of a Dense layer."""
    layer = keras.layers.Dense(outputs, kernel_initializer=scheme, name="dense")
    layer.build((None, inputs))
    return values(layer.kernel)


def growth_of_products(kernels):
    """The growth of variance of x + x W1 W2, block after block, over all inputs."""
    stream = np.eye(kernels.shape[1])
    for first, second in zip(kernels[::2], kernels[1::2], strict=True):
        stream = stream + stream @ first @ second
    return (stream**2).sum() / len(stream)


@pytest.mark.parametrize("layers", [4, 16, 64])
@pytest.mark.parametrize(
    ("part", "branches", "growth"),
    [("encoder", 2, math.exp(2 * 0.67**4)), ("decoder", 3, math.exp(1 / 3))],
)
def test_t_fixup_bounds_the_growth_at_any_depth(part, branches, growth, layers, figure):
    """Of a tower of products; twin: the root of its factor, the exponent 1/8."""
    count = 2 * branches * layers
    kernels = stack("t_fixup", count, part=part, layers=layers)
    twin = stack("xavier_uniform", count)
    factor = kernels.std() / twin.std()
    twin = twin * math.sqrt(factor)
    found, wrong = (abs(growth_of_products(k) / growth - 1) for k in (kernels, twin))
    figure("t_fixup", "growth of a tower, relative", found, 0.12, wrong, beyond=0.5)


def test_t_fixup_is_xaviers_law_scaled():
    """In a layer, from the same stream."""
    kernel = dense(keras_inits.get("t_fixup", part="encoder", layers=16, seed=7))
    assert Uniform.with_std(0.335 * XAVIER).complaints(kernel) == []
    xavier = dense(keras_inits.XavierUniform(seed=7))
    np.testing.assert_allclose(kernel / xavier, 0.335, rtol=1e-5)


def root_mean_length(table):
    """The root of the mean squared length of a table's rows."""
    return math.sqrt((table**2).sum(axis=1).mean())


@pytest.mark.parametrize("part", ["source_embedding", "target_embedding"])
def test_t_fixup_shortens_embeddings(part):
    """To (9L)^(-1/4); twin: the paper's N(0, 1/d) alone has length 1."""
    scheme = keras_inits.get("t_fixup", part=part, layers=12, seed=7)
    layer = keras.layers.Embedding(300, 41, embeddings_initializer=scheme)
    layer.build()
    table = values(layer.embeddings)
    expected = 108**-0.25
    tolerance = 5 / math.sqrt(2 * table.size)
    assert root_mean_length(table) == pytest.approx(expected, rel=tolerance)
    assert Normal(0, expected / math.sqrt(41)).complaints(table) == []
    twin = values(keras_inits.RandomNormal(stddev=41**-0.5, seed=7)((300, 41)))
    assert root_mean_length(twin) != pytest.approx(expected, rel=tolerance)


def deepnorm(architecture, part, encoder=None, decoder=None):
    """A scheme of DeepNorm with a fixed seed."""
    return keras_inits.get(
        "deepnorm",
        architecture=architecture,
        part=part,
        encoder_layers=encoder,
        decoder_layers=decoder,
        seed=7,
    )


def update_bound(alpha, beta, branches):
    """The bound on a model's update: 2β²/α² for each branch."""
    return branches * 2 * beta**2 / alpha**2


@pytest.mark.parametrize("count", COUNTS)
def test_deepnorm_bounds_the_update_by_one(count, figure):
    """Exactly; twins: α and β exchanged, and β squared as the gain."""
    for scheme, branches in (
        (deepnorm("encoder", "encoder", encoder=count), 2 * count),
        (deepnorm("decoder", "decoder", decoder=count), 2 * count),
        (deepnorm("encoder_decoder", "decoder", 5, count), 3 * count),
    ):
        alpha, beta = scheme.alpha, scheme.beta
        found = abs(update_bound(alpha, beta, branches) - 1)
        twin = abs(update_bound(beta, alpha, branches) - 1)
        figure("deepnorm", "bound on the update, from 1", found, 1e-9, twin, beyond=0.1)
        assert abs(update_bound(alpha, beta**2, branches) - 1) > 0.1
        kernel = dense(scheme)
        assert Normal(0, beta * XAVIER).complaints(kernel) == []
        assert Normal(0, beta**2 * XAVIER).complaints(kernel)


@pytest.mark.parametrize(("encoder", "decoder"), [(1, 1), (6, 6), (24, 3), (5, 100)])
def test_deepnorms_encoder_bounds_the_decoder(encoder, decoder):
    """By 1.0122 for every pair of depths; twin: torchscale's 1.15 for 0.87."""

    def bound(beta):
        ratio = 4 * encoder * (beta / first.alpha) ** 2
        return ratio * decoder * second.beta**2 / second.alpha

    first = deepnorm("encoder_decoder", "encoder", encoder, decoder)
    second = deepnorm("encoder_decoder", "decoder", encoder, decoder)
    assert bound(first.beta) == pytest.approx(1.0122, abs=1e-4)
    assert bound(first.beta * 1.15 / 0.87) > 1.7
    assert Normal(0, first.beta * XAVIER).complaints(dense(first)) == []


def sub_ln(architecture, part, encoder=None, decoder=None):
    """A scheme of Magneto with a fixed seed."""
    return keras_inits.get(
        "sub_ln",
        architecture=architecture,
        part=part,
        encoder_layers=encoder,
        decoder_layers=decoder,
        seed=7,
    )


def spread(gains, branches):
    """How much the bound on the update differs between depths."""
    sums = [
        sum(1 / (1 + k * gain**2) for k in range(1, count + 1))
        for gain, count in zip(gains, branches, strict=True)
    ]
    return max(sums) / min(sums) - 1


def test_sub_ln_bounds_the_update_alike_at_every_depth(figure):
    """Within 1 %; twin: a gain of 1, with which it grows 2.9 times."""
    depths = (6, 24, 96, 384)
    for branches, schemes in (
        (2, [sub_ln("encoder", "encoder", encoder=n) for n in depths]),
        (2, [sub_ln("decoder", "decoder", decoder=n) for n in depths]),
        (3, [sub_ln("encoder_decoder", "decoder", 6, n) for n in depths]),
    ):
        counts = [branches * n for n in depths]
        found = spread([scheme.gain for scheme in schemes], counts)
        twin = spread([1.0] * len(depths), counts)
        figure("sub_ln", "spread of the bound over depths", found, 0.01, twin, 1.5)
        for scheme in schemes:
            kernel = dense(scheme)
            assert Normal(0, scheme.gain * XAVIER).complaints(kernel) == []


def test_sub_lns_encoder_under_a_decoder():
    """√(log 3M · log 2N / 3): equal to the decoder's gain where 2N = e³."""
    encoder = sub_ln("encoder_decoder", "encoder", 12, 5)
    alone = sub_ln("encoder", "encoder", encoder=12).gain
    decoder = sub_ln("encoder_decoder", "decoder", 12, 5).gain
    assert encoder.gain == pytest.approx(alone * decoder / math.sqrt(3), rel=1e-9)
    assert Normal(0, encoder.gain * XAVIER).complaints(dense(encoder)) == []


def leaky(x, slope):
    """Leaky ReLU."""
    return np.where(x > 0, x, slope * x)


def first_step(kernels, branches, slope=0.0):
    """Σ‖h‖²/d: the change of the output after a step of SGD, over its rate.

    Only the last kernels of branches are zero, so only they have a gradient, and the
    output moves by the squared length of what enters them.
    """
    width = kernels.shape[-1]
    stream = np.random.default_rng(3).normal(size=(100, width))
    total = 0.0
    for branch in kernels.reshape(branches, -1, width, width):
        hidden = stream
        for kernel in branch:
            hidden = leaky(hidden @ kernel, slope)
        total += (hidden**2).mean()
    return total


def fixup_step(branches, depth, factor=1.0, slope=0.0, **arguments):
    """The first step with kernels of fixup, times a factor for a twin."""
    kernels = stack(
        "fixup",
        branches * (depth - 1),
        branches=branches,
        layers_per_branch=depth,
        negative_slope=slope,
        **arguments,
    )
    return first_step(factor * kernels, branches, slope)


@pytest.mark.parametrize(("depth", "slope"), [(2, 0.0), (3, 0.0), (4, 0.0), (3, 0.4)])
def test_fixups_first_step_is_as_large_at_any_depth(depth, slope, figure):
    """Twins: He alone, and the exponent of two layers for three."""
    few = fixup_step(4, depth, slope=slope)
    many = fixup_step(64, depth, slope=slope)
    assert few == pytest.approx(1, abs=0.25)
    assert 0.6 < few / many < 1.6
    exponent = 1 / (2 * depth - 2)
    twin = fixup_step(64, depth, 64**exponent, slope) - 1
    figure("fixup", "first step, from 1", abs(many - 1), 0.25, twin, beyond=39)
    if depth > 2:
        assert fixup_step(64, depth, 64 ** (exponent - 0.5), slope) < 0.1


def test_fixup_of_one_branch_is_hes():
    """And of 16, two layers each, a quarter of it: in a convolution."""
    he = values(keras_inits.HeFanIn(seed=7)((3, 2, 5, 41)))
    for branches, ratio in ((1, 1), (16, 4)):
        scheme = keras_inits.get("fixup", branches=branches, seed=7)
        layer = keras.layers.Conv2D(41, (3, 2), kernel_initializer=scheme)
        layer.build((None, 9, 9, 5))
        assert (
            Normal(0, math.sqrt(2 / 30) / ratio).complaints(values(layer.kernel)) == []
        )
        np.testing.assert_allclose(he / values(scheme((3, 2, 5, 41))), ratio, rtol=1e-5)


@pytest.mark.parametrize(
    ("depth", "scale"),
    [(1, 0.1), (12, 0.1), (18, 0.1), (19, 1e-5), (24, 1e-5), (25, 1e-6), (48, 1e-6)],
)
def test_layer_scale_is_one_number_by_depth(depth, scale, figure):
    """Constant; twin: timm's 1e-5 for all is right from 19 to 24 alone."""
    scheme = keras_inits.get("layer_scale", depth=depth)
    layer = keras.layers.LayerNormalization(gamma_initializer=scheme)
    layer.build((None, 41))
    found = abs(values(layer.gamma) - float(np.float32(scale))).max()
    twin = None if scale == 1e-5 else abs(values(layer.gamma) - 1e-5).max()
    figure("layer_scale", "distance from the published number", found, 0, twin, 1e-6)
    assert (scale == 1e-5) == (depth in range(19, 25))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("t_fixup", {"part": "encoder"}),
        ("t_fixup", {"part": "middle", "layers": 4}),
        ("t_fixup", {"part": "decoder", "layers": 0}),
        ("deepnorm", {"architecture": "both", "part": "encoder", "encoder_layers": 2}),
        ("deepnorm", {"architecture": "encoder", "part": "encoder"}),
        ("deepnorm", {"architecture": "decoder", "part": "decoder"}),
        (
            "deepnorm",
            {
                "architecture": "encoder_decoder",
                "part": "encoder",
                "encoder_layers": 2,
            },
        ),
        (
            "deepnorm",
            {"architecture": "encoder", "part": "decoder", "encoder_layers": 2},
        ),
        ("sub_ln", {"architecture": "encoder", "part": "encoder"}),
        (
            "sub_ln",
            {"architecture": "encoder", "part": "encoder", "encoder_layers": 0},
        ),
        ("fixup", {}),
        ("fixup", {"branches": 0}),
        ("fixup", {"branches": 4, "layers_per_branch": 1}),
        ("layer_scale", {}),
        ("layer_scale", {"depth": 0}),
    ],
)
def test_arguments_out_of_range_are_refused(name, arguments):
    with pytest.raises(ValueError, match="Received"):
        keras_inits.get(name, **arguments)
