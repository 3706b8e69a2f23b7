"""What is asked of each output, and what is said of what cannot be computed."""

import functools

import keras
import numpy as np
import pytest
from keras import layers, losses, ops

from keras_inits import diagnose
from keras_inits.signals.batches import Batch, as_tensors
from keras_inits.signals.losses import Objective
from keras_inits.signals.passes import TrainingPass
from support.as_fit import (
    BINARY,
    BY_STEP,
    CLASSES,
    FACTORS,
    INPUTS,
    LABELS,
    LOSSES,
    MARKS,
    ROWS,
    TARGETS,
    TOKENS,
    WEIGHTS,
    X,
    compiled,
    head,
    heads,
    listed,
    sequences,
)

pytestmark = MARKS


# What is asked of each output.
def terms(model, y, loss=None, x=X):
    """Of a pass over a batch."""
    objective = Objective(model, loss, True, 0)
    views = [None] * len(model.trainable_variables)
    tensors = as_tensors(Batch(x, y, None))
    with TrainingPass(model, objective, views, lambda: None) as training:
        training.run(tensors)
    return objective.terms(tensors[1])


@pytest.mark.parametrize("form", [list, dict])
def test_terms_are_in_the_order_of_the_outputs(form):
    model = compiled(heads(form), LOSSES, loss_weights=FACTORS)
    found = {term.name: term for term in terms(model, TARGETS)}
    assert list(found) == (list(LOSSES) if form is list else sorted(LOSSES))
    assert found["yes"].loss == "binary_crossentropy"
    assert found["kind"].loss == "sparse_categorical_crossentropy"
    assert (found["at"].loss, found["at"].from_logits) == ("mean_squared_error", None)
    assert (found["yes"].from_logits, found["kind"].from_logits) == (False, False)
    assert {name: term.weight for name, term in found.items()} == FACTORS
    assert tuple(found["yes"].target.shape) == (ROWS, 1)
    assert tuple(found["kind"].target.shape) == (ROWS,)


def own_loss(y, p):
    """A person's."""
    return ops.mean(ops.abs(y - p), axis=-1)


class BinaryCrossentropy(losses.Loss):
    """A person's, of a name of Keras's."""

    def call(self, y, p):
        return ops.mean(ops.abs(y - p), axis=-1)


@pytest.mark.parametrize(
    ("loss", "name", "from_logits"),
    [
        ("bce", "binary_crossentropy", False),
        (losses.BinaryCrossentropy(from_logits=True), "binary_crossentropy", True),
        (
            functools.partial(losses.binary_crossentropy, from_logits=True),
            "binary_crossentropy",
            True,
        ),
        (losses.MeanSquaredError(), "mean_squared_error", None),
        (own_loss, "own_loss", None),
        (BinaryCrossentropy(), "custom binary_crossentropy", None),
    ],
)
def test_losses_are_known_by_the_name_of_what_they_compute(loss, name, from_logits):
    for given in (None, loss):
        model = compiled(head(1), loss if given is None else "mae")
        (term,) = terms(model, BINARY, given)
        assert (term.loss, term.from_logits) == (name, from_logits)


def test_an_output_without_a_loss_has_a_term_without_one():
    model = compiled(heads(), [None, "crossentropy", None])
    found = [term.loss for term in terms(model, listed(TARGETS))]
    assert found == [None, "sparse_categorical_crossentropy", None]


# Numbers that are not finite, and what cannot be computed.
@pytest.mark.parametrize("activation", ["sigmoid", None])
@pytest.mark.parametrize(
    "loss", ["binary_crossentropy", "binary_focal_crossentropy", "mse"]
)
def test_outputs_that_are_not_finite_are_diagnosed(loss, activation):
    model = compiled(head(1, activation), loss)
    model.layers[0].kernel.assign(np.full((INPUTS, 4), np.nan))
    found = diagnose(model, X, BINARY)
    assert np.isnan(found.loss)
    first = next(f for f in found.findings if f.kind == "not finite")
    assert first.layer == model.layers[0].name


REFUSED = {
    "labels": (lambda: (head(CLASSES), X, LABELS + 1, {}), "from 1"),
    "more labels": (lambda: (head(CLASSES), X, LABELS * 4, {}), "to 8"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_labels_out_of_range_are_named(case):
    make, words = REFUSED[case]
    model, x, y, weights = make()
    compiled(model, losses.SparseCategoricalCrossentropy(from_logits=True))
    first = diagnose(model, x, y, **weights).findings[0]
    assert (first.kind, first.severity) == ("labels do not fit", "error")
    assert words in first.message, first.message


def test_ids_out_of_range_are_no_error_of_the_backend():
    model = compiled(sequences(1, None, "embedding"), "mse")
    first = diagnose(model, TOKENS + 5, BY_STEP[..., None]).findings[0]
    assert (first.kind, first.severity) == ("token ids out of range", "error")


class Failing(losses.Loss):
    """Raises what no check expects."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def call(self, y, p):
        raise self.error


@pytest.mark.parametrize(
    "error", [IndexError("one"), KeyError("one"), NotImplementedError("one")]
)
def test_every_error_of_a_loss_becomes_one_that_says_what_to_pass(error):
    model = compiled(head(1), Failing(error))
    with pytest.raises(ValueError, match=r"one.*Pass y as model\.fit") as caught:
        diagnose(model, X, BINARY)
    assert caught.value.__cause__ is error
    memory = compiled(head(1), Failing(MemoryError("out of memory")))
    with pytest.raises(MemoryError):
        diagnose(memory, X, BINARY)


def given(**changed):
    """Arguments of `diagnose` that go together, but for some."""
    return {"x": X, "y": BINARY, **changed}


def failing():
    """A generator with a mistake in it."""
    yield (X, BINARY)[5]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (given(y=list(BINARY)), r"`y` must be an array.*numpy\.array\(y\)"),
        (given(y=BINARY[:4]), r"10 rows, y with 4.*y\[:10\]"),
        (given(sample_weight=WEIGHTS[:4]), "sample_weight with 4"),
        (given(sample_weight=2.0), "`sample_weight` must be an array"),
        (given(y=None, sample_weight=WEIGHTS), "sample_weight without y"),
        (given(y=None, class_weight={0: 1.0}), "class_weight without y"),
        (given(class_weight=[1.0, 2.0]), "`class_weight` must be a dict"),
        (given(class_weight={"a": 2.0}), "`class_weight` must be a dict"),
        (given(class_weight={0: 2}, sample_weight=WEIGHTS), "only one of both"),
        (given(y=[BINARY, BINARY], class_weight={0: 2}), "for 2 outputs"),
        (given(y=[BINARY, BINARY], sample_weight=[WEIGHTS]), "in the structure of `y`"),
        (
            given(y=[BINARY, BINARY], sample_weight=BY_STEP),
            "one number for each sample",
        ),
        (given(x=[X, X[:4]]), r"same number of rows.*\(10, 5\), \(4, 5\)"),
        (given(x=np.float32(3)), "must be an array whose first axis"),
        (given(x=X[:0], y=BINARY[:0]), r"`x` must have rows.*\(0, 5\)"),
        (given(x=np.array([{}] * ROWS)), "`x` must hold numbers"),
        (given(y=np.array([{}] * ROWS)), "`y` must hold numbers"),
        (given(x=[[1.0, 2.0]], y=None), "must be an array whose first axis"),
        (given(x=iter([(X, X, X, X)]), y=None), "a batch of 4 parts"),
        (given(x=failing(), y=None), "batch 0 fails with IndexError"),
        (given(x=iter([X]), sample_weight=WEIGHTS, y=None), "with sample_weight"),
        (given(x=None, y=None, class_weight={0: 1.0}), "x=None with class_weight"),
        (given(batch_size=0), "`batch_size`.*batch_size=0"),
    ],
)
def test_what_does_not_go_together_is_refused(arguments, words):
    model = compiled(head(CLASSES), "mse")
    with pytest.raises(ValueError, match=f"(?s){words}") as error:
        diagnose(model, **arguments)
    assert "Received: " in str(error.value)


def test_weights_of_batches_and_of_classes_are_refused():
    model = compiled(head(1), "mse")
    with pytest.raises(ValueError, match="only one of both"):
        diagnose(model, iter([(X, BINARY, WEIGHTS)]), class_weight={0: 1.0})


class OwnStep(keras.Sequential):
    """Computes a loss that only its step of training knows."""

    def train_step(self, *data):
        """Never called here."""


def test_a_step_of_the_models_own_is_noted():
    model = OwnStep([keras.Input((INPUTS,)), layers.Dense(2)])
    assert any("train_step" in note for note in diagnose(model, X).notes)
    assert not any("train_step" in note for note in diagnose(head(2), X).notes)
