"""Fans and matrices of kernels, against counts made by hand."""

import itertools
import math

import hypothesis
import hypothesis.strategies as st
import keras
import numpy as np
import pytest

from keras_inits import geometry
from keras_inits.geometry import Geometry


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
    assert Geometry().fans(shape) == fans


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
    assert Geometry(inputs, outputs).fans(shape) == fans
    assert Geometry(outputs, inputs).fans(shape) == fans[::-1]


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
    shape = (2, 3, 4, 5)
    assert Geometry(i, o).fans(shape) == counted(shape, i, o)


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
    geometry = Geometry(inputs, outputs)
    assert geometry.matrix_view(shape) == ((), rows, columns)
    assert sorted(rows + columns) == list(range(len(shape)))
    assert math.prod(shape[a] for a in rows) == geometry.fans(shape).fan_in


def test_a_matrix_needs_two_axes():
    """A vector is no map from inputs to outputs."""
    with pytest.raises(
        ValueError, match=r"two axes.*Received: shape=\(7,\)\. For a vector"
    ):
        Geometry().matrix_view((7,))


def test_a_matrix_has_no_axis_on_both_sides():
    """The window of a convolution, as Keras spells it, must be left out."""
    with pytest.raises(ValueError, match=r"Received: input_axes=\[0, 1\].*Leave out"):
        Geometry((0, 1), (0, 2)).matrix_view((3, 4, 6))


@pytest.mark.parametrize("method", [Geometry.fans, Geometry.matrix_view])
def test_axes_outside_the_shape_are_refused(method):
    """By name, with the range that is possible."""
    with pytest.raises(
        ValueError, match=r"`output_axes`.*Received: output_axes=\[2\].*-2 to 1"
    ):
        method(Geometry((0,), (2,)), (4, 6))
    with pytest.raises(ValueError, match=r"`input_axes`.*Received: input_axes=\[-3\]"):
        method(Geometry((-3,), (1,)), (4, 6))


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
    fan_in, fan_out = Geometry(inputs, outputs).fans(shape)
    window = math.prod(shape[a] for a in field)
    assert fan_in * fan_out == math.prod(shape) * window
    assert Geometry(outputs, inputs).fans(shape) == (fan_out, fan_in)


@hypothesis.given(kernels())
def test_every_axis_is_on_one_side_of_the_matrix(kernel):
    """Rows hold the inputs and the window, in the kernel's order."""
    shape, inputs, outputs, field = kernel
    view = Geometry(inputs, outputs).matrix_view(shape)
    assert view == ((), tuple(sorted(inputs + field)), outputs)


@pytest.mark.parametrize(
    ("arguments", "shape", "fans"),
    [
        ({"kernel_format": "transpose"}, (3, 5, 6, 4), (60, 90)),
        ({"kernel_format": "transpose", "stride": 5}, (3, 5, 6, 4), (12, 90)),
        ({"kernel_format": "transpose", "stride": 8}, (3, 6, 4), (1.5, 18)),
        ({"stride": 5}, (3, 5, 4, 6), (60, 18)),
        ({"kernel_format": "depthwise"}, (3, 5, 4, 2), (15, 30)),
        ({"kernel_format": "embedding"}, (7, 4), (1, 4)),
        ({"kernel_format": "experts"}, (7, 4, 6), (4, 6)),
        ({"kernel_format": "experts"}, (7, 3, 4, 6), (12, 18)),  # and a window of three
        ({"batch_axes": (0,)}, (7, 4, 6), (4, 6)),
        ({"batch_axes": (1,)}, (3, 7, 4, 6), (12, 18)),
        ({"groups": 2}, (3, 5, 4, 6), (60, 45)),
        ({"gates": 3}, (4, 6), (4, 2)),
        ({"groups": 2, "gates": 3}, (4, 12), (4, 2)),
        ({"gates": 3}, (12,), (4, 4)),
        ({"input_axes": (1,), "output_axes": (0,), "groups": 2}, (6, 4), (4, 3)),
        (
            {"input_axes": (1,), "output_axes": (0, 2), "batch_axes": 0},
            (7, 4, 6),
            (4, 6),
        ),
        (
            {"input_axes": (1,), "output_axes": (0, 2), "kernel_format": "experts"},
            (7, 4, 6),
            (4, 6),
        ),
    ],
)
def test_layouts_batches_groups_gates_and_strides(arguments, shape, fans):
    """Neither batch axes nor the other groups and gates count in a fan."""
    assert Geometry(**arguments).fans(shape) == fans


@pytest.mark.parametrize("shape", [(0, 4, 6), (3, 0, 6), (3, 4, 0)])
@pytest.mark.parametrize("kernel_format", geometry.KERNEL_FORMATS)
def test_empty_kernels_have_finite_fans(shape, kernel_format):
    """At least one, so that a scale can be divided by them."""
    assert min(Geometry(kernel_format=kernel_format).fans(shape)) >= 1


def test_fans_are_integers_where_they_are_whole():
    """So that a person reads 9, not 9.0."""
    whole = Geometry(kernel_format="transpose", stride=4).fans((2, 2, 5, 3))
    assert [type(fan) for fan in whole] == [int, int]
    part = Geometry(kernel_format="transpose", stride=8).fans((2, 2, 5, 3))
    assert part == (1.5, 20)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            {"kernel_format": "conv"},
            r"`kernel_format` is .*Received: kernel_format='conv'\.",
        ),
        ({"groups": 0}, r"`groups`.*Received: groups=0\. For an ordinary .* groups=1"),
        ({"gates": True}, r"`gates`.*Received: gates=True"),
        ({"stride": 1.5}, r"`stride`.*Received: stride=1\.5"),
        ({"batch_axes": "0"}, r"`batch_axes`.*Received: batch_axes='0'"),
        ({"input_axes": 0}, r"together.*Received: input_axes=\(0,\), output_axes=None"),
    ],
)
def test_bad_geometry_is_refused_at_construction(arguments, said):
    with pytest.raises(ValueError, match=said):
        Geometry(**arguments)


@pytest.mark.parametrize("method", [Geometry.fans, Geometry.blocks])
@pytest.mark.parametrize(
    "parts", [{"groups": 4}, {"gates": 4}, {"groups": 2, "gates": 2}]
)
def test_outputs_that_do_not_divide_are_refused(method, parts):
    """The message says what would."""
    with pytest.raises(ValueError, match=r"equal groups and gates.*shape=\(5, 6\).* 6"):
        method(Geometry(**parts), (5, 6))


def test_an_axis_named_twice_is_refused():
    """Once from either end, which only a shape tells."""
    with pytest.raises(ValueError, match=r"once.*input_axes=\[0, -2\].*\[0\]\."):
        Geometry((0, -2), (1,)).fans((4, 6))


def test_counts_of_numpy_are_counts():
    """And compare and serialize as Python's."""
    assert Geometry(groups=np.int64(2)) == Geometry(groups=2)
    assert type(Geometry(groups=np.int64(2)).groups) is int


@pytest.mark.parametrize(
    ("arguments", "shape", "blocks", "place"),
    [
        # Where entry (block, row, column) lies in the kernel.
        ({}, (4, 6), (1, 4, 6), lambda b, r, c: (r, c)),
        ({}, (3, 4, 6), (1, 12, 6), lambda b, r, c: (r // 4, r % 4, c)),
        ({"gates": 3}, (4, 6), (3, 4, 2), lambda b, r, c: (r, 2 * b + c)),
        (
            {"groups": 2},
            (3, 4, 6),
            (2, 12, 3),
            lambda b, r, c: (r // 4, r % 4, 3 * b + c),
        ),
        (
            {"kernel_format": "transpose", "gates": 2},
            (3, 6, 4),
            (2, 12, 3),
            lambda b, r, c: (r // 4, 3 * b + c, r % 4),
        ),
        (
            {"kernel_format": "depthwise"},
            (5, 4, 2),
            (4, 5, 2),
            lambda b, r, c: (r, b, c),
        ),
        ({"kernel_format": "experts"}, (5, 4, 2), (5, 4, 2), lambda b, r, c: (b, r, c)),
        (
            {"kernel_format": "experts", "gates": 3},
            (5, 4, 6),
            (15, 4, 2),
            lambda b, r, c: (b // 3, r, 2 * (b % 3) + c),
        ),
        (
            {"input_axes": (2,), "output_axes": (0, 1), "gates": 2},
            (3, 6, 4),
            (2, 4, 9),
            lambda b, r, c: (c // 3, 3 * b + c % 3, r),
        ),
    ],
)
def test_blocks_lie_where_their_entries_belong(arguments, shape, blocks, place):
    """Each entry of each matrix, by its own index; with NumPy and with the backend."""
    cut = Geometry(**arguments)
    assert cut.blocks(shape) == blocks
    matrices = np.arange(math.prod(shape), dtype="float32").reshape(blocks)
    kernel = cut.assembled(matrices, shape, np)
    assert kernel.shape == shape
    for index in itertools.product(*map(range, blocks)):
        assert kernel[place(*index)] == matrices[index]
    staged = cut.assembled(keras.ops.convert_to_tensor(matrices), shape, keras.ops)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(staged), kernel)
