"""Functions of every number by itself: straight lines, gates and activations."""

import keras
import pytest
from keras import ops

from keras_inits.graph import elementwise


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
    assert elementwise.is_elementwise(function) is expected


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
    assert elementwise.is_affine(elementwise.values(function)) is expected


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
    assert elementwise.is_gate(elementwise.values(function)) is expected


def test_lines_have_a_slope_and_an_offset():
    """To the accuracy of float32; what bends has none."""
    slope, offset = elementwise.line(elementwise.values(lambda x: 3 * x - 2))
    assert slope == pytest.approx(3, rel=1e-6)
    assert offset == pytest.approx(-2, rel=1e-6)
    assert elementwise.line(elementwise.values(ops.tanh)) is None


def test_values_at_are_those_of_the_numbers_given():
    """In their order, whatever else is evaluated beside them."""
    found = elementwise.values_at(ops.square, (-2.0, 0.5, 3.0))
    assert found == [4.0, 0.25, 9.0]
