"""Recurrent schemes: how long cells with these biases and kernels remember."""

import math

import keras
import numpy as np
import pytest

import keras_inits
from support.distributions import EXCESS, FROM_UNIFORM, KS, Uniform, ks, values

TIMESTEPS = 100.0


def sigmoid(x):
    """The gates' activation."""
    return 1 / (1 + np.exp(-np.asarray(x, "float64")))


def given(array):
    """An initializer by hand: this array, whatever the shape asked for."""
    return lambda shape, dtype=None: np.reshape(array, shape).astype("float32")


def drawn(name, shape, **arguments):
    """A scheme's values as float64."""
    return values(keras_inits.get(name, **arguments)(shape, dtype="float32"))


def cell_of(name, units, bias, **arguments):
    """A built cell with zero kernels and this bias initializer."""
    if name == "LSTM":
        arguments["unit_forget_bias"] = False
    arguments |= {"kernel_initializer": "zeros", "recurrent_initializer": "zeros"}
    make = getattr(keras.layers, name + "Cell")
    cell = make(units, bias_initializer=bias, **arguments)
    cell.build((None, 3))
    return cell


def kept(cell, steps=10):
    """Which share of its memory each unit has left after some steps."""
    inputs = np.ones((1, 3), "float32")
    states = [np.ones((1, cell.units), "float32")] * np.size(cell.state_size)
    for _ in range(steps):
        _, states = cell(inputs, states)
        states = list(states) if isinstance(states, (list, tuple)) else [states]
    return values(states[-1])[0]


def time_law(cell):
    """How far the cell's times of forgetting are from uniform on [2, T]."""
    return ks(1 / np.maximum(1 - kept(cell) ** 0.1, 1e-9), 2, TIMESTEPS)


@pytest.mark.parametrize("value", [1.0, -2.5])
def test_an_lstm_with_a_forget_bias_keeps_its_cell(value, figure):
    """σ(value) of it a step; twin: the value on the input gate, or on every gate."""
    bias = keras_inits.get("unit_forget_bias", value=value)
    expected = np.repeat([0.0, value, 0.0, 0.0], 7)
    np.testing.assert_array_equal(values(bias((28,))), expected)

    def error(bias):
        return abs(kept(cell_of("LSTM", 7, bias), 1) - sigmoid(value)).max()

    twin = error(given(np.full(28, value)))
    figure("unit_forget_bias", "what a cell keeps", error(bias), 1e-6, twin, 0.05)
    assert error(given(np.roll(expected, -7))) > 0.1


def test_the_forget_bias_notices_the_split_calls_of_keras():
    """By default Keras asks for the forget gate apart; for 7 units it can be told."""
    layer = keras.layers.LSTM(7, bias_initializer=keras_inits.get("unit_forget_bias"))
    with pytest.raises(ValueError, match="Received"):
        layer.build((None, 5, 3))


def test_chrono_has_uniform_times():
    """In an LSTM the input gate is the rest; a GRU has one slice of one row filled."""
    i, f, c, o = drawn("chrono", (80_000,), timesteps=TIMESTEPS, seed=7).reshape(4, -1)
    assert ks(1 / (1 - sigmoid(f)), 2, TIMESTEPS) <= KS
    assert not np.any([c, o])
    assert abs(sigmoid(i) + sigmoid(f) - 1).max() < 1e-6
    assert abs(sigmoid(i[::-1]) + sigmoid(f) - 1).max() > 0.1  # of another draw
    for shape in ((60_000,), (2, 60_000)):
        bias = drawn("chrono", shape, timesteps=TIMESTEPS, cell="gru", seed=7)
        keep = np.reshape(bias, -1)[:20_000]
        assert ks(1 / (1 - sigmoid(keep)), 2, TIMESTEPS) <= KS
        assert np.count_nonzero(bias) == np.count_nonzero(keep) > 19_990


CELLS = [("LSTM", (4, 397)), ("GRU", (3, 397)), ("GRU", (2, 3, 397))]


@pytest.mark.parametrize(("name", "shape"), CELLS)
def test_cells_with_chrono_keep_their_state_for_uniform_times(name, shape, figure):
    """Twins: the sign (i and f exchanged), reciprocals, both rows of a GRU filled."""
    keep = {"LSTM": (1,), "GRU": (0,) * (len(shape) - 1)}[name]
    arguments = {"reset_after": len(shape) == 3} if name == "GRU" else {}
    chrono = keras_inits.get("chrono", timesteps=TIMESTEPS, cell=name.lower(), seed=7)
    cell = cell_of(name, 397, chrono, **arguments)
    time = 1 + np.exp(values(cell.bias).reshape(shape)[keep])
    assert abs(kept(cell) - (1 - 1 / time) ** 10).max() < 1e-5

    def law(where, gate):
        bias = np.zeros(shape)
        bias[where] = gate
        if name == "LSTM":
            bias[1 - where[0]] = -gate
        return time_law(cell_of(name, 397, given(bias), **arguments))

    u = np.random.default_rng(7).uniform(1, TIMESTEPS - 1, 397)
    assert law(keep, np.log(u)) <= KS  # by hand, and right
    twin = law(keep, -np.log(u))  # which exchanges i and f, too
    what = "law of the times, " + FROM_UNIFORM
    figure("chrono", what, time_law(cell), KS, twin, beyond=5 * KS)
    assert law(keep, np.log(100 / u - 1)) > 5 * KS  # uniform shares
    assert len(shape) == 2 or law((slice(None), 0), np.log(u)) > 3 * KS


def test_uniform_gates_have_uniform_forget_gates(figure):
    """Between 1/u and 1 − 1/u, the input gate being the rest; twin: chrono's law."""
    u = 5003
    i, f, c, o = drawn("uniform_gates", (4 * u,), seed=7).reshape(4, u)
    found = ks(sigmoid(f), 1 / u, 1 - 1 / u)
    twin = ks(1 - 1 / np.linspace(2, u, u), 1 / u, 1 - 1 / u)
    figure("uniform_gates", "gates, " + FROM_UNIFORM, found, KS, twin, 10 * KS)
    assert abs(f).max() <= math.log(u - 1) * (1 + 1e-6)
    assert abs(sigmoid(i) + sigmoid(f) - 1).max() < 1e-6
    assert not np.any([c, o])


LINES = [(3.0, 6.0, 4, 1), (3.4, 6.0, 4, 2), (-1.0, 0.5, 3, 0), (3.0, 6.0, 1, 0)]


@pytest.mark.parametrize(("low", "high", "gates", "gate"), LINES)
def test_linspace_biases_are_evenly_spaced(low, high, gates, gate, figure):
    """From end to end of one gate; twins: without the end, and on another gate."""
    arguments = {"low": low, "high": high, "gates": gates, "gate": gate}
    bias = drawn("linspace_bias", (gates * 13,), **arguments).reshape(gates, 13)

    def error(bias):
        steps = np.diff(bias[gate]) - (high - low) / 12
        rest = np.delete(bias, gate, axis=0)
        errors = [*steps, bias[gate, 0] - low, bias[gate, -1] - high, *rest.ravel()]
        return abs(np.array(errors)).max()

    assert gates == 1 or error(np.roll(bias, 1, axis=0)) > 0.01
    found = error(bias)
    bias[gate] = np.linspace(low, high, 13, endpoint=False)
    figure("linspace_bias", "spacing and ends", found, 1e-6, error(bias), 0.01)


def power_law_error(bias, heads, share):
    """How far the exponent is from 0.3 + 1.3 · share within any head, or an end off."""
    head = bias.reshape(heads, -1)
    inside = np.linspace(0, 1, head.shape[1])[1:-1]
    exponent = np.log(abs(5 - head[:, 1:-1]) / 12 + 1e-9) / np.log(inside)
    ends = abs(head[:, [0, -1]] - [5, -7]).max()
    return max(ends, abs(exponent - 0.3 - 1.3 * share).max())


@pytest.mark.parametrize(("gates", "gate", "heads"), [(4, 1, 1), (4, 2, 3), (1, 0, 2)])
def test_power_law_biases_fall_from_5_to_minus_7_in_each_head(
    gates, gate, heads, figure
):
    """The later the block, the slower; twins: one head, and block over blocks."""
    u, slices = 7 * heads, []
    arguments = {"gates": gates, "gate": gate, "heads": heads, "blocks": 5}
    for block in range(1, 6):
        bias = drawn("power_law_bias", (gates * u,), block=block, **arguments)
        slices.append(bias[gate * u : gate * u + u])
        share = (block - 1) / 4
        assert np.count_nonzero(bias) == np.count_nonzero(slices[-1])
        late = 5 - 12 * np.tile(np.arange(7) / 6, heads) ** (0.3 + 1.3 * block / 5)
        error, twin = (power_law_error(b, heads, share) for b in (slices[-1], late))
        twin = None if block == 5 else twin
        figure("power_law_bias", "exponent and ends", error, 1e-5, twin, beyond=0.05)
        whole = 5 - 12 * (np.arange(u) / (u - 1)) ** (0.3 + 1.3 * share)
        assert (power_law_error(whole, heads, share) > 0.1) == (heads > 1)
    assert (np.diff(np.reshape(slices, (5, heads, 7))[..., 1:-1], axis=0) > 0).all()
    only = drawn("power_law_bias", (28,), block=1, blocks=1)[7:14]
    assert power_law_error(only, 1, 0.0) < 1e-5


def recurrent_kernel(initializer, units):
    """Of a real layer."""
    layer = keras.layers.SimpleRNN(units, recurrent_initializer=initializer)
    layer.build((None, 5, 3))
    return values(layer.cell.recurrent_kernel)


def radius(kernel):
    """The largest absolute eigenvalue."""
    return abs(np.linalg.eigvals(kernel)).max()


def np_rnn_error(kernel):
    """Of symmetry and eigenvalues, 0.15 to 0.25 and 1, each over its tolerance."""
    least, *_, greatest = np.linalg.eigvalsh(kernel)
    ends = abs(greatest - 1) / 1e-5, abs(least - 0.2) / 0.05
    return max(*ends, abs(kernel - kernel.T).max() / 1e-6)


@pytest.mark.parametrize("units", [80, 97])
def test_a_positive_definite_kernel_lets_no_state_grow_or_vanish_at_once(units, figure):
    """Twins: a Gaussian matrix, its symmetric part, and AᵀA without the identity."""
    drawn = keras_inits.get("positive_definite_rnn", seed=7)
    found = np_rnn_error(recurrent_kernel(drawn, units))
    a = np.random.default_rng(7).standard_normal((units, units))
    for wrong in (a, a + a.T, a.T @ a, a.T @ a / units + 2 * np.eye(units)):
        what = "symmetry and eigenvalues, over their tolerances"
        twin = np_rnn_error(wrong / radius(wrong))
        figure("positive_definite_rnn", what, found, 1, twin)


@pytest.mark.parametrize(("wanted", "share"), [(0.9, 0.1), (1.25, 0.37)])
def test_an_echo_state_kernel_has_its_radius_and_its_share(wanted, share, figure):
    """Of nonzero weights, which are uniform; twin: the Frobenius norm instead."""
    arguments = {"spectral_radius": wanted, "connectivity": share, "seed": 7}
    kernel = recurrent_kernel(keras_inits.get("echo_state", **arguments), 101)
    error = abs(radius(kernel) - wanted)
    twin = abs(radius(kernel * wanted / np.linalg.norm(kernel)) - wanted)
    figure("echo_state", "spectral radius", error, 1e-4, twin, beyond=0.5)
    weights = kernel[kernel != 0]
    tolerance = 5 * math.sqrt(share * (1 - share) / kernel.size)
    assert abs(weights.size / kernel.size - share) < tolerance
    assert ks(weights, -abs(weights).max(), abs(weights).max()) <= KS


@pytest.mark.parametrize(("name", "gates"), [("LSTM", 4), ("GRU", 3), ("SimpleRNN", 1)])
def test_layers_with_torch_rnn_are_bounded_by_their_units(name, gates, figure):
    """Kernels and biases; twin: by their inputs."""
    uniform = keras_inits.get("torch_rnn", gates=gates, seed=7)
    names = ("kernel_initializer", "recurrent_initializer", "bias_initializer")
    arguments = {"unit_forget_bias": False} if name == "LSTM" else {}
    layer = getattr(keras.layers, name)(
        151, **dict.fromkeys(names, uniform), **arguments
    )
    layer.build((None, 5, 37))
    law = Uniform(-1 / math.sqrt(151), 1 / math.sqrt(151))
    assert not any(law.complaints(values(v)) for v in layer.cell.trainable_variables)
    by_inputs = np.random.default_rng(7).uniform(-1, 1, (37, 151 * gates))
    found = max(law.excess(values(v)) for v in layer.cell.trainable_variables)
    figure("torch_rnn", EXCESS, found, 1, law.excess(by_inputs / math.sqrt(37)))


@pytest.mark.parametrize(("shape", "gates"), [((20_012,), 4), ((2, 15_009), 3)])
def test_two_torch_biases_are_a_sum(shape, gates):
    """Of two draws: a triangle of std √(2/3u); twins: one draw, or the same twice."""
    u = shape[-1] // gates

    def std_error(bias):
        spread = 5 * math.sqrt(0.35 / bias.size)
        return abs(bias.std() / math.sqrt(2 / (3 * u)) - 1) / spread

    one = drawn("torch_rnn", shape, gates=gates, seed=7)
    two = drawn("torch_rnn", shape, gates=gates, biases=2, seed=7)
    assert std_error(two) < 1
    assert 1.8 < abs(two).max() * math.sqrt(u) < 2 * (1 + 1e-6)
    assert min(std_error(one), std_error(2 * one)) > 5


def test_a_torch_bias_is_bounded_by_the_inputs_of_the_kernel(figure):
    """In a real layer; twin: by the bias's own length."""
    bias = keras_inits.get("torch_bias", fan_in=37, seed=7)
    layer = keras.layers.Dense(2003, bias_initializer=bias)
    layer.build((None, 37))
    law = Uniform(-1 / math.sqrt(37), 1 / math.sqrt(37))
    assert law.complaints(values(layer.bias)) == []
    own = np.random.default_rng(7).uniform(-1, 1, 2003)
    found, twin = law.excess(values(layer.bias)), law.excess(own / math.sqrt(2003))
    figure("torch_bias", EXCESS, found, 1, twin)


LAW = {"block": 1, "blocks": 2}
REFUSED = {
    "unit_forget_bias": [({"value": math.nan}, 8), ({}, 14)],
    "chrono": [({"timesteps": 9.0, "cell": c}, 14) for c in ("lstm", "gru", "rnn")],
    "time of chrono": [({"timesteps": t}, 8) for t in (2.0, -1.0, math.inf)],
    "uniform_gates": [({}, 10), ({}, 4)],
    "linspace_bias": [({"gate": 4}, 8), ({"gates": 0}, 8), ({}, 6)],
    "range of linspace_bias": [({"low": 3.0, "high": high}, 8) for high in (3.0, 2.0)],
    "power_law_bias": [(LAW, 6), (LAW, 4), (LAW | {"heads": 3}, 20)],
    "block of power_law_bias": [(LAW | {"block": n}, 8) for n in (0, 3, 1.5)],
    "counts of power_law_bias": [(LAW | {n: 0}, 8) for n in ("heads", "gates")],
    "positive_definite_rnn": [({}, (5, 3)), ({}, 5)],
    "echo_state": [({}, (5, 3)), ({"spectral_radius": 0.0}, (5, 5))],
    "share of echo_state": [({"connectivity": c}, (3, 3)) for c in (0.0, 1.5, 1e-9)],
    "torch_rnn": [({"gates": 4}, (3, 10)), ({"gates": 0}, 4), ({"biases": 0}, 4)],
    "torch_bias": [({"fan_in": 0}, 4)],
}


@pytest.mark.parametrize("name", REFUSED)
def test_arguments_and_shapes_that_cannot_be_are_refused(name):
    """When made or when called; the error shows what it got."""
    for arguments, shape in REFUSED[name]:
        with pytest.raises(ValueError, match="Received"):
            drawn(name.split()[-1], np.atleast_1d(shape).tolist(), **arguments)
