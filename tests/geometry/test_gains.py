"""Gains of activations, against closed forms and an independent quadrature."""

import math
import statistics

import keras
import pytest

import keras_inits

PHI = statistics.NormalDist().cdf
TOLERANCE = 1e-6  # what `gain` promises

CLOSED = {  # E[f(z)²]^(-1/2) by hand
    "linear": 1.0,
    "relu": math.sqrt(2),
    "leaky_relu": math.sqrt(2 / (1 + 0.2**2)),
    "elu": (1 + math.exp(2) * PHI(-2) - 2 * math.sqrt(math.e) * PHI(-1)) ** -0.5,
    "selu": 1.0,  # its constants are made for that
    "exponential": math.exp(-1),
    "squareplus": math.sqrt(2 / 3),
}
QUADRATURE = {  # tanh-sinh rule with 30 digits, split at the kinks
    "gelu": 1.533530441196,  # with erf, Keras's default
    "silu": 1.676532470331,
    "mish": 1.486847581273,
    "tanh": 1.592537419723,
    "sigmoid": 1.846228545339,
    "softplus": 1.041866835535,
    "softsign": 2.337533363109,
    "hard_sigmoid": 1.89784042473,
    "hard_silu": 1.736657212767,
    "hard_tanh": 1.392036140448,
    "hard_shrink": 1.01579635472,
    "soft_shrink": 1.54436052828,
    "tanh_shrink": 2.338367530102,
    "log_sigmoid": 1.041866835535,
    "relu6": 1.414213565095,
    "sparse_plus": 1.380336862859,
    "sparse_sigmoid": 1.624321558789,
}


def is_exact(found, expected):
    """Whether two gains agree as closely as promised."""
    return abs(found / expected - 1) < TOLERANCE


@pytest.mark.parametrize("name", CLOSED)
def test_gains_with_a_closed_form(name):
    """By name."""
    assert is_exact(keras_inits.gain(name), CLOSED[name])


@pytest.mark.parametrize("name", QUADRATURE)
def test_gains_by_quadrature(name):
    """Of every activation of Keras's that acts on single entries."""
    assert is_exact(keras_inits.gain(name), QUADRATURE[name])


def test_a_gain_off_by_two_millionths_is_refused():
    """Twin of the comparison."""
    assert not is_exact(math.sqrt(2) * (1 + 2e-6), math.sqrt(2))


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (keras.ops.sin, (0.5 * (1 - math.exp(-2))) ** -0.5),
        (keras.ops.erf, (2 / math.pi * math.asin(2 / 3)) ** -0.5),
        (keras.ops.absolute, 1.0),
        (lambda x: keras.ops.exp(-x * x), 5**0.25),
        (lambda x: keras.ops.relu(x) ** 2, math.sqrt(2 / 3)),
        (lambda x: keras.ops.where(x > 1, x, 0.0), 1.579903081761),  # with a jump
    ],
)
def test_a_function_of_the_users_own(function, expected):
    """Anything that maps tensors entry by entry."""
    assert is_exact(keras_inits.gain(function), expected)


def test_layers_are_activations_too():
    """With their own slopes."""
    found = keras_inits.gain(keras.layers.LeakyReLU(negative_slope=0.3))
    assert is_exact(found, math.sqrt(2 / 1.09))
    assert is_exact(keras_inits.gain(None), 1.0)


def test_the_slope_of_leaky_relu():
    """PyTorch's default is not Keras's."""
    found = keras_inits.gain("leaky_relu", negative_slope=0.01)
    assert found == math.sqrt(2 / 1.0001)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("linear", 1.0),
        ("sigmoid", 1.0),
        ("tanh", 5 / 3),
        ("relu", math.sqrt(2)),
        ("selu", 0.75),
        ("leaky_relu", math.sqrt(2 / 1.0001)),
    ],
)
def test_torchs_own_table(name, expected):
    """What `torch.nn.init.calculate_gain` returns."""
    assert keras_inits.gain(name, convention="torch") == expected


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (
            {"activation": "gelo"},
            ["`activation`", "Received: activation='gelo'", "gelu"],
        ),
        ({"activation": "relu", "convention": "jax"}, ["`convention`", "'torch'"]),
        ({"activation": "gelu", "convention": "torch"}, ["PyTorch's table", "'relu'"]),
        ({"activation": "relu", "negative_slope": 0.1}, ["'leaky_relu'", "Type gain("]),
        ({"activation": keras.ops.zeros_like}, ["not zero", "Use gain=1"]),
    ],
)
def test_what_has_no_gain_is_refused(arguments, parts):
    """With what is meant, what came and a way out."""
    with pytest.raises(ValueError, match="Received: ") as error:
        keras_inits.gain(**arguments)
    assert all(part in str(error.value) for part in parts), str(error.value)
