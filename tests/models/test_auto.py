"""The automatic choice of schemes, against figures from other sources."""

import math

import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_inits
from keras_inits.geometry.roles import KERNEL_ROLES
from keras_inits.graph.weights import weights_of
from support.small_graphs import chosen, functional, stack

Dense = layers.Dense
MOMENTS = {  # E[f(z)²] for z ~ N(0, 1), from tables made with another program
    "relu6": 0.49999999,
    "elu": 0.64494542,
    "gelu": 0.42522148,
    "silu": 0.35577552,
    "mish": 0.45234219,
    "hard_silu": 0.33156738,
    "softplus": 0.92124591,
    "tanh": 0.39429449,
    "hard_tanh": 0.51605855,
    "softsign": 0.18301402,
    "exponential": 7.38905610,
    "squareplus": 1.5,
    "tanh_shrink": 0.18288347,
    "hard_shrink": 0.96914040,
}


def before(*steps):
    """The choice for a kernel before some layers and another kernel."""
    model = stack(Dense(4, name="first"), *steps, Dense(3))
    return chosen(model)["first/kernel"]


def variance(scheme, fan_in, fan_out):
    """Variance of a kernel, from many draws of one with these fans."""
    draws = [
        ops.convert_to_numpy(scheme((fan_in, fan_out)))
        for _ in range(math.ceil(2e5 / fan_in / fan_out))
    ]
    return np.var(draws)


@pytest.mark.parametrize(
    ("layer", "slope"),
    [
        (layers.ReLU(), 0),
        (layers.Activation("relu6"), 0),  # its gain is ReLU's within 1e-6
        (layers.ReLU(negative_slope=0.1), 0.1),
        (layers.LeakyReLU(), 0.3),
        (layers.LeakyReLU(0.05), 0.05),
        (layers.Activation("leaky_relu"), 0.2),
        (layers.PReLU(), 0),
        (layers.Activation(lambda x: ops.maximum(x, 0.25 * x)), 0.25),
        (layers.Activation(ops.abs), -1),
    ],
)
def test_relu_and_its_like_have_he_with_their_slope(layer, slope):
    """Told by what they do: also functions of a person's own."""
    scheme = before(layer).scheme
    assert isinstance(scheme, keras_inits.HeFanIn)
    assert scheme.negative_slope == slope


@pytest.mark.parametrize("fan_in", [40, 400])
def test_he_undoes_a_leaky_relu(fan_in):
    """Var(w) = 2 / ((1 + a²) fan_in); 2e5 values: 5 std of their variance are 1.6 %."""
    scheme = before(layers.LeakyReLU(0.3)).scheme
    expected = 2 / (1 + 0.3**2) / fan_in
    assert abs(variance(scheme, fan_in, 50) / expected - 1) < 0.016


def test_selu_has_lecun():
    """Its own gain is 1."""
    assert isinstance(before(layers.Activation("selu")).scheme, keras_inits.LecunNormal)


MOSTLY_MEAN = {"exponential", "softplus", "squareplus"}


@pytest.mark.parametrize("name", sorted(set(MOMENTS) - {"relu6"} - MOSTLY_MEAN))
def test_other_activations_have_their_gain(name):
    """Var(w) fan_in is 1 / E[f²]: to 1e-6, the digits of the table and of the scale."""
    scheme = before(layers.Activation(name)).scheme
    assert type(scheme) is keras_inits.VarianceScaling
    assert (scheme.mode, scheme.distribution) == ("fan_in", "truncated_normal")
    expected = 1 / MOMENTS[name]
    error = 5e-9 * expected**2 + 5e-7  # both rounded
    assert abs(scheme.scale - expected) < error + 5e-8 * expected


def gaussian_moment(function):
    """E[f(z)²] by Gauss and Hermite, which is exact for smooth functions."""
    z, weights = np.polynomial.hermite_e.hermegauss(200)
    return float((weights * function(z) ** 2).sum() / math.sqrt(2 * math.pi))


def test_functions_of_ones_own_have_their_gain():
    """Also if written as several operations."""

    def quick_gelu(z):
        return z / (1 + np.exp(-1.702 * z))

    written = layers.Lambda(lambda x: x * ops.sigmoid(1.702 * x))
    expected = {written: quick_gelu, layers.Activation(ops.sin): np.sin}
    for layer, function in expected.items():
        scale = before(layer).scheme.scale
        assert scale == pytest.approx(1 / gaussian_moment(function), abs=1e-6)


SCALES = {  # with all digits that there are, so that backends draw the same weights
    "gelu": 2.351716,
    "silu": 2.810761,
    "tanh": 2.536175,
    "elu": 1.550519,
    "mish": 2.210716,
    "hard_silu": 3.015978,
}


@pytest.mark.parametrize(("name", "scale"), SCALES.items())
def test_scales_are_the_same_to_the_last_digit_on_every_backend(name, scale):
    """Functions differ between backends in their last bit."""
    assert before(layers.Activation(name)).scheme.scale == scale


def is_glorot(choice):
    """Whether the choice is the one for linear layers."""
    return isinstance(choice.scheme, keras_inits.GlorotUniform)


@pytest.mark.parametrize("name", ["linear", "softmax", "log_softmax", "sigmoid"])
def test_heads_have_glorot(name):
    """At the end of a model; as a string, and as a layer."""
    assert is_glorot(chosen(stack(Dense(4, activation=name)))["dense[0]/kernel"])
    bare = stack(Dense(4), layers.Activation(name))
    assert is_glorot(chosen(bare)["dense[0]/kernel"])


VARIANCES = {  # of f(z), z ~ N(0, 1), by another program, or a formula
    "sigmoid": 0.04337904,  # E[f²] = 0.29337904 less 1/4
    "softplus": 0.92124591 - 0.80605918**2,
    "exponential": math.e**2 - math.e,
}


@pytest.mark.parametrize("name", VARIANCES)
def test_behind_a_mean_that_outweighs_its_spread_weights_sum_to_zero(name):
    """Scale 1 / Var f; before such an activation LeCun's. Twins: the gain, He."""
    model = stack(Dense(9, name), Dense(8, name), Dense(3))
    first, second, head = chosen(model).values()
    assert isinstance(first.scheme, keras_inits.LecunNormal)
    for choice, mode in ((second, "fan_in"), (head, "fan_avg")):
        assert isinstance(choice.scheme, keras_inits.CenteredVarianceScaling)
        assert choice.scheme.mode == mode
        assert choice.scheme.scale == pytest.approx(1 / VARIANCES[name], rel=5e-6)
        assert f"mean of {name}" in choice.why


@pytest.mark.parametrize("name", ["relu", "gelu", "tanh", "selu", "leaky_relu"])
def test_other_means_are_not_taken_off(name):
    model = stack(Dense(9, name), Dense(8, name), Dense(3))
    for choice in chosen(model).values():
        assert not isinstance(choice.scheme, keras_inits.CenteredVarianceScaling)


CARRIED = {  # variance that the last kernel is given, behind 32 sigmoids
    "pooling": ((layers.Reshape((4, 8)), layers.AveragePooling1D(2)), 0.04337904),
    # (E f²) / (1 - p) - (E f)²
    "dropout": ((layers.Dropout(0.5),), 0.29337904 / 0.5 - 0.25),
    "affine": ((layers.Rescaling(2.0, offset=0.1),), 4 * 0.04337904),
}


@pytest.mark.parametrize("kind", CARRIED)
def test_means_are_followed_through_what_carries_signals_on(kind):
    steps, variance = CARRIED[kind]
    last = (Dense(12, "tanh"), Dense(3))
    model = stack(Dense(32, "sigmoid"), *steps, layers.Flatten(), *last)
    choice = list(chosen(model).values())[1]
    assert isinstance(choice.scheme, keras_inits.CenteredVarianceScaling)
    gain = 1 / MOMENTS["tanh"]
    assert choice.scheme.scale == pytest.approx(gain / variance, rel=1e-5)


def test_joined_products_and_sums_of_signals():
    """By second moments; variance and mean by the rules of independent signals."""

    def joined(x):
        parts = [Dense(9, "sigmoid")(x), Dense(9, "softplus")(x)]
        return Dense(5, name="last")(layers.Concatenate()(parts))

    mean = (0.5 + 0.80605918) / 2
    square = (0.29337904 + 0.92124591) / 2
    choice = chosen(functional(joined))["last/kernel"]
    assert choice.scheme.scale == pytest.approx(1 / (square - mean**2), rel=1e-5)

    def product(x):
        parts = [Dense(9, "softplus")(x), Dense(9, "softplus")(x)]
        return Dense(5, name="last")(layers.Multiply()(parts))

    mean, square = 0.80605918**2, 0.92124591**2
    choice = chosen(functional(product))["last/kernel"]
    assert choice.scheme.scale == pytest.approx(1 / (square - mean**2), rel=1e-5)


def test_ten_sigmoids_of_auto_keep_samples_apart():
    """Twin: Keras's own start, whose samples have all the same outputs."""
    model = stack(*[Dense(64, "sigmoid") for _ in range(10)], Dense(4), shape=(16,))
    x = np.random.default_rng(7).normal(size=(100, 16)).astype("float32")

    def spread():
        outputs = ops.convert_to_numpy(model(x))
        return outputs.std(0).mean() / np.abs(outputs.mean(0)).mean()

    assert spread() < 1e-3
    keras_inits.initialize(model, "auto", seed=7)
    assert spread() > 0.5


@pytest.mark.parametrize("gate", [ops.sigmoid, lambda x: ops.relu6(x + 3) / 6])
def test_gates_have_glorot(gate):
    """They decide, they do not carry the signal; as in squeeze-and-excitation."""

    def excite(x):
        return Dense(2, name="last")(x * gate(Dense(6, name="gate")(x)))

    choice = chosen(functional(excite))["gate/kernel"]
    assert is_glorot(choice)
    assert "gate" in choice.why


def test_an_activation_without_a_gain_is_said_to_have_none():
    """The logarithm of half of all numbers is none."""
    choice = before(layers.Activation(ops.log))
    assert is_glorot(choice)
    assert choice.note == "the activation has no finite gain"


@pytest.mark.parametrize("name", ["LSTM", "GRU", "SimpleRNN"])
def test_recurrent_layers(name):
    """Inputs Glorot, states orthogonal."""
    layer = getattr(layers, name)(4)
    kernel, recurrent = chosen(stack(layer, shape=(5, 3))).values()
    assert is_glorot(kernel)
    assert type(recurrent.scheme) is keras_inits.Orthogonal


def test_a_recurrent_layer_of_relus_has_he():
    """The only cell whose activation carries the signal as it is."""
    model = stack(layers.SimpleRNN(4, activation="relu"), shape=(5, 3))
    kernel, _ = chosen(model).values()
    assert isinstance(kernel.scheme, keras_inits.HeFanIn)


def test_embeddings_have_rows_of_length_one():
    """Variance 1 / units."""
    model = stack(layers.Embedding(10, 16), Dense(2), shape=(5,))
    scheme = chosen(model)["embedding[0]/embeddings"].scheme
    assert scheme.get_config() == {"stddev": 0.25}


def test_lora_factors_have_the_usual_distribution():
    """U(±1 / sqrt(fan_in)), as in the libraries that made it popular."""
    model = stack(layers.Embedding(10, 16), Dense(2), shape=(5,))
    model.layers[0].enable_lora(4)
    model.layers[1].enable_lora(2)
    found = chosen(model)
    dense = found["dense[0]/lora_kernel_a"].scheme
    assert abs(ops.convert_to_numpy(dense((100, 3)))).max() <= 0.1
    assert variance(dense, 100, 50) == pytest.approx(1 / 300, rel=0.016)
    rows = found["embedding[0]/lora_embeddings_a"].scheme
    assert rows.get_config() == {"stddev": 0.5}


def test_each_kernel_has_one_choice_and_nothing_else_has():
    """No seed is fixed, and each says why."""
    model = stack(
        layers.Embedding(10, 8),
        layers.Conv1D(4, 3, activation="relu"),
        layers.BatchNormalization(),
        layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
        layers.SeparableConv1D(4, 3),
        layers.Flatten(),
        Dense(3, activation="softmax"),
        shape=(12,),
    )
    found = chosen(model)
    weights = weights_of(model)
    assert list(found) == [p.path for p in weights if p.weight.role in KERNEL_ROLES]
    assert all(choice.scheme.seed is None for choice in found.values())
    assert all(choice.why for choice in found.values())


def test_choosing_changes_no_weight():
    """It looks only."""
    model = stack(Dense(4, activation="gelu"), layers.BatchNormalization(), Dense(3))
    weights = model.get_weights()
    chosen(model)
    for old, new in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_other_ways_are_in_the_note():
    """A layer that two activations follow."""
    shared = Dense(6, name="shared")
    choice = chosen(functional(lambda x: ops.tanh(shared(ops.relu(shared(x))))))
    assert isinstance(choice["shared/kernel"].scheme, keras_inits.HeFanIn)
    assert choice["shared/kernel"].note == "elsewhere followed by: tanh"


def test_what_cannot_be_read_has_glorot_and_says_so():
    """A kernel of which nothing is known."""

    class Closed(layers.Layer):
        def build(self, shape):
            self.w = self.add_weight(shape=(shape[-1], 3), name="w")

        def compute_output_spec(self, x):
            return keras.KerasTensor((*x.shape[:-1], 3))

        def call(self, x):
            if isinstance(x, keras.KerasTensor):
                raise TypeError("no values")
            return ops.matmul(x, self.w)

    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.closed = Closed()

        def call(self, x):
            if isinstance(x, keras.KerasTensor):
                raise TypeError("no values")
            return self.closed(x)

    model = Model()
    model(np.ones((2, 4), "float32"))
    (choice,) = chosen(model).values()
    assert is_glorot(choice)
    assert choice.why == "nothing is known to follow"
    assert choice.note == "what follows could not be read"


def test_signals_keep_their_size_through_a_deep_stack():
    """30 layers of tanh keep a second moment of 1, which is their fixed point.

    One input's second moment over 300 units has a relative std of sqrt(2/300) = 8 %,
    64 inputs that tanh makes independent have 1 %, and earlier layers add less than as
    much again: 6 % are five of these. A gain off by 5 % would give 1.2.
    """
    model = stack(*[Dense(300, activation="tanh") for _ in range(31)], shape=(300,))
    schemes = [choice.scheme for choice in chosen(model).values()][:30]
    x = np.random.Generator(np.random.PCG64(0)).standard_normal((64, 300))
    for scheme in schemes:
        x = np.tanh(x) @ ops.convert_to_numpy(scheme((300, 300)))
    assert abs(np.mean(x**2) - 1) < 0.06
