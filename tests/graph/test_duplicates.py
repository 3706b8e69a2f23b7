"""Weights that say the same where they should differ."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_inits
from keras_inits.graph.duplicates import Duplicate, duplicates, equal_kernels
from keras_inits.graph.weights import weights_of
from keras_inits.models.initialize import initialize

RANDOM = np.random.Generator(np.random.PCG64(0))


def model_of(*kernels):
    """A model with these kernels, named k0, k1, ... and biases of zero."""
    start = keras.Input((len(kernels[0]),))
    outputs = []
    for index, kernel in enumerate(kernels):
        inputs, units = kernel.shape
        x = start if inputs == len(kernels[0]) else layers.Dense(inputs)(start)
        outputs.append(layers.Dense(units, name=f"k{index}")(x))
    model = keras.Model(start, outputs)
    for index, kernel in enumerate(kernels):
        layer = model.get_layer(f"k{index}")
        layer.set_weights([kernel, np.zeros(kernel.shape[1])])
    return model


def draw(*shape):
    """A kernel that nobody else has."""
    return RANDOM.standard_normal(shape).astype("float32")


def changed(kernel, place, value):
    """The kernel with one entry changed."""
    other = kernel.copy()
    other.flat[place] = value
    return other


A, B = draw(20, 30), draw(20, 30)


def test_a_healthy_model_has_none():
    """Zero biases, gains of one and fresh statistics are no duplicates."""
    model = keras.Sequential(
        [
            layers.Input((8, 8, 3)),
            layers.Conv2D(4, 3),
            layers.BatchNormalization(),
            layers.Conv2D(4, 3),
            layers.BatchNormalization(),
            layers.PReLU(),
            layers.Flatten(),
            layers.Dense(4),
        ]
    )
    assert duplicates(model) == []


def test_equal_kernels_are_one_group():
    """All of them, in the model's order."""
    model = model_of(A, B, A, A)
    paths = ("k0/kernel", "k2/kernel", "k3/kernel")
    assert duplicates(model) == [Duplicate("equal", paths)]


def test_flipped_kernels_are_found():
    """Also among equal ones."""
    assert duplicates(model_of(A, B, -A)) == [
        Duplicate("negated", ("k0/kernel", "k2/kernel"))
    ]
    assert duplicates(model_of(-A, A, A))[0].kind == "negated"


@pytest.mark.parametrize("place", [0, 1, 63, 64, 599])
@pytest.mark.parametrize("sign", [1, -1])
def test_one_entry_that_differs_is_enough(place, sign):
    """At either end, and beyond the entries that are looked at first."""
    other = changed(A, place, np.nextafter(A.flat[place], np.float32(9)))
    assert duplicates(model_of(A, sign * other)) == []


def test_one_sign_that_differs_is_enough():
    """Half flipped is neither equal nor negated."""
    assert duplicates(model_of(A, changed(A, 599, -A.flat[599]))) == []


def test_the_shape_does_not_matter_but_the_order_does():
    """The same draw in another shape is the same; a transpose is another matrix."""
    flat = A.reshape(30, 20)
    assert duplicates(model_of(A, flat))[0].paths == ("k0/kernel", "k1/kernel")
    assert duplicates(model_of(A, np.ascontiguousarray(A.T))) == []


def test_zeros_have_no_sign():
    """Kernels with zeros, negative ones among them, at the start."""
    zeros = changed(changed(A, 0, 0.0), 1, -0.0)
    other = changed(changed(A, 0, -0.0), 1, 0.0)
    assert duplicates(model_of(zeros, other))[0].kind == "equal"
    assert duplicates(model_of(zeros, -other))[0].kind == "negated"


def test_what_is_not_a_number_is_like_itself():
    """Whatever its bits are."""
    missing = changed(A, 0, np.nan)
    other = changed(A, 0, -np.float32(np.nan))
    assert duplicates(model_of(missing, other))[0].kind == "equal"
    assert duplicates(model_of(missing, -other))[0].kind == "negated"
    assert duplicates(model_of(missing, A)) == []


@pytest.mark.parametrize("value", [0.0, 1.0, -0.5])
def test_constant_kernels_are_listed_by_their_value(value):
    """One alone, too: its own units are each other's duplicates."""
    constant = np.full((20, 30), value, "float32")
    assert duplicates(model_of(A, constant)) == [
        Duplicate("constant", ("k1/kernel",), value)
    ]
    both = duplicates(model_of(constant, A, np.full((20, 7), value, "float32")))
    assert both == [Duplicate("constant", ("k0/kernel", "k2/kernel"), value)]


def test_almost_constant_is_not():
    """Beyond the entries that are looked at first."""
    assert duplicates(model_of(A, changed(np.zeros((20, 30), "float32"), 599, 1))) == []


def test_a_kernel_of_one_number_is_not_constant():
    """It has no units to tell apart."""
    assert duplicates(model_of(np.ones((1, 1), "float32"))) == []


def test_queries_keys_and_values_of_one_seed():
    """Keras rebuilds an initializer with its seed for each of them."""
    start = keras.Input((5, 8))
    attention = layers.MultiHeadAttention(
        2, 4, kernel_initializer=keras.initializers.HeNormal(seed=1), name="mha"
    )
    model = keras.Model(start, attention(start, start))
    (group,) = duplicates(model)
    assert group.kind == "equal"
    assert {"query", "key", "value"} <= {
        part
        for path in group.paths
        for part in ("query", "key", "value")
        if part in path
    }


def test_an_instance_shared_between_layers():
    """As Keras's own are; those of this package draw by the layer's name."""

    def build(shared):
        return keras.Sequential(
            [layers.Input((6,))]
            + [layers.Dense(6, kernel_initializer=shared) for _ in range(3)]
        )

    assert len(duplicates(build(keras.initializers.HeNormal(seed=1)))[0].paths) == 3
    named = [layers.Dense(6, kernel_initializer="he_fan_in") for _ in range(3)]
    assert duplicates(keras.Sequential([layers.Input((6,)), *named])) == []


def test_one_variable_in_two_places_is_one():
    """Shared layers are no duplicates of themselves."""
    shared = layers.Dense(6)
    start = keras.Input((6,))
    assert duplicates(keras.Model(start, shared(ops.relu(shared(start))))) == []


def test_vectors_that_were_drawn_count():
    """A bias equal to another is suspicious, if it is not constant."""
    model = model_of(A, B)
    bias = draw(30)
    for name in ("k0", "k1"):
        layer = model.get_layer(name)
        layer.set_weights([layer.get_weights()[0], bias])
    assert duplicates(model) == [Duplicate("equal", ("k0/bias", "k1/bias"))]


def test_statistics_do_not():
    """Two normalizations of one signal have the same."""
    start = keras.Input((6,))
    norms = [layers.BatchNormalization(name=name) for name in "ab"]
    model = keras.Model(start, [norm(start) for norm in norms])
    values = [np.ones(6), np.zeros(6), draw(6), abs(draw(6))]
    for norm in norms:
        norm.set_weights(values)
    assert duplicates(model) == []


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_other_types(dtype):
    """Content is compared as it is stored."""
    if dtype == "float64" and keras.backend.backend() == "jax":
        pytest.skip("JAX has no float64 unless asked")
    start = keras.Input((6,), dtype=dtype)
    same = layers.Dense(5, dtype=dtype, name="same")
    flipped = layers.Dense(5, dtype=dtype, name="flipped")
    other = layers.Dense(5, dtype=dtype, name="other")
    model = keras.Model(start, [layer(start) for layer in (same, flipped, other)])
    flipped.kernel.assign(-same.kernel.value)
    (group,) = duplicates(model)
    assert group == Duplicate("negated", ("same/kernel", "flipped/kernel"))


def test_a_duplicate_prints_as_a_sentence():
    """For people."""
    assert (
        str(Duplicate("equal", ("a/kernel", "b/kernel"))) == "equal: a/kernel, b/kernel"
    )
    zero = Duplicate("constant", ("a/kernel",), 0.0)
    assert str(zero) == "all entries are 0: a/kernel"


def test_a_model_must_be_built():
    """Else there is nothing to compare."""
    with pytest.raises(ValueError, match="must be built"):
        duplicates(keras.Sequential([layers.Dense(3)]))


def test_what_auto_draws_has_no_duplicates():
    """Kernels of one shape under one seed."""
    model = model_of(A, A, A, -A)
    initialize(model, "auto", seed=0)
    assert duplicates(model) == []


def recurrent(layer):
    """A fresh model of two directions."""
    return keras.Sequential([keras.Input((5, 8)), layers.Bidirectional(layer)])


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "SimpleRNN"])
def test_biases_at_their_default_start_are_no_duplicates(kind):
    """An LSTM's forget gate starts at one in both directions, on purpose."""
    model = recurrent(getattr(layers, kind)(6))
    biases = [v for v in model.weights if v.path.endswith("bias")]
    assert len(biases) == 2
    assert np.array_equal(*map(ops.convert_to_numpy, biases))
    assert duplicates(model) == []


def test_biases_that_were_set_alike_are_duplicates():
    """Twin: the same two biases, with one other number in both, or in one."""
    model = recurrent(layers.LSTM(6))
    for weight in model.weights:
        if weight.path.endswith("bias"):
            weight.assign(changed(ops.convert_to_numpy(weight), 3, 0.5))
    (found,) = duplicates(model)
    assert found.kind == "equal"
    assert [path.rpartition("/")[2] for path in found.paths] == ["bias", "bias"]
    weight.assign(ops.zeros(weight.shape))
    assert duplicates(model) == []


@pytest.mark.parametrize("initializer", [None, "drawn"])
def test_two_constant_patterns_of_ones_own_initializer(initializer):
    """What a `Constant` of an array fills is a default; what a draw fills is not."""
    pattern = np.arange(7, dtype="float32")
    given = keras.initializers.Constant(pattern)
    if initializer == "drawn":
        given = keras.initializers.RandomNormal(seed=7)
    model = keras.Sequential(
        [keras.Input((4,))]
        + [layers.Dense(7, bias_initializer=given, name=name) for name in "ab"]
    )
    found = [str(one) for one in duplicates(model)]
    assert found == (["equal: a/bias, b/bias"] if initializer else [])


@pytest.mark.parametrize(("name", "groups"), [("identity", 0), ("he_fan_in", 1)])
def test_kernels_that_are_the_identity_are_alike_by_design(name, groups):
    scheme = keras_inits.get(f"keras_inits>{name}")
    kernel = scheme((9, 9))
    stack = [layers.Dense(9) for _ in range(2)]
    model = keras.Sequential([keras.Input((9,)), *stack])
    for layer in stack:
        layer.kernel.assign(kernel)
    assert len(equal_kernels(weights_of(model))) == groups
    assert len(duplicates(model)) == 1
