"""Old values come back from memory and from a file; weights are drawn one at a time."""

import weakref

import keras
import numpy as np
import pytest

from keras_inits.models import assign, draw, old_values, plan, rules
from keras_inits.models.initialize import initialize
from support.model_zoo import dense, same, values, weights


@pytest.fixture
def files(monkeypatch):
    """Nothing may wait in memory; the files that were made."""
    made, new_file = [], old_values._new_file

    def noted():
        made.append(new_file())
        return made[-1]

    monkeypatch.setattr(old_values, "IN_MEMORY", 0.0)
    monkeypatch.setattr(old_values, "_new_file", noted)
    return made


def fail_after(pairs):
    """Writes all of (variable, value), then fails."""
    with assign.all_or_nothing() as write:
        for variable, value in pairs:
            write(variable, value)
        assert all(np.all(values(variable) == 0) for variable, _ in pairs)
        raise ZeroDivisionError


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16", "int32", "bool"])
def test_a_file_gives_back_every_bit(files, dtype):
    random = np.random.default_rng(0)
    old = [random.normal(size=shape) > 0 for shape in [(3, 5), (), (70, 11)]]
    if dtype != "bool":
        old = [random.normal(size=one.shape) * 100 for one in old]
    variables = [keras.Variable(one, dtype=dtype, trainable=False) for one in old]
    before = [values(one) for one in variables]
    zeros = [keras.ops.zeros(one.shape, dtype) for one in variables]
    with pytest.raises(ZeroDivisionError):
        fail_after(list(zip(variables, zeros, strict=True)))
    assert len(files) == 1  # one for all
    for variable, one in zip(variables, before, strict=True):
        np.testing.assert_array_equal(values(variable), one)
        assert keras.backend.standardize_dtype(variable.dtype) == dtype


def test_without_a_file_old_values_wait_in_memory(files, monkeypatch):
    def full():
        raise OSError("no space left")

    monkeypatch.setattr(old_values, "_new_file", full)
    variable = keras.Variable(keras.ops.ones((3, 5)))
    with pytest.raises(ZeroDivisionError):
        fail_after([(variable, keras.ops.zeros((3, 5)))])
    assert (values(variable) == 1).all()


def test_small_models_need_no_file(files, monkeypatch):
    """Twin of the first: with room, nothing is written to a disk."""
    monkeypatch.setattr(old_values, "IN_MEMORY", 0.4)
    variable = keras.Variable(keras.ops.ones((3, 5)))
    with pytest.raises(ZeroDivisionError):
        fail_after([(variable, keras.ops.zeros((3, 5)))])
    assert (values(variable) == 1).all()
    assert not files


@pytest.mark.parametrize("share", [0.0, 0.4])
def test_of_several_writes_the_first_is_taken_back(monkeypatch, share):
    monkeypatch.setattr(old_values, "IN_MEMORY", share)
    variable = keras.Variable(keras.ops.ones((3, 5)))
    pairs = [
        (variable, keras.ops.full((3, 5), 2.0)),
        (variable, keras.ops.zeros((3, 5))),
    ]
    with pytest.raises(ZeroDivisionError):
        fail_after(pairs)
    assert (values(variable) == 1).all()


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, MemoryError])
def test_a_model_goes_back_from_a_file(files, monkeypatch, error):
    model = dense(5, 6, 4, 3)
    before = weights(model)
    variable = model.weights[-1]
    whole, calls = variable.assign, []

    def failing(value):
        calls.append(value)
        if len(calls) == 1:
            raise error("half-way")
        whole(value)

    monkeypatch.setattr(variable, "assign", failing)
    with pytest.raises(error, match="half-way"):
        initialize(model, "he_normal", seed=7)
    assert same(before, weights(model))
    assert files


def test_a_function_sees_the_model_as_it_was():
    """Also where the weights before it in the model are set first."""
    model = dense(5, 6, 4)
    before, seen = weights(model), []

    def looking(shape, dtype):
        seen.append(weights(model))
        return keras.ops.ones(shape, dtype)

    initialize(model, {"dense[1]": looking, "*": "he_normal"}, seed=7)
    assert len(seen) == 1
    assert same(before, seen[0])
    assert not same(before, weights(model))


def test_no_drawn_tensor_is_held_while_the_next_is_drawn(monkeypatch):
    model = dense(5, 6, 4, 3)
    tasks = plan.make_plan(model, rules.parse("he_normal"), None, None, 7).tasks
    alive, tensor = [], draw._tensor

    def noted(task, seed):
        assert all(reference() is None for reference in alive)
        values = tensor(task, seed)
        alive.append(weakref.ref(values))
        return values

    monkeypatch.setattr(draw, "_tensor", noted)
    count = 0
    for one in draw.draw_each(tasks, 7):
        count += 1
        del one
    assert count == len(alive) == len(tasks)
    alive.clear()
    with pytest.raises(
        ValueError, match="AssertionError"
    ):  # twin: the check notices what is held
        draw.draw_all(tasks, 7)
