"""Where residual branches end."""

import keras
import pytest
from keras import layers, ops

from keras_inits.graph.residual import branch_ends, branches_before
from keras_inits.graph.streams import streams
from keras_inits.graph.trace import trace
from keras_inits.graph.weights import weights_of
from keras_inits.models.auto import ENDS_BRANCH
from support.small_graphs import chosen, functional

Dense = layers.Dense


def norm(name=None):
    """A normalization with a gain."""
    return layers.LayerNormalization(name=name)


def post_activation(x):
    """A block as in ResNet, and one with a projection."""
    for index, width in enumerate((6, 6, 8)):
        y = ops.relu(norm()(Dense(width, name=f"in_{index}")(x)))
        y = norm(f"norm_{index}")(Dense(width, name=f"end_{index}")(y))
        x = x if x.shape[-1] == width else norm()(Dense(width, name="shortcut")(x))
        x = ops.relu(layers.Add()([y, x]))
    return x


def pre_activation(x):
    """Blocks as in a transformer, without attention."""
    for index in range(3):
        y = Dense(9, activation="gelu", name=f"in_{index}")(norm()(x))
        x = x + layers.Dropout(0.1)(Dense(6, name=f"end_{index}")(y))
    return norm()(x)


def parallel(x):
    """Two branches of one place, both added."""
    y = norm()(x)
    x = x + Dense(6, name="end_0")(ops.relu(Dense(9, name="in_0")(y)))
    return x + Dense(6, name="end_1")(ops.relu(Dense(9, name="in_1")(y)))


def gated(x):
    """The end of a branch is what is gated, not the gate."""
    y = Dense(6, name="end_0")(ops.relu(Dense(6, name="in")(x)))
    return x + y * ops.sigmoid(Dense(6, name="gate")(y))


def towers(x):
    """A sum of two ways with as many kernels is no residual block."""
    return Dense(6, name="left")(x) + Dense(6, name="right")(x)


def joined(x):
    """Signals side by side are no sum."""
    return layers.Concatenate()([x, Dense(6)(x)])


def with_positions(x):
    """Numbers that are added, but come from nowhere."""
    return Dense(6)(x) + ops.cast(ops.not_equal(x, 0.0), "float32")


@pytest.mark.parametrize(
    ("build", "ends"),
    [
        (post_activation, ["end_0/kernel", "end_1/kernel", "end_2/kernel"]),
        (pre_activation, ["end_0/kernel", "end_1/kernel", "end_2/kernel"]),
        (parallel, ["end_0/kernel", "end_1/kernel"]),
        (gated, ["end_0/kernel"]),
        (towers, []),
        (joined, []),
        (with_positions, []),
    ],
)
def test_the_last_kernel_of_each_residual_branch_is_noted(build, ends):
    """And has the scheme that it would have had."""
    found = chosen(functional(build))
    noted = [path for path, c in found.items() if ENDS_BRANCH in c.note]
    assert sorted(noted) == ends


def test_the_gain_after_the_last_kernel_is_listed_too():
    """Where zero would make a block start as the identity."""
    model = functional(post_activation)
    ends = branch_ends(trace(model), weights_of(model))
    gains = [path for path in ends if path.endswith("gamma")]
    assert sorted(gains) == ["norm_0/gamma", "norm_1/gamma", "norm_2/gamma"]


def test_attention_ends_with_its_output():
    """Two branches in a block."""

    def block(x):
        x = x + layers.MultiHeadAttention(2, 4, name="attention")(norm()(x), norm()(x))
        return x + Dense(6, name="end")(ops.relu(Dense(9, name="in")(norm()(x))))

    found = chosen(functional(block, (5, 6)))
    noted = [path for path, c in found.items() if ENDS_BRANCH in c.note]
    assert len(noted) == 2
    assert "output" in noted[0]
    assert noted[1] == "end/kernel"


def test_a_model_of_two_inputs_has_no_branches():
    """Neither comes from the other, however many kernels each has."""
    left, right = keras.Input((6,)), keras.Input((6,))
    total = Dense(6)(ops.relu(Dense(6)(left))) + Dense(6)(right)
    found = chosen(keras.Model([left, right], total))
    assert not [c for c in found.values() if ENDS_BRANCH in c.note]


class Positions(layers.Layer):
    """A learned vector for each position, whatever is there."""

    def build(self, shape):
        self.table = self.add_weight(shape=shape[1:], name="embeddings")

    def call(self, x):
        return ops.broadcast_to(self.table, (2, *self.table.shape))


def test_positions_that_are_added_are_no_branch():
    """Though a table is between the tokens and their sum; twin: a kernel is one."""
    inputs = keras.Input((5,), batch_size=2, dtype="int32")
    tokens = layers.Embedding(50, 6)(inputs)
    x = layers.Add()([tokens, Positions()(tokens)])
    x = layers.Add()([x, Dense(6, name="end")(ops.relu(Dense(9)(x)))])
    infos = weights_of(model := keras.Model(inputs, x))
    assert branches_before(trace(model), infos)[1] == 1
    assert branch_ends(trace(model), infos) == ["end/kernel"]


class Factor(layers.Layer):
    """Multiplies by a weight that starts at zero."""

    def build(self, shape):
        self.factor = self.add_weight(shape=(), initializer="zeros", name="factor")

    def call(self, x):
        return x * self.factor


def test_a_factor_of_zero_is_no_normalization():
    """Its output does not grow with its input, and neither does zero."""

    def block(x):
        return x + Factor()(Dense(6, name="end")(ops.relu(Dense(9)(x))))

    model = functional(block)
    found = streams(trace(model), weights_of(model))
    assert found.ends == {"end/kernel": 1}
