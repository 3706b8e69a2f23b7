"""The first step is the one that training would take, and nothing is changed by it."""

import keras
import numpy as np
import pytest
from keras import layers, optimizers

from keras_inits.diagnosis import diagnose
from keras_inits.signals.passes import TrainingPass
from support.diagnosed.examples import STEP
from support.diagnosed.steps import several

RANDOM = np.random.default_rng(0)
X = RANDOM.integers(0, 9, (16, 6))
Y = RANDOM.integers(0, 3, 16)


def network(frozen=True, dtype=None):
    """An embedding, a frozen layer, a normalization, a head."""
    keras.utils.set_random_seed(4)
    fixed = layers.Dense(8, "relu", name="fixed", dtype=dtype)
    model = keras.Sequential(
        [
            keras.Input((6,), dtype="int32"),
            layers.Embedding(9, 4, name="embedding", dtype=dtype),
            layers.Flatten(dtype=dtype),
            fixed,
            layers.Dense(8, name="middle", use_bias=False, dtype=dtype),
            layers.BatchNormalization(dtype=dtype),
            layers.Dense(3, name="head", kernel_constraint="unit_norm", dtype=dtype),
        ]
    )
    fixed.trainable = not frozen
    return model


def compiled(make, **kwargs):
    model = network(**kwargs)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(make(), loss, run_eagerly=True)
    return model


def undecayed():
    optimizer = optimizers.AdamW(0.1, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma"])
    return optimizer


SCHEDULE = optimizers.schedules.ExponentialDecay(0.3, decay_steps=1, decay_rate=0.5)
MAKERS = {
    "SGD": lambda: optimizers.SGD(0.1),
    "SGD, momentum": lambda: optimizers.SGD(0.1, momentum=0.9),
    "SGD, nesterov": lambda: optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    "SGD, weight decay": lambda: optimizers.SGD(0.1, weight_decay=0.3),
    "SGD, clipnorm": lambda: optimizers.SGD(0.1, clipnorm=0.05),
    "SGD, clipvalue": lambda: optimizers.SGD(0.1, clipvalue=0.01),
    "SGD, global_clipnorm": lambda: optimizers.SGD(0.1, global_clipnorm=0.1),
    "SGD, schedule": lambda: optimizers.SGD(SCHEDULE),
    "SGD, function": lambda: optimizers.SGD(lambda: 0.2),
    "Adam": lambda: optimizers.Adam(0.01),
    "Adam, amsgrad": lambda: optimizers.Adam(0.01, amsgrad=True),
    "Adam, averages": lambda: optimizers.Adam(0.01, use_ema=True),
    "Adam, scaled": lambda: optimizers.Adam(0.01, loss_scale_factor=64.0),
    "AdamW": lambda: optimizers.AdamW(0.01),
    "AdamW, biases left out": undecayed,
    "Adamax": lambda: optimizers.Adamax(0.01),
    "Adadelta": lambda: optimizers.Adadelta(1.0),
    "Nadam": lambda: optimizers.Nadam(0.01),
    "Adagrad": lambda: optimizers.Adagrad(0.01),
    "RMSprop": lambda: optimizers.RMSprop(0.01),
    "Adafactor": lambda: optimizers.Adafactor(0.01),
    "Lion": lambda: optimizers.Lion(0.01),
    "Muon": lambda: optimizers.Muon(0.01, weight_decay=0.1),
    "Ftrl": lambda: optimizers.Ftrl(0.1),
    "Lamb": lambda: optimizers.Lamb(0.01),
    "LossScaleOptimizer": lambda: optimizers.LossScaleOptimizer(optimizers.Adam(0.01)),
}
if hasattr(optimizers, "OptimizerMap"):  # not in the oldest Keras
    MAKERS["MultiOptimizer"] = several
# With slots that are not zero, or a rate that is another, after two steps.
CHANGED = ["SGD, momentum", "SGD, schedule", "Adam, amsgrad", "Adam, averages", "Nadam"]
CHANGED += ["AdamW, biases left out", "Adafactor", "Muon", "LossScaleOptimizer"]
CHANGED += [name for name in ["MultiOptimizer"] if name in MAKERS]
CASES = [(name, False) for name in MAKERS] + [(name, True) for name in CHANGED]


def host(values):
    return [np.array(keras.ops.convert_to_numpy(value)) for value in values]


def state(model):
    """Weights and all that an optimizer holds."""
    optimizer = model.optimizer
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    names = sorted({*vars(optimizer)}), sorted({*vars(inner)})
    return names, host(v.value for v in [*model.variables, *optimizer.variables])


def same(before, after):
    assert before[0] == after[0]
    for one, two in zip(before[1], after[1], strict=True):
        np.testing.assert_array_equal(one, two)


def measured(monkeypatch, model, x=X, y=Y):
    """A diagnosis, and the values that its first step gives the weights."""
    seen = []
    own = TrainingPass.loss_with

    def loss_with(self, values, batch):
        seen.append(host(values))
        return own(self, values, batch)

    monkeypatch.setattr(TrainingPass, "loss_with", loss_with)
    diagnosis = diagnose(model, x, y)
    monkeypatch.undo()
    assert diagnosis.step is not None, diagnosis.notes
    return diagnosis.step, seen[0]


def rms(x):
    return np.sqrt(np.mean(np.square(x, dtype="float64")))


@pytest.mark.parametrize(("name", "trained"), CASES[::STEP])
def test_the_step_is_the_one_that_training_takes(name, trained, monkeypatch):
    if name == "Adam, scaled" and keras.backend.backend() == "tensorflow":
        pytest.skip("Keras itself cannot divide TensorFlow's sparse gradients here")
    model = compiled(MAKERS[name])
    if trained:
        model.train_on_batch(X[:8], Y[:8])
        model.train_on_batch(X[8:], Y[8:])
    start = host(v.value for v in model.trainable_variables)
    before = state(model)
    step, values = measured(monkeypatch, model)
    same(before, state(model))
    assert step.loss == pytest.approx(float(model.train_on_batch(X, Y)), rel=1e-5)
    ends = host(v.value for v in model.trainable_variables)
    for first, ours, theirs in zip(start, values, ends, strict=True):
        size = np.abs(theirs - first).max()
        rounding = 3e-7 * np.abs(theirs).max()
        most = 1e-4 if name == "Ftrl" else 1e-5  # which subtracts near numbers
        assert np.abs(ours - theirs).max() <= most * size + rounding
    for (_, update, weight), first, end in zip(step.ratios, start, ends, strict=True):
        assert update == pytest.approx(rms(end - first), rel=1e-4, abs=1e-7)
        assert weight == pytest.approx(rms(first), rel=1e-5)
    assert step.optimizer in name or name == "LossScaleOptimizer"


def test_accumulated_gradients_are_taken_to_be_of_equal_batches(monkeypatch):
    make = {"gradient_accumulation_steps": 2}
    model = compiled(lambda: optimizers.Adam(0.01, **make))
    other = compiled(lambda: optimizers.Adam(0.01))
    values = [measured(monkeypatch, one)[1] for one in (model, other)]
    for one, two in zip(*values, strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("kind", ["clipnorm", "clipvalue", "global_clipnorm"])
def test_what_clipping_leaves_is_told(kind):
    whole = diagnose(compiled(lambda: optimizers.SGD(0.1)), X, Y).step
    limit = 0.03 if kind == "clipvalue" else whole.gradient_norm / 10
    model = compiled(lambda: optimizers.SGD(0.1, **{kind: limit}))
    step = diagnose(model, X, Y).step
    assert whole.clipped == 1
    assert step.gradient_norm == pytest.approx(whole.gradient_norm, rel=1e-5)
    if kind == "global_clipnorm":
        assert step.clipped == pytest.approx(0.1)
    assert 0.01 < step.clipped < 0.5


class Unknown(optimizers.SGD):
    """Of which no copy can be made."""

    def __init__(self, partner):
        super().__init__(0.1)
        self.partner = partner


def test_an_optimizer_that_cannot_be_copied_is_named():
    diagnosis = diagnose(compiled(lambda: Unknown(3)), X, Y)
    assert diagnosis.step is None
    assert any("Unknown cannot be copied" in note for note in diagnosis.notes)


def test_there_is_no_step_without_a_loss_or_an_optimizer():
    assert diagnose(compiled(MAKERS["Adam"]), X).step is None
    loss = "sparse_categorical_crossentropy"
    assert diagnose(network(), X, Y, loss=loss).step is None


def test_a_step_of_float16_is_that_of_float32(monkeypatch):
    half = compiled(MAKERS["LossScaleOptimizer"], dtype="mixed_float16")
    full = compiled(MAKERS["Adam"])
    (one, _), (two, _) = (measured(monkeypatch, model) for model in (half, full))
    assert one.gradient_norm == pytest.approx(two.gradient_norm, rel=0.05)
    assert one.predicted == pytest.approx(two.predicted, rel=0.05)
