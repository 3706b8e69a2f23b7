"""Heads, losses and targets that do not fit are named, and right ones are not."""

import keras
import numpy as np
import pytest
from keras import layers, losses

from keras_inits.diagnosis import diagnose, findings, report
from support.diagnosed import program as programs
from support.diagnosed.examples import STEP
from support.diagnosed.healthy_heads import HEALTHY
from support.diagnosed.program import X, network
from support.diagnosed.programs_of_heads import HEADS

# Keras itself warns of some of these mistakes.
pytestmark = [
    pytest.mark.filterwarnings("ignore:You are using a softmax"),
    pytest.mark.filterwarnings("ignore:In loss categorical_crossentropy"),
    pytest.mark.filterwarnings("ignore:.*received `from_logits=True`"),
]
OWN = (
    "softmax over one unit",
    "head does not fit loss",
    "outputs cannot reach targets",
    "labels do not fit",
    "labels all the same",
    "flat loss",
    "losses swapped",
)


def found(*program):
    """The findings of a head, a loss and targets."""
    units, activation, loss, y, *more = program
    return diagnose(network(units, activation, loss, *more), X, y)


def severe(diagnosis):
    return [v for v in diagnosis.findings if v.severity != report.INFO]


@pytest.mark.parametrize("program", HEADS[::STEP], ids=lambda p: p.name)
def test_a_head_that_does_not_fit_is_named_first_with_the_line_that_mends_it(program):
    first = found(*program.faulty).findings[0]
    assert (first.kind, first.severity) == (program.kind, program.severity)
    assert program.fix in first.fix
    assert first.layer == "head"
    compile(first.fix, "fix", "exec")
    right = severe(found(*program.right))
    assert not right, right


@pytest.mark.parametrize("name", [*HEALTHY][::STEP])
def test_heads_that_are_used_rightly_are_not_accused(name):
    diagnosis = found(*HEALTHY[name])
    assert not severe(diagnosis), f"{diagnosis}"
    assert not [v for v in diagnosis.findings if v.kind in OWN]


def learns(program, is_faulty):
    """Whether a program learns: by how much its predictions tell of the targets."""
    units, activation, loss, y, *more = program.faulty if is_faulty else program.right
    keras.utils.set_random_seed(0)
    model = network(units, activation, loss, *more)
    model.fit(X, y, batch_size=len(X), epochs=60, verbose=0)
    predicted = keras.ops.convert_to_numpy(model(X)).astype("float64")
    if units > 1:
        labels = y if y.ndim == 1 else y.argmax(-1)
        return float((predicted.argmax(-1) == labels).mean()) > 0.8
    rest = np.mean((predicted - y) ** 2)
    return bool(rest < 0.5 * np.var(y))


TRAINED = [program for program in HEADS if program.fails]


@pytest.mark.parametrize("program", TRAINED[::STEP], ids=lambda p: p.name)
def test_what_is_called_an_error_does_not_learn_and_its_twin_does(program):
    assert not learns(program, is_faulty=True)
    assert learns(program, is_faulty=False)


def test_sigmoid_under_a_categorical_cross_entropy_is_told_and_not_accused():
    diagnosis = found(3, "sigmoid", programs.ROWS, programs.ONE_HOT)
    told = [v for v in diagnosis.findings if v.kind in OWN]
    assert [(v.kind, v.severity) for v in told] == [(programs.UNFIT, "info")]
    assert diagnosis.verdict == report.HEALTHY


def test_a_softmax_of_two_units_under_a_binary_cross_entropy_is_told_only():
    two = programs.ONE_HOT[:, 1:] * 1
    two = np.concatenate([two[:, :1], 1 - two[:, :1]], 1)
    diagnosis = found(2, "softmax", programs.BCE, two)
    told = [v for v in diagnosis.findings if v.kind in OWN]
    assert [(v.kind, v.severity) for v in told] == [(programs.UNFIT, "info")]


def test_what_follows_from_a_head_says_so_and_has_its_fix():
    # Under a cross entropy TensorFlow goes on from the logits: they get a gradient.
    diagnosis = found(1, "softmax", "mse", programs.BINARY)
    first, *others = diagnosis.findings
    assert first.kind == programs.ONE
    still = next(v for v in others if v.kind == "no gradient")
    assert still.cause.startswith("follows from 'softmax over one unit'")
    assert still.fix == first.fix


def test_a_gradient_of_rounding_is_none_on_every_backend():
    diagnosis = found(1, "softmax", "mse", programs.AMOUNTS)
    still = next(v for v in diagnosis.findings if v.kind == "no gradient")
    assert still.figure == 1.0
    healthy = found(1, "sigmoid", "mse", programs.BINARY)
    assert "no gradient" not in {v.kind for v in healthy.findings}


def rounded(y, p):
    """Counts, and so has no slope."""
    return keras.ops.mean(keras.ops.square(keras.ops.round(p) - y), -1)


def test_a_loss_without_a_slope_is_flat():
    diagnosis = found(1, "sigmoid", rounded, programs.BINARY)
    kinds = {v.kind: v for v in diagnosis.findings}
    assert kinds["flat loss"].severity == report.ERROR
    assert diagnosis.findings[0].kind == "flat loss"
    assert "binary_crossentropy" in kinds["flat loss"].fix


def two_outputs(losses_, names=("age", "sex"), heads=((1, None), (1, "sigmoid"))):
    start = keras.Input((programs.FEATURES,))
    hidden = layers.Dense(16, "relu")(start)
    ends = [
        layers.Dense(units, activation, name=name)(hidden)
        for name, (units, activation) in zip(names, heads, strict=True)
    ]
    model = keras.Model(start, ends)
    model.compile("adam", losses_)
    return model


Y = [programs.AMOUNTS, programs.BINARY]


@pytest.mark.parametrize(
    "spelling",
    [
        lambda a, b: [a, b],
        lambda a, b: {"age": a, "sex": b},
        lambda a, b: [losses.get(a), losses.get(b)],
    ],
)
def test_losses_that_are_exchanged_are_named_however_they_are_spelt(spelling):
    wrong = diagnose(two_outputs(spelling("binary_crossentropy", "mse")), X, Y)
    assert wrong.findings[0].kind == "losses swapped"
    model = two_outputs(spelling("binary_crossentropy", "mse"))
    exec(wrong.findings[0].fix, {"model": model, "keras": keras})
    mended = diagnose(model, X, Y)
    assert not [v for v in severe(mended) if v.kind in OWN]
    right = diagnose(two_outputs(spelling("mse", "binary_crossentropy")), X, Y)
    assert not [v for v in right.findings if v.kind in OWN]


def test_each_output_is_judged_on_its_own():
    heads = ((1, None), (1, "softmax"))
    model = two_outputs(["mse", "binary_crossentropy"], heads=heads)
    first = diagnose(model, X, Y).findings[0]
    assert (first.kind, first.layer) == (programs.ONE, "sex")
    assert "'sex'" in first.message
    only = two_outputs({"age": None, "sex": "binary_crossentropy"})
    records = diagnose(only, X, Y).outputs
    assert [r.loss for r in records] == [None, "binary_crossentropy"]
    assert [r.activation for r in records] == ["linear", "sigmoid"]


def test_one_loss_for_all_outputs_and_weights_of_losses_are_read():
    heads = ((3, "softmax"), (3, None))
    model = two_outputs("sparse_categorical_crossentropy", heads=heads)
    both = ["sparse_categorical_crossentropy"] * 2
    model.compile("adam", both, loss_weights=[1.0, 0.25])
    diagnosis = diagnose(model, X, [programs.LABELS, programs.LABELS])
    assert [r.weight for r in diagnosis.outputs] == [1.0, 0.25]
    named = [v for v in diagnosis.findings if v.kind == programs.UNFIT]
    assert [v.layer for v in named] == ["sex"]


def test_a_model_without_targets_is_judged_by_its_head_and_loss():
    model = network(1, "softmax", "binary_crossentropy")
    assert programs.ONE in {v.kind for v in diagnose(model).findings}
    model = network(3, None, "sparse_categorical_crossentropy")
    assert programs.UNFIT in {v.kind for v in diagnose(model).findings}
    assert not severe(diagnose(network(3, "softmax", "categorical_crossentropy")))


class Classifier(keras.Model):
    """Its softmax is an operation in its code."""

    def __init__(self, units):
        super().__init__()
        self.hidden = layers.Dense(16, "relu")
        self.head = layers.Dense(units)

    def call(self, x):
        return keras.ops.softmax(self.head(self.hidden(x)))


@pytest.mark.parametrize(
    ("units", "loss", "y", "kind"),
    [
        (3, "sparse_categorical_crossentropy", programs.LABELS, None),
        (
            3,
            losses.SparseCategoricalCrossentropy(from_logits=True),
            programs.LABELS,
            programs.UNFIT,
        ),
        (1, "binary_crossentropy", programs.BINARY, programs.ONE),
        (3, "sparse_categorical_crossentropy", programs.LABELS + 1, programs.MISFIT),
    ],
)
def test_a_model_of_ones_own_is_read_as_well(units, loss, y, kind):
    model = Classifier(units)
    model(X[:2])
    model.compile("adam", loss)
    diagnosis = diagnose(model, X, y)
    assert diagnosis.outputs[0].activation == "softmax"
    assert {v.kind for v in severe(diagnosis) if v.kind in OWN} == ({kind} - {None})


def test_what_is_known_of_an_output():
    (record,) = found(3, "softmax", programs.SPARSE, programs.LABELS).outputs
    assert (record.name, record.layer, record.units) == ("head", "head", 3)
    assert (record.activation, record.bounds) == ("softmax", (0.0, 1.0))
    assert 0 < record.low < record.high < 1
    assert np.allclose(record.sums, 1, atol=1e-5)
    assert (record.loss, record.from_logits) == (programs.SPARSE, False)
    y = record.targets
    assert (y.low, y.high, y.distinct, y.integers, y.rows) == (0, 2, 3, True, None)
    assert y.shape == (programs.SAMPLES,)
    assert y.positives == pytest.approx(2 / 3)
    assert not y.constant
    (record,) = found(3, "softmax", programs.ROWS, programs.ONE_HOT).outputs
    assert record.targets.rows == "one-hot"


def test_every_kind_is_in_the_table():
    assert set(OWN) <= set(findings.KINDS)
