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
    names = {"keras": keras, "keras_inits": keras_inits, "model": model, "x": x}
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


def tagging(bias="zeros"):
    """A yes or no for each of five labels."""
    keras.utils.set_random_seed(1)
    head = layers.Dense(5, "sigmoid", bias_initializer=bias, name="head")
    model = [keras.Input((FEATURES,)), layers.Dense(16, "relu"), head]
    model = keras.Sequential(model)
    model.compile("adam", "binary_crossentropy")
    return model


def tags(*parts):
    """Labels that so many of a hundred samples have."""
    places = np.arange(ROWS)[:, None] * [1, 3, 7, 9, 11] % 100
    return (places < np.array(parts)).astype("float32")


def test_labels_of_which_most_are_rare_are_told_to_the_heads_bias():
    model, y = tagging(), tags(2, 3, 2, 40, 4)
    finding = severe(diagnose(model, X, y))["class imbalance"]
    assert (finding.layer, finding.figure) == ("head", pytest.approx(0.02))
    assert "4 of 5 labels" in finding.message
    pasted(finding, model, X)
    bias = keras.ops.convert_to_numpy(model.layers[-1].bias)
    assert bias == pytest.approx(np.log(y.mean(0) / (1 - y.mean(0))), abs=0.15)
    assert "class imbalance" not in {f.kind for f in diagnose(model, X, y).findings}


def test_labels_of_which_few_are_rare_or_whose_head_knows_are_not_accused():
    assert "class imbalance" not in severe(diagnose(tagging(), X, tags(2, *[30] * 4)))
    known = keras.initializers.Constant([-4.0] * 5)
    found = diagnose(tagging(known), X, tags(*[2] * 5))
    assert "class imbalance" not in {f.kind for f in found.findings}
    found = diagnose(tagging(), X, tags(*[30] * 5))
    assert "class imbalance" not in {f.kind for f in found.findings}


def test_pixels_and_steps_that_are_rare_by_their_nature_are_no_imbalance():
    keras.utils.set_random_seed(1)
    start = keras.Input((FEATURES, 1))
    end = layers.Conv1D(1, 3, padding="same", activation="sigmoid")(start)
    model = keras.Model(start, end)
    model.compile("adam", "binary_crossentropy")
    pixels = (RANDOM.random((ROWS, FEATURES, 1)) < 0.02).astype("float32")
    kinds = {f.kind for f in diagnose(model, X[..., None], pixels).findings}
    assert "class imbalance" not in kinds


def test_weights_of_samples_that_even_out_labels_count():
    y = tags(*[2] * 5)
    y[:] = y[:, :1]
    weights = np.where(y[:, 0] == 1, 50.0, 1.0)
    assert "class imbalance" not in severe(diagnose(tagging(), [(X, y, weights)]))
    assert "class imbalance" in severe(diagnose(tagging(), [(X, y, np.ones(ROWS))]))


def test_weights_that_even_out_classes_are_taken_into_account():
    y = np.zeros((ROWS, 1))
    y[::50] = 1
    weights = np.where(y[:, 0] == 1, 50.0, 1.0)
    found = severe(diagnose(binary(), [(X, y, weights)]))
    assert "class imbalance" not in found
    found = severe(diagnose(binary(), [(X, y, np.ones(ROWS))]))
    assert "class imbalance" in found
