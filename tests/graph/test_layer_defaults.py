"""What a layer's own code starts each weight with, as far as that draws nothing."""

import keras
import numpy as np
import pytest
from keras import layers

import keras_inits
from keras_inits.graph.layer_defaults import (
    LayerDefaults,
    deterministic,
    filling,
    is_keras_s,
    present,
    translated,
)
from keras_inits.graph.weights import weights_of
from support.model_zoo import Scale


def starts(layer, shape=(None, 4)):
    """What `LayerDefaults` says of each weight, as text, by the weight's name."""
    if not layer.built:
        layer.build(shape)
    defaults = LayerDefaults()
    return {info.name: repr(defaults.start(info)) for info in weights_of(layer)}


def test_keras_s_attributes_tell_the_start():
    layer = layers.Dense(3, bias_initializer=keras.initializers.Constant(-2.0))
    assert starts(layer) == {"kernel": "None", "bias": "Constant(value=-2.0)"}
    assert starts(layers.BatchNormalization()) == {
        "gamma": "Ones()",
        "beta": "Zeros()",
        "moving_mean": "Zeros()",
        "moving_variance": "Ones()",
    }


def test_a_layer_of_anybody_s_is_asked_by_building_it_once_more():
    assert starts(Scale(1e-3)) == {"factor": "Constant(value=0.001)"}


def test_the_forget_gate_is_part_of_the_start():
    layer = layers.LSTM(2, bias_initializer="ones")
    layer.build((None, 3, 4))
    (bias,) = [info for info in weights_of(layer) if info.name == "bias"]
    start = LayerDefaults().start(bias)
    assert keras.ops.convert_to_numpy(start((8,))).tolist() == [1, 1, 1, 1, 1, 1, 1, 1]
    layer = layers.LSTM(2)
    layer.build((None, 3, 4))
    (bias,) = [info for info in weights_of(layer) if info.name == "bias"]
    assert keras.ops.convert_to_numpy(LayerDefaults().start(bias)((8,))).tolist() == [
        *(0, 0, 1, 1, 0, 0, 0, 0)
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "Zeros()"),
        (1.0, "Ones()"),
        (0.5, "Constant(value=0.5)"),
        ([0.0, 0.0], "Zeros()"),
        ([2.0, 2.0], "Constant(value=2.0)"),
    ],
)
def test_what_is_one_number_is_filled_by_it(value, expected):
    assert repr(filling(np.array(value), (2,))) == expected


def test_what_is_not_one_number_is_filled_by_the_array():
    scheme = filling(np.array([1.0, 2.0]), (3, 2))
    assert keras.ops.convert_to_numpy(scheme((3, 2))).tolist() == [
        [1, 2],
        [1, 2],
        [1, 2],
    ]


def test_what_draws_has_no_fixed_start():
    assert deterministic(keras.initializers.RandomNormal(), (2,)) is None
    assert deterministic(keras_inits.HeNormal(), (2, 3)) is None
    assert deterministic(lambda shape, dtype: None, (2,)) is None
    ones = keras_inits.Ones()
    assert deterministic(ones, (2,)) is ones


def test_keras_s_initializers_become_those_of_this_package():
    own = keras.initializers.VarianceScaling(2.0, "fan_out", "uniform", seed=3)
    found = translated(own)
    assert type(found) is keras_inits.VarianceScaling
    assert (found.scale, found.mode, found.seed) == (2.0, "fan_out", None)

    def function(shape, dtype=None):
        """Of this module."""

    assert translated(function) is function


def test_a_weight_of_one_number_is_known_by_its_present_values():
    layer = layers.Dense(3)
    layer.build((None, 4))
    kernel, bias = weights_of(layer)
    assert present(kernel) is None
    assert repr(present(bias)) == "Zeros()"
    layer.bias.assign([2.0, 2.0, 2.0])
    assert repr(present(bias)) == "Constant(value=2.0)"
    layer.bias.assign([2.0, 2.0, 3.0])
    assert present(bias) is None


def test_keras_s_own_layers_are_told_from_derived_ones():
    class Derived(layers.Dense):
        """Anybody's."""

    assert is_keras_s(layers.Dense(2))
    assert not is_keras_s(Derived(2))
