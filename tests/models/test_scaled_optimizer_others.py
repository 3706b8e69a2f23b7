"""What the rest of the package does with a scaled optimizer."""

import keras
import numpy as np
import pytest

import keras_inits
from keras_inits.models import optimizer_step

SCALES = {"*hidden/kernel": (0.25, 4.0), "*head/*": 0.5}


def compiled(optimizer):
    keras.utils.set_random_seed(1)
    dense = [keras.layers.Dense(8, "relu", name="hidden")]
    dense += [keras.layers.Dense(3, name="head")]
    model = keras.Sequential([keras.Input((5,)), *dense])
    model.compile(optimizer, "mse")
    return model


def data():
    random = np.random.default_rng(3)
    return (
        random.normal(size=(32, 5)).astype("float32"),
        random.normal(size=(32, 3)).astype("float32"),
    )


def values(variables):
    return [keras.ops.convert_to_numpy(v) for v in variables]


@pytest.mark.parametrize("is_built", [False, True])
@pytest.mark.parametrize("others", [{}, {"gradient_accumulation_steps": 2}])
def test_the_step_that_is_foretold(is_built, others):
    """By a copy, without moving a weight: what `apply` then does."""
    adam = keras.optimizers.AdamW(0.01, weight_decay=0.1, **others)
    model = compiled(keras_inits.scaled_optimizer(adam, SCALES))
    own, optimizer = model.trainable_variables, model.optimizer
    random = np.random.default_rng(0)
    given = [keras.ops.convert_to_tensor(random.normal(size=v.shape)) for v in own]
    given = [keras.ops.cast(g, "float32") for g in given]
    repeats = others.get("gradient_accumulation_steps", 1)
    for _ in range(2 * repeats if is_built else 0):
        optimizer.apply(given, own)
    before = values(own)
    rate = optimizer_step.rate(optimizer, own)
    found = dict(optimizer_step.new_values(optimizer, own, given, 1.0, rate))
    for one, other in zip(values(own), before, strict=True):
        np.testing.assert_array_equal(one, other)
    for _ in range(repeats):
        optimizer.apply(given, own)
    for number, variable in enumerate(values(own)):
        foretold = keras.ops.convert_to_numpy(found[number])
        np.testing.assert_allclose(foretold, variable, rtol=1e-5, atol=1e-6)


def test_it_is_reset_with_the_weights():
    """Slots of all groups, and steps counted; the rate stays."""
    adam = keras.optimizers.AdamW(0.01, weight_decay=0.1)
    model = compiled(keras_inits.scaled_optimizer(adam, SCALES))
    model.fit(*data(), verbose=0)
    model.optimizer.learning_rate = 0.5
    keras_inits.initialize(model, "auto", seed=0, optimizer=True)
    for variable, value in zip(
        model.optimizer.variables, values(model.optimizer.variables), strict=True
    ):
        wanted = 0.5 if variable.name == "learning_rate" else 0
        np.testing.assert_array_equal(value, np.full(value.shape, wanted))


def test_it_is_diagnosed():
    model = compiled(keras_inits.scaled_optimizer("adam", SCALES))
    before = values(model.trainable_variables)
    found = keras_inits.diagnose(model, *data())
    assert found.verdict == "healthy"
    for one, other in zip(values(model.trainable_variables), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_has_no_gradient_stays():
    model = compiled(keras_inits.scaled_optimizer("sgd", SCALES))
    own = model.trainable_variables
    before = values(own)
    given = [keras.ops.ones(own[0].shape), None, None, None]
    with pytest.warns(UserWarning, match=r"no gradient and stay: \['.*hidden/bias'"):
        model.optimizer.apply(given, own)
    for one, other in zip(values(own)[1:], before[1:], strict=True):
        np.testing.assert_array_equal(one, other)
    assert (values(own)[0] != before[0]).all()
