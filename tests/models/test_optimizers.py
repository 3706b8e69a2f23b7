"""The state of an optimizer starts anew, and the one in use is not touched by that."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_inits.models import optimizers
from support.model_zoo import dense


def trained(optimizer):
    """A model after two steps."""
    model = dense(5, 6)
    model.compile(optimizer, "mse")
    model.fit(np.ones((8, 5)), np.ones((8, 6)), batch_size=4, verbose=0)
    return model


def test_a_model_that_is_not_compiled_has_none():
    assert optimizers.of_model(dense(5, 6)) == []


def test_optimizers_in_attributes_are_found_once():
    model = trained("adam")
    model.second = keras.optimizers.SGD()
    model.same = model.optimizer
    found = optimizers.of_model(model)
    assert [type(one).__name__ for one in found] == ["Adam", "SGD"]


@pytest.mark.parametrize("name", ["adam", "rmsprop", "adagrad", "ftrl"])
def test_initial_values_are_those_of_a_fresh_one(name):
    """Also where slots start at another number than zero, as Adagrad's and Ftrl's."""
    used = trained(name).optimizer
    other = keras.optimizers.get(name)
    other.build(used._trainable_variables)
    copy = optimizers.fresh_copy(used)
    pairs = list(optimizers.initial_values(used, copy))
    assert [variable for variable, _ in pairs] == list(used.variables)
    changed = 0
    for (variable, value), fresh in zip(pairs, other.variables, strict=True):
        value, fresh = map(ops.convert_to_numpy, (value, fresh))
        np.testing.assert_array_equal(value, fresh)
        changed += not np.array_equal(ops.convert_to_numpy(variable), fresh)
    assert changed > 1  # iterations, and slots


def test_the_learning_rate_stays():
    used = trained(keras.optimizers.SGD(0.1, momentum=0.5)).optimizer
    used.learning_rate = 0.025
    copy = optimizers.fresh_copy(used)
    (rate,) = [
        value
        for variable, value in optimizers.initial_values(used, copy)
        if variable is used._learning_rate
    ]
    assert float(ops.convert_to_numpy(rate)) == pytest.approx(0.025)
    assert copy.momentum == 0.5


def test_a_schedule_is_handed_on_whole():
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    used = keras.optimizers.SGD(schedule)
    assert optimizers.fresh_copy(used)._learning_rate is schedule


class Closed(keras.optimizers.SGD):
    """Its configuration is of no use."""

    def get_config(self):
        """Fails."""
        raise NotImplementedError("not kept")


def test_an_optimizer_that_cannot_be_copied_is_refused_with_a_way_out():
    with pytest.raises(ValueError, match=r"not kept Received: .*Pass optimizer=False"):
        optimizers.fresh_copy(Closed())
