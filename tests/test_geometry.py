"""Fans and matrices of kernels, against counts made by hand."""

import itertools
import math

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from keras_inits import geometry
from keras_inits.geometry import fans_of_shape, matrix_view


@pytest.mark.parametrize(
    ("shape", "fans"),
    [
        ((4, 6), (4, 6)),
        ((3, 4, 6), (12, 18)),
        ((3, 5, 4, 6), (60, 90)),
        ((2, 3, 5, 4, 6), (120, 180)),
        ((7,), (7, 7)),
        ((), (1, 1)),
        ((0, 6), (1, 6)),
        ((3, 4, 0), (12, 1)),
    ],
)
def test_a_shape_alone_is_read_as_keras_reads_it(shape, fans):
    """(*window, inputs, outputs); empty kernels have fans of at least 1."""
    assert fans_of_shape(shape) == fans


@pytest.mark.parametrize(
    ("shape", "inputs", "outputs", "fans"),
    [
        ((4, 5, 6), (0,), (1, 2), (4, 30)),
        ((4, 5, 6), (0, 1), (2,), (20, 6)),
        ((4, 5, 6), (-1,), (0,), (30, 20)),  # axis 1 is the window
        ((3, 5, 4, 6), (2,), (3,), (60, 90)),
        ((3, 5, 4, 6), (0, 1, 2), (0, 1, 3), (60, 90)),  # the window on both sides
        ((6, 4), (1,), (0,), (4, 6)),
    ],
)
def test_axes_say_what_is_input_and_what_is_output(shape, inputs, outputs, fans):
    """Axes in neither are the receptive field, as in JAX."""
    assert fans_of_shape(shape, inputs, outputs) == fans
    assert fans_of_shape(shape, outputs, inputs) == fans[::-1]


def counted(shape, inputs, outputs):
    """Fans by counting: entries that share all output, or all input, positions."""
    entries = list(itertools.product(*map(range, shape)))
    first = entries[0]
    into = [e for e in entries if all(e[a] == first[a] for a in outputs)]
    out_of = [e for e in entries if all(e[a] == first[a] for a in inputs)]
    return len(into), len(out_of)


@pytest.mark.parametrize(
    ("i", "o"), [((0,), (1,)), ((2,), (3,)), ((0, 3), (2,)), ((1,), (0, 2))]
)
def test_fans_are_what_counting_entries_gives(i, o):
    """An output sums all entries of its index; the window belongs to both."""
    assert fans_of_shape((2, 3, 4, 5), i, o) == counted((2, 3, 4, 5), i, o)


@pytest.mark.parametrize(
    ("shape", "inputs", "outputs", "rows", "columns"),
    [
        ((4, 6), None, None, (0,), (1,)),
        ((3, 5, 4, 6), None, None, (0, 1, 2), (3,)),
        ((4, 5, 6), (0,), (1, 2), (0,), (1, 2)),
        ((4, 5, 6), (0, 1), (2,), (0, 1), (2,)),
        ((6, 4), (1,), (0,), (1,), (0,)),
        ((3, 4, 6), (-2,), (-1,), (0, 1), (2,)),
    ],
)
def test_the_matrix_has_inputs_and_window_for_rows(
    shape, inputs, outputs, rows, columns
):
    """Every axis is on one side."""
    view = matrix_view(shape, inputs, outputs)
    assert (view.rows, view.columns) == (rows, columns)
    assert sorted(view.rows + view.columns) == list(range(len(shape)))
    assert (
        math.prod(shape[a] for a in view.rows)
        == fans_of_shape(shape, inputs, outputs)[0]
    )


def test_a_matrix_needs_two_axes():
    """A vector is no map from inputs to outputs."""
    with pytest.raises(
        ValueError, match=r"two axes.*Received: shape=\(7,\)\. For a vector"
    ):
        matrix_view((7,))


def test_a_matrix_has_no_axis_on_both_sides():
    """The window of a convolution, as Keras spells it, must be left out."""
    with pytest.raises(ValueError, match=r"Received: input_axes=\[0, 1\].*Leave out"):
        matrix_view((3, 4, 6), (0, 1), (0, 2))


@pytest.mark.parametrize("function", [fans_of_shape, matrix_view])
def test_axes_outside_the_shape_are_refused(function):
    """By name, with the range that is possible."""
    with pytest.raises(
        ValueError, match=r"`output_axes`.*Received: output_axes=\[2\].*-2 to 1"
    ):
        function((4, 6), (0,), (2,))
    with pytest.raises(ValueError, match=r"`input_axes`.*Received: input_axes=\[-3\]"):
        function((4, 6), (-3,), (1,))


@pytest.mark.parametrize("axes", ["01", [0, 0], [0.5], [True], [None], 1.0])
def test_axes_are_distinct_integers(axes):
    """Anything else is refused before there is a shape."""
    with pytest.raises(ValueError, match=r"`input_axes`.*Received: input_axes="):
        geometry.check_axes("input_axes", axes)


@pytest.mark.parametrize("axes", [1, [1], (1,), np.array([1]), [np.int64(1)]])
def test_axes_may_be_any_kind_of_integers(axes):
    """One alone, or a sequence."""
    assert geometry.check_axes("input_axes", axes) == (1,)


@st.composite
def kernels(draw):
    """A shape, and its axes dealt out to inputs, outputs and the receptive field."""
    shape = draw(st.lists(st.integers(1, 9), min_size=2, max_size=6))
    roles = draw(
        st.lists(st.sampled_from("iof"), min_size=len(shape), max_size=len(shape))
    )
    axes = {role: tuple(a for a, r in enumerate(roles) if r == role) for role in "iof"}
    return tuple(shape), axes["i"], axes["o"], axes["f"]


@hypothesis.given(kernels())
def test_fans_multiply_to_the_entries_and_the_window_again(kernel):
    """Every entry is one input of one output; the window is in both fans."""
    shape, inputs, outputs, field = kernel
    fan_in, fan_out = fans_of_shape(shape, inputs, outputs)
    window = math.prod(shape[a] for a in field)
    assert fan_in * fan_out == math.prod(shape) * window
    assert fans_of_shape(shape, outputs, inputs) == (fan_out, fan_in)


@hypothesis.given(kernels())
def test_every_axis_is_on_one_side_of_the_matrix(kernel):
    """Rows hold the inputs and the window, in the kernel's order."""
    shape, inputs, outputs, field = kernel
    rows, columns = matrix_view(shape, inputs, outputs)
    assert rows == tuple(sorted(inputs + field))
    assert columns == outputs
