"""`lora` by "eva": the inputs that each kind of layer multiplies its kernel with."""

import keras
import numpy as np
import pytest

import keras_inits
from keras_inits.models.transfer import inputs
from support.lora_models import RANK, arrays, dense

layers = keras.layers


def leading(rows, rank=RANK):
    """The projection onto the leading directions of a matrix's rows."""
    vectors = np.linalg.svd(rows, full_matrices=False)[2][:rank]
    return vectors.T @ vectors


def spanned(a):
    """The same of a factor A, which must be orthonormal."""
    np.testing.assert_allclose(a.T @ a, np.eye(a.shape[1]), atol=1e-5)
    return a @ a.T


def test_eva_spans_the_inputs_of_a_second_layer():
    keras.utils.set_random_seed(0)
    first, second = layers.Dense(10, "relu"), layers.Dense(6)
    model = keras.Sequential([keras.Input((7,)), first, second])
    second.enable_lora(RANK)
    x = np.random.default_rng(0).normal(size=(50, 7)).astype("float32")
    keras_inits.lora(model, "eva", x)
    seen = keras.ops.convert_to_numpy(first(x))
    a, b, _ = arrays(second)
    np.testing.assert_allclose(spanned(a), leading(seen), atol=1e-4)
    assert not b.any()
    # The twin: directions about the mean are others.
    assert np.abs(spanned(a) - leading(seen - seen.mean(0))).max() > 0.05


@pytest.mark.parametrize(
    ("equation", "shape", "output", "sizes"),
    [
        ("abc,cde->abde", (5, 8), (5, 2, 3), (8,)),  # a query
        ("abde,dec->abc", (5, 2, 3), (5, 8), (2, 3)),  # an attention's output
        ("...x,xy->...y", (5, 8), (5, 3), (8,)),
        ("abc,bcd->ad", (5, 4), 6, (5, 4)),
        ("acb,bcd->ad", (4, 5), 6, (5, 4)),  # the inputs' axes in another order
    ],
)
def test_eva_takes_einsum_inputs_in_the_kernels_order(equation, shape, output, sizes):
    keras.utils.set_random_seed(0)
    layer = layers.EinsumDense(equation, output)
    model = keras.Sequential([keras.Input(shape), layer])
    layer.enable_lora(2)
    x = np.random.default_rng(0).normal(size=(40, *shape)).astype("float32")
    keras_inits.lora(model, "eva", x)
    a = keras.ops.convert_to_numpy(layer.lora_kernel_a).astype("float64")
    rows = np.swapaxes(x, 1, 2) if equation.startswith("acb") else x
    is_query = len(sizes) + 1 < a.ndim
    for one in [a[:, n] for n in range(a.shape[1])] if is_query else [a]:
        own = spanned(one.reshape(-1, 2))
        np.testing.assert_allclose(
            own, leading(rows.reshape(-1, own.shape[0]), 2), atol=1e-4
        )


@pytest.mark.parametrize(
    "arguments",
    [
        {"strides": 2},
        {"padding": "causal", "dilation_rate": 2},
        {"padding": "same"},
        {"groups": 2},
    ],
)
def test_eva_takes_the_patches_of_a_convolution(arguments, monkeypatch):
    """A kernel of one tap of one channel copies that column of the patches."""
    keras.utils.set_random_seed(0)
    layer = layers.Conv1D(8, 3, use_bias=False, **arguments)
    model = keras.Sequential([keras.Input((9, 4)), layer])
    x = np.random.default_rng(0).normal(size=(30, 9, 4)).astype("float32")
    shape = tuple(layer.kernel.shape)
    groups = arguments.get("groups", 1)
    columns = []
    for tap in np.ndindex(*shape[:2]):
        kernel = np.zeros(shape, "float32")
        kernel[tap] = 1
        layer.kernel.assign(kernel)
        y = keras.ops.convert_to_numpy(model(x))
        columns.append(y[..., :: 8 // groups].ravel())
    layer.enable_lora(RANK)
    monkeypatch.setattr(inputs, "NUMBERS", 500)  # a few samples at a time
    keras_inits.lora(model, "eva", x)
    a = keras.ops.convert_to_numpy(layer.lora_kernel_a).astype("float64")
    own = spanned(a.reshape(-1, RANK))
    np.testing.assert_allclose(own, leading(np.stack(columns, 1)), atol=1e-4)


def shared(calls):
    """A layer that is called several times, last on what is largest."""
    x = inputs_ = keras.Input((7,))
    layer = layers.Dense(7, "tanh")
    seen = []
    for n in range(calls):
        mixed = layers.Dense(7, use_bias=False)
        x = layer(mixed(x) * (n + 1))
        seen.append((mixed, n + 1))
    return keras.Model(inputs_, x), layer, seen


def test_eva_sums_over_all_calls_of_a_shared_layer():
    keras.utils.set_random_seed(0)
    model, layer, before = shared(3)
    layer.enable_lora(RANK)
    x = np.random.default_rng(0).normal(size=(50, 7)).astype("float32")
    taken, y = [], x
    for mixed, factor in before:
        given = keras.ops.convert_to_numpy(mixed(y)) * factor
        taken.append(given)
        y = keras.ops.convert_to_numpy(layer(given))
    keras_inits.lora(model, "eva", x)
    own = spanned(arrays(layer)[0])
    np.testing.assert_allclose(own, leading(np.concatenate(taken)), atol=1e-4)
    # The twins: those of one call are others.
    for one in taken:
        assert np.abs(own - leading(one)).max() > 0.05


def test_eva_says_where_inputs_do_not_fill_the_rank():
    model, _ = dense()
    x = np.ones((10, 8), "float32") * np.arange(10, dtype="float32")[:, None]
    report = keras_inits.lora(model, "eva", x)
    assert report.rows[0].note == "its inputs fill 1 directions only"
