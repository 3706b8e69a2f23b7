"""Laws of scale: random walks, Nguyen and Widrow, hypernetworks, and others' names."""

import math

import keras
import numpy as np
import pytest

import keras_inits
from support.distributions import EXCESS, Uniform, values


def dense(scheme, inputs, outputs):
    """The kernel of a Dense layer."""
    layer = keras.layers.Dense(outputs, kernel_initializer=scheme, name="dense")
    layer.build((None, inputs))
    return values(layer.kernel)


def relu(x):
    """Rectified."""
    return np.maximum(x, 0)


def walk(scheme, width, layers, activation=relu):
    """The mean change of log‖x‖ a layer, and its standard error."""
    kernels = values(scheme((layers, width, width)))
    inputs = activation(np.random.default_rng(3).normal(size=(layers, 1, width)))
    outputs = activation(inputs @ kernels)
    lengths = np.linalg.norm([inputs, outputs], axis=-1)
    before, after = lengths[:, lengths.min(axis=0) > 0]
    change = np.log(after / before)
    return change.mean(), change.std() / math.sqrt(change.size)


def length_error(scheme, *arguments):
    """How far the typical length is from staying, over five errors and 0.004."""
    change, error = walk(scheme, *arguments)
    return abs(change) / (5 * error + 0.004)


def keeps_length(scheme, *arguments):
    """Whether the typical length stays."""
    return length_error(scheme, *arguments) < 1


@pytest.mark.parametrize(("width", "layers"), [(20, 2500), (50, 1000), (120, 400)])
def test_a_random_walk_keeps_the_typical_length(width, layers, figure):
    """Through ReLUs; twin: He's law, which keeps the mean square, at width 20."""
    experts = {"kernel_format": "experts", "seed": 7}
    found = length_error(keras_inits.get("random_walk", **experts), width, layers)
    he = keras_inits.HeFanIn(**experts)
    change, _ = walk(he, width, layers)
    assert change == pytest.approx(-1.2 / (width - 2.4), abs=0.025)
    twin = length_error(he, width, layers) if width == 20 else None
    what = "change of the typical length, over its tolerance"
    figure("random_walk", what, found, 1, twin)


@pytest.mark.parametrize(("width", "layers"), [(7, 20000), (20, 6000)])
def test_a_linear_random_walk_keeps_the_typical_length(width, layers):
    """Twins: the law for ReLUs, and LeCun's, which keeps the mean square."""
    experts = {"kernel_format": "experts", "seed": 7}
    linear = keras_inits.get("random_walk", activation="linear", **experts)
    assert keeps_length(linear, width, layers, np.asarray)
    twin = keras_inits.get("random_walk", **experts)
    assert not keeps_length(twin, width, layers, np.asarray)
    lecun = keras_inits.LecunNormal(**experts)
    assert not keeps_length(lecun, width, layers, np.asarray)


def test_a_random_walks_width_is_the_fan_out_unless_given():
    """Value for value, in a layer and in a convolution."""
    for shape in ((90, 41), (3, 2, 9, 41)):
        plain = values(keras_inits.get("random_walk", seed=7)(shape))
        given = values(keras_inits.get("random_walk", width=41, seed=7)(shape))
        if len(shape) == 2:
            np.testing.assert_array_equal(plain, given)
        wide = values(keras_inits.get("random_walk", width=10**9, seed=7)(shape))
        he = values(keras_inits.HeFanIn(seed=7)(shape))
        np.testing.assert_allclose(wide, he, rtol=1e-5)
        np.testing.assert_allclose(given / he, math.exp(1.2 / 38.6), rtol=1e-5)


@pytest.mark.parametrize(
    "arguments", [{"activation": "tanh"}, {"width": 0}, {"width": -1.0}]
)
def test_a_random_walk_is_for_known_activations_and_widths(arguments):
    with pytest.raises(ValueError, match="Received"):
        keras_inits.get("random_walk", **arguments)((6, 4))


def tanh_layer(inputs, units, bias=None):
    """The kernel and the bias of a layer as Nguyen and Widrow want it."""
    if bias is None:
        bias = keras_inits.get("nguyen_widrow_bias", fan_in=inputs, seed=8)
    layer = keras.layers.Dense(
        units,
        "tanh",
        kernel_initializer=keras_inits.get("nguyen_widrow", seed=7),
        bias_initializer=bias,
    )
    layer.build((None, inputs))
    return values(layer.kernel), values(layer.bias)


def centres(kernel, bias):
    """Signed distances from 0 of the planes where units are 0."""
    return -bias / np.linalg.norm(kernel, axis=0)


def largest_gap(points):
    """Between neighbours in [-1, 1], with its ends."""
    return np.diff([-1, *np.sort(np.clip(points, -1, 1)), 1]).max()


def test_one_inputs_centres_fill_its_interval():
    """At 400 units no gap of 0.08; twin: biases of U(-1, 1)."""
    kernel, bias = tanh_layer(1, 400)
    assert largest_gap(centres(kernel, bias)) < 0.08
    kernel, bias = tanh_layer(1, 400, keras_inits.RandomUniform(-1, 1, seed=8))
    assert largest_gap(centres(kernel, bias)) > 0.5


@pytest.mark.parametrize(("inputs", "units"), [(1, 400), (2, 301), (5, 800)])
def test_the_planes_of_tanh_units_lie_across_the_cube(inputs, units, figure):
    """All columns are as long, 0.7 units^(1/inputs), and distances are U(-1, 1)."""
    kernel, bias = tanh_layer(inputs, units)
    lengths = np.linalg.norm(kernel, axis=0)
    error = abs(lengths**inputs / (0.7**inputs * units) - 1).max()
    law, planes = Uniform(-1, 1), centres(kernel, bias)
    assert law.complaints(planes) == []
    twin = tanh_layer(inputs, units, keras_inits.RandomUniform(-1, 1, seed=8))
    assert law.complaints(centres(*twin))
    found, wrong = law.excess(planes), law.excess(centres(*twin))
    figure("nguyen_widrow_bias", EXCESS, found, 1, wrong)
    twin = dense(keras_inits.RandomUniform(-1, 1, seed=7), inputs, units)
    lengths = np.linalg.norm(twin, axis=0)
    assert lengths.max() > 1.1 * lengths.min()
    wrong = abs(lengths**inputs / (0.7**inputs * units) - 1).max()
    figure("nguyen_widrow", "lengths of units, relative", error, 3e-5, wrong)


def test_directions_come_from_the_cube():
    """Entries are uniform before they are scaled: their ratios are."""
    kernel, _ = tanh_layer(2, 2000)
    smaller = kernel[np.argmin(abs(kernel), axis=0), np.arange(2000)]
    assert Uniform(-1, 1).complaints(smaller / abs(kernel).max(axis=0)) == []


def test_nguyen_and_widrow_need_a_matrix_and_a_fan():
    for shape in ((6,), (3, 4, 6)):
        with pytest.raises(ValueError, match="Received"):
            keras_inits.get("nguyen_widrow")(shape)
    for arguments in ({}, {"fan_in": 0}, {"fan_in": 1.5}):
        with pytest.raises(ValueError, match="Received"):
            keras_inits.get("nguyen_widrow_bias", **arguments)((6,))


EMBEDDING, TARGET = 50, (200, 100)


def signal(kernel, axis, rectified=False):
    """Mean squares of what passes a generated kernel, and their tolerance.

    Over all embeddings of mean square 1 and inputs of mean square 1; each product is
    then a sum of squares of uniforms, whose relative variance is 4/5.
    """
    summed = (kernel**2).sum(axis=0).reshape(TARGET).sum(axis=axis).mean()
    return summed / (2 if rectified else 1), 5 * math.sqrt(0.8 / kernel.size)


@pytest.mark.parametrize(("fan", "axis"), [(200, 0), (100, 1)])
def test_a_hypernetworks_target_keeps_its_variance(fan, axis, figure):
    """Signals by fan_in, gradients by fan_out; twin: LeCun, 200 times too large."""
    shape = (EMBEDDING, math.prod(TARGET))
    kernel = dense(keras_inits.get("hyperfan", fan=fan, seed=7), *shape)
    size, tolerance = signal(kernel, axis)
    assert signal(kernel, 1 - axis)[0] != pytest.approx(1, rel=0.1)
    limit = math.sqrt(3 / (fan * EMBEDDING))
    assert Uniform(-limit, limit).complaints(kernel[:5]) == []
    twin = dense(keras_inits.LecunUniform(seed=7), *shape)
    assert signal(twin, axis)[0] == pytest.approx(fan, rel=0.02)
    wrong = abs(signal(twin, axis)[0] - 1)
    figure("hyperfan", "variance behind, from 1", abs(size - 1), tolerance, wrong)


def test_embeddings_and_gains_change_a_hypernetworks_scale():
    """Value for value: the gain, and the root of the inputs' variance."""
    shape = (EMBEDDING, 210)
    plain = dense(keras_inits.get("hyperfan", fan=30, seed=7), *shape)
    for arguments, ratio in (
        ({"gain": math.sqrt(2)}, math.sqrt(2)),
        ({"input_variance": 4.0}, 0.5),
        ({"with_bias": True}, math.sqrt(0.5)),
    ):
        scheme = keras_inits.get("hyperfan", fan=30, seed=7, **arguments)
        np.testing.assert_allclose(dense(scheme, *shape) / plain, ratio, rtol=1e-5)


def test_a_generated_bias_adds_half_the_variance():
    """Kernel and bias give half each; twin: a kernel drawn as if there were none."""
    rows, columns = TARGET

    def total(with_bias):
        arguments = {"fan": rows, "with_bias": with_bias, "seed": 7}
        kernel = dense(
            keras_inits.get("hyperfan", **arguments), EMBEDDING, rows * columns
        )
        bias = dense(
            keras_inits.get("hyperfan", fan=rows, with_bias=True, role="bias", seed=8),
            EMBEDDING,
            columns,
        )
        return signal(kernel, 0)[0] + (bias**2).sum(axis=0).mean()

    tolerance = 5 * math.sqrt(0.8 / (EMBEDDING * columns)) / 2 + 0.005
    assert total(True) == pytest.approx(1, rel=tolerance)
    assert total(False) != pytest.approx(1, rel=tolerance)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"fan": 0},
        {"fan": 30, "input_variance": 0.0},
        {"fan": 30, "gain": math.nan},
        {"fan": 30, "role": "weight"},
    ],
)
def test_hyperfan_refuses_what_has_no_scale(arguments):
    with pytest.raises(ValueError, match="Received"):
        keras_inits.get("hyperfan", **arguments)((6, 210))
