"""Small models, and what the reading of their graphs finds."""

import keras
from keras import layers

from keras_inits.graph.consumers import followers
from keras_inits.graph.trace import trace
from keras_inits.graph.weights import weights_of
from keras_inits.models.auto import choices


def stack(*steps, shape=(6,)):
    """A Sequential model."""
    return keras.Sequential([layers.Input(shape), *steps])


def functional(build, shape=(6,)):
    """A Functional model of one input."""
    start = keras.Input(shape)
    return keras.Model(start, build(start))


def followed(model):
    """What follows each kernel, by its path."""
    return followers(trace(model), weights_of(model))


def named(model, start):
    """What follows the only kernel whose path starts so."""
    found = [f for path, f in followed(model).items() if path.startswith(start)]
    assert len(found) == 1
    return found[0]


def chosen(model):
    """The choice for each kernel, by its path."""
    return choices(model, weights_of(model))
