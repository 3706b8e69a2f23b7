"""Mimetic attention: two kernels whose product is a given matrix."""

import math

import keras
import numpy as np
import pytest

import keras_inits
from support.distributions import values

WIDTH = 64
HEADS = 4
EQUATIONS = {
    "query": "btd,dnh->btnh",
    "key": "btd,dnh->btnh",
    "value": "btd,dnh->btnh",
    "output": "btnh,nhd->btd",
}


def scheme(part, seed=7, heads=HEADS, **arguments):
    """One of the four, all of the same seed unless told."""
    return keras_inits.get("mimetic", part=part, heads=heads, seed=seed, **arguments)


def kernel(part, heads=HEADS, **arguments):
    """The kernel of an EinsumDense layer with a name of its own."""
    units = WIDTH // heads
    inputs = (3, heads, units) if part == "output" else (3, WIDTH)
    layer = keras.layers.EinsumDense(
        EQUATIONS[part],
        (None, WIDTH) if part == "output" else (None, heads, units),
        kernel_initializer=scheme(part, heads=heads, **arguments),
        name=f"{part}_projection",
    )
    layer.build((None, *inputs))
    return values(layer.kernel)


def products(query, key):
    """The matrices W_q W_kᵀ of all heads."""
    return np.einsum("dnh,enh->nde", query, key)


def is_shifted_noise(matrix, beta, alpha):
    """Whether a matrix is β on the diagonal and of std α/√D off it."""
    width = len(matrix)
    off = matrix[~np.eye(width, dtype=bool)]
    diagonal = abs(np.trace(matrix) / width - beta) * width / (5 * abs(alpha))
    relative = off.std() * math.sqrt(width) / abs(alpha) - 1
    return diagonal < 1 and abs(relative) < 5 / math.sqrt(2 * off.size)


def imbalance(query, key):
    """How far W_qᵀW_q is from W_kᵀW_k, over the largest entry, in the worst head."""
    left = np.einsum("dnh,dnk->nhk", query, query)
    right = np.einsum("dnh,dnk->nhk", key, key)
    return abs(left - right).max() / abs(left).max()


def test_the_product_of_values_and_output_is_minus_the_identity_and_noise():
    """Twins: kernels of two seeds, the other order, and noise of N(0, 1/D²)."""
    value, output = kernel("value"), kernel("output")
    product = np.einsum("dnh,nhe->de", value, output)
    assert is_shifted_noise(product, -0.4, 0.4)
    assert not is_shifted_noise(product, 0.4, 0.4)
    other = np.einsum("dnh,nhe->de", value, kernel("output", seed=8))
    assert not is_shifted_noise(other, -0.4, 0.4)
    left, right = value.reshape(WIDTH, WIDTH), output.reshape(WIDTH, WIDTH)
    assert not is_shifted_noise(right @ left, -0.4, 0.4)
    noise = np.random.default_rng(3).normal(size=(WIDTH, WIDTH))
    for std, right_one in ((WIDTH**-0.5, True), (1 / WIDTH, False)):
        matrix = 0.4 * std * noise - 0.4 * np.eye(WIDTH)
        assert is_shifted_noise(matrix, -0.4, 0.4) == right_one


def test_the_product_of_one_heads_query_and_key_is_the_identity_and_noise():
    """Whole, as its rank is not cut; with other α and β alike."""
    (product,) = products(kernel("query", heads=1), kernel("key", heads=1))
    assert is_shifted_noise(product, 0.7, 0.7)
    assert not is_shifted_noise(product, 0.7, 0.4)
    arguments = {"heads": 1, "alpha": 0.3, "beta": 0.9}
    (product,) = products(kernel("query", **arguments), kernel("key", **arguments))
    assert is_shifted_noise(product, 0.9, 0.3)
    arguments = {"alpha": 0.3, "beta": 0.9}
    value, output = kernel("value", **arguments), kernel("output", **arguments)
    assert is_shifted_noise(np.einsum("dnh,nhe->de", value, output), -0.9, 0.3)


def singular_values(matrices):
    """Their means over some matrices, largest first."""
    return np.linalg.svd(matrices, compute_uv=False).mean(axis=0)


def spectrum_error(matrices):
    """How far singular values are from the largest of 0.7 Z + 0.7 I made by hand."""
    count = WIDTH // HEADS
    noise = np.random.default_rng(3).normal(size=(6, WIDTH, WIDTH)) / WIDTH**0.5
    expected = singular_values(0.7 * noise + 0.7 * np.eye(WIDTH))[:count]
    found = singular_values(matrices)
    assert found[count:].max() < 1e-5
    return abs(found[:count] / expected - 1).max()


def test_every_head_keeps_the_largest_part_of_its_matrix():
    """W_qW_kᵀ has the largest singular values; twin: the first columns."""
    matrices = products(kernel("query"), kernel("key"))
    assert spectrum_error(matrices) < 0.05
    noise = np.random.default_rng(4).normal(size=(WIDTH, WIDTH)) / WIDTH**0.5
    cut = 0.7 * noise + 0.7 * np.eye(WIDTH)
    cut[:, WIDTH // HEADS :] = 0
    assert spectrum_error(cut[None]) > 0.1
    for number, matrix in enumerate(matrices):  # no head like another
        for other in matrices[:number]:
            assert abs(matrix - other).max() > 0.05


def test_query_and_key_share_their_singular_values_evenly(figure):
    """W_qᵀW_q = W_kᵀW_k; twins: key times two, query of another seed."""
    query, key = kernel("query"), kernel("key")
    found, twin = imbalance(query, key), imbalance(query, 2 * key)
    figure("mimetic", "imbalance of query and key", found, 1e-5, twin, beyond=0.1)
    assert imbalance(kernel("query", seed=8), key) > 1e-4


def test_tokens_attend_to_their_like():
    """The trace of W_qW_kᵀ over D exceeds 0.1; twins: two seeds, and Xavier."""
    query, key = kernel("query"), kernel("key")

    def traces(query, key):
        return np.trace(products(query, key), axis1=1, axis2=2) / WIDTH

    assert traces(query, key).min() > 0.1
    assert traces(query, kernel("key", seed=8)).max() < 0.1
    xavier = [keras_inits.XavierUniform(seed=seed, gates=HEADS) for seed in (1, 2)]
    shape = (WIDTH, WIDTH)
    first, second = (values(s(shape)).reshape(WIDTH, HEADS, -1) for s in xavier)
    assert traces(first, second).max() < 0.1


@pytest.mark.parametrize("part", ["query", "key"])
def test_a_flat_kernel_has_the_heads_side_by_side(part):
    """`(D, D)` with heads given: the values of `(D, heads, D/heads)`."""
    flat = values(scheme(part)((WIDTH, WIDTH)))
    apart = values(scheme(part)((WIDTH, HEADS, WIDTH // HEADS)))
    np.testing.assert_allclose(flat.reshape(apart.shape), apart, atol=1e-6)


@pytest.mark.parametrize("part", ["query", "key", "value", "output"])
def test_a_config_gives_the_same_half(part):
    text = keras.saving.serialize_keras_object(scheme(part))
    again = keras.saving.deserialize_keras_object(text)
    np.testing.assert_array_equal(kernel(part), values(again(kernel(part).shape)))


@pytest.mark.parametrize(
    ("arguments", "shape"),
    [
        ({"part": "bias", "heads": 2}, (12, 2, 6)),
        ({"part": "query", "heads": 2, "seed": None}, (12, 2, 6)),
        ({"part": "query", "heads": 2}, (12, 2, 5)),  # heads · H ≠ D
        ({"part": "key", "heads": 4}, (12, 2, 3)),  # grouped queries
        ({"part": "value", "heads": 2}, (12, 3, 5)),
        ({"part": "output", "heads": 2}, (2, 5, 12)),
        ({"part": "query"}, (12, 12)),  # how many heads?
        ({"part": "query", "heads": 5}, (12, 12)),
        ({"part": "query", "heads": 0}, (12, 12)),
        ({"part": "query", "heads": 2}, (12,)),
        ({"part": "query", "heads": 2, "alpha": math.inf}, (12, 2, 6)),
        ({"part": "value", "heads": 2, "beta": math.nan}, (12, 2, 6)),
    ],
)
def test_what_has_no_answer_is_refused(arguments, shape):
    with pytest.raises(ValueError, match="Received"):
        keras_inits.get("mimetic", **{"seed": 7, **arguments})(shape)
