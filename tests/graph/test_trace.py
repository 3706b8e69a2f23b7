"""Graphs of nested, wrapped and subclassed models; reading them changes nothing."""

import threading

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_inits.graph import consumers, symbolic
from keras_inits.graph.trace import trace
from support.small_graphs import followed, functional, named, stack

Dense = layers.Dense
IMAGE = (8, 8, 4)


class Unreadable(layers.Layer):
    """Code that wants values."""

    def __init__(self):
        super().__init__()
        self.inner = Dense(3, activation="tanh", name="inner")
        self.other = Dense(3, name="other")

    def build(self, shape):
        self.inner.build(shape)
        self.other.build((None, 3))

    def compute_output_spec(self, x):
        return keras.KerasTensor((*x.shape[:-1], 3))

    def call(self, x):
        if isinstance(x, keras.KerasTensor):
            raise TypeError("no values")
        return ops.relu(self.other(self.inner(x)))


class Subclassed(keras.Model):
    """A model that keeps no graph."""

    def __init__(self):
        super().__init__()
        self.first = Dense(4)
        self.attention = layers.MultiHeadAttention(2, 4)
        self.last = Dense(3)

    def call(self, x, training=False):
        x = ops.silu(self.first(x))
        return ops.tanh(self.last(x + self.attention(x, x)))


def test_a_subclassed_model_is_read_from_its_code():
    """Called on data, with nothing kept but the shapes."""
    model = Subclassed()
    model(np.zeros((2, 5, 6), "float32"))
    found = followed(model)
    assert (found["first/kernel"].name, found["last/kernel"].name) == ("silu", "tanh")
    output = found["attention/attention_output/kernel"]
    assert output.kind == consumers.KERNEL_NEXT


class ByName(keras.Model):
    """A model of a dictionary of inputs."""

    def __init__(self):
        super().__init__()
        self.left, self.right = Dense(4), Dense(4)

    def call(self, inputs):
        return ops.relu(self.left(inputs["left"]) + self.right(inputs["right"]))


def test_a_model_of_named_inputs():
    """Each input has its own shape."""
    model = ByName()
    model({"left": np.zeros((2, 3), "float32"), "right": np.zeros((2, 5), "float32")})
    assert {f.name for f in followed(model).values()} == {"relu"}


def inner():
    """A model to go into others."""
    convolution = layers.Conv2D(4, 3, name="first")
    flat = [layers.ReLU(), layers.Flatten(), Dense(5, name="last")]
    return stack(convolution, layers.BatchNormalization(), *flat, shape=IMAGE)


class Holder(layers.Layer):
    """A layer that calls a model."""

    def __init__(self):
        super().__init__()
        self.held = inner()

    def build(self, shape):
        pass

    def call(self, x):
        return self.held(x)


NESTED = {
    "Sequential": (lambda: [inner()], IMAGE),
    "Functional": (lambda: [functional(inner(), IMAGE)], IMAGE),
    "own layer": (lambda: [Holder()], IMAGE),
    "TimeDistributed": (lambda: [layers.TimeDistributed(inner())], (None, *IMAGE)),
    "long TimeDistributed": (lambda: [layers.TimeDistributed(inner())], (999, *IMAGE)),
}


@pytest.mark.parametrize(("make", "shape"), NESTED.values(), ids=NESTED)
def test_models_inside_models(make, shape):
    """The signal goes in, and out again to what follows."""
    found = followed(stack(*make(), layers.Activation("tanh"), shape=shape))
    first, last = found.values()
    assert (first.name, last.name) == ("relu", "tanh")


def test_what_follows_may_be_inside_a_model():
    """The signal goes in where the inner model's code begins."""
    later = stack(layers.Activation("tanh"), Dense(3, name="last"), shape=(4,))
    assert named(stack(Dense(4, name="first"), later), "first").name == "tanh"


def test_inputs_of_inner_models_go_by_their_names():
    """Not by the order in which a dictionary happens to have them."""
    left, right = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    both = Dense(3, name="last")(ops.tanh(left) - ops.silu(right))
    held = keras.Model({"right": right, "left": left}, both)

    def held_by_name(x):
        return held({"left": Dense(4, name="l")(x), "right": Dense(4, name="r")(x)})

    model = functional(held_by_name)
    assert (named(model, "l/").name, named(model, "r/").name) == ("tanh", "silu")


def test_a_wrapper_passes_on():
    """SpectralNormalization's own vector is no kernel."""
    wrapped = layers.SpectralNormalization(Dense(4, name="first"))
    model = stack(wrapped, layers.Activation("tanh"))
    assert [f.name for f in followed(model).values()] == ["tanh"]


def test_a_recurrent_cell_of_ones_own():
    """Its code is read for one step."""

    class Cell(layers.Layer):
        def __init__(self):
            super().__init__()
            self.state_size = 3
            self.input_map, self.state_map = Dense(3), Dense(3)

        def build(self, shape):
            self.input_map.build(shape)
            self.state_map.build((None, 3))

        def call(self, x, states):
            h = ops.tanh(self.input_map(x) + self.state_map(states[0]))
            return h, [h]

    model = stack(layers.RNN(Cell()), Dense(2, name="last"), shape=(4, 5))
    *cell, last = followed(model).values()
    assert [f.name for f in cell] == ["tanh", "tanh"]
    assert last.kind == consumers.OUTPUT


def test_code_that_cannot_be_read_is_said_to_be():
    """What a layer says of itself still counts."""
    found = followed(stack(Dense(4, name="first"), Unreadable(), Dense(3)))
    before, own, other, _ = found.values()
    assert before.kind == consumers.UNKNOWN
    assert (own.name, own.note) == ("tanh", "")
    assert (other.kind, other.note) == (
        consumers.UNKNOWN,
        "what follows could not be read",
    )


def test_a_model_without_a_call_is_read_by_its_parts():
    """As in an autoencoder with a training step of its own."""

    class Autoencoder(keras.Model):
        def __init__(self):
            super().__init__()
            self.encoder = stack(Dense(4, activation="gelu"), Dense(2))
            self.decoder = stack(Dense(4), layers.ReLU(), Dense(6), shape=(2,))

        def build(self, shape):
            pass

    model = Autoencoder()
    model.build((None, 6))
    kinds = [f.name or f.kind for f in followed(model).values()]
    assert kinds == ["gelu", "output", "relu", "output"]


def test_reading_leaves_no_trace():
    """Records of calls, states and outputs of layers are what they were."""
    block = Subclassed()
    start = keras.Input((5, 6))
    model = keras.Model(start, layers.Dropout(0.5, name="drop")(block(start)))
    calls = [len(x._inbound_nodes) for x in block._flatten_layers()]
    outputs = [len(x._outbound_nodes) for x in block._flatten_layers()]
    plain, output = layers.Layer.__call__, block.output
    state = ops.convert_to_numpy(model.get_layer("drop").seed_generator.state)
    trace(model)
    assert [len(x._inbound_nodes) for x in block._flatten_layers()] == calls
    assert [len(x._outbound_nodes) for x in block._flatten_layers()] == outputs
    assert block.output is output
    assert layers.Layer.__call__ is plain
    after = ops.convert_to_numpy(model.get_layer("drop").seed_generator.state)
    np.testing.assert_array_equal(after, state)


def test_reading_changes_no_state():
    """A layer that counts its calls in a variable has counted none."""

    class Counting(layers.Layer):
        def __init__(self):
            super().__init__()
            self.inner = Dense(3)
            self.count = self.add_weight(shape=(), initializer="zeros", name="count")

        def build(self, shape):
            self.inner.build(shape)

        def call(self, x):
            self.count.assign_add(1.0)
            return ops.relu(self.inner(x))

    layer = Counting()
    model = stack(layer)
    before = ops.convert_to_numpy(layer.count)
    assert [f.name for f in followed(model).values()] == ["relu"]
    assert ops.convert_to_numpy(layer.count) == before


def test_reading_builds_no_layer():
    """An inner layer that waits for its first call still waits."""

    class Waiting(layers.Layer):
        def __init__(self):
            super().__init__()
            self.first, self.later = Dense(3), Dense(4)

        def build(self, shape):
            self.first.build(shape)

        def compute_output_spec(self, x):
            return keras.KerasTensor((*x.shape[:-1], 3))

        def call(self, x):
            y = self.first(x)
            return self.later(y) if isinstance(y, keras.KerasTensor) else y

    layer = Waiting()
    trace(stack(layer))
    assert not layer.later.built
    assert layer.later.weights == []


def test_other_threads_build_models_as_ever():
    """Inner layers are open to the thread only that reads."""
    models = []

    def build():
        models.append(stack(Holder(), shape=IMAGE))

    with symbolic._inner_layers_open():
        thread = threading.Thread(target=build)
        thread.start()
        thread.join()
    assert [type(x).__name__ for x in models[0].layers] == ["Holder"]


class Hidden(layers.Layer):
    """Code that computes with its kernel before anything symbolic sees it."""

    def build(self, shape):
        self.kernel = self.add_weight(shape=(4, 4), name="kernel")
        self.calls = 0

    def call(self, x):
        self.calls += 1
        return x + ops.sum(ops.convert_to_tensor(self.kernel), axis=0)


def test_code_that_hides_its_kernels_is_read_once():
    """Another size of its inputs would show no more."""
    hidden = Hidden()
    inputs = keras.Input((None, 4))
    model = keras.Model(inputs, Dense(3)(hidden(inputs)))
    hidden.calls = 0
    graph = trace(model)
    assert hidden.calls == 1
    assert any(step.operation is hidden for step in graph.steps)
