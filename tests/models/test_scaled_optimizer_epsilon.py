"""A multiplier of epsilon: a step at its multiple is that step, by hand too."""

import json

import keras
import numpy as np
import pytest

import keras_inits

RATE, DECAY, EPSILON = 0.0625, 0.125, 0.5  # an epsilon as large as the gradients
SCALES = {"a": (0.25, 4.0, 0.25), "b": (2.0, 0.5, 8.0), "c": (1.0, 1.0)}
SHAPES = {"a": (5, 3), "b": (4, 6), "c": (7, 2)}
ADAMS = [
    name
    for name in ("Adam", "AdamW", "Nadam", "Adamax", "ScheduleFreeAdamW")
    if hasattr(keras.optimizers, name)
]


def made(name, rate=1.0, decay=1.0, epsilon=1.0):
    cls = getattr(keras.optimizers, name)
    return cls(RATE * rate, weight_decay=DECAY * decay, epsilon=EPSILON * epsilon)


def arrays(seed):
    random = np.random.default_rng(seed)
    return [random.normal(size=shape).astype("float32") for shape in SHAPES.values()]


def variables():
    return [keras.Variable(x, name=n) for n, x in zip(SHAPES, arrays(1), strict=True)]


def moved(optimizer, own, numbers=(0, 1, 2), steps=3):
    """The variables after some steps."""
    for step in range(steps):
        given = arrays(2 + step)
        optimizer.apply([keras.ops.convert_to_tensor(given[n]) for n in numbers], own)
    return [keras.ops.convert_to_numpy(variable) for variable in own]


@pytest.mark.parametrize("name", ADAMS)
def test_a_variable_moves_as_at_its_own_epsilon(name):
    """Twin: at the common epsilon it would not."""
    found = moved(keras_inits.scaled_optimizer(made(name), SCALES), variables())
    for number, numbers in enumerate(SCALES.values()):
        (alone,) = moved(made(name, *numbers), [variables()[number]], [number])
        np.testing.assert_allclose(found[number], alone, rtol=2e-6, atol=1e-7)
        (other,) = moved(made(name, *numbers[:2]), [variables()[number]], [number])
        assert np.allclose(found[number], other, rtol=1e-3) == (number == 2)


def by_hand(number, steps=3, beta=(0.9, 0.999)):
    """AdamW in NumPy, with Keras's place of epsilon, at a variable's multiples."""
    rate, decay, epsilon, *_ = (*SCALES["abc"[number]], 1.0)
    weight = arrays(1)[number].astype("float64")
    mean = square = np.zeros_like(weight)
    for step in range(steps):
        gradient = arrays(2 + step)[number]
        weight = weight * (1 - RATE * rate * DECAY * decay)
        mean = beta[0] * mean + (1 - beta[0]) * gradient
        square = beta[1] * square + (1 - beta[1]) * gradient**2
        size = (1 - beta[1] ** (step + 1)) ** 0.5 / (1 - beta[0] ** (step + 1))
        moved_by = mean * size / (np.sqrt(square) + EPSILON * epsilon)
        weight = weight - RATE * rate * moved_by
    return weight


def test_by_hand():
    found = moved(keras_inits.scaled_optimizer(made("AdamW"), SCALES), variables())
    for number, one in enumerate(found):
        np.testing.assert_allclose(one, by_hand(number), rtol=1e-5, atol=1e-6)


def test_a_config_keeps_it():
    optimizer = keras_inits.scaled_optimizer(made("AdamW"), SCALES)
    moved(optimizer, variables(), steps=1)
    told = json.loads(json.dumps(keras.saving.serialize_keras_object(optimizer)))
    again = keras.saving.deserialize_keras_object(told)
    assert again.get_config() == optimizer.get_config()
    fresh = keras_inits.scaled_optimizer(made("AdamW"), SCALES)
    for one, other in zip(
        moved(again, variables()), moved(fresh, variables()), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_two_numbers_of_an_older_file_are_read():
    """Files of optimizers without a third multiplier have two numbers."""
    optimizer = keras_inits.scaled_optimizer(made("Adam"), {"a": (0.25, 4.0)})
    optimizer.build(variables())
    told = optimizer.get_config()
    told["multipliers"] = [[path, one[:2]] for path, one in told["multipliers"]]
    told["built_for"] = [[shape, one[:2]] for shape, one in told["built_for"]]
    again = type(optimizer).from_config(told)
    again.build(variables())
    assert again.get_config() == optimizer.get_config()


@pytest.mark.parametrize("name", ["SGD", "RMSprop", "Adagrad", "Lion", "Adadelta"])
def test_what_has_no_such_epsilon_is_refused(name):
    """Twin: a multiplier of 1 asks for nothing.

    No advice to leave it out: rates that were folded for Adam would be wrong, too.
    """
    words = rf"for Adam and its like.* Received: 'b': \(1.0, 1.0, 0.5\) for {name}"
    with pytest.raises(ValueError, match=words) as caught:
        keras_inits.scaled_optimizer(name, {"a": 0.5, "b": (1, 1, 0.5)})
    assert "leave" not in str(caught.value)
    assert all(one in str(caught.value) for one in ADAMS)
    assert "recipes.completep are for them as a whole" in str(caught.value)
    keras_inits.scaled_optimizer(name, {"b": (1, 2, 1)})


@pytest.mark.parametrize("value", [(1, 1, -1), (1, 1, float("nan"))])
def test_a_bad_epsilon_is_refused(value):
    with pytest.raises(ValueError, match="`epsilon of 'a'` is a multiplier"):
        keras_inits.scaled_optimizer("adam", {"a": value})
