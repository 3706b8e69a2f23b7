"""Labels that do not fit their loss are named, on every backend, without a crash."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_inits.diagnosis import diagnose, report
from keras_inits.diagnosis.targets import Targets, unreachable
from support.diagnosed import program as programs
from support.diagnosed.examples import STEP
from support.diagnosed.program import X, network
from support.diagnosed.programs_of_labels import LABELLED


def found(*program, **options):
    """The diagnosis of a head, a loss and targets."""
    units, activation, loss, y, *more = program
    return diagnose(network(units, activation, loss, *more), X, y, **options)


def severe(diagnosis):
    return [v for v in diagnosis.findings if v.severity != report.INFO]


@pytest.mark.parametrize("program", LABELLED[::STEP], ids=lambda p: p.name)
def test_labels_that_do_not_fit_are_named_first_with_the_line_that_mends_it(program):
    first = found(*program.faulty).findings[0]
    assert (first.kind, first.severity) == (program.kind, program.severity)
    assert program.fix in first.fix
    compile(first.fix, "fix", "exec")
    assert not severe(found(*program.right))


@pytest.mark.parametrize(
    "name", ["labels from 1", "labels from -1", "signs under a binary cross entropy"]
)
def test_the_fix_of_labels_runs_and_heals(name):
    units, activation, loss, y = next(p for p in LABELLED if p.name == name).faulty
    model = network(units, activation, loss)
    known = {"y": y, "x": X, "np": np, "keras": keras, "model": model}
    exec(diagnose(model, X, y).findings[0].fix, known)
    assert not severe(diagnose(model, X, known["y"]))


def test_a_loss_that_would_fit_is_compiled_by_the_fix():
    model = network(3, "softmax", programs.SPARSE)
    fix = diagnose(model, X, programs.ONE_HOT).findings[0].fix
    exec(fix, {"model": model, "keras": keras})
    assert not severe(diagnose(model, X, programs.ONE_HOT))
    model.fit(X, programs.ONE_HOT, epochs=1, verbose=0)


def test_without_a_loss_the_gradient_is_of_a_direction_and_a_note_says_so():
    diagnosis = found(3, "softmax", programs.SPARSE, programs.LABELS + 1)
    assert diagnosis.loss_kind == "projection"
    assert any("do not fit the loss" in note for note in diagnosis.notes)
    assert all(w.gradient is not None for w in diagnosis.weights)
    record = diagnosis.outputs[0]
    assert (record.loss, record.targets.high) == (programs.SPARSE, 3)


def test_all_labels_are_looked_at_and_not_only_the_first_batch():
    labels = np.where(np.arange(programs.SAMPLES) < 90, programs.LABELS, 3)
    first = found(3, "softmax", programs.SPARSE, labels).findings[0]
    assert first.kind == "labels do not fit"


def test_the_labels_of_every_batch_of_a_dataset_are_looked_at():
    batches = [(X[:32], programs.LABELS[:32]), (X[32:64], programs.LABELS[32:64] + 1)]
    model = network(3, "softmax", programs.SPARSE)
    kinds = {v.kind for v in diagnose(model, batches, batches=1).findings}
    assert "labels do not fit" not in kinds
    first = diagnose(model, batches, batches=2).findings[0]
    assert first.kind == "labels do not fit"


def test_a_loss_that_was_given_is_set_by_its_name():
    model = network(3, "softmax")
    first = diagnose(model, X, programs.ONE_HOT, loss=programs.SPARSE).findings[0]
    assert first.fix == 'loss = "categorical_crossentropy"'


def sequences(units, activation, loss):
    start = keras.Input((5, 4))
    hidden = layers.SimpleRNN(8, return_sequences=True)(start)
    end = layers.Dense(units, activation, name="head")(hidden)
    model = keras.Model(start, end)
    model.compile("adam", loss)
    return model


STEPS = np.random.default_rng(0).standard_normal((32, 5, 4)).astype("float32")
TAGS = np.random.default_rng(1).integers(0, 3, (32, 5))


@pytest.mark.parametrize("y", [TAGS, TAGS[..., None]], ids=["(n, t)", "(n, t, 1)"])
def test_class_numbers_of_every_step_fit(y):
    model = sequences(3, "softmax", programs.SPARSE)
    assert not severe(diagnose(model, STEPS, y))
    assert diagnose(model, STEPS, y + 1).findings[0].fix == "y = y - 1"


def test_one_label_for_a_whole_sequence_is_of_the_wrong_rank():
    first = diagnose(sequences(1, "sigmoid", "mse"), STEPS, TAGS[:, :1] % 2).findings[0]
    assert first.kind == "labels do not fit"
    assert "axis" in first.cause
    assert "Pooling" in first.fix


def test_only_the_output_whose_labels_do_not_fit_is_named():
    start = keras.Input((programs.FEATURES,))
    hidden = layers.Dense(8, "relu")(start)
    ends = {
        "kind": layers.Dense(3, "softmax", name="kind")(hidden),
        "amount": layers.Dense(1, name="amount")(hidden),
    }
    model = keras.Model(start, ends)
    model.compile("adam", {"kind": programs.SPARSE, "amount": "mse"})
    y = {"kind": programs.LABELS, "amount": programs.AMOUNTS}
    assert not severe(diagnose(model, X, y))
    wrong = diagnose(model, X, y | {"kind": programs.LABELS + 1})
    named = [v for v in wrong.findings if v.kind == "labels do not fit"]
    assert [v.layer for v in named] == ["kind"]
    assert "'kind'" in named[0].message


def test_targets_that_are_not_finite_are_the_cause_of_what_is_not():
    y = np.where(programs.AMOUNTS > 1.5, np.nan, programs.AMOUNTS)
    assert np.isnan(y[:32]).any()
    first, *others = found(1, None, "mse", y).findings
    assert (first.kind, first.message) == ("not finite", "the targets are not finite")
    assert [v.fix for v in others if v.kind == "not finite"] == [first.fix]
    known = {"x": X, "y": y, "np": np}
    exec(first.fix, known)
    assert not severe(diagnose(network(1, None, "mse"), known["x"], known["y"]))


def test_a_discriminator_that_is_frozen_may_be_asked_for_one_label():
    model = network(1, "sigmoid", programs.BCE)
    model.layers[-1].trainable = False
    ones = np.ones((programs.SAMPLES, 1))
    kinds = {v.kind: v for v in diagnose(model, X, ones).findings}
    assert kinds["labels all the same"].severity == report.INFO


def test_figures_of_targets():
    targets = Targets()
    targets.add(np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 0.0]]))
    record = targets.record()
    assert (record.rows, record.distinct, record.integers) == ("one-hot", 2, True)
    assert record.positives == pytest.approx(1 / 3)
    several = Targets()
    several.add(np.array([[1.0, 1.0], [1.0, 0.0]]))
    assert several.record().rows == "several-hot"
    soft = Targets()
    soft.add(np.array([[0.3, 0.7], [0.9, 0.1]], "float32"))
    assert soft.record().rows == "probabilities"
    ignored = Targets(ignored=255)
    ignored.add(np.array([0, 1, 255, 2]))
    assert ignored.record().high == 2


def test_how_much_of_the_targets_is_out_of_reach():
    values = np.random.default_rng(0).standard_normal((20000, 1))
    # A ReLU leaves half of the variance, a tanh E[(|z| - 1)²; |z| > 1] = 0.151.
    assert unreachable(values, (0, np.inf), False, 1) == pytest.approx(0.5, abs=0.02)
    assert unreachable(values, (-1, 1), False, 1) == pytest.approx(0.151, abs=0.01)
    assert unreachable(values, (-np.inf, np.inf), False, 1) == 0
    rows = np.full((4, 2), 1.0)
    rows[0] = 0.5
    assert unreachable(rows, (0, 1), True, 2) > 0.3
    assert unreachable(rows, (0, 1), False, 2) == 0
