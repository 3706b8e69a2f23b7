"""`initialize` draws every kernel at its right scale, from one seed."""

import hashlib
import math

import keras
import numpy as np
import pytest

import keras_inits
from keras_inits.graph.weights import weights_of
from keras_inits.models.initialize import initialize
from support.model_zoo import (
    ZOO,
    dense,
    functional,
    row,
    same,
    values,
    weights,
)

layers = keras.layers
every_model = pytest.mark.parametrize("name", ZOO)


@every_model
def test_every_weight_of_every_kind_of_model_is_set(name):
    """Kernels are redrawn, and nothing else is random."""
    model = ZOO[name]()
    before = weights(model)
    report = initialize(model, "he_fan_in", seed=7)
    after = weights(model)
    told = {one.path for one in report.rows} | {one.path for one in report.left_alone}
    assert told == set(after)
    for one in report.rows:
        path, role = one.path, one.role
        if role in ("kernel", "recurrent kernel", "embedding"):
            assert not np.array_equal(before[path], after[path])
            assert after[path].std() > 0
        elif "forget" not in one.scheme:
            assert len(np.unique(after[path])) == 1
        assert np.isfinite(after[path]).all()


@every_model
def test_the_same_seed_gives_the_same_weights_to_a_new_build(name):
    first, second = ZOO[name](), ZOO[name]()
    initialize(first, "he_fan_in", seed=7)
    initialize(second, "he_fan_in", seed=7)
    kept = {info.path for info in weights_of(first) if info.weight.role == "state"}
    one, other = weights(first), weights(second)
    for path in kept:
        del one[path], other[path]
    assert same(one, other)
    initialize(second, "he_fan_in", seed=8)
    again = weights(second)
    kernels = [path for path in one if path.endswith("kernel")]
    assert not any(np.array_equal(one[path], again[path]) for path in kernels)


class Foreign(keras.initializers.Initializer):
    """Another package's: the same values at every call, as Keras's own have it."""

    def __init__(self, seed=None):
        self.seed = seed

    def __call__(self, shape, dtype=None):
        drawn = np.random.RandomState(self.seed).normal(size=shape)
        return keras.ops.convert_to_tensor(drawn, dtype)

    def get_config(self):
        return {"seed": self.seed}


@pytest.mark.parametrize("rules", ["he_fan_in", Foreign(), Foreign(seed=3)])
@every_model
def test_no_two_kernels_have_equal_values(name, rules):
    """Not even those of one shape, and one initializer with a seed of its own."""
    model = ZOO[name]()
    initialize(model, rules, seed=7)
    kernels = [
        values(p.variable) for p in weights_of(model) if p.weight.role == "kernel"
    ]
    drawn = np.concatenate([kernel.ravel() for kernel in kernels])
    coarse = model.layers[-1].dtype != "float32" or name == "mixed precision"
    if not coarse:  # 2**24 values at least: two in a thousand meet with chance 0.03
        assert len(np.unique(drawn)) == len(drawn)
    pairs = {(kernel.shape, kernel.tobytes()) for kernel in kernels}
    assert len(pairs) == len(kernels)


def test_a_new_layer_leaves_the_weights_of_named_ones():
    def build(*middle):
        stack = [layers.Dense(6, name="below"), *middle, layers.Dense(6)]
        stack.append(layers.Dense(2, name="above"))
        return keras.Sequential([keras.Input((6,)), *stack])

    models = build(), build(layers.Dense(6), layers.LayerNormalization())
    for model in models:
        initialize(model, "he_fan_in", seed=7)
    before, after = map(weights, models)
    for path in ("below/kernel", "above/kernel"):
        assert np.array_equal(before[path], after[path])
    # The unnamed one is the second now, and drawn as such.
    assert not np.array_equal(before["dense[0]/kernel"], after["dense[1]/kernel"])


GOLDEN = "0b9b39f430e994b80ab90b1ec7be63eee274cc133fa59a6ba1e4d49e613d76c1"
RECURRENT = [
    0.379746,
    -0.592808,
    -0.165796,
    -0.423372,
    0.552499,
    0.058835,
    -0.09866,
    0.400392,
]


def drawn_for_golden():
    """A hash of all that is drawn entry by entry, and some entries of a product."""
    model = functional()
    rules = {"*/recurrent_kernel": "orthogonal", "*": "he_fan_in"}
    initialize(model, rules, seed=20_150_206)
    found = weights(model)
    recurrent = [found.pop(path) for path in sorted(found) if "recurrent" in path]
    digest = hashlib.sha256()
    for path in sorted(found):
        digest.update(path.encode() + found[path].astype("<f4").tobytes())
    spread = np.concatenate([kernel.ravel()[::23] for kernel in recurrent])
    return digest.hexdigest(), spread


def test_the_weights_are_the_same_on_every_backend():
    """And stay so: these values are kept here, whatever backend runs this."""
    digest, spread = drawn_for_golden()
    assert digest == GOLDEN
    np.testing.assert_allclose(spread, RECURRENT, atol=1e-5)


@pytest.mark.parametrize(
    ("layer", "shape", "path", "fan_in"),
    [
        (layers.DepthwiseConv2D(3), (None, 9, 9, 64), "kernel", 9),
        (layers.Conv2D(64, 3, groups=8), (None, 9, 9, 64), "kernel", 72),
        (layers.Conv2DTranspose(32, 3), (None, 9, 9, 64), "kernel", 576),
        (layers.SeparableConv2D(48, 3), (None, 9, 9, 64), "depthwise_kernel", 9),
        (
            layers.EinsumDense("abc,cde->abde", (None, 16, 8)),
            (None, 7, 64),
            "kernel",
            64,
        ),
        (layers.LSTM(64), (None, 7, 32), "cell/kernel", 32),
        (layers.GRU(64), (None, 7, 32), "cell/recurrent_kernel", 64),
    ],
)
def test_kernels_have_the_spread_of_their_layer_s_fans(layer, shape, path, fan_in):
    """LeCun: variance 1 / fan_in. Five standard errors of a std of n values."""
    layer.build(shape)
    found = row(initialize(layer, keras_inits.RandomNormal, seed=7), path)
    assert found.target_std == 0.05  # no fans: as given
    found = row(initialize(layer, "lecun_normal", seed=7), path)
    assert found.fan_in == fan_in
    assert found.target_std == pytest.approx(1 / math.sqrt(fan_in))
    kernel = weights(layer)[path]
    assert found.drawn_std == pytest.approx(float(kernel.std()), rel=1e-4)
    error = 5 / math.sqrt(2 * kernel.size)
    assert found.drawn_std == pytest.approx(found.target_std, rel=error)


def test_gates_are_orthogonal_one_by_one():
    layer = layers.LSTM(6)
    layer.build((None, 5, 4))
    initialize(layer, "orthogonal", seed=7)
    kernel = values(layer.cell.recurrent_kernel)
    for gate in np.split(kernel, 4, axis=1):
        assert abs(gate.T @ gate - np.eye(6)).max() < 1e-5


def test_the_automatic_choice_comes_with_its_reason():
    """Here only that it is asked; what it says is tested elsewhere."""
    model = functional()
    report = initialize(model, {"head": "zeros", "*": "auto"}, seed=7)
    found = row(report, "conv2d[0]/kernel")
    assert (found.rule, found.why) == ("auto", "relu follows")
    assert found.target_std == pytest.approx(math.sqrt(2 / 9))
    assert row(report, "head/kernel").rule == "'head'"
    assert row(report, "dense[0]/bias").rule == "default"
    alone = functional()
    assert initialize(alone, seed=7).rows != report.rows
    told = weights(alone)["conv2d[0]/kernel"]
    assert np.array_equal(told, weights(model)["conv2d[0]/kernel"])


def test_a_geometry_that_the_scheme_was_given_stays():
    model = dense(5, 6)
    scheme = keras_inits.LecunNormal(input_axes=[1], output_axes=[0])
    found = row(initialize(model, scheme, seed=7), "dense[0]/kernel")
    assert (found.fan_in, found.fan_out) == (6, 5)
    assert found.target_std == pytest.approx(1 / math.sqrt(6))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_weights_keep_their_type_and_round_the_same_values(dtype):
    """Relative error of half a unit in the last place."""
    if dtype == "float64" and keras.backend.backend() == "jax":
        pytest.skip("JAX has none, and warns of it at each use of such a variable")
    digits = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 24}[dtype]
    model, wide = dense(5, 6, dtype=dtype), dense(5, 6)
    kept = model.layers[0].kernel.dtype
    for one in (model, wide):
        initialize(one, "he_normal", seed=7)
    assert model.layers[0].kernel.dtype == kept
    rounded, exact = (weights(one)["dense[0]/kernel"] for one in (model, wide))
    assert (abs(rounded - exact) <= 2.0**-digits * abs(exact)).all()
