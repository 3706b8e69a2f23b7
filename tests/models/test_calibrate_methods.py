"""Published methods do what their papers say, and the law is the same everywhere."""

import keras
import numpy as np
import pytest
from keras import layers, ops
from sklearn.datasets import load_digits

from keras_inits import calibrate, replacing_builtins
from support.calibrated import chain, data, quickly, same_start  # noqa: F401  a fixture
from support.model_zoo import row, same, values, weights

ROWS = 200


@quickly
def convolutional(bias=True):
    """A convolution and two dense layers."""
    return keras.Sequential(
        [
            keras.Input((7, 6, 2)),
            layers.Conv2D(5, 3, use_bias=bias, name="hidden_0"),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dense(6, use_bias=bias, name="hidden_1"),
            layers.ReLU(),
            layers.Dense(3, use_bias=bias, name="head"),
        ]
    )


def signals(model, x):
    """Pre-activations by layer, units last."""
    names = [one.name for one in model.layers if one.weights]
    found = {name: model.get_layer(name).output for name in names}
    heard = keras.Model(model.inputs[0], found)(x)
    return {
        name: ops.convert_to_numpy(z).astype(np.float64).reshape(-1, z.shape[-1])
        for name, z in heard.items()
    }


def is_orthogonal(kernel):
    """Whether rows, or columns, are orthogonal and equally long."""
    matrix = kernel.reshape(-1, kernel.shape[-1]).astype(np.float64)
    products = min(matrix.T @ matrix, matrix @ matrix.T, key=len)
    length = products.trace() / len(products)
    return abs(products / length - np.eye(len(products))).max() < 1e-4


@pytest.mark.parametrize("activation", ["relu", "tanh", "elu", "convolutional"])
def test_lsuv_reaches_variance_1_in_one_pass(activation):
    """Where it was off by 0.1 at all. Twins: before, kernels are not so."""
    if activation == "convolutional":
        model, x = convolutional(bias=False), data(ROWS, 7, 6, 2)
    else:
        model, x = chain(11, 5, 9, activation=activation, bias=False), data(ROWS, 7)
    assert not any(map(is_orthogonal, weights(model).values()))
    report = calibrate(model, x, method="lsuv", seed=7)
    assert "lsuv" in str(report).lower()
    found = signals(model, x)
    told = {name: row(report, f"{name}/kernel") for name in found}
    scaled = 0
    for name, z in found.items():
        if abs(told[name].std_before ** 2 - 1) > 0.1:
            assert abs(z.var() - 1) < 1e-5
            scaled += 1
        else:
            assert abs(z.var() - 1) < 0.1
    assert scaled >= 2
    assert all(map(is_orthogonal, weights(model).values()))


def test_lsuv_repeats_by_its_seed():
    """Twin: another seed, or none, is another start; and the old weights count not."""
    x, found = data(ROWS, 7), []
    for seed in (7, 7, 8, None, None):
        model = chain(11, 13)
        report = calibrate(model, x, method="lsuv", seed=seed)
        assert seed is None or report.seed == seed
        found.append(weights(model))
    assert same(found[0], found[1])
    kernels = [one["hidden_1/kernel"] for one in found[1:]]
    for n, one in enumerate(kernels):
        assert not any(np.allclose(one, other) for other in kernels[n + 1 :])


@pytest.mark.parametrize("kind", ["dense", "convolutional"])
def test_within_layer_makes_each_unit_standard(kind):
    """The head as well. Twin: by default the head is not."""
    make = convolutional if kind == "convolutional" else lambda: chain(11, 13, 5)
    model = make()
    x = data(ROWS, *model.input_shape[1:])
    for method, head in (("within_layer", 1), (None, 0.1)):
        calibrate(model, x, method=method)
        for name, z in signals(model, x).items():
            std = head if name == "head" else 1
            assert abs(z.mean(0)).max() < 0.01
            assert abs(z.std(0) - std).max() < 0.01


def law(kernels, biases, x, labels):
    """The law itself in double precision, for sigmoid layers and a head of classes."""
    done = []
    for number, (kernel, bias) in enumerate(zip(kernels, biases, strict=True)):
        z = x @ kernel + bias
        std = 1 if number < len(kernels) - 1 else 0.1
        factor = std / z.std(0)
        shift = -z.mean(0) * factor
        if std < 1:
            prior = np.log(np.bincount(labels) + 1.0)  # one more of each class
            shift = shift + prior - prior.mean()
        done += [kernel * factor, bias * factor + shift]
        x = 1 / (1 + np.exp(-(x @ done[-2] + done[-1])))
    return done


def test_weights_are_those_of_the_law_on_every_backend():
    """Within 1e-4, which so holds between any two; twin: a head of std 0.101 is not."""
    rng, sizes = np.random.default_rng(11), [(7, 11), (11, 13), (13, 5), (5, 3)]
    kernels = [rng.normal(size=size) / 3 for size in sizes]
    biases = [rng.normal(size=size[1]) / 3 for size in sizes]
    labels = np.arange(ROWS) % 7 // 3
    model, x = chain(11, 13, 5, activation="sigmoid"), data(ROWS, 7)
    model.set_weights([w for pair in zip(kernels, biases, strict=True) for w in pair])
    calibrate(model, x, labels)
    expected = law(kernels, biases, x.astype(np.float64), labels)
    for number, (got, right) in enumerate(
        zip(model.get_weights(), expected, strict=True)
    ):
        if number == len(expected) - 1:  # the same classes, whatever is added to all
            got, right = got - got.mean(), right - right.mean()
        np.testing.assert_allclose(got, right, rtol=1e-4, atol=1e-4)
    assert not np.allclose(got * 1.01, right, rtol=1e-4, atol=1e-4)


@pytest.fixture(scope="module")
def digits():
    """Real images of 10 classes, for training and for the test."""
    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    x, y = (x[order] / 16).astype("float32"), y[order]
    return x[:1400], y[:1400], x[1400:], y[1400:]


def trained(model, digits):
    """Accuracy on the test after 140 steps of Adam."""
    x, y, *test = digits
    model.fit(x[:1280], y[:1280], batch_size=64, epochs=7, verbose=0)
    return model.evaluate(*test, verbose=0, batch_size=397)[1]


def distinct(model, x):
    """How far samples' outputs are from one another, relative to what they share."""
    z = ops.convert_to_numpy(model(x)).astype(np.float64)
    return z.std(0).mean() / np.sqrt((z**2).mean())


def test_a_deep_sigmoid_network_learns_only_after_one_pass(digits):
    """Before, all samples have the same output. Both trainings have the same start."""
    model = chain(*[32] * 20, activation="sigmoid", inputs=64, head=10)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(2e-3), loss, metrics=["accuracy"])
    model.optimizer.build(model.trainable_variables)
    start, fresh = model.get_weights(), [values(v) for v in model.optimizer.variables]
    assert distinct(model, digits[2]) < 1e-3
    assert trained(model, digits) < 0.3
    model.set_weights(start)
    for variable, value in zip(model.optimizer.variables, fresh, strict=True):
        variable.assign(value)
    calibrate(model, *digits[:2])
    assert distinct(model, digits[2]) > 0.05
    assert trained(model, digits) > 0.5


def test_what_is_no_kernel_stays_and_so_does_what_is_frozen_or_left_out():
    """Embeddings, gains, shifts, statistics, dropout's state; patterns are heard."""
    with replacing_builtins():
        tokens, start = keras.Input((4,), dtype="int32"), keras.Input((4, 5))
        x = layers.Embedding(9, 5, name="table")(tokens) + start
        x = layers.Dense(6, "relu", name="free")(x)
        x = layers.BatchNormalization(name="batch")(layers.Dropout(0.5)(x))
        x = layers.Dense(7, "relu", name="frozen", trainable=False)(x)
        x = layers.LayerNormalization(name="layer")(x)
        x = layers.Dense(8, "relu", name="out")(x)
        model = keras.Model([tokens, start], layers.Dense(2, name="head")(x))
    for name in ("batch", "layer"):
        for weight in model.get_layer(name).weights:
            weight.assign(weight + 0.25)
    rng = np.random.default_rng(1)
    x = [rng.integers(0, 9, (ROWS, 4)), data(ROWS, 4, 5)]
    seeds = [v for v in model.variables if "seed" in v.path]
    states, before, first = values(seeds[0]), weights(model), model.get_weights()
    for options, changed in (
        ({}, {"free", "out", "head"}),
        ({"exclude": "out"}, {"free", "head"}),
        ({"include": ["free", "out/kernel"]}, {"free", "out"}),
        ({"include": ["free", "*t/*"], "exclude": "*/bias"}, {"free", "out"}),
    ):
        model.set_weights(first)
        report = calibrate(model, x, **options)
        moved = {p for p, w in weights(model).items() if (w != before[p]).any()}
        assert {path.split("/")[0] for path in moved} == changed
        assert moved <= {one.path for one in report.rows}
        assert not {one.path for one in report.left_alone} & moved
        assert np.array_equal(values(seeds[0]), states)
    assert not any(path.endswith("bias") for path in moved)


def test_a_batch_normalization_passes_on_the_batch():
    """Its statistics are far off and stay; the next kernel is set for training."""
    with replacing_builtins():
        norm, last = layers.BatchNormalization(), layers.Dense(7)
        model = keras.Sequential(
            [keras.Input((5,)), layers.Dense(6), norm, last, layers.ReLU()]
        )
        model.add(layers.Dense(2))
    norm.moving_variance.assign(np.full(6, 9.0))
    x = data(ROWS, 5)
    calibrate(model, x)
    assert (values(norm.moving_variance) == 9).all()
    low = keras.Model(model.inputs[0], last.output)
    for training in (False, True):
        z = ops.convert_to_numpy(low(x, training=training))
        standard = max(abs(z.mean(0)).max(), abs(z.var(0) - 1).max()) < 0.02
        assert standard == training
