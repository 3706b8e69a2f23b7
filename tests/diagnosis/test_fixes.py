"""Fixes: pasted as they are, they make unhealthy networks healthy."""

import keras
import numpy as np
import pytest
from keras import layers

import keras_inits
from keras_inits import diagnose
from keras_inits.diagnosis.report import INFO
from support.diagnosed.networks import mlp, normal
from support.diagnosed.table import CASES, STEP

WIDTH, SEED = 64, 1
# What stands in these is a reason, and not a weight or a number.
IN_WORDS = {
    "all samples equal",
    "stop_gradient in the middle",
    "rounding in the middle",
}
# A factor of 1,000 stands in the graph: SGD needs another rate, too.
TWICE = {"softmax of logits by 0.001"}
UNHEALTHY = [case for case in CASES if case.kinds]


def severe(diagnosis):
    return [v for v in diagnosis.findings if v.severity != INFO]


def pasted(diagnosis, model, x=None, y=None):
    """The names that code can use, after all fixes of severe findings have run."""
    names = {
        "keras": keras,
        "keras_inits": keras_inits,
        "np": np,
        "model": model,
        "x": x,
        "y": y,
    }
    for fix in dict.fromkeys(v.fix for v in severe(diagnosis)):
        exec(compile(fix, "fix", "exec"), names)
    return names["model"], names["x"], names["y"]


@pytest.mark.slow
@pytest.mark.parametrize("case", UNHEALTHY[::STEP], ids=lambda case: case.name)
def test_a_cured_network_is_healthy(case):
    keras.utils.set_random_seed(SEED)
    model, x, y, *_ = (*case.build(WIDTH, SEED), None, None)
    diagnosis = diagnose(model, x, y)
    fixes = {v.fix for v in severe(diagnosis)}
    assert fixes
    if case.name in IN_WORDS:
        assert all(fix.startswith("# ") for fix in fixes)
        return
    assert not any(fix.startswith("#") for fix in fixes)
    fixed = diagnose(*pasted(diagnosis, model, x, y))
    if case.name in TWICE:
        assert {f.kind for f in severe(fixed)} == {"loss rises"}
        fixed = diagnose(*pasted(fixed, model, x, y))
    assert not severe(fixed), f"{fixes}\n{fixed}"


def test_every_network_with_a_fix_in_words_is_in_the_table():
    assert {case.name for case in UNHEALTHY} >= IN_WORDS


def test_a_cured_network_learns_what_the_ill_one_does_not():
    """Labels that a linear map gives; ten layers of std 0.01 stay at chance."""
    random = np.random.default_rng(SEED)
    x = random.standard_normal((256, WIDTH)).astype("float32")
    y = (x @ random.standard_normal((WIDTH, 10))).argmax(1)
    keras.utils.set_random_seed(SEED)
    model = mlp(WIDTH, 10, "relu", lambda: normal(0.01))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def losses():
        model.compile(keras.optimizers.SGD(0.05), loss)
        return model.fit(x, y, 32, 10, verbose=0, shuffle=False).history["loss"]

    start = model.get_weights()
    before = losses()
    model.set_weights(start)
    pasted(diagnose(model, x, y), model)
    fixed = losses()
    assert abs(before[-1] - np.log(10)) < 0.1
    assert fixed[-1] < before[-1] - 0.5


def test_the_second_of_two_inputs_is_standardized():
    a, b = keras.Input((4,), name="a"), keras.Input((6,), name="b")
    hidden = layers.Dense(8, "relu")(layers.Concatenate()([a, b]))
    model = keras.Model({"a": a, "b": b}, layers.Dense(1)(hidden))
    random = np.random.default_rng(SEED)
    x = {
        "a": random.standard_normal((32, 4)).astype("float32"),
        "b": 1e5 * random.standard_normal((32, 6)).astype("float32"),
    }
    diagnosis = diagnose(model, x)
    finding = next(v for v in severe(diagnosis) if v.kind == "data not standardized")
    assert finding.layer == "input 1"
    _, fixed, _ = pasted(diagnosis, model, x)
    np.testing.assert_array_equal(fixed["a"], x["a"])
    assert abs(fixed["b"].std() - 1) < 1e-3


def test_a_head_that_is_not_at_fault_keeps_its_kernel_and_loses_its_bias():
    model = mlp(WIDTH, 2, "relu", "he_normal", "zeros")
    model.layers[-1].bias.assign([30.0] + [0.0] * 9)
    random = np.random.default_rng(SEED)
    x = random.standard_normal((64, WIDTH)).astype("float32")
    y = random.integers(0, 10, 64)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    diagnosis = diagnose(model, x, y, loss=loss)
    (fix,) = {v.fix for v in severe(diagnosis)}
    assert "bias" in fix
    assert "kernel" not in fix
    before = [np.array(w) for w in model.weights]
    pasted(diagnosis, model)
    for old, weight in zip(before[:-1], model.weights[:-1], strict=True):
        np.testing.assert_array_equal(old, np.array(weight))
    assert not np.any(np.array(model.weights[-1]))


def test_logits_that_are_large_by_their_features_are_cured_there():
    model = mlp(WIDTH, 10, "relu", lambda: normal(1.0))
    random = np.random.default_rng(SEED)
    x = random.standard_normal((64, WIDTH)).astype("float32")
    y = random.integers(0, 10, 64)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    by_kind = {v.kind: v.fix for v in severe(diagnose(model, x, y, loss=loss))}
    assert by_kind["confident head"] == by_kind["exploding signal"]
    diagnosis = diagnose(model, 1e6 * x, y, loss=loss)
    by_kind = {v.kind: v.fix for v in severe(diagnosis)}
    assert by_kind["confident head"] == by_kind["data not standardized"]
