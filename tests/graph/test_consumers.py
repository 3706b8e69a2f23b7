"""What follows each kernel, however the activation is written."""

import numpy as np
import pytest
from keras import layers, ops

from keras_inits.graph import consumers
from support.small_graphs import followed, functional, named, stack

Dense = layers.Dense


def at(function, *numbers):
    """A function's results for some numbers."""
    return ops.convert_to_numpy(function(ops.convert_to_tensor([numbers])))[0]


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
    assert after.kind == consumers.ACTIVATION
    np.testing.assert_allclose(at(after.function, -2.0, -0.5, 1.5), [0, 0, 1.5])
    assert after.after == (consumers.KERNEL_NEXT,)


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
    assert (after.kind, after.name) == (consumers.ACTIVATION, "relu")
    linear = stack(layers.Conv2D(4, 3, name="first"), step, shape=IMAGE)
    assert named(linear, "first").kind == consumers.OUTPUT


def test_the_way_ends_at_the_next_kernel():
    """An activation after it is that kernel's."""
    model = stack(Dense(4, name="first"), Dense(3, name="next"), layers.ReLU())
    assert named(model, "first").kind == consumers.KERNEL_NEXT
    assert named(model, "next").kind == consumers.ACTIVATION


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "sparsemax", "glu"])
def test_functions_of_many_numbers_at_once_have_no_gain(name):
    """As a string, and as an operation of its own."""
    model = stack(Dense(4, activation=name, name="first"), Dense(3))
    assert named(model, "first") == consumers.Following(consumers.SOFTMAX, name)
    bare = stack(Dense(4, name="first"), layers.Activation(name), Dense(3))
    assert named(bare, "first").kind != consumers.ACTIVATION


def test_softmax_as_a_layer():
    """It ends the way, too."""
    model = stack(Dense(4, name="first"), layers.Softmax())
    assert named(model, "first").kind == consumers.SOFTMAX


def test_a_product_of_two_signals_ends_the_way():
    """A gated unit: one factor is bent, the other linear."""

    def gated(x):
        return Dense(3)(ops.silu(Dense(4, name="gate")(x)) * Dense(4, name="up")(x))

    model = functional(gated)
    assert named(model, "gate").name == "silu"
    assert named(model, "gate").after == (consumers.PRODUCT,)
    assert named(model, "up").kind == consumers.PRODUCT


def test_queries_and_keys_end_in_a_product():
    """And so do values; the last kernel of attention is followed by what comes next."""

    def attend(x):
        return layers.ReLU()(layers.MultiHeadAttention(2, 4, name="mha")(x, x))

    model = functional(attend, (5, 6))
    for part in ("query", "key", "value"):
        assert named(model, f"mha/{part}").kind == consumers.PRODUCT
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
    assert named(model, "two").kind == consumers.OUTPUT


def test_a_second_addition_is_not():
    """The stream of a pre-activation network goes on through all blocks."""

    def residual(x):
        x = x + Dense(6, name="one")(layers.LayerNormalization()(x))
        x = x + Dense(6, name="two")(layers.LayerNormalization()(x))
        return layers.Activation("tanh")(x)

    after = named(functional(residual), "one")
    assert (after.kind, after.note) == (consumers.KERNEL_NEXT, "")


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


def test_the_two_kernels_of_a_separable_convolution():
    """No nonlinearity stands between them."""
    model = stack(layers.SeparableConv2D(4, 3, activation="relu"), shape=IMAGE)
    depthwise, pointwise_part = followed(model).values()
    assert depthwise.kind == consumers.KERNEL_NEXT
    assert pointwise_part.name == "relu"


def test_masks_and_indices_are_no_signals():
    """A comparison with zero is not what follows."""

    def masked(x):
        y = Dense(4, name="first")(x)
        mask = ops.cast(ops.not_equal(y, 0.0), "int32")
        return Dense(2)(layers.Activation("elu")(y)), mask

    after = named(functional(masked), "first")
    assert (after.name, after.note) == ("elu", "")
