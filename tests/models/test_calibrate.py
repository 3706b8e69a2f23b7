"""After one pass of data every unit has mean 0 and variance 1, and heads say chance."""

import json
import math
import random

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_inits import calibrate, replacing_builtins
from support.model_zoo import row, same, weights

ROWS = 200  # fewer than are used by default, so the batch is all of them
MANY = {"samples": 2000}  # so that chance hardly ties the signal to the labels
quickly = replacing_builtins()


@pytest.fixture(autouse=True)
def same_start():
    """The same models and data at every run."""
    keras.utils.set_random_seed(0)


def data(*shape, seed=0):
    """Features with means and scales of their own."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=shape)
    scales = np.linspace(0.2, 3.0, shape[-1])
    return (x * scales + scales[::-1]).astype("float32")


@quickly
def stack(*units, activation="sigmoid", head=3, bias=True, inputs=7, last=None):
    """Dense layers whose outputs are pre-activations, and a head."""
    model = keras.Sequential([keras.Input((inputs,))])
    for number, size in enumerate(units):
        model.add(layers.Dense(size, use_bias=bias, name=f"hidden_{number}"))
        model.add(layers.Activation(activation))
    model.add(layers.Dense(head, last, name="head"))
    return model


def outputs(model, names, x):
    """What layers put out, by a model of its own around them."""
    found = {name: model.get_layer(name).output for name in names}
    heard = keras.Model(model.inputs[0], found)(x)
    return [ops.convert_to_numpy(heard[name]).astype(np.float64) for name in names]


def is_standard(z, error=0.02):
    """Whether each unit has mean 0 and variance 1."""
    z = z.reshape(-1, z.shape[-1])
    return (
        abs(z.mean(0)).max() < error and abs(z.var(0) - 1).max() < error and len(z) > 99
    )


def cross_entropy(logits, labels):
    """Mean loss of integer labels."""
    peak = logits.max(1, keepdims=True)
    total = peak[:, 0] + np.log(np.exp(logits - peak).sum(1))
    return float((total - logits[np.arange(len(labels)), labels]).mean())


def entropy(labels):
    """Of the classes: the best loss that knows no more."""
    shares = np.bincount(labels) / len(labels)
    return float(-(shares * np.log(shares)).sum())


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "softplus", "tanh"])
def test_each_unit_is_standard_on_the_batch(activation):
    """Twins: before the pass they are not, nor are the layers after one that was."""
    model, x = stack(11, 13, 5, activation=activation), data(ROWS, 7)
    names = ["hidden_0", "hidden_1", "hidden_2"]
    assert not any(map(is_standard, outputs(model, names, x)))
    calibrate(model, x)
    assert all(map(is_standard, outputs(model, names, x)))


def test_the_batch_stands_for_its_distribution():
    """On other rows the variance of all units is 1 ± 0.15; twin: not before.

    A variance of n rows that vary in d directions is off by sqrt(2 / (n d)); of both
    batches, with d about 15 here, that is 0.03, and three layers add theirs.
    """
    model, x = stack(31, 33, 35, activation="relu", inputs=30), data(256, 30)
    other, names = data(256, 30, seed=1), ["hidden_0", "hidden_1", "hidden_2"]
    assert max(abs(z.var() - 1) for z in outputs(model, names, other)) > 0.15
    calibrate(model, x)
    assert max(abs(z.var() - 1) for z in outputs(model, names, other)) < 0.15


def test_kernels_without_bias_have_variance_1_and_hardly_a_mean():
    """Their inputs have means that outweigh all else. Twin: before, the means do."""
    model, x = stack(31, 33, 35, activation="sigmoid", bias=False), data(ROWS, 7) + 3
    names = ["hidden_0", "hidden_1", "hidden_2"]
    before = outputs(model, names[1:], x)
    assert max(abs(z.mean(0)).max() / z.std(0).min() for z in before) > 1
    calibrate(model, x)
    for z in outputs(model, names[1:], x):
        assert abs(z.var(0) - 1).max() < 0.02
        assert abs(z.mean(0)).max() < 0.05
    (first,) = outputs(model, names[:1], x)
    assert abs(first.var(0) - 1).max() < 0.02


def test_a_kernel_points_where_it_did():
    """With a bias, a unit's is the old one times a number."""
    model, x = stack(11, 13), data(ROWS, 7)
    before = weights(model)
    calibrate(model, x)
    for path, new in weights(model).items():
        if path.endswith("kernel"):
            ratios = new / before[path]
            assert (ratios > 0).all()
            assert abs(ratios / ratios[0] - 1).max() < 1e-4
            assert path == "head/kernel" or abs(ratios / ratios[0, 0] - 1).max() > 0.01


def test_per_layer_only_kernels_change_each_by_one_factor():
    """Biases off zero stay; twin: units differ in variance."""
    model, x = stack(11, 13, 5, activation="tanh"), data(ROWS, 7)
    for number in range(3):
        bias = model.get_layer(f"hidden_{number}").bias
        bias.assign(np.linspace(-0.5, 1, bias.shape[0]))
    before = weights(model)
    calibrate(model, x, normalize="layer")
    after = weights(model)
    for path, new in after.items():
        if path.endswith("kernel"):
            ratios = new.astype(np.float64) / before[path]
            assert ratios.max() / ratios.min() < 1 + 1e-5
            assert abs(ratios.mean() - 1) > 1e-3
        elif path != "head/bias":
            assert np.array_equal(new, before[path])
    for z in outputs(model, ["hidden_0", "hidden_1", "hidden_2"], x):
        assert abs(z.var() - 1) < 0.02
        assert not is_standard(z)


@pytest.mark.parametrize("last", [None, "softmax"])
@pytest.mark.parametrize("classes", [3, 10])
def test_a_classifier_starts_at_chance(classes, last):
    """Within 1 % of ln(classes); twin: a head of unit variance does not."""
    x, labels = data(2000, 7), np.arange(2000) % classes
    losses = {}
    for head in ("chance", "unit"):
        model = stack(11, 13, head=classes, last=last, activation="relu")
        calibrate(model, x, head=head, **MANY)
        found = outputs(model, ["head"], x)[0]
        logits = np.log(found) if last else found
        losses[head] = cross_entropy(logits, labels) / math.log(classes)
        if not last:
            assert abs(found.std() - {"chance": 0.1, "unit": 1}[head]) < 0.01
    assert abs(losses["chance"] - 1) < 0.01
    assert abs(losses["unit"] - 1) > 0.05


def unbalanced(classes, seed=3):
    """Labels of which the first are frequent."""
    shares = 0.5 ** np.arange(classes)
    rng = np.random.default_rng(seed)
    return rng.choice(classes, 2000, p=shares / shares.sum())


@pytest.mark.parametrize("kind", ["labels", "column", "one-hot"])
@pytest.mark.parametrize("last", [None, "softmax"])
def test_with_labels_the_loss_is_the_entropy_of_the_classes(kind, last):
    """Twin: without them it is ln 5, which is 20 % more."""
    x, labels = data(2000, 7), unbalanced(5)
    y = {"labels": labels, "column": labels[:, None], "one-hot": np.eye(5)[labels]}
    model = stack(11, head=5, last=last)
    model.compile(
        loss=(
            keras.losses.CategoricalCrossentropy
            if kind == "one-hot"
            else keras.losses.SparseCategoricalCrossentropy
        )(from_logits=not last)
    )
    calibrate(model, x, **MANY)
    (found,) = outputs(model, ["head"], x)
    logits = np.log(found) if last else found
    assert cross_entropy(logits, labels) > 1.15 * entropy(labels)
    calibrate(model, x, y[kind], **MANY)
    (found,) = outputs(model, ["head"], x)
    logits = np.log(found) if last else found
    assert abs(cross_entropy(logits, labels) / entropy(labels) - 1) < 0.01


@pytest.mark.parametrize("last", [None, "sigmoid"])
def test_a_binary_head_starts_at_the_prior(last):
    """Of 15 % ones; twin: without labels at ln 2."""
    x, y = data(2000, 7), (np.arange(2000) % 20 < 3).astype("int32")
    model = stack(11, head=1, last=last)
    model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=not last))
    for given, expected in ((None, math.log(2)), (y, entropy(y))):
        calibrate(model, x, given, **MANY)
        found = outputs(model, ["head"], x)[0][:, 0]
        chance = found if last else 1 / (1 + np.exp(-found))
        loss = -np.log(np.where(y, chance, 1 - chance)).mean()
        assert abs(loss / expected - 1) < 0.01


def test_a_regression_starts_at_the_mean_of_its_targets():
    model, x = stack(11, head=2), data(2000, 7)
    y = np.random.default_rng(5).normal([40, -3], [2, 0.1], (2000, 2))
    model.compile(loss="mse")
    calibrate(model, x, **MANY)
    assert abs(outputs(model, ["head"], x)[0].mean(0)).max() < 0.01
    calibrate(model, x, y, **MANY)
    np.testing.assert_allclose(outputs(model, ["head"], x)[0].mean(0), y.mean(0), 1e-4)


@pytest.mark.parametrize("form", ["list", "dict"])
def test_each_of_several_outputs_has_its_targets(form):
    x, labels = data(2000, 7), unbalanced(4)
    wanted = data(2000, 1) + 20
    inputs = keras.Input((7,))
    hidden = layers.Dense(11, "relu")(inputs)
    classes, number = layers.Dense(4, name="kind"), layers.Dense(1, name="size")
    if form == "list":
        found, y = [classes(hidden), number(hidden)], [labels, wanted]
    else:
        found = {"size": number(hidden), "kind": classes(hidden)}
        y = {"kind": labels, "size": wanted}
    model = keras.Model(inputs, found)
    calibrate(model, x, y, **MANY)
    logits, sizes = outputs(model, ["kind", "size"], x)
    assert abs(cross_entropy(logits, labels) / entropy(labels) - 1) < 0.01
    np.testing.assert_allclose(sizes.mean(), wanted.mean(), rtol=1e-4)


def test_what_the_report_says_is_so():
    """Stds by NumPy, factors by the weights; and it prints, and is plain JSON."""
    model, x = stack(11, 13), data(ROWS, 7)
    model.get_layer("head").trainable = False
    before, own = weights(model), outputs(model, ["hidden_0"], x)[0]
    report = calibrate(model, x)
    after = weights(model)
    for path in ("hidden_0/kernel", "hidden_1/kernel"):
        told = row(report, path)
        rms = [
            np.sqrt((w[path].astype(np.float64) ** 2).mean()) for w in (after, before)
        ]
        assert told.factor == pytest.approx(rms[0] / rms[1], rel=1e-4)
        assert told.std_after == pytest.approx(1, rel=1e-3)
        assert told.std_before > 0
        assert told.why
    assert row(report, "hidden_0/kernel").std_before == pytest.approx(own.std(), 1e-3)
    assert {kept.path: kept.why for kept in report.left_alone} == {
        "head/kernel": "frozen",
        "head/bias": "frozen",
    }
    assert set(before) == {one.path for one in report.rows + report.left_alone}
    assert all(path in str(report) for path in before)
    assert "std before" in str(report)
    json.dumps(report.to_dict(), allow_nan=False)


def test_a_unit_that_is_constant_keeps_its_scale_and_is_named():
    """One has no kernel, another hears of a feature that is always 2 only."""
    model, x = stack(6, 5), data(ROWS, 7)
    x[:, 2] = 2
    kernel = ops.convert_to_numpy(model.get_layer("hidden_0").kernel).copy()
    kernel[:, 1] = 0
    kernel[:, 4] = 0.5 * (np.arange(7) == 2)
    model.get_layer("hidden_0").kernel.assign(kernel)
    report = calibrate(model, x)
    new = ops.convert_to_numpy(model.get_layer("hidden_0").kernel)
    np.testing.assert_array_equal(new[:, [1, 4]], kernel[:, [1, 4]])
    others = outputs(model, ["hidden_0"], x)[0][:, [0, 2, 3, 5]]
    assert is_standard(others)
    assert is_standard(outputs(model, ["hidden_1"], x)[0])
    told = row(report, "hidden_0/kernel")
    assert "2" in told.note.split("constant")[0] + told.note.split("constant")[1]
    assert row(report, "hidden_1/kernel").note == ""


def test_random_states_stay():
    model, x = stack(6, 5), data(ROWS, 7)
    keras.utils.set_random_seed(5)
    before = np.random.get_state()[1].copy(), random.getstate()
    calibrate(model, x)
    assert np.array_equal(np.random.get_state()[1], before[0])
    assert random.getstate() == before[1]
    drawn = ops.convert_to_numpy(keras.random.normal((4,)))
    keras.utils.set_random_seed(5)
    assert np.array_equal(ops.convert_to_numpy(keras.random.normal((4,))), drawn)


def test_equal_models_become_equal_to_the_bit():
    model, x = stack(6, 5), data(ROWS, 7)
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    calibrate(model, x)
    calibrate(copy, x)
    assert same(weights(model), weights(copy))
