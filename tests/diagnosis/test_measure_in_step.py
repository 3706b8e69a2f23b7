"""What processes that share a model compare before `diagnose` runs it."""

import functools

import keras
import numpy as np
import pytest

from keras_inits.diagnosis import measure
from support.exchanges import two_processes

X = np.random.default_rng(0).normal(size=(12, 5)).astype("float32")
Y = np.random.default_rng(1).normal(size=(12, 3)).astype("float32")


class Reached(Exception):
    """Both processes have agreed, and would go on to the pass."""


def later(x, row):
    """Another array, that differs in one row."""
    other = x.copy()
    other[row] += 1
    return other


def generated(*arrays):
    """Batches of four rows, from a generator."""
    return (tuple(a[n : n + 4] for a in arrays) for n in range(0, 12, 4))


def fails_late():
    """Batches of which the second fails."""
    yield X[:4], Y[:4]
    raise OSError("no such file")


def weighted(weight):
    """A loss with a setting of its own."""
    return keras.losses.Huber(delta=weight)


@pytest.fixture
def told(monkeypatch):
    """What two processes raise, which are given arguments of their own."""

    def reached(*args):
        raise Reached

    monkeypatch.setattr(measure, "Inspection", reached)  # what follows the agreement

    def run(*arguments):
        calls = []
        for own in arguments:
            model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(3)])
            default = {"batch_size": 4, "batches": 3, "try_fixes": False}
            calls.append(functools.partial(measure.diagnose, model, **default | own))
        return two_processes(monkeypatch, *calls)

    return run


@pytest.mark.parametrize(
    "make",
    [
        lambda own: {"x": [X, later(X, 6)][own]},
        lambda own: {"x": generated([X, later(X, 6)][own], Y)},
        lambda own: {"x": X, "y": [Y, later(Y, 11)][own], "loss": "mse"},
        lambda own: {"x": X[:4], "y": [Y[:4], None][own]},
        lambda own: {"x": X, "y": Y, "loss": ["mse", "mae"][own]},
        lambda own: {"x": X, "y": Y, "loss": weighted([1.0, 2.0][own])},
        lambda own: {"x": X, "try_fixes": bool(own)},
        lambda own: {"x": X, "batches": 2 + own},
    ],
    ids=["x", "generator", "y", "no y", "loss", "config", "fixes", "batches"],
)
def test_what_differs_is_refused_in_both(told, make):
    for error in told(make(0), make(1)):
        assert isinstance(error, ValueError)
        assert "`diagnose` with others in process 1 than in process 0" in str(error)


def test_the_same_goes_on(told):
    same = [{"x": generated(X, Y), "loss": weighted(2.0)} for _ in range(2)]
    assert [type(error) for error in told(*same)] == [Reached, Reached]


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"x": X, "loss": "mse"}, "`y` is needed"),
        ({"x": fails_late}, "no such file"),
        ({"x": X, "batch_size": 0}, "batch_size"),
    ],
)
def test_what_one_refuses_is_told(told, bad, words):
    bad = {key: make() if callable(make) else make for key, make in bad.items()}
    first, second = told({"x": X}, bad)
    assert words in str(second)
    assert "a failure in process 1" in str(first)
