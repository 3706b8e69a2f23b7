"""`diagnose` measures the loss that `fit` reports: of every loss, label and weight."""

import functools
import itertools

import keras
import numpy as np
import pytest
from keras import losses, ops

from keras_inits import diagnose
from support.as_fit import (
    BINARY,
    BY_OUTPUT,
    BY_STEP,
    CLASS_WEIGHTS,
    CLASSES,
    FACTORS,
    LABELS,
    LOSSES,
    MARKS,
    NUMBERS,
    ROWS,
    SERIES,
    STEP_LABELS,
    TARGETS,
    TOKENS,
    WEIGHTS,
    X,
    called,
    check,
    compiled,
    fitted,
    head,
    heads,
    listed,
    one_hot,
    sequences,
)
from support.diagnosed.examples import STEP

pytestmark = MARKS


# Heads of one unit.
ONE_UNIT = [
    *("binary_crossentropy", "bce", "binary_focal_crossentropy", "crossentropy"),
    *("hinge", "squared_hinge", "poisson", "kl_divergence", "kld"),
    *("mean_squared_error", "mse", "mae", "mape", "msle", "huber", "log_cosh"),
    losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1),
    losses.MeanSquaredError(reduction="sum"),
    losses.MeanAbsoluteError(reduction="mean"),
    losses.binary_focal_crossentropy,
    functools.partial(losses.binary_crossentropy, from_logits=True),
    lambda y, p: ops.mean(ops.square(y - p) * 3, axis=-1),
]
ONE_UNIT_LABELS = {
    "flat": BINARY,
    "column": BINARY[:, None],
    "float64": BINARY.astype("float64"),
    "bool": BINARY.astype(bool)[:, None],
}


@pytest.mark.parametrize("labels", ["flat", "column"])
@pytest.mark.parametrize("loss", ONE_UNIT[::STEP], ids=called)
def test_labels_of_one_unit(loss, labels):
    check(compiled(head(1, "sigmoid"), loss), X, ONE_UNIT_LABELS[labels])


@pytest.mark.parametrize("labels", ["float64", "bool"])
@pytest.mark.parametrize("loss", ONE_UNIT[::5], ids=called)
@pytest.mark.parametrize(
    "weights",
    [
        {"sample_weight": WEIGHTS},
        {"sample_weight": WEIGHTS[:, None]},
        {"class_weight": CLASS_WEIGHTS},
    ],
    ids=["samples", "column", "classes"],
)
def test_weights_of_one_unit(loss, labels, weights):
    y = ONE_UNIT_LABELS[labels]
    check(compiled(head(1, "sigmoid"), loss), X, y, **weights)


SPARSE = ["sparse_categorical_crossentropy", "crossentropy"]
SPARSE += [losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=1)]
DENSE = ["categorical_crossentropy", "crossentropy", "kl_divergence"]
DENSE += ["categorical_hinge", "cosine_similarity", "categorical_focal_crossentropy"]
DENSE += ["binary_crossentropy", losses.CategoricalCrossentropy(label_smoothing=0.2)]
OF_CLASSES = [
    *itertools.product(SPARSE, [LABELS, LABELS[:, None], LABELS.astype("float32")]),
    *itertools.product(DENSE, [one_hot(LABELS), one_hot(LABELS).astype("int64")]),
]


@pytest.mark.parametrize(("loss", "y"), OF_CLASSES[::STEP], ids=called)
def test_classes(loss, y):
    check(compiled(head(CLASSES, "softmax"), loss), X, y)


@pytest.mark.parametrize(("loss", "y"), OF_CLASSES[::5], ids=called)
def test_weights_of_classes(loss, y):
    model = compiled(head(CLASSES, "softmax"), loss)
    check(model, X, y, sample_weight=WEIGHTS)
    check(model, X, y, class_weight=CLASS_WEIGHTS)


@pytest.mark.parametrize(
    ("units", "activation", "loss", "y"),
    [
        (1, "softmax", "binary_crossentropy", BINARY),
        (CLASSES, "sigmoid", "categorical_crossentropy", one_hot(LABELS)),
        (CLASSES, "softmax", losses.BinaryCrossentropy(), one_hot(LABELS)),
        (CLASSES, "softmax", losses.CategoricalCrossentropy(True), one_hot(LABELS)),
        (CLASSES, None, "sparse_categorical_crossentropy", LABELS),
        (1, "relu", "binary_crossentropy", BINARY),
    ],
)
def test_heads_and_losses_that_do_not_go_together(units, activation, loss, y):
    """On TensorFlow, cross entropies take the logits of a softmax or sigmoid."""
    check(compiled(head(units, activation), loss), X, y)


MASKINGS = ["masking", "embedding", "none"]
STEP_WEIGHTS = {"none": None, "column": WEIGHTS[:, None], "steps": BY_STEP}
OF_STEPS = [
    (CLASSES, "softmax", "sparse_categorical_crossentropy", STEP_LABELS),
    (CLASSES, "softmax", "crossentropy", STEP_LABELS[..., None]),
    (CLASSES, None, losses.CategoricalHinge("sum"), one_hot(STEP_LABELS)),
    (1, None, "mae", BY_STEP[..., None]),
]


@pytest.mark.parametrize(
    ("asked", "weight", "mask"),
    list(itertools.product(OF_STEPS, STEP_WEIGHTS, MASKINGS))[::STEP],
)
def test_sequences(asked, weight, mask):
    units, activation, loss, y = asked
    weight = STEP_WEIGHTS[weight]
    x = TOKENS if mask == "embedding" else SERIES
    model = compiled(sequences(units, activation, mask), loss)
    here, is_column = keras.backend.backend(), np.shape(weight) == (ROWS, 1)
    if here == "torch" and is_column and mask != "none":
        refused_alike(model, x, y, weight)  # Keras multiplies in place there
    else:
        check(model, x, y, sample_weight=weight)


def refused_alike(model, x, y, weight):
    """Checks that `fit` fails, and a diagnosis says what was passed."""
    with pytest.raises(ValueError, match=r"outputs of shape \(10, 7, .*as model\.fit"):
        diagnose(model, x, y, sample_weight=weight)
    with pytest.raises(Exception):  # noqa: B017, PT011  of the backend's
        fitted(model, x, y, sample_weight=weight)


@pytest.mark.parametrize(
    ("units", "y", "weight", "mask"),
    [
        (CLASSES, STEP_LABELS, WEIGHTS, "none"),
        (1, STEP_LABELS, None, "masking"),
        (1, STEP_LABELS, BY_STEP, "none"),
    ],
)
def test_what_fit_refuses_of_sequences_is_refused_with_shapes(units, y, weight, mask):
    """One weight a sample for many steps; targets that have lost the axis of units."""
    loss = "mae" if units == 1 else "sparse_categorical_crossentropy"
    model = compiled(sequences(units, None, mask), loss)
    refused_alike(model, SERIES, y, weight)


def several():
    """Every way to write losses, weights of losses, targets and weights of samples."""
    written = [(LOSSES, FACTORS), (listed(LOSSES), listed(FACTORS))]
    for form, (loss, factors) in itertools.product([list, dict], written):
        if form is dict and isinstance(loss, list):
            continue  # `fit` takes the list in another order than it is written
        yield form, loss, None, TARGETS, None
        yield form, loss, factors, TARGETS, BY_OUTPUT if form is dict else None
        if form is list:
            yield form, loss, factors, listed(TARGETS), WEIGHTS
            yield form, loss, FACTORS, listed(TARGETS), listed(BY_OUTPUT)
        else:
            yield form, loss, factors, TARGETS, WEIGHTS


@pytest.mark.parametrize(
    ("form", "loss", "factors", "y", "weight"), list(several())[::STEP]
)
def test_several_outputs(form, loss, factors, y, weight):
    if isinstance(loss, list) and isinstance(factors, dict):
        factors = listed(factors)
    model = compiled(heads(form), loss, loss_weights=factors)
    check(model, X, y, sample_weight=weight)


def test_one_loss_for_several_outputs():
    y = {**TARGETS, "kind": one_hot(LABELS)}
    check(compiled(heads(dict), "mse"), X, y)
    check(compiled(heads(list), "mse"), X, listed(y), sample_weight=WEIGHTS)


def test_nested_outputs():
    loss = ["binary_crossentropy", ("crossentropy", "mse")]
    y = [BINARY, (LABELS, NUMBERS)]
    check(compiled(heads(tuple), loss, loss_weights=[1.0, (2.0, 3.0)]), X, y)


@pytest.mark.parametrize("form", [list, dict])
def test_outputs_without_a_loss(form):
    loss = {"kind": "crossentropy"} if form is dict else [None, "crossentropy", None]
    y = {"kind": LABELS} if form is dict else listed(TARGETS)
    check(compiled(heads(form), loss), X, y if form is list else TARGETS)


# Losses that are given.
GIVEN = [
    ("binary_crossentropy", BINARY, 1),
    (losses.Poisson(), BINARY[:, None], 1),
    ("crossentropy", LABELS, CLASSES),
    (losses.categorical_crossentropy, one_hot(LABELS), CLASSES),
]


@pytest.mark.parametrize(("loss", "y", "units"), GIVEN[::STEP])
@pytest.mark.parametrize("is_compiled", [False, True])
def test_a_given_loss_is_as_a_compiled_one(loss, y, units, is_compiled):
    model = head(units, "sigmoid", kernel_regularizer="l2")
    if is_compiled:
        model.compile("sgd", "mae")
    found = diagnose(model, X, y, loss=loss, sample_weight=WEIGHTS)
    assert found.loss_kind == "given"
    expected = fitted(compiled(model, loss), X, y, sample_weight=WEIGHTS)
    assert found.loss == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("form", [list, dict])
def test_given_losses_of_several_outputs(form):
    model = heads(form)
    found = diagnose(model, X, TARGETS, loss=LOSSES).loss
    if form is list:
        assert diagnose(model, X, TARGETS, loss=listed(LOSSES)).loss == found
    expected = fitted(compiled(model, LOSSES), X, TARGETS)
    assert found == pytest.approx(expected, rel=1e-5)
    part = diagnose(heads(form), X, TARGETS, loss={"at": "mse"})
    assert part.targets == pytest.approx((np.sqrt(np.mean(NUMBERS**2)),), rel=1e-5)
