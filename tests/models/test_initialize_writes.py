"""All is written or nothing, with the optimizer's state, and progress is shown."""

import dataclasses
import math

import keras
import numpy as np
import pytest

from keras_inits._utils import progress
from keras_inits.models import assign
from keras_inits.models.initialize import initialize
from support.model_zoo import dense, same, sequential, values, weights

layers = keras.layers


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, MemoryError])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", [0, 3, -1])
def test_an_error_while_writing_leaves_the_model_as_it_was(
    monkeypatch, error, when, number
):
    """At the first weight, half-way, and at the optimizer's last slot."""
    model = sequential()
    model.compile("adam")
    model.optimizer.build(model.trainable_variables)
    slots = model.optimizer.variables
    for slot in slots[2:]:
        slot.assign(slot + 0.5)
    before, kept = weights(model), [values(slot) for slot in slots]
    variable = [*model.weights, *slots][number]
    assign, calls = variable.assign, []

    def failing(value):
        calls.append(value)
        if len(calls) == 1 and when == "before":
            raise error("half-way")
        assign(value)
        if len(calls) == 1:
            raise error("half-way")

    monkeypatch.setattr(variable, "assign", failing)
    with pytest.raises(error, match="half-way"):
        initialize(model, "he_normal", seed=7)
    assert calls
    assert same(before, weights(model))
    for slot, old in zip(slots, kept, strict=True):
        assert np.array_equal(values(slot), old)


def test_an_error_while_drawing_leaves_the_model_as_it_was():
    model = dense(5, 6, 4, 3)
    before = weights(model)

    def interrupted(shape, dtype):
        if shape == (4, 3):
            raise KeyboardInterrupt
        return keras.ops.ones(shape, dtype)

    with pytest.raises(KeyboardInterrupt):
        initialize(model, interrupted)
    assert same(before, weights(model))


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_variable_that_cannot_be_restored_is_named(monkeypatch, error):
    """And the others are restored."""
    model = dense(5, 6)
    before = weights(model)

    def failing(value):
        raise error("broken")

    monkeypatch.setattr(model.weights[1], "assign", failing)
    with pytest.raises(error) as caught:
        initialize(model, "he_normal", seed=7)
    assert "bias may be changed: broken" in caught.value.__notes__[0]
    assert same(before, weights(model))


def test_a_dry_run_changes_nothing_and_reports_the_same():
    model = sequential()
    model.compile("adam")
    before = weights(model)
    dry = initialize(model, "he_normal", seed=7, dry_run=True)
    assert same(before, weights(model))
    assert dry.dry_run
    wet = initialize(model, "he_normal", seed=7)
    assert {one.drawn_std for one in dry.rows} == {None}
    assert None not in {one.drawn_std for one in wet.rows}
    assert dry.rows == [dataclasses.replace(x, drawn_std=None) for x in wet.rows]
    assert dry.optimizers == wet.optimizers == ["Adam"]


def test_progress_shows_only_after_a_second_and_goes(monkeypatch, capfd):
    monkeypatch.setenv("FORCE_COLOR", "1")  # as if standard error were a terminal
    monkeypatch.setattr(progress, "PATIENCE", math.inf)
    initialize(dense(5, 6), "he_normal", seed=7)
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    initialize(dense(5, 6), "he_normal", seed=7)
    captured = capfd.readouterr()
    assert captured.out == ""
    assert "drawing weights" in captured.err
    assert captured.err.endswith("\x1b[2K")  # the line is erased


def test_progress_is_silent_where_nobody_looks(monkeypatch, capfd):
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    initialize(dense(5, 6), "he_normal", seed=7)
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


def test_writing_keeps_what_it_overwrites():
    """Even where the backend writes in place."""
    variable = keras.Variable(keras.ops.ones((3,)))

    def fail():
        with assign.all_or_nothing() as write:
            write(variable, keras.ops.zeros((3,)))
            assert (values(variable) == 0).all()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert (values(variable) == 1).all()


def rate():
    """A learning rate as a function."""
    return 0.01


optimizers = keras.optimizers
OPTIMIZERS = {
    "SGD": lambda: optimizers.SGD(0.01, momentum=0.9),
    "RMSprop": lambda: optimizers.RMSprop(0.01, centered=True, momentum=0.5),
    "Adam": lambda: optimizers.Adam(0.01, amsgrad=True),
    "AdamW": lambda: optimizers.AdamW(0.01),
    "Adadelta": lambda: optimizers.Adadelta(0.01),
    "Adagrad": lambda: optimizers.Adagrad(0.01, initial_accumulator_value=0.3),
    "Adamax": lambda: optimizers.Adamax(0.01),
    "Adafactor": lambda: optimizers.Adafactor(0.01),
    "Nadam": lambda: optimizers.Nadam(0.01),
    "Ftrl": lambda: optimizers.Ftrl(0.01, initial_accumulator_value=0.2),
    "Lion": lambda: optimizers.Lion(0.01),
    "Lamb": lambda: optimizers.Lamb(0.01),
    "Muon": lambda: optimizers.Muon(0.01, exclude_layers=["dense_1"]),
    "ScheduleFreeAdamW": lambda: optimizers.ScheduleFreeAdamW(0.01),
    "LossScaleOptimizer": lambda: optimizers.LossScaleOptimizer(
        optimizers.Adam(0.01), initial_scale=64.0, dynamic_growth_steps=2
    ),
    "averages": lambda: optimizers.Adam(0.01, use_ema=True),
    "accumulation": lambda: optimizers.SGD(0.01, gradient_accumulation_steps=2),
    "schedule": lambda: optimizers.SGD(
        optimizers.schedules.ExponentialDecay(0.01, 1, 0.5), momentum=0.9
    ),
    "function": lambda: optimizers.Adam(rate),
}
OPTIMIZERS = {  # some are younger than the oldest Keras that is supported
    name: make
    for name, make in OPTIMIZERS.items()
    if hasattr(optimizers, name) or name.islower()
}


def step(model, scale):
    """One update by given gradients, as training does."""
    gradients = [
        keras.ops.full(v.shape, scale * (n + 1))
        for n, v in enumerate(model.trainable_variables)
    ]
    model.optimizer.apply(gradients, model.trainable_variables)


def states(model):
    """Values of the optimizer's variables."""
    return [values(variable) for variable in model.optimizer.variables]


def equal(one, other):
    """Whether two lists of arrays are."""
    return len(one) == len(other) and all(map(np.array_equal, one, other))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_goes_on_as_a_new_one_would(name):
    """Its state, and the weights after two more steps."""
    models = []
    for _ in range(2):
        keras.backend.clear_session()  # Muon tells layers by their names
        models.append(dense(5, 6, 4))
    used, new = models
    for model in models:
        model.compile(OPTIMIZERS[name]())
        model.optimizer.build(model.trainable_variables)
    # Keras applies this one on JAX in programs only.
    traced = name == "LossScaleOptimizer" and keras.backend.backend() == "jax"
    for _ in range(3):
        if traced:
            for variable in used.optimizer.variables:
                if variable.name != "learning_rate":
                    variable.assign(variable + 1)
        else:
            step(used, 0.5)
    assert not equal(states(used), states(new))
    report = initialize(used, "he_normal", seed=7)
    assert report.optimizers == [type(used.optimizer).__name__]
    initialize(new, "he_normal", seed=7, optimizer=False)
    if name == "ScheduleFreeAdamW":  # starts from the weights, so build it after them
        new.compile(OPTIMIZERS[name]())
        new.optimizer.build(new.trainable_variables)
    assert equal(states(used), states(new))
    for scale in () if traced else (0.25, -0.125):
        step(used, scale)
        step(new, scale)
    assert same(weights(used), weights(new))


def test_the_learning_rate_stays_what_it_was_set_to():
    model = dense(5, 6)
    model.compile(keras.optimizers.Adam(0.01))
    model.optimizer.build(model.trainable_variables)
    model.optimizer.learning_rate = 0.25
    step(model, 1.0)
    initialize(model, "he_normal", seed=7)
    assert float(values(model.optimizer.learning_rate)) == 0.25
    assert int(model.optimizer.iterations) == 0


def test_an_optimizer_that_was_not_built_stays_so():
    model = dense(5, 6)
    model.compile(keras.optimizers.Adam(0.01))
    assert not model.optimizer.built
    initialize(model, "he_normal", seed=7)
    assert not model.optimizer.built
    step(model, 1.0)


def test_optimizers_of_a_person_s_own_are_reset_too():
    class Two(keras.Sequential):
        """A model with an optimizer in an attribute."""

    model = Two([keras.Input((5,)), layers.Dense(6)])
    model.second = keras.optimizers.SGD(0.01, momentum=0.5)
    model.compile("adam")
    gradients = [keras.ops.ones(v.shape) for v in model.trainable_variables]
    model.second.apply(gradients, model.trainable_variables)
    report = initialize(model, "he_normal", seed=7)
    assert sorted(report.optimizers) == ["Adam", "SGD"]
    assert int(model.second.iterations) == 0
    assert all((values(slot) == 0).all() for slot in model.second.variables[2:])


def test_an_optimizer_may_keep_its_state():
    model = dense(5, 6)
    model.compile(keras.optimizers.Adam(0.01))
    step(model, 1.0)
    kept = states(model)
    assert initialize(model, "he_normal", seed=7, optimizer=False).optimizers == []
    assert equal(states(model), kept)


def test_an_optimizer_that_cannot_be_rebuilt_is_refused():
    """Before anything is written."""

    class Secretive(keras.optimizers.SGD):
        def __init__(self, secret):
            super().__init__(0.01)

    model = dense(5, 6)
    model.compile(Secretive(3))
    before = weights(model)
    with pytest.raises(
        ValueError, match=r"Received: optimizer=True for Secretive\. Pass"
    ):
        initialize(model, "he_normal", seed=7)
    assert same(before, weights(model))
    initialize(model, "he_normal", seed=7, optimizer=False)
    assert not same(before, weights(model))


def test_each_variable_s_own_optimizer_is_reset():
    if not hasattr(keras.optimizers, "MultiOptimizer"):
        pytest.skip("younger than this Keras")
    used, new = dense(5, 6, 4), dense(5, 6, 4)
    for model in (used, new):
        by_layer = {"dense_.*/bias": keras.optimizers.SGD(0.01, momentum=0.5)}
        each = keras.optimizers.OptimizerMap(keras.optimizers.Adam(0.01), by_layer)
        model.compile(keras.optimizers.MultiOptimizer(each))
        model.optimizer.build(model.trainable_variables)
    step(used, 0.5)
    assert not equal(states(used), states(new))
    initialize(used, "he_normal", seed=7)
    assert equal(states(used), states(new))
