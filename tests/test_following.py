"""What follows each kernel, however the model and the activation are written."""

import threading

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_inits.models import following, pointwise, symbolic
from keras_inits.models.following import followers
from keras_inits.models.tracing import trace
from keras_inits.models.walk import places

Dense = layers.Dense


def followed(model):
    """What follows each kernel, by its path."""
    return followers(trace(model), places(model))


def stack(*steps, shape=(6,)):
    """A Sequential model."""
    return keras.Sequential([layers.Input(shape), *steps])


def at(function, *numbers):
    """A function's results for some numbers."""
    return ops.convert_to_numpy(function(ops.convert_to_tensor([numbers])))[0]


def named(model, start):
    """What follows the only kernel whose path starts so."""
    found = [f for path, f in followed(model).items() if path.startswith(start)]
    assert len(found) == 1
    return found[0]


class Swish(layers.Layer):
    """An activation without a name."""

    def call(self, x):
        return x * ops.sigmoid(1.7 * x)


class Bent(layers.Layer):
    """A kernel and an activation in one layer."""

    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1], 5), name="w")
        self.b = self.add_weight(shape=(5,), name="b")

    def call(self, x):
        return ops.relu(ops.matmul(x, self.w) + self.b)


class Derived(Dense):
    """A layer of Keras's with more in its `call`."""

    def call(self, x):
        return ops.relu(super().call(x))


class RootMeanSquare(layers.Layer):
    """A normalization written by hand."""

    def build(self, shape):
        self.scale = self.add_weight(shape=shape[-1:], initializer="ones", name="scale")

    def call(self, x):
        mean = ops.mean(ops.square(x), axis=-1, keepdims=True)
        return x * ops.rsqrt(mean + 1e-6) * self.scale


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


def first(activation=None):
    """The layer whose follower is looked for."""
    return Dense(4, activation=activation, name="first")


RELUS = {
    "string": [first("relu")],
    "layer": [first(), layers.ReLU()],
    "activation layer": [first(), layers.Activation("relu")],
    "operation": [first(), layers.Lambda(lambda x: ops.relu(x))],
    "maximum": [first(), layers.Lambda(lambda x: ops.maximum(x, 0.0))],
    "callable": [first(lambda x: x * ops.cast(x > 0, x.dtype))],
    "PReLU": [first(), layers.PReLU()],  # its slope starts at 0
    "own kernel": [Bent(name="first")],
    "derived": [Derived(4, name="first")],
    "both halves": [first(), layers.Lambda(lambda x: (x + ops.abs(x)) / 2)],
}


@pytest.mark.parametrize("steps", RELUS.values(), ids=RELUS)
def test_an_activation_is_found_however_it_is_written(steps):
    """As a string, a layer, an operation, or arithmetic."""
    after = named(stack(*steps, Dense(3, name="last")), "first")
    assert after.kind == following.ACTIVATION
    np.testing.assert_allclose(at(after.function, -2.0, -0.5, 1.5), [0, 0, 1.5])
    assert after.after == (following.KERNEL_NEXT,)


@pytest.mark.parametrize(
    "written", [Swish(), layers.Lambda(lambda x: x * ops.sigmoid(1.7 * x))]
)
def test_an_activation_of_several_operations_is_one_function(written):
    """x * sigmoid(1.7 x) is neither a sigmoid nor a product of two signals."""
    after = named(stack(Dense(4, name="first"), written, Dense(3)), "first")
    z = np.array([-2.0, 0.3, 3.0])
    expected = z / (1 + np.exp(-1.7 * z))
    np.testing.assert_allclose(at(after.function, *z), expected, rtol=1e-5)


IMAGE = (8, 8, 4)
TRANSPARENT = {
    "BatchNormalization": layers.BatchNormalization(),
    "LayerNormalization": layers.LayerNormalization(),
    "GroupNormalization": layers.GroupNormalization(groups=2),
    "RMSNormalization": layers.RMSNormalization(),
    "UnitNormalization": layers.UnitNormalization(),
    "own normalization": RootMeanSquare(),
    "Dropout": layers.Dropout(0.5),
    "SpatialDropout2D": layers.SpatialDropout2D(0.5),
    "GaussianNoise": layers.GaussianNoise(0.5),
    "Reshape": layers.Reshape((36, 4)),
    "Flatten": layers.Flatten(),
    "Permute": layers.Permute((2, 1, 3)),
    "ZeroPadding2D": layers.ZeroPadding2D(1),
    "Cropping2D": layers.Cropping2D(1),
    "UpSampling2D": layers.UpSampling2D(2),
    "MaxPooling2D": layers.MaxPooling2D(2),
    "AveragePooling2D": layers.AveragePooling2D(2),
    "GlobalAveragePooling2D": layers.GlobalAveragePooling2D(),
    "Rescaling": layers.Rescaling(2.0, offset=0.5),
    "Identity": layers.Identity(),
    "linear": layers.Activation("linear"),
    "scaled": layers.Lambda(lambda x: 0.5 * x - 1),
}


@pytest.mark.parametrize("step", TRANSPARENT.values(), ids=TRANSPARENT)
def test_what_bends_nothing_is_passed_through(step):
    """The activation after it is the one that follows, and no other is seen."""
    model = stack(layers.Conv2D(4, 3, name="first"), step, layers.ReLU(), shape=IMAGE)
    after = named(model, "first")
    assert (after.kind, after.name) == (following.ACTIVATION, "relu")
    linear = stack(layers.Conv2D(4, 3, name="first"), step, shape=IMAGE)
    assert named(linear, "first").kind == following.OUTPUT


def test_the_way_ends_at_the_next_kernel():
    """An activation after it is that kernel's."""
    model = stack(Dense(4, name="first"), Dense(3, name="next"), layers.ReLU())
    assert named(model, "first").kind == following.KERNEL_NEXT
    assert named(model, "next").kind == following.ACTIVATION


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "sparsemax", "glu"])
def test_functions_of_many_numbers_at_once_have_no_gain(name):
    """As a string, and as an operation of its own."""
    model = stack(Dense(4, activation=name, name="first"), Dense(3))
    assert named(model, "first") == following.Following(following.SOFTMAX, name)
    bare = stack(Dense(4, name="first"), layers.Activation(name), Dense(3))
    assert named(bare, "first").kind != following.ACTIVATION


def test_softmax_as_a_layer():
    """It ends the way, too."""
    model = stack(Dense(4, name="first"), layers.Softmax())
    assert named(model, "first").kind == following.SOFTMAX


def functional(build, shape=(6,)):
    """A Functional model of one input."""
    start = keras.Input(shape)
    return keras.Model(start, build(start))


def test_a_product_of_two_signals_ends_the_way():
    """A gated unit: one factor is bent, the other linear."""

    def gated(x):
        return Dense(3)(ops.silu(Dense(4, name="gate")(x)) * Dense(4, name="up")(x))

    model = functional(gated)
    assert named(model, "gate").name == "silu"
    assert named(model, "gate").after == (following.PRODUCT,)
    assert named(model, "up").kind == following.PRODUCT


def test_queries_and_keys_end_in_a_product():
    """And so do values; the last kernel of attention is followed by what comes next."""

    def attend(x):
        return layers.ReLU()(layers.MultiHeadAttention(2, 4, name="mha")(x, x))

    model = functional(attend, (5, 6))
    for part in ("query", "key", "value"):
        assert named(model, f"mha/{part}").kind == following.PRODUCT
    output = [f for path, f in followed(model).items() if "output" in path]
    assert [f.name for f in output] == ["relu"]


def test_one_addition_is_passed_through():
    """As in a ResNet: convolution, sum, ReLU."""

    def residual(x):
        y = layers.BatchNormalization()(Dense(6, name="end")(x))
        y = layers.Activation("tanh")(x + y)
        return layers.Add()([y, Dense(6, name="two")(y)])

    model = functional(residual)
    assert named(model, "end").name == "tanh"
    assert named(model, "two").kind == following.OUTPUT


def test_a_second_addition_is_not():
    """The stream of a pre-activation network goes on through all blocks."""

    def residual(x):
        x = x + Dense(6, name="one")(layers.LayerNormalization()(x))
        x = x + Dense(6, name="two")(layers.LayerNormalization()(x))
        return layers.Activation("tanh")(x)

    after = named(functional(residual), "one")
    assert (after.kind, after.note) == (following.KERNEL_NEXT, "")


def test_joined_signals_go_on():
    """As in a DenseNet."""

    def joined(x):
        y = layers.Concatenate()([x, Dense(4, name="first")(x)])
        return Dense(2)(layers.Activation("elu")(y))

    assert named(functional(joined), "first").name == "elu"


def test_a_shared_layer_with_two_followers_says_so():
    """The first is taken."""
    shared = Dense(6, name="shared")

    def twice(x):
        return ops.tanh(shared(ops.relu(shared(x))))

    after = named(functional(twice), "shared")
    assert after.name == "relu"
    assert "tanh" in after.note


def test_followers_that_agree_need_no_note():
    """A shared layer whose users all are alike."""
    shared = Dense(6, name="shared")
    after = named(functional(lambda x: ops.relu(shared(ops.relu(shared(x))))), "shared")
    assert (after.name, after.note) == ("relu", "")


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
    assert output.kind == following.KERNEL_NEXT


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
    assert last.kind == following.OUTPUT


def test_the_two_kernels_of_a_separable_convolution():
    """Nothing bends the signal between them."""
    model = stack(layers.SeparableConv2D(4, 3, activation="relu"), shape=IMAGE)
    depthwise, pointwise_part = followed(model).values()
    assert depthwise.kind == following.KERNEL_NEXT
    assert pointwise_part.name == "relu"


def test_code_that_cannot_be_read_is_said_to_be():
    """What a layer says of itself still counts."""
    found = followed(stack(Dense(4, name="first"), Unreadable(), Dense(3)))
    before, own, other, _ = found.values()
    assert before.kind == following.UNKNOWN
    assert (own.name, own.note) == ("tanh", "")
    assert (other.kind, other.note) == (
        following.UNKNOWN,
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


def test_masks_and_indices_are_no_signals():
    """A comparison with zero is not what follows."""

    def masked(x):
        y = Dense(4, name="first")(x)
        mask = ops.cast(ops.not_equal(y, 0.0), "int32")
        return Dense(2)(layers.Activation("elu")(y)), mask

    after = named(functional(masked), "first")
    assert (after.name, after.note) == ("elu", "")


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


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (ops.tanh, True),
        (lambda x: ops.where(x > 1, x, -x), True),
        (lambda x: ops.softmax(x, axis=-1), False),
        (lambda x: x - ops.mean(x), False),  # the same for every order of numbers
        (lambda x: x * ops.arange(8, dtype="float32"), False),  # each by itself only
        (lambda x: ops.reshape(x, (4, 16)), False),
        (lambda x: ops.argmax(x, axis=-1), False),
        (lambda x: x > 0, False),
        (lambda x: x.no_such_thing, False),
    ],
)
def test_pointwise_functions_treat_each_number_alike_and_by_itself(function, expected):
    """Either alone is not enough."""
    assert pointwise.is_pointwise(function) is expected


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x: 3 * x - 2, True),
        (lambda x: 0 * x, True),
        (ops.relu, False),
        (ops.square, False),
        (ops.log, False),  # not finite
    ],
)
def test_straight_lines_bend_nothing(function, expected):
    """Whatever their slope and their height."""
    assert pointwise.is_straight(pointwise.values(function)) is expected


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (ops.sigmoid, True),
        (keras.activations.hard_sigmoid, True),
        (lambda x: ops.relu6(x + 3) / 6, True),
        (ops.tanh, False),
        (ops.relu6, False),
        (lambda x: ops.sigmoid(-x), False),
    ],
)
def test_gates_rise_from_zero_to_one(function, expected):
    """By what they do, not by their names."""
    assert pointwise.is_gate(pointwise.values(function)) is expected
