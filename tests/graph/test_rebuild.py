"""A layer's initializers are found by building it once more, without a trace."""

import random

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_inits._utils import keras_private
from keras_inits.graph import rebuild
from keras_inits.graph.rebuild import initializers_of
from keras_inits.graph.weights import own_variables


class Mixed(layers.Layer):
    """Asks for initializers in every way that `add_weight` takes."""

    def __init__(self, width=3, **kwargs):
        super().__init__(**kwargs)
        self.width = width

    def build(self, shape):
        """Five weights; two of them without `add_weight`."""
        start = keras.initializers.Constant(2.5)
        self.named = self.add_weight(shape=(self.width,), initializer=start, name="a")
        self.placed = self.add_weight((self.width,), "ones", name="b")
        self.unnamed = self.add_weight(shape=(shape[-1], self.width), name="c")
        self.fixed = keras.Variable(ops.arange(self.width, dtype="float32"))
        self.drawn = keras.Variable(keras.random.normal((self.width,)))

    def get_config(self):
        """With the width."""
        return super().get_config() | {"width": self.width}


def built(layer, shape=(None, 4)):
    """The layer, with weights that were changed since."""
    layer.build(shape)
    for variable in layer.weights:
        variable.assign(variable + 7)
    return layer


def test_every_call_of_add_weight_is_recorded():
    layer = built(Mixed(width=5))
    found = initializers_of(layer)
    asked = [found[id(variable)] for variable in own_variables(layer)]
    by_name = dict(zip([v.name for v in own_variables(layer)], asked, strict=True))
    assert by_name["a"].value == 2.5
    assert type(by_name["b"]) is keras.initializers.Ones
    assert type(by_name["c"]) is keras.initializers.GlorotUniform  # Keras's for none


def test_a_variable_of_fixed_values_has_them_and_a_drawn_one_nothing():
    layer = built(Mixed(width=5))
    found = initializers_of(layer)
    assert np.array_equal(found[id(layer.fixed)].value, np.arange(5))
    assert found[id(layer.drawn)] is None


def test_nothing_of_the_layer_or_the_process_changes():
    layer = built(Mixed())
    before = [ops.convert_to_numpy(variable) for variable in layer.weights]
    names = dict(keras_private.private_state("object_name_uids"))
    random.seed(7)
    state = random.getstate()
    assert initializers_of(layer)
    assert random.getstate() == state
    assert keras_private.private_state("object_name_uids") == names
    for value, variable in zip(before, layer.weights, strict=True):
        np.testing.assert_array_equal(value, ops.convert_to_numpy(variable))


def test_a_large_layer_is_not_built_again(monkeypatch):
    layer = built(Mixed())
    monkeypatch.setattr(rebuild, "LARGEST", layer.count_params())
    assert initializers_of(layer)
    monkeypatch.setattr(rebuild, "LARGEST", layer.count_params() - 1)
    assert initializers_of(layer) == {}


class Closed(Mixed):
    """Nothing of it can be built from its configuration."""

    def get_config(self):
        """Of no use."""
        raise NotImplementedError


class Growing(Mixed):
    """A copy has other weights."""

    count = 0

    def build(self, shape):
        """Wider each time."""
        type(self).count += 1
        super().build((None, 4 + type(self).count))


@pytest.mark.parametrize("cls", [Growing])
def test_a_layer_that_is_built_otherwise_tells_nothing(cls):
    assert initializers_of(built(cls())) == {}


def test_constructor_arguments_that_keras_keeps_are_enough_without_a_config():
    layer = built(Closed(width=5))
    kept = getattr(layer, "_auto_config", None) is not None
    assert bool(initializers_of(layer)) is kept
