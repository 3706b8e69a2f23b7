"""Kernels that make predictions, and those that make features."""

import keras
import pytest
from keras import layers, ops

from keras_inits.graph.heads import heads
from keras_inits.graph.trace import trace
from keras_inits.graph.weights import weights_of
from support.small_graphs import functional

Dense = layers.Dense


def found(model):
    """Path of the layer and kind of each head."""
    read = heads(trace(model), weights_of(model))
    return {head.path.rpartition("/")[0]: head.kind for head in read}


def body(x):
    """A hidden layer."""
    return Dense(7, "relu", name="body")(x)


ENDS = {
    "linear": (lambda x: Dense(3, name="head")(x), "linear"),
    "fused softmax": (lambda x: Dense(3, "softmax", name="head")(x), "softmax"),
    "softmax layer": (lambda x: layers.Softmax()(Dense(3, name="head")(x)), "softmax"),
    "softmax operation": (lambda x: ops.softmax(Dense(3, name="head")(x)), "softmax"),
    "fused sigmoid": (lambda x: Dense(1, "sigmoid", name="head")(x), "sigmoid"),
    "sigmoid layer": (
        lambda x: layers.Activation("sigmoid")(Dense(1, name="head")(x)),
        "sigmoid",
    ),
    "reshaped": (lambda x: layers.Reshape((3, 1))(Dense(3, name="head")(x)), "linear"),
    "scaled": (lambda x: layers.Rescaling(5.0)(Dense(3, name="head")(x)), "linear"),
    "dropped": (lambda x: layers.Dropout(0.1)(Dense(3, name="head")(x)), "linear"),
}


@pytest.mark.parametrize("end", ENDS)
def test_what_ends_a_model_is_a_head(end):
    build, kind = ENDS[end]
    assert found(functional(lambda x: build(body(x)))) == {"head": kind}


FEATURES = {
    "relu": lambda x: Dense(3, "relu")(x),
    "tanh": lambda x: Dense(3, "tanh")(x),
    "normalized": lambda x: layers.LayerNormalization()(Dense(3)(x)),
    "a sum": lambda x: x + Dense(7)(x),
    "a product": lambda x: x * ops.sigmoid(Dense(7)(x)),
}


@pytest.mark.parametrize("end", FEATURES)
def test_features_have_no_head(end):
    assert found(functional(lambda x: FEATURES[end](body(x)))) == {}


def test_convolutions_and_pooling_and_several_outputs():
    """Pooled predictions are predictions still."""

    def build(x):
        x = layers.Conv2D(5, 3, activation="relu")(x)
        pooled = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 1, name="map")(x))
        flat = layers.Flatten()(x)
        return [pooled, Dense(1, "sigmoid", name="score")(flat)]

    assert found(functional(build, (6, 6, 2))) == {"map": "linear", "score": "sigmoid"}


def test_a_frozen_layer_is_no_change_of_shape():
    """What it takes is no prediction, and it is a head still."""
    model = functional(lambda x: Dense(3, name="head")(Dense(5, name="middle")(x)))
    model.get_layer("head").trainable = False
    assert found(model) == {"head": "linear"}


def test_each_head_knows_its_output():
    start = keras.Input((6,))
    x = body(start)
    model = keras.Model(start, [Dense(3, name="one")(x), Dense(2, name="two")(x)])
    read = heads(trace(model), weights_of(model))
    assert [head.outputs for head in read] == [
        frozenset([id(output)]) for output in model.outputs
    ]


class Subclassed(keras.Model):
    """A head in a person's own code."""

    def __init__(self):
        super().__init__()
        self.body, self.head = Dense(7, "gelu"), Dense(3)

    def call(self, x):
        return ops.softmax(self.head(self.body(x)))


def test_subclassed_models_have_heads_too():
    model = Subclassed()
    model(ops.ones((2, 6)))
    assert found(model) == {"head": "softmax"}
