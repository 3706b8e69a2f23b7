"""What the installed Keras, oldest or newest, still has of its private state."""

import keras
import pytest

from keras_inits._utils import keras_private


def functional():
    """A model with a layer inside a layer."""
    inputs = keras.Input((4,))
    inner = keras.Sequential([keras.layers.Dense(3)])
    return keras.Model(inputs, inner(inputs))


def test_the_installed_keras_has_all_that_is_used():
    """Every getter gives the private thing, not its fallback."""
    model, dense = functional(), keras.layers.Dense(3)
    assert keras_private.global_state is not None
    with keras.name_scope("outer"):
        assert keras_private.private_state("name_scope_stack")
        assert keras_private.current_stream() == "outer"
    assert keras_private.private_state("object_name_uids") is not None
    with keras.saving.custom_object_scope({"tests_thing": object}):
        assert "tests_thing" in keras_private.private_state("custom_objects_scope_dict")
    (cell,) = keras_private.conv_lstm_cells()
    layer = keras.layers.ConvLSTM2D(3, 2)
    assert type(layer.cell) is cell
    assert keras_private.is_of_keras(keras.layers.Dense, "layers")
    assert keras_private.is_of_keras(cell)
    assert not keras_private.is_of_keras(type("Own", (), {}))
    assert hasattr(model, "_flatten_layers")
    assert len(keras_private.flat_layers(model)) == 5
    assert hasattr(dense, "_call_signature")
    assert keras_private.call_parameters(dense)[0] == "inputs"
    assert len(keras_private.call_records([dense])) == 2
    assert len(keras_private.calls_between(model.inputs, model.outputs)) == 1
    if keras.backend.backend() == "torch":
        assert keras_private._private("backend.torch.core", "get_device") is not None


class Bare:
    """A layer of a Keras without private attributes."""

    def __init__(self, *layers):
        self.layers = layers

    def call(self, inputs, mask=None):
        """Two arguments."""


def test_without_it_each_fallback_gives_less(monkeypatch):
    inner, outer = Bare(), Bare(Bare(), Bare())
    assert len(keras_private.flat_layers(outer)) == 3
    assert keras_private.call_parameters(inner) == ["inputs", "mask"]
    assert keras_private.call_records([inner]) == []
    assert keras_private.calls_between([], [keras.ops.ones((2,))]) == []
    monkeypatch.setattr(keras_private, "_private", lambda *names: None)
    monkeypatch.setattr(keras_private, "global_state", None)
    assert keras_private.conv_lstm_cells() == []
    assert keras_private.private_state("name_scope_stack") is None
    assert keras_private.current_stream() == ""
    pytest.importorskip("torch")
    assert keras_private.torch_device_getter()() in ("cpu", "cuda")


def test_what_keras_lacks_is_none():
    assert keras_private._private("no.such.module", "thing") is None
    assert keras_private._private("backend.common", "no_such_thing") is None
