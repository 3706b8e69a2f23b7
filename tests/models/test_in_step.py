"""What processes that share a model tell each other before they change it."""

import functools
import itertools
import threading

import keras
import numpy as np
import pytest

from keras_inits import calibrate, initialize
from keras_inits.models import optimizers
from support.exchanges import two_processes


def dense():
    """A small model."""
    return keras.Sequential([keras.Input((5,)), keras.layers.Dense(3, name="a")])


def ones(shape, dtype=None):
    return keras.ops.ones(shape, dtype)


def twos(shape, dtype=None):
    return 2 * keras.ops.ones(shape, dtype)


def normal(std):
    return keras.initializers.RandomNormal(stddev=std)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (lambda: normal(0.1), lambda: normal(0.2)),
        (lambda: ones, lambda: twos),
        (lambda: "he_normal", lambda: "he_uniform"),
        (
            lambda: keras.initializers.Constant(np.arange(15.0).reshape(5, 3)),
            lambda: keras.initializers.Constant(np.arange(1.0, 16.0).reshape(5, 3)),
        ),
    ],
    ids=["Keras's", "function", "ours", "array"],
)
def test_schemes_of_another_configuration_are_refused(monkeypatch, one, other):
    calls = [
        functools.partial(initialize, dense(), make(), seed=7)
        for make in (one, other, one)
    ]
    for error in two_processes(monkeypatch, *calls[:2]):
        assert isinstance(error, ValueError)
        assert "`initialize` with others in process 1 than in process 0" in str(error)
    # Twin: another object of the same configuration is the same.
    assert two_processes(monkeypatch, calls[0], calls[2]) == [None, None]


def same(before, models):
    """Whether models have the weights they had."""
    return all(
        np.array_equal(old, new)
        for weights, model in zip(before, models, strict=True)
        for old, new in zip(weights, model.get_weights(), strict=True)
    )


def test_a_scheme_that_fails_in_one_process_alone_is_told(monkeypatch):
    def broken(shape, dtype=None):
        if threading.current_thread() in failing:
            raise OSError("no such file")
        return keras.ops.ones(shape, dtype)

    failing, models = [], [dense(), dense()]
    before = [model.get_weights() for model in models]

    def fails():
        failing.append(threading.current_thread())
        calls[0]()

    rules = {"*/bias": "ones", "*": broken}
    calls = [functools.partial(initialize, model, rules, seed=7) for model in models]
    first, second = two_processes(monkeypatch, fails, calls[1])
    assert "no such file" in str(first)
    assert "a failure in process 0" in str(second)
    assert same(before, models)
    assert two_processes(monkeypatch, *calls) == [None, None]  # twin
    assert not same(before, models)


def test_a_scheme_that_draws_otherwise_in_one_process_is_refused(monkeypatch):
    drawn = itertools.count()

    def counted(shape, dtype=None):
        return next(drawn) * keras.ops.ones(shape, dtype)

    calls = [functools.partial(initialize, dense(), counted, seed=7) for _ in range(2)]
    for error in two_processes(monkeypatch, *calls):
        assert "others in process 1 than in process 0" in str(error)


def test_values_that_one_process_cannot_make_are_told(monkeypatch):
    models = [dense(), dense()]
    for model in models:
        model.compile("adam")
        model.optimizer.build(model.trainable_variables)
    before = [model.get_weights() for model in models]

    def broken(used, copy):
        yield from itertools.islice(whole(used, copy), 2)
        if used is models[0].optimizer:
            raise MemoryError("of slots")

    whole = optimizers.initial_values
    monkeypatch.setattr(optimizers, "initial_values", broken)
    calls = [functools.partial(initialize, model, seed=7) for model in models]
    first, second = two_processes(monkeypatch, *calls)
    assert isinstance(first, MemoryError)
    assert "a failure in process 0" in str(second)
    assert same(before, models)


def test_an_optimizer_that_cannot_be_copied_in_one_process_is_told(monkeypatch):
    models = [dense(), dense()]
    for model in models:
        model.compile("adam")
    models[0].optimizer.get_config = None
    calls = [functools.partial(initialize, model, seed=7) for model in models]
    first, second = two_processes(monkeypatch, *calls)
    assert "optimizer=True" in str(first)
    assert "a failure in process 0" in str(second)


def test_processes_in_different_calls_are_refused(monkeypatch):
    x = np.random.default_rng(0).normal(size=(8, 5)).astype("float32")
    errors = two_processes(
        monkeypatch,
        functools.partial(initialize, dense(), seed=7),
        functools.partial(calibrate, dense(), x),
    )
    for name, error in zip(("initialize", "calibrate"), errors, strict=True):
        assert isinstance(error, ValueError)
        assert f"`{name}` here, and process 1 in another call" in str(error)
