"""A sparse kernel: exact counts of each unit, spread evenly over the inputs."""

import keras
import numpy as np
import pytest

import keras_inits
from support.distributions import Normal, values

RANDOM = np.random.default_rng(7)


def drawn(shape, dtype="float32", **arguments):
    """A kernel of the scheme, as a matrix of inputs by units."""
    kernel = values(keras_inits.get("sparse", seed=7, **arguments)(shape, dtype))
    return kernel.reshape(-1, shape[-1])


def count_error(kernel, kept):
    """How far a unit is from having so many incoming weights."""
    return abs(np.count_nonzero(kernel, axis=0) - kept).max()


def counts_are(kernel, kept):
    """Whether each unit has exactly so many incoming weights."""
    return count_error(kernel, kept) == 0


def chi_square_error(kernel, kept):
    """Of weights per input, in standard errors, if units choose independently."""
    inputs, units = kernel.shape
    expected = units * kept / inputs
    counts = np.count_nonzero(kernel, axis=1)
    square = ((counts - expected) ** 2).sum() / expected / (1 - kept / inputs)
    return (square - (inputs - 1)) / np.sqrt(2 * (inputs - 1))


def zeros_per_input(inputs, outputs, zeros):
    """A twin (torch, MindSpore, Flux): each input loses as many units."""
    kernel = RANDOM.normal(size=(inputs, outputs))
    for row in kernel:
        row[RANDOM.permutation(outputs)[:zeros]] = 0
    return kernel


def coins(inputs, outputs, share):
    """A twin (Caffe, TF-Addons): a coin for each weight."""
    kept = RANDOM.uniform(size=(inputs, outputs)) < share
    return kept * RANDOM.normal(size=(inputs, outputs))


@pytest.mark.parametrize(
    ("arguments", "shape", "kept"),
    [
        ({}, (101, 211), 15),
        ({}, (7, 40), 7),  # fewer inputs than 15
        ({}, (15, 40), 15),
        ({"nnz": 4}, (101, 211), 4),
        ({"nnz": 1}, (3, 5), 1),
        ({"nnz": 20}, (3, 3, 7, 11), 20),  # of 63
        ({"sparsity": 0.9}, (101, 211), 10),
        ({"sparsity": 0.0}, (13, 7), 13),
        ({"sparsity": 0.25}, (2, 3, 3, 7), 13),  # of 18, less 5
        ({"sparsity": 0.999}, (10, 4), 0),
    ],
)
def test_each_unit_keeps_exactly_so_many_weights(arguments, shape, kept, figure):
    twin = count_error(zeros_per_input(100, 200, 170), 15)
    found = count_error(drawn(shape, **arguments), kept)
    figure("sparse", "weights of a unit, from their number", found, 0, twin)


def test_percentages_are_not_rounded_up_by_floats():
    """0.07 · 100 is 7.000000000000001, of which 92 would be kept."""
    kept = [
        np.count_nonzero(drawn((100, 1), sparsity=percent / 100))
        for percent in range(100)
    ]
    assert kept == list(range(100, 0, -1))


def test_twins_have_other_counts_of_units():
    """Zeros per input leave some 15 with 3; coins give no exact number."""
    assert not counts_are(zeros_per_input(100, 200, 170), 15)
    assert not counts_are(coins(100, 200, 0.15), 15)


@pytest.mark.parametrize(
    ("shape", "kept"), [((101, 1009), 15), ((301, 500), 2), ((3, 3, 20, 600), 100)]
)
def test_units_choose_their_inputs_independently(shape, kept):
    """Twins: all units choose the same, or take turns, as do zeros per input."""
    kernel = drawn(shape, nnz=kept)
    assert abs(chi_square_error(kernel, kept)) < 5
    inputs, units = kernel.shape
    same = np.tile(kernel[:, :1], units)
    assert counts_are(same, kept)
    assert chi_square_error(same, kept) > 5
    turns = np.zeros_like(kernel)
    for unit in range(units):
        turns[(unit * kept + np.arange(kept)) % inputs, unit] = 1
    assert counts_are(turns, kept)
    assert chi_square_error(turns, kept) < -5
    per_input = zeros_per_input(inputs, units, units - round(units * kept / inputs))
    assert chi_square_error(per_input, kept) < -5


def test_all_sets_of_inputs_are_equally_frequent():
    """Pairs of 5 inputs; twin: neighbours alone."""
    kernel = drawn((5, 20000), nnz=2) != 0
    pairs = kernel.astype(float) @ kernel.T
    counts = pairs[np.triu_indices(5, 1)]
    assert abs(counts - 2000).max() < 5 * np.sqrt(20000 * 0.1 * 0.9)


@pytest.mark.parametrize(
    ("arguments", "std"),
    [
        ({}, 1.0),
        ({"stddev": 0.01}, 0.01),
        ({"preserve_variance": True}, 15**-0.5),
        ({"preserve_variance": True, "stddev": 2.0, "nnz": 4}, 1.0),
        ({"preserve_variance": True, "sparsity": 0.9}, 11**-0.5),
    ],
)
def test_kept_weights_are_normal(arguments, std):
    """Twin: divided by all inputs."""
    kernel = drawn((117, 1009), **arguments)
    assert Normal(0, std).complaints(kernel[kernel != 0]) == []
    if "preserve_variance" in arguments:
        kept = np.count_nonzero(kernel[:, 0])
        assert Normal(0, std * np.sqrt(kept / 117)).complaints(kernel[kernel != 0])


def variance(kernel, samples=3000):
    """Of what a dense layer makes of white noise."""
    layer = keras.layers.Dense(kernel.shape[1], use_bias=False)
    layer.build((None, len(kernel)))
    layer.kernel.assign(kernel)
    x = RANDOM.normal(size=(samples, len(kernel))).astype("float32")
    return (values(layer(x)) ** 2).mean()


@pytest.mark.parametrize("arguments", [{}, {"nnz": 3}, {"sparsity": 0.5}])
def test_the_variance_is_preserved_if_asked_for(arguments):
    """Twin: without it variance grows by the number kept."""
    shape, samples = (101, 400), 3000
    kernel = drawn(shape, preserve_variance=True, **arguments)
    kept = np.count_nonzero(kernel[:, 0])
    bound = 5 * np.sqrt(2 / (shape[1] * kept) + 2 / (samples * shape[0]))
    assert abs(variance(kernel, samples) - 1) < bound
    twin = drawn(shape, **arguments)
    assert abs(variance(twin, samples) - 1) > bound


def test_each_group_and_each_gate_is_sparse_by_itself():
    """And a transposed kernel over its inputs, which come last."""
    assert counts_are(drawn((3, 7, 10), groups=2, nnz=4), 4)
    assert counts_are(drawn((31, 40), gates=4), 15)
    scheme = keras_inits.get("sparse", nnz=4, kernel_format="transpose", seed=7)
    kernel = values(scheme((3, 11, 5), "float32"))
    assert (np.count_nonzero(kernel, axis=(0, 2)) == 4).all()
    assert not counts_are(kernel.reshape(-1, 5), 4)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_counts_are_exact_in_half_precision(dtype):
    assert counts_are(drawn((101, 40), dtype), 15)


@pytest.mark.parametrize(
    "arguments",
    [
        {"sparsity": 0.5, "nnz": 3},
        {"sparsity": 1.0},
        {"sparsity": -0.1},
        {"nnz": 0},
        {"nnz": 2.5},
        {"stddev": -1.0},
    ],
)
def test_sparse_refuses_other_arguments(arguments):
    """Both a share and a number, or one out of range."""
    with pytest.raises(ValueError, match="Received"):
        keras_inits.get("sparse", **arguments)
