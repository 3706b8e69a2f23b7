"""Steps that do not train are found, and their fixes train; usual ones are not."""

import keras
import numpy as np
import pytest
from keras import layers, optimizers

from keras_inits.diagnosis import diagnose
from support.diagnosed.examples import JIT, STEP
from support.diagnosed.steps import several

RANDOM = np.random.default_rng(0)
POINTS = RANDOM.standard_normal((64, 8)).astype("float32")
LABELS = POINTS[:, :3].argmax(axis=1)


def classifier(optimizer):
    keras.utils.set_random_seed(2)
    model = keras.Sequential([keras.Input((8,))])
    model.add(layers.Dense(32, "relu"))
    model.add(layers.Dense(32, "relu"))
    model.add(layers.Dense(3, "softmax", name="head"))
    model.compile(optimizer, "sparse_categorical_crossentropy", jit_compile=JIT)
    return model


def of_step(diagnosis):
    """Severities of what is found in the step, by kind."""
    kinds = {"step too large", "step too small", "loss rises", "nothing trains"}
    kinds.add("gradient clipped away")
    return {f.kind: f for f in diagnosis.findings if f.kind in kinds}


def found(model):
    return of_step(diagnose(model, POINTS, LABELS, batch_size=64))


def learns(model, steps=60):
    """Whether so many steps lower the loss by a tenth."""
    first = float(model.evaluate(POINTS, LABELS, verbose=0))
    for _ in range(steps):
        last = model.train_on_batch(POINTS, LABELS)
    return float(last) < 0.9 * first


HEALTHY = {
    "SGD": lambda: optimizers.SGD(0.01),
    "SGD, momentum": lambda: optimizers.SGD(0.1, momentum=0.9),
    "SGD, small": lambda: optimizers.SGD(1e-4),
    "Adam": lambda: optimizers.Adam(1e-3),
    "Adam, large": lambda: optimizers.Adam(1e-2),
    "AdamW": lambda: optimizers.AdamW(1e-4),
    "RMSprop": lambda: optimizers.RMSprop(1e-3),
    "warm-up": lambda: optimizers.Adam(
        optimizers.schedules.CosineDecay(0.0, 99, warmup_target=0.01, warmup_steps=9)
    ),
    "clipped": lambda: optimizers.SGD(0.1, global_clipnorm=0.1),
}


@pytest.mark.parametrize("name", [*HEALTHY][::STEP])
def test_usual_settings_are_not_accused(name):
    assert not found(classifier(HEALTHY[name]()))


ILL = {
    "SGD 500": (lambda: optimizers.SGD(500.0), "loss rises", "error"),
    "SGD 500, large": (lambda: optimizers.SGD(500.0), "step too large", "error"),
    "Adam 10": (lambda: optimizers.Adam(10.0), "step too large", "error"),
    "SGD 1e-9": (lambda: optimizers.SGD(1e-9), "step too small", "error"),
    "Adam 1e-9": (lambda: optimizers.Adam(1e-9), "step too small", "error"),
    "zero": (lambda: optimizers.SGD(0.0), "step too small", "error"),
    "clipped": (
        lambda: optimizers.SGD(0.1, clipvalue=1e-9),
        "gradient clipped away",
        "error",
    ),
}


if hasattr(optimizers, "OptimizerMap"):  # not in the oldest Keras
    ILL["several"] = (lambda: several(500.0), "step too large", "error")


@pytest.mark.parametrize("name", [*ILL][::STEP])
def test_rates_that_do_not_train_are_found_and_their_fixes_train(name):
    make, kind, severity = ILL[name]
    model = classifier(make())
    finding = found(model)[kind]
    assert finding.severity == severity
    # Keras is what a person has imported who pastes this.
    exec(finding.fix, {"model": model, "keras": keras})
    assert not found(model)
    assert learns(model, 300)


def test_a_model_without_a_weight_to_train_is_found_and_the_fix_trains():
    model = classifier("adam")
    model.trainable = False
    model.compile(optimizers.Adam(0.01), model.loss, jit_compile=JIT)
    (finding,) = diagnose(model, POINTS, LABELS, batch_size=64).findings
    assert (finding.kind, finding.severity) == ("nothing trains", "error")
    exec(finding.fix, {"model": model, "keras": keras})
    assert not found(model)
    assert learns(model)


def test_what_is_trained_already_has_no_step_too_small():
    model = classifier(optimizers.SGD(0.5))
    for _ in range(300):
        model.train_on_batch(POINTS, LABELS)
    model.optimizer.learning_rate = 1e-2
    assert not found(model)
