"""Schemes for transformers and depth: what each keeps along the residual stream."""

import math

import keras
import numpy as np
import pytest

import keras_inits
from support.distributions import EXCESS, Normal, Truncated, Uniform, values

WIDTH = 96


def stack(name, count, width=WIDTH, **arguments):
    """Many independent square kernels of one scheme, for a network made by hand."""
    scheme = keras_inits.get(name, seed=7, kernel_format="experts", **arguments)
    return values(scheme((count, width, width)))


def dense(scheme, inputs, outputs):
    """The kernel of a Dense layer."""
    layer = keras.layers.Dense(outputs, kernel_initializer=scheme, name="dense")
    layer.build((None, inputs))
    return values(layer.kernel)


def standard_errors(sample, std):
    """How far the std of normal values is from the one expected, in standard errors."""
    sample = np.ravel(sample)
    relative = math.sqrt((sample**2).mean()) / std - 1
    return abs(relative) * math.sqrt(2 * sample.size)


def whitened(rows):
    """Rows of mean square 1, as a LayerNorm makes them."""
    return rows / np.sqrt((rows**2).mean(axis=-1, keepdims=True))


def pre_norm_growth(kernels, count=300):
    """The mean square at the end of a stream to which every kernel adds its output."""
    stream = whitened(np.random.default_rng(3).normal(size=(count, kernels.shape[1])))
    for kernel in kernels:
        stream = stream + whitened(stream) @ kernel
    return (stream**2).mean()


def test_small_init_is_xaviers_on_the_way_up_and_the_same_on_the_way_down(figure):
    """With the width given; twin: without it the second kernel has half the std."""
    std = math.sqrt(2 / (WIDTH + 4 * WIDTH))
    up, down = (WIDTH, 4 * WIDTH), (4 * WIDTH, WIDTH)
    for shape, width in ((up, None), (up, WIDTH), (down, WIDTH)):
        kernel = dense(keras_inits.get("small_init", width=width, seed=7), *shape)
        assert Normal(0, std).complaints(kernel) == []
    assert standard_errors(dense(keras_inits.XavierNormal(seed=7), *up), std) < 5
    twin = dense(keras_inits.get("small_init", seed=7), *down)
    assert standard_errors(2 * twin, std) < 5
    found, wrong = standard_errors(kernel, std), standard_errors(twin, std)
    figure("small_init", "std of a kernel on the way down, in errors", found, 5, wrong)
    square = dense(keras_inits.XavierNormal(seed=7), WIDTH, WIDTH)
    assert standard_errors(square, std) > 5


@pytest.mark.parametrize("layers", [1, 7, 40])
def test_wang_init_is_small_init_over_depth(layers):
    """By the factor of layers over the root of ten, value for value."""
    for shape in ((WIDTH, 41), (4 * WIDTH, WIDTH)):
        small = dense(keras_inits.get("small_init", width=WIDTH, seed=7), *shape)
        wang = keras_inits.get("wang_init", layers=layers, width=WIDTH, seed=7)
        ratio = small / dense(wang, *shape)
        np.testing.assert_allclose(ratio, layers / math.sqrt(10), rtol=1e-6)


@pytest.mark.parametrize("layers", [4, 16])
def test_the_stream_grows_little_with_wang_init(layers, figure):
    """To 1 + 8/L; twin: small_init ends at 1.8 L."""
    expected = 1 + 8 / layers
    growth = pre_norm_growth(stack("wang_init", 2 * layers, layers=layers))
    twin = pre_norm_growth(stack("small_init", 2 * layers))
    errors = [abs(x / expected - 1) for x in (growth, twin)]
    figure("wang_init", "growth of the stream, relative", errors[0], 0.08, errors[1])


@pytest.mark.parametrize("layers", [2, 8, 32])
def test_the_stream_of_gpt2_ends_at_twice_its_variance(layers, figure):
    """At any depth, for branches of variance 1; twin: no factor gives 1 + 2L."""
    unit = WIDTH**-0.5
    kernels = stack("gpt2_residual", 2 * layers, layers=layers, stddev=unit)
    twin = stack("lecun_normal", 2 * layers)
    found, wrong = (abs(pre_norm_growth(k) - 2) for k in (kernels, twin))
    figure("gpt2_residual", "growth of the stream, from 2", found, 0.15, wrong, 2.5)


def test_gpt2_counts_the_residuals_of_a_layer():
    """Three a layer, as in a decoder with cross-attention: still twice; twin: two."""
    arguments = {"layers": 8, "stddev": WIDTH**-0.5}
    kernels = stack("gpt2_residual", 24, residuals_per_layer=3, **arguments)
    assert pre_norm_growth(kernels) == pytest.approx(2.0, abs=0.15)
    twin = stack("gpt2_residual", 24, **arguments)
    assert pre_norm_growth(twin) != pytest.approx(2.0, abs=0.15)
    kernel = dense(keras_inits.get("gpt2_residual", layers=8, seed=7), 90, 41)
    assert Normal(0, 0.02 / 4).complaints(kernel) == []


def depth_scaled_stream(layers, first=1):
    """Two branches a layer, the first layer counted as `first` (0 is taken for 1)."""
    kernels = []
    for number in range(layers):
        inner = keras_inits.LecunNormal(seed=number, kernel_format="experts")
        layer = max(1, first + number)
        scheme = keras_inits.get("depth_scaled", initializer=inner, layer=layer)
        kernels.append(values(scheme((2, WIDTH, WIDTH))))
    return pre_norm_growth(np.concatenate(kernels))


@pytest.mark.parametrize("layers", [4, 12])
def test_the_stream_grows_with_the_harmonic_numbers(layers, figure):
    """With depth_scaled; twin: a count from 0, whose first two blocks are alike."""
    expected = 1 + sum(1 / number for number in range(1, layers + 1))
    found, twin = (abs(depth_scaled_stream(layers, n) / expected - 1) for n in (1, 0))
    figure("depth_scaled", "growth of the stream, relative", found, 0.1, twin)


def test_depth_scaled_passes_its_stream_on():
    """Exactly the inner values at layer 2 over two."""
    inner = keras_inits.XavierUniform(seed=7)
    scheme = keras_inits.get("depth_scaled", initializer=inner, layer=2)
    expected = dense(inner, 90, 41) / 2
    np.testing.assert_array_equal(dense(scheme, 90, 41), expected)


def test_ds_init_counts_from_one(figure):
    """The std of layer 1 is thrice that of layer 9; twin: a count from 0."""
    kernels = {
        n: dense(keras_inits.get("ds_init", layer=n, seed=7), 90, 41)
        for n in (1, 2, 9, 10)
    }
    assert Uniform.with_std(math.sqrt(2 / 131)).complaints(kernels[1]) == []
    found = abs(kernels[1] / kernels[9] - 3).max() / 3
    twin = 1 - kernels[2].std() / kernels[10].std() / 3
    figure("ds_init", "ratio of layers 1 and 9, from 3", found, 1e-6, twin, 1 - 2.3 / 3)
    half = dense(keras_inits.get("ds_init", layer=9, alpha=0.5, seed=7), 90, 41)
    np.testing.assert_allclose(kernels[1] / half, 6, rtol=1e-6)


def projection(scheme, equation, output_shape, inputs):
    """The kernel of an EinsumDense layer."""
    layer = keras.layers.EinsumDense(equation, output_shape, kernel_initializer=scheme)
    layer.build((None, 3, *inputs))
    return values(layer.kernel)


def t5(role, **arguments):
    """A scheme of T5, with a fixed seed for each role."""
    return keras_inits.get("t5", role=role, seed=sum(map(ord, role)), **arguments)


def logit_errors(query, key):
    """How far the variance of q·k is from 1 over white inputs, in standard errors."""
    variances = [
        ((query[:, head] @ key[:, head].T) ** 2).sum() for head in range(query.shape[1])
    ]
    variances = np.array(variances)
    error = variances.std() / math.sqrt(len(variances))
    return abs(variances.mean() - 1) / error


def test_the_logits_of_t5_have_variance_one_without_a_division(figure):
    """Twins: the query drawn as the key, and logits that are divided all the same."""
    heads, units, width = 24, 8, 60
    axes = {"input_axes": [0], "output_axes": [1, 2]}
    arguments = ("btd,dnh->btnh", (None, heads, units), (width,))
    query = projection(t5("query", key_dim=units, **axes), *arguments)
    key = projection(t5("key", **axes), *arguments)
    twin = projection(t5("value", **axes), *arguments)
    found, wrong = logit_errors(query, key), logit_errors(twin, key)
    figure("t5", "variance of logits, in standard errors", found, 5, wrong)
    assert logit_errors(query / math.sqrt(units), key) > 5


@pytest.mark.parametrize(
    ("role", "shape", "axes"),
    [
        ("key", (60, 5, 41), {"input_axes": [0], "output_axes": [1, 2]}),
        ("value", (60, 5, 41), {"input_axes": [0], "output_axes": [1, 2]}),
        ("output", (5, 41, 60), {"input_axes": [0, 1], "output_axes": [2]}),
        ("wi", (60, 240), {}),
        ("wo", (240, 60), {}),
        ("embedding", (300, 60), {}),
    ],
)
def test_t5_keeps_unit_variance_in_every_role(role, shape, axes):
    """Of white inputs, and of the rows of a table; twin: BERT's std of 0.02."""
    inputs = len(axes.get("input_axes", [0]))
    fan_in = 1 if role == "embedding" else math.prod(shape[:inputs])
    drawn = values(t5(role, **axes)(shape)) * math.sqrt(fan_in)
    assert standard_errors(drawn, 1) < 5
    assert Normal(0, 1).complaints(drawn) == []
    twin = values(keras_inits.get("truncated_normal_02", seed=7)(shape))
    assert standard_errors(twin * math.sqrt(fan_in), 1) > 5


def test_berts_scheme_is_cut_at_two_of_its_std_and_not_corrected(figure):
    kernel = dense(keras_inits.get("truncated_normal_02", seed=7), 90, 410)
    law, twin = Truncated(0.0, 0.02, 2.0), Truncated.with_std(0.02)
    assert law.complaints(kernel) == []
    assert standard_errors(kernel, 0.02) > 5
    found, wrong = law.excess(kernel), twin.excess(kernel)
    figure("truncated_normal_02", EXCESS, found, 1, wrong)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("small_init", {"width": 0}),
        ("small_init", {"width": -3.0}),
        ("wang_init", {}),
        ("wang_init", {"layers": 0}),
        ("wang_init", {"layers": 2.5}),
        ("gpt2_residual", {}),
        ("gpt2_residual", {"layers": 0}),
        ("gpt2_residual", {"layers": True}),
        ("gpt2_residual", {"layers": 4, "stddev": -1.0}),
        ("gpt2_residual", {"layers": 4, "stddev": math.nan}),
        ("gpt2_residual", {"layers": 4, "residuals_per_layer": 0}),
        ("depth_scaled", {"initializer": "he_fan_in", "layer": 0}),
        ("depth_scaled", {"initializer": "no_such_scheme", "layer": 1}),
        ("ds_init", {}),
        ("ds_init", {"layer": 0}),
        ("ds_init", {"layer": 1, "alpha": 0.0}),
        ("ds_init", {"layer": 1, "alpha": 1.5}),
        ("t5", {"role": "wq"}),
        ("t5", {"role": "query"}),
        ("t5", {"role": "query", "key_dim": 0}),
    ],
)
def test_arguments_out_of_range_are_refused(name, arguments):
    with pytest.raises(ValueError, match="Received"):
        values(keras_inits.get(name, **arguments)((6, 4)))
