"""Batches of one, dropout, and samples that influence each other."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_inits import diagnose
from keras_inits.diagnosis import mixing
from keras_inits.diagnosis.report import ERROR, INFO
from keras_inits.signals.batches import tensors
from support.diagnosed.examples import STEP

FEATURES, CLASSES, ROWS = 12, 3, 256
RANDOM = np.random.default_rng(0)
X = RANDOM.standard_normal((ROWS, FEATURES)).astype("float32")
Y = (X @ RANDOM.standard_normal((FEATURES, CLASSES))).argmax(1)


def compiled(model):
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    return model


def net(*between, last=None, width=24):
    """A layer, what is given, a layer and a softmax."""
    keras.utils.set_random_seed(1)
    model = [keras.Input((FEATURES,)), layers.Dense(width, name="first"), *between]
    model += [layers.Dense(width, "relu", name="second")]
    model += [layers.Dense(CLASSES, "softmax", name="head")] if last is None else last
    return compiled(keras.Sequential(model))


def severe(diagnosis):
    return {f.kind: f for f in diagnosis.findings if f.severity != INFO}


class Over(layers.Layer):
    """A function of a tensor."""

    def __init__(self, function, **names):
        super().__init__(**names)
        self.function = function

    def call(self, x):
        return self.function(x)


def test_a_batch_of_one_is_the_cause_of_what_follows():
    model = net(layers.BatchNormalization(name="norm"), layers.ReLU())
    diagnosis = diagnose(model, X, Y, batch_size=1)
    first, *rest = [f for f in diagnosis.findings if f.severity != INFO]
    assert (first.kind, first.severity, first.layer) == ("batch of one", ERROR, "norm")
    assert rest
    assert all(f.cause.startswith("follows from 'batch of one'") for f in rest)
    assert not severe(diagnose(model, X, Y, batch_size=32))


def test_a_batch_of_one_is_enough_for_other_normalizations():
    assert not severe(diagnose(net(layers.LayerNormalization()), X, Y, batch_size=1))
    frozen = layers.BatchNormalization(trainable=False)
    assert "batch of one" not in severe(diagnose(net(frozen), X, Y, batch_size=1))


def test_pictures_have_many_values_a_channel_also_alone():
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(8, 3),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(CLASSES, "softmax"),
        ]
    )
    x = RANDOM.standard_normal((4, 8, 8, 3))
    diagnosis = diagnose(compiled(model), x, Y[:4], batch_size=1)
    assert "batch of one" not in severe(diagnosis)


def test_a_normalization_over_one_unit_leaves_nothing():
    model = net(layers.Dense(1), layers.LayerNormalization(name="norm"))
    found = severe(diagnose(model, X, Y))
    assert found["batch of one"].layer == "norm"
    assert "one value a sample" in found["batch of one"].message


@pytest.mark.parametrize(
    ("rates", "severity"),
    [((0.5,), None), ((0.5, 0.3), None), ((0.95,), "warning"), ((0.9, 0.9), "error")],
)
def test_dropout_that_leaves_little_is_said(rates, severity):
    drops = [layers.Dropout(rate, name=f"drop_{n}") for n, rate in enumerate(rates)]
    finding = severe(diagnose(net(*drops), X, Y)).get("dropout too high")
    assert (finding and finding.severity) == severity
    if finding:
        assert finding.layer == f"drop_{len(rates) - 1}"
        assert finding.figure == pytest.approx(np.prod([1 - rate for rate in rates]))


def test_the_fix_of_dropout_sets_its_rates():
    model = net(layers.Dropout(0.9, name="one"), layers.Dropout(0.9, name="two"))
    exec(severe(diagnose(model, X, Y))["dropout too high"].fix, {"model": model})
    rates = [model.get_layer(name).rate for name in ("one", "two")]
    assert rates == [pytest.approx(1 - 0.5**0.5, abs=0.01)] * 2
    assert "dropout too high" not in {f.kind for f in diagnose(model, X, Y).findings}


def test_dropout_that_leaves_little_costs_what_is_said():
    """With a hundredth left, the time that others need is not enough."""

    def after(rate):
        model = net(layers.Dropout(rate))
        model.fit(X, Y, epochs=8, verbose=0)
        return model.evaluate(X, Y, verbose=0)

    assert after(0.99) > 2 * after(0.3)


def test_dropout_in_a_branch_leaves_the_sum_as_it_is():
    keras.utils.set_random_seed(1)
    x = start = keras.Input((FEATURES,))
    for _ in range(6):
        y = layers.Dropout(0.5)(layers.Dense(FEATURES, "relu")(x))
        x = layers.LayerNormalization()(x + y)
    model = compiled(keras.Model(start, layers.Dense(CLASSES, "softmax")(x)))
    diagnosis = diagnose(model, X, Y)
    assert "dropout too high" not in {f.kind for f in diagnosis.findings}
    assert min(d.kept for d in diagnosis.dropouts) == 0.5


MIXING = {
    "softmax over samples": lambda x: ops.softmax(x, axis=0),
    "mean of samples": lambda x: x - ops.mean(x, axis=0, keepdims=True),
    "attention between samples": lambda x: ops.matmul(
        ops.softmax(ops.matmul(x, ops.transpose(x))), x
    ),
    "reshape that turns axes": lambda x: ops.reshape(
        ops.transpose(x), (-1, int(x.shape[1]))
    ),
}


@pytest.mark.parametrize("name", [*MIXING][::STEP])
def test_samples_that_influence_each_other_are_found(name):
    model = net(Over(MIXING[name], name="mixer"))
    found = severe(diagnose(model, X, Y))
    assert found["samples mixed"].layer == "mixer"


SEEDS = keras.random.SeedGenerator(0)


def noisy(x):
    return x + keras.random.normal((24,), seed=SEEDS)


ALONE = {
    "softmax over units": lambda: Over(lambda x: ops.softmax(x, axis=-1)),
    "batch normalization": layers.BatchNormalization,
    "dropout": lambda: layers.Dropout(0.3),
    "seven units": lambda: layers.Dense(7),
    "noise": lambda: Over(noisy),
}


@pytest.mark.parametrize("name", [*ALONE][::STEP])
def test_samples_that_do_not_are_not_said_to(name):
    # Only a model with code of its own is tried.
    diagnosis = diagnose(net(ALONE[name](), Over(lambda x: 1.0 * x)), X, Y)
    assert diagnosis.mixed == (0.0, "")
    assert "samples mixed" not in severe(diagnosis)


def test_similarities_of_all_with_all_may_mix():
    """As contrastive losses want them; seven units or classes are something else."""
    keras.utils.set_random_seed(1)
    start = keras.Input((FEATURES,))
    x = layers.Dense(8)(start)
    both = keras.Model(start, Over(lambda x: ops.matmul(x, ops.transpose(x)))(x))
    assert mixing.mixed(both, tensors(X)) == (0.0, "", ())
    seven = [Over(MIXING["softmax over samples"]), layers.Dense(7, "softmax")]
    figure, _, _ = mixing.mixed(net(last=seven), tensors(X))
    assert figure > mixing.ROUNDING


def test_a_model_of_layers_that_cannot_mix_is_not_run_again(monkeypatch):
    monkeypatch.setattr(mixing, "_tried", None)
    assert mixing.mixed(net(layers.Dropout(0.2)), tensors(X)) == (0.0, "", ())
    for layer in (layers.Softmax(axis=0), layers.Lambda(lambda x: x)):
        assert mixing._may(net(layer))


def test_a_large_model_is_not_tried_and_says_so(monkeypatch):
    monkeypatch.setattr(mixing, "LARGEST", 10)
    diagnosis = diagnose(net(Over(MIXING["mean of samples"])), X, Y)
    assert diagnosis.mixed == (0.0, "")
    assert mixing.TOO_LARGE in diagnosis.notes


@pytest.mark.parametrize("axis", [0, -1])
def test_a_layer_over_axis_0_mixes(axis):
    model = net(layers.Softmax(axis=axis, name="soft"))
    found = severe(diagnose(model, X, Y))
    assert ("samples mixed" in found) == (axis == 0)
    if axis == 0:
        exec(found["samples mixed"].fix, {"model": model})
        assert "samples mixed" not in severe(diagnose(model, X, Y))


def test_nothing_changes_by_a_diagnosis_of_data():
    model = net(layers.BatchNormalization(), layers.Dropout(0.5))
    before = [np.array(ops.convert_to_numpy(v.value)) for v in model.variables]
    state = RANDOM.bit_generator.state["state"]
    diagnose(model, 1e3 * X, Y)
    for old, variable in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(old, ops.convert_to_numpy(variable.value))
    assert RANDOM.bit_generator.state["state"] == state
