"""Rare classes, and heads that start at equal odds or at the classes' frequencies."""

import keras
import numpy as np
import pytest
from keras import layers

import keras_inits
from keras_inits import diagnose
from keras_inits.diagnosis.report import INFO

FEATURES, CLASSES, ROWS = 12, 3, 400
RANDOM = np.random.default_rng(0)
X = RANDOM.standard_normal((ROWS, FEATURES)).astype("float32")


def binary(features=FEATURES):
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((features,)),
            layers.Dense(16, "relu"),
            layers.Dense(1, "sigmoid", name="head"),
        ]
    )
    model.compile("adam", "binary_crossentropy")
    return model


def several():
    """A layer and a softmax."""
    keras.utils.set_random_seed(1)
    model = [keras.Input((FEATURES,)), layers.Dense(16, "relu")]
    return keras.Sequential([*model, layers.Dense(CLASSES, "softmax")])


def severe(diagnosis):
    return {f.kind: f for f in diagnosis.findings if f.severity != INFO}


def pasted(finding, model, x):
    """Runs a fix."""
    names = {"keras_inits": keras_inits, "model": model, "x": x}
    exec(compile(finding.fix, "fix", "exec"), names)


def test_a_rare_class_is_told_to_the_heads_bias():
    y = np.zeros((ROWS, 1))
    y[::50] = 1
    model = binary()
    finding = severe(diagnose(model, X, y))["class imbalance"]
    assert (finding.layer, finding.figure) == ("head", pytest.approx(0.02))
    pasted(finding, model, X)
    bias = float(keras.ops.convert_to_numpy(model.layers[-1].bias)[0])
    assert bias == pytest.approx(np.log(0.02 / 0.98), rel=1e-3)
    diagnosis = diagnose(model, X, y)
    assert not severe(diagnosis), diagnosis
    few = np.zeros((ROWS, 1))
    few[::3] = 1
    assert not severe(diagnose(binary(), X, few))


@pytest.mark.parametrize("one_hot", [False, True])
def test_rare_classes_of_several_are_counted(one_hot):
    model = several()
    y = np.where(np.arange(ROWS) % 100 == 0, 2, np.arange(ROWS) % 20 == 0)
    given = np.eye(CLASSES)[y] if one_hot else y
    model.compile("adam", f"{'' if one_hot else 'sparse_'}categorical_crossentropy")
    finding = severe(diagnose(model, X, given))["class imbalance"]
    assert "counts=[380, 16, 4]" in finding.fix
    pasted(finding, model, X)
    assert "class imbalance" not in severe(diagnose(model, X, given))


def test_tags_that_are_rare_by_their_nature_are_no_imbalance():
    tags = (RANDOM.random((ROWS, 5)) < 0.02).astype("float32")
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [keras.Input((FEATURES,)), layers.Dense(16), layers.Dense(5, "sigmoid")]
    )
    model.compile("adam", "binary_crossentropy")
    kinds = {f.kind for f in diagnose(model, X, tags).findings}
    assert "class imbalance" not in kinds


def test_weights_that_even_out_classes_are_taken_into_account():
    y = np.zeros((ROWS, 1))
    y[::50] = 1
    weights = np.where(y[:, 0] == 1, 50.0, 1.0)
    found = severe(diagnose(binary(), [(X, y, weights)]))
    assert "class imbalance" not in found
    found = severe(diagnose(binary(), [(X, y, np.ones(ROWS))]))
    assert "class imbalance" in found
