"""The way back from a tensor over few kernels, found as far as it is asked for."""

import keras
import pytest
from keras import layers

from keras_inits.graph.residual import Backwards, Near, backwards
from keras_inits.graph.trace import trace
from keras_inits.graph.weights import weights_of
from keras_inits.models.recipes.roles import anatomy
from support import recipe_models as models


def shared():
    """A model within, twice in a row: a graph that has no order."""
    x = inputs = keras.Input((6,))
    inner = keras.Sequential([keras.Input((6,)), layers.Dense(6), layers.ReLU()])
    for _ in range(2):
        x = x + layers.Dense(6)(inner(x))
    return keras.Model(inputs, x)


def nearer_later():
    """Over a kernel that is made late, and over none that is made early."""
    inputs = keras.Input((6,))
    x = layers.Dense(6)(inputs)
    y = layers.Concatenate()([x, layers.ReLU()(layers.ReLU()(x))])
    return keras.Model(inputs, layers.Dense(6)(y) + layers.ReLU()(x))


def read(model):
    graph = trace(model)
    return graph, backwards(graph, weights_of(model))


MODELS = {
    "transformer": lambda: models.transformer(2, gated=True),
    "convolutions": models.residual_cnn,
    "nearer later": nearer_later,
    "shared": shared,
}


@pytest.mark.parametrize("most", [0, 1])
@pytest.mark.parametrize("name", MODELS)
def test_near_is_all_within_a_distance(name, most):
    """Asked for one by one, for all at once, and in the other order."""
    graph, behind = read(MODELS[name]())
    assert (behind.order is None) == (name == "shared")
    tensors = {x for step in graph.steps for x in (*step.inputs, *step.outputs)}
    for start in tensors:
        expected = set(behind.distances(start, most))
        assert {*Near(behind, start, most).walk()} == expected
        for asked in (sorted(tensors), sorted(tensors, reverse=True)):
            near = Near(behind, start, most)
            assert {x for x in asked if x in near} == expected


@pytest.mark.parametrize("norm", ["pre", ""])
def test_work_grows_with_the_depth_and_no_faster(monkeypatch, norm):
    """Each block more costs the same."""
    calls = []
    own = Backwards.sources

    def counted(self, tensor):
        calls.append(tensor)
        return own(self, tensor)

    monkeypatch.setattr(Backwards, "sources", counted)
    counts = []
    for blocks in (4, 8, 12):
        model = models.transformer(blocks, norm)
        calls.clear()
        anatomy(model)
        counts.append(len(calls))
    assert counts[2] - counts[1] == counts[1] - counts[0]
