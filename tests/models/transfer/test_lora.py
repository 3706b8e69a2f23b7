"""`lora`: each method's formula, on each layer's matrix, with the outputs kept."""

import keras
import numpy as np
import pytest

import keras_inits
from keras_inits.graph.weights import weights_of
from support.lora_models import (
    ALPHA,
    RANK,
    TOKENS,
    arrays,
    by_name,
    dense,
    enabled,
    every_layer,
    outputs,
)
from support.real_models import backbone

layers = keras.layers
METHODS = ["gaussian", "orthogonal", "pissa", "olora", "mica", "eva"]
EPSILON = 2.0**-23


@pytest.mark.parametrize("method", METHODS)
def test_outputs_stay_on_every_layer(method):
    model = every_layer()
    expected = outputs(model)
    enabled(model)
    given = {"data": TOKENS, "exclude": "embedding*"} if method == "eva" else {}
    report = keras_inits.lora(model, method, seed=3, **given)
    # Some 20 sums of rounded products, of outputs of size 1.
    np.testing.assert_allclose(outputs(model), expected, atol=20 * EPSILON)
    with_kernels = method in ("pissa", "olora")
    count = 6 if method == "eva" else 7
    assert len(report.rows) == count * (3 if with_kernels else 2)
    drawn = method in ("gaussian", "orthogonal")
    assert report.seed == (3 if drawn else None)
    everything = {p.path for p in weights_of(model)}
    assert {r.path for r in report.rows + report.left_alone} == everything


@pytest.mark.parametrize("method", ["pissa", "olora"])
def test_alpha_over_rank_counts(method):
    """Were it forgotten, the outputs would change: the twin shows by how much."""
    model, layer = dense()
    _, _, kernel = arrays(layer)
    keras_inits.lora(model, method)
    a, b, rest = arrays(layer)
    np.testing.assert_allclose(rest + ALPHA / RANK * a @ b, kernel, atol=1e-6)
    assert np.abs(rest + a @ b - kernel).max() > 0.05


def test_pissa_takes_the_largest_singular_values():
    model, layer = dense()
    _, _, kernel = arrays(layer)
    values = np.linalg.svd(kernel, compute_uv=False)
    keras_inits.lora(model, "pissa")
    a, b, rest = arrays(layer)
    assert a.shape == (8, RANK)
    assert b.shape == (RANK, 6)
    np.testing.assert_allclose(np.linalg.norm(rest, 2), values[RANK], rtol=1e-5)
    np.testing.assert_allclose(a.T @ a, b @ b.T, atol=1e-6)
    even = np.diag(values[:RANK]) * RANK / ALPHA
    np.testing.assert_allclose(a.T @ a, even, atol=1e-6)


def test_olora_is_orthonormal_and_triangular():
    model, layer = dense()
    keras_inits.lora(model, "olora")
    a, b, _ = arrays(layer)
    # As of PyTorch's transposed kernels: the outputs' factor is orthonormal.
    np.testing.assert_allclose(b @ b.T * ALPHA / RANK, np.eye(RANK), atol=1e-6)
    np.testing.assert_allclose(np.triu(a, 1), 0, atol=1e-7)


@pytest.mark.parametrize(("inputs", "units"), [(8, 6), (5, 9)])
def test_mica_has_the_least_output_directions(inputs, units):
    model, layer = dense(inputs, units)
    _, _, kernel = arrays(layer)
    keras_inits.lora(model, "mica")
    a, b, rest = arrays(layer)
    assert not a.any()
    assert (rest == kernel).all()
    np.testing.assert_allclose(b @ b.T, np.eye(RANK), atol=1e-6)
    values = np.linalg.svd(kernel, compute_uv=False)
    # What of the kernel's outputs goes into these directions: the least there is.
    reached = np.linalg.svd(kernel @ b.T, compute_uv=False)
    np.testing.assert_allclose(reached, values[-RANK:], atol=1e-6)


def test_gaussian_has_std_one_over_rank():
    model, layer = dense(inputs=500)
    report = keras_inits.lora(model, "gaussian", seed=7)
    a, b, _ = arrays(layer)
    assert not b.any()
    # Of 2,000 numbers: five standard errors of a std.
    assert abs(a.std() * RANK - 1) < 5 / np.sqrt(2 * a.size)
    assert report.rows[0].target_std == 1 / RANK
    again, other = dense(inputs=500)
    keras_inits.lora(again, "gaussian", seed=7)
    assert (arrays(other)[0] == a).all()


def test_orthogonal_factors_have_no_product():
    model, layer = dense(inputs=300, units=200)
    keras_inits.lora(model, "orthogonal", seed=1)
    a, b, _ = arrays(layer)
    assert np.abs(a @ b).max() < 4 * EPSILON * RANK / 100
    for factor in (a, b):
        assert np.linalg.matrix_rank(factor, tol=1e-3) == RANK // 2
        # Rows of an orthogonal matrix: each of its r/2 directions has std 1/10.
        expected = 0.1 * np.sqrt(0.5)
        assert abs(factor.std() / expected - 1) < 5 / np.sqrt(factor.size)


def test_trained_factors_are_merged_first():
    model, layer = dense()
    x = np.random.default_rng(0).normal(size=(5, 8)).astype("float32")
    keras_inits.lora(model, "orthogonal", seed=0)
    layer.lora_kernel_b.assign_add(keras.ops.ones((RANK, 6)))
    expected = outputs(model, x)
    report = keras_inits.lora(model, "gaussian", seed=0)
    np.testing.assert_allclose(outputs(model, x), expected, atol=1e-5)
    assert [r.path for r in report.rows][-1] == "dense[0]/kernel"


def test_predict_sees_factors_enabled_after_it_was_compiled():
    model = keras.Sequential([keras.Input((8,)), layers.Dense(6)])
    x = np.random.default_rng(0).normal(size=(5, 8)).astype("float32")
    expected = model.predict(x, verbose=0)
    model.layers[0].enable_lora(RANK, lora_alpha=ALPHA)
    keras_inits.lora(model, "pissa")
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, atol=1e-5)


def test_low_precision_kernels_lose_their_own_rounding_only():
    model, layer = dense(dtype="bfloat16")
    x = np.random.default_rng(0).normal(size=(5, 8)).astype("float32")
    _, _, kernel = arrays(layer)
    keras_inits.lora(model, "pissa")
    a, b, rest = arrays(layer)
    assert layer._kernel.dtype == "bfloat16"
    assert layer.lora_kernel_a.dtype == "float32"
    whole = rest + ALPHA / RANK * a @ b
    assert np.abs(whole - kernel).max() <= 2.0**-8 * np.abs(rest).max()
    assert np.isfinite(outputs(model, x).astype("float32")).all()


def test_only_what_is_included():
    model = enabled(every_layer())
    before = by_name(model)
    report = keras_inits.lora(model, "gaussian", include="last", seed=0)
    assert [r.path for r in report.rows] == ["last/lora_kernel_a", "last/lora_kernel_b"]
    after = by_name(model)
    changed = {path for path in before if (before[path] != after[path]).any()}
    assert changed == {"last/lora_kernel_a"}


def test_a_layer_alone_is_a_model():
    _, layer = dense()
    report = keras_inits.lora(layer, "pissa")
    assert len(report.rows) == 3


def test_an_interrupted_write_leaves_nothing(monkeypatch):
    model, layer = dense()
    before = by_name(model)

    def fail(value):
        raise KeyboardInterrupt

    monkeypatch.setattr(layer._kernel, "assign", fail)
    with pytest.raises(KeyboardInterrupt):
        keras_inits.lora(model, "pissa")
    monkeypatch.undo()
    after = by_name(model)
    assert all((before[path] == after[path]).all() for path in before)


def test_golden_gaussian():
    """The same numbers on every backend."""
    model, layer = dense(inputs=2, units=3, rank=2)
    keras_inits.lora(model, "gaussian", seed=7)
    assert keras.ops.convert_to_numpy(layer.lora_kernel_a).tolist() == GOLDEN


GOLDEN = [
    [-0.6303548812866211, 0.4193829596042633],
    [-0.17614242434501648, 0.5117425322532654],
]


def test_a_frozen_backbone_with_lora_inside_is_set():
    """As KerasHub enables it: the whole is frozen, and its LoRA layers are not."""
    model = backbone("GPT2")
    model.enable_lora(2)
    report = keras_inits.lora(model, "gaussian", seed=3)
    assert len(report.rows) == 2 * 2 * 2  # blocks; query and value; A and B
