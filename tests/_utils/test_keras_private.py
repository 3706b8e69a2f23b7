"""What the installed Keras, oldest or newest, still has of its private state."""

import keras
import pytest

from keras_inits._utils import keras_private, variable_starts


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
    attention = keras.layers.MultiHeadAttention(2, 3)
    attention.build((None, 4, 5), (None, 4, 5))
    assert keras_private.query_of(attention) is not None
    assert hasattr(keras.Variable, "_initialize_with_initializer")  # `skip` and
    assert hasattr(keras.Variable, "_direct_assign")  # `missing`
    assert hasattr(model, "_flatten_layers")
    assert len(keras_private.flat_layers(model)) == 5
    assert hasattr(dense, "_call_signature")
    assert keras_private.call_parameters(dense)[0] == "inputs"
    assert len(keras_private.call_records([dense])) == 2
    assert len(keras_private.calls_between(model.inputs, model.outputs)) == 1
    assert keras_private._private("trainers.compile_utils", "CompileLoss") is not None
    model.compile("sgd", "mse", loss_weights=[2.0])
    assert keras_private.compiled_with(model) == ("mse", [2.0])
    assert "_compile_loss" in vars(model)
    assert isinstance(vars(model)["_losses"], list)
    assert isinstance(vars(model)["_loss_ids"], set)
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    assert keras_private.loss_arguments(loss)["from_logits"] is True
    if keras.backend.backend() == "tensorflow":
        output = keras.activations.softmax(keras.ops.ones((2, 3)))
        assert keras_private.kept_logits(output) is not None
    if keras.backend.backend() == "torch":
        assert keras_private._private("backend.torch.core", "get_device") is not None


def test_a_keras_without_the_hook_draws_within_skip(monkeypatch):
    """A variable starts as ever, and nothing is left behind."""
    private = type("Later", (), {})
    monkeypatch.setattr(keras, "Variable", private)
    with variable_starts.starting_variables(lambda *_: 1 / 0):
        pass
    assert not hasattr(private, "_initialize_with_initializer")


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
    summed = keras_private.compile_loss(["mse", "mae"], [1.0, 3.0], None, None)
    y, outputs = [keras.ops.zeros((2, 3))] * 2, [keras.ops.full((2, 3), 2.0)] * 2
    assert float(keras.ops.convert_to_numpy(summed(y, outputs, None))) == 4.0 + 6.0
    assert keras_private.private_state("name_scope_stack") is None
    assert keras_private.current_stream() == ""
    pytest.importorskip("torch")
    assert keras_private.torch_device_getter()() in ("cpu", "cuda")


def test_what_keras_lacks_is_none():
    assert keras_private._private("no.such.module", "thing") is None
    assert keras_private._private("backend.common", "no_such_thing") is None
