"""State-space schemes: what the systems with these values remember."""

import math

import numpy as np
import pytest

import keras_inits
from support.distributions import FROM_UNIFORM, KS, ks, values

MANY = (8, 2503)


def drawn(name, shape, **arguments):
    """A scheme's values as float64."""
    return values(keras_inits.get(name, **arguments)(shape, dtype="float32"))


def softplus(x):
    """log(1 + exp x), exact for very negative x too."""
    return np.logaddexp(0, np.asarray(x, "float64"))


def legs(n):
    """LegS's matrix of n states, by hand."""
    k = np.arange(n)
    below = -np.sqrt(np.outer(2 * k + 1, 2 * k + 1)) * (k[:, None] > k)
    return below - np.diag(k + 1.0)


def forgets(a, b):
    """How badly LegS remembers a constant and a ramp, and is far from normal."""
    n = len(b)
    ramp = np.zeros(n)
    ramp[:2] = 1 / 2, 1 / (2 * math.sqrt(3))
    p = np.sqrt(np.arange(n) + 0.5)
    normal = a + np.outer(p, p) + np.eye(n) / 2
    errors = (a[:, 0] + b, ramp - a @ ramp - b, normal + normal.T)
    return max(abs(error).max() for error in errors)


@pytest.mark.parametrize("n", [2, 17, 64])
def test_legs_remembers_constants_and_ramps(n, figure):
    """And is normal but for a rank of one; twins: transposed, or B without its root."""
    a = drawn("hippo_legs", (n, n))
    b = drawn("hippo_legs", (n,), part="B")
    what = "error of a constant and a ramp"
    figure("hippo_legs", what, forgets(a, b), 1e-4, forgets(a.T, b), beyond=0.1)
    assert forgets(a, b**2) > 0.1
    column = drawn("hippo_legs", (n, 1), part="B")
    np.testing.assert_array_equal(column[:, 0], b)


def test_the_real_modes_are_the_eigenvalues_of_legs(figure):
    """In every row: Mamba's log 1..n; twin: counted from 0."""
    log_real = drawn("s4d", (5, 17), kind="real")
    eigenvalues = np.sort(-np.linalg.eigvals(legs(17)).real)
    found = abs(log_real - np.log(eigenvalues)).max()
    twin = abs(np.exp(log_real[0]) - np.arange(17)).max()
    what = "real modes, from LegS's eigenvalues"
    figure("s4d", what, found, 1e-6, twin, beyond=0.5)
    assert not drawn("s4d", (5, 17), kind="real", part="imaginary").any()


def from_legs(frequencies):
    """How far the three fastest modes are from LegS's, over what the law allows."""
    n = 2 * len(frequencies)
    p = np.sqrt(np.arange(n) + 0.5)
    fastest = np.sort(np.linalg.eigvals(legs(n) + np.outer(p, p)).imag)[::-1][:3]
    error = abs(np.sort(frequencies)[::-1][:3] / fastest - 1)
    return (error * n / (1.1 * np.array([1, 3, 5]))).max()


@pytest.mark.parametrize("modes", [13, 32, 64])
def test_the_inverse_modes_are_the_fastest_of_legs(modes):
    """Within 1.1/N for the first, 3 and 5 times that after; twin: 1/(n + 1)."""
    frequencies = drawn("s4d", (3, modes), kind="inv", part="imaginary")
    n = 2 * modes
    for row in frequencies:
        assert from_legs(row) <= 1
    assert from_legs(n / math.pi * (n / (np.arange(modes) + 1) - 1)) > 1.5
    assert from_legs(frequencies[0] / 2) > 1.5  # N the number of modes
    assert abs(drawn("s4d", (3, modes), kind="inv") - math.log(0.5)).max() < 1e-6


def not_orthogonal(frequencies):
    """The largest mean over [0, 2] of the product of two different modes."""
    t = (np.arange(20_000) + 0.5) / 10_000
    modes = np.exp(1j * np.outer(frequencies, t))
    gram = modes @ modes.conj().T / t.size
    return abs(gram - np.diag(np.diag(gram))).max()


def test_the_linear_modes_are_a_fourier_series():
    """Orthogonal on [0, 2] from the constant up; twins: half as fast, or from ½."""
    frequencies = drawn("s4d", (2, 3, 11), part="imaginary")
    log_real = drawn("s4d", (2, 3, 11))
    assert (frequencies == frequencies[0, 0]).all()
    assert abs(log_real - math.log(0.5)).max() < 1e-6
    assert not_orthogonal(frequencies[0, 0]) < 1e-4
    assert frequencies[0, 0, 0] == 0
    assert abs(np.diff(frequencies[0, 0]) - math.pi).max() < 1e-5
    assert not_orthogonal(frequencies[0, 0] / 2) > 0.1


@pytest.mark.parametrize("inverse", ["softplus", "log"])
def test_steps_are_uniform_in_their_logarithm(inverse, figure):
    """And within the bounds to 1e-6; twin: uniform themselves."""
    step = {"softplus": softplus, "log": np.exp}[inverse]
    dt = step(drawn("log_uniform_step", MANY, inverse=inverse, seed=7))
    found = ks(np.log(dt), math.log(1e-3), math.log(1e-1))
    assert dt.min() > 1e-3 * (1 - 1e-6)
    assert dt.max() < 1e-1 * (1 + 1e-6)
    twin = np.random.default_rng(7).uniform(1e-3, 1e-1, dt.size)
    wrong = ks(np.log(twin), math.log(1e-3), math.log(1e-1))
    what = "logarithms, " + FROM_UNIFORM
    figure("log_uniform_step", what, found, KS, wrong, beyond=10 * KS)


def off_the_floor(raw, floor):
    """How far steps whose law is mostly below the floor are from it."""
    dt = softplus(raw)
    return abs(np.sort(np.ravel(dt))[: dt.size // 2] / floor - 1).max()


def test_steps_rest_on_the_floor_exactly():
    """To 1e-6; twins: no floor, and log(exp dt − 1) in float32."""
    arguments = {"low": 1e-5, "high": 1e-2, "floor": 1.3e-3, "seed": 7}
    raw = drawn("log_uniform_step", MANY, **arguments)
    assert off_the_floor(raw, 1.3e-3) < 1e-6
    floor = np.full(99, 1.3e-3, "float32")
    assert off_the_floor(np.log(np.exp(floor) - np.float32(1)), 1.3e-3) > 5e-6
    below = drawn("log_uniform_step", MANY, **(arguments | {"floor": 1e-5}))
    assert off_the_floor(below, 1.3e-3) > 0.5


RADII = [{}, {"r_min": 0.4, "r_max": 0.9}]


@pytest.mark.parametrize("arguments", RADII)
def test_lru_eigenvalues_are_uniform_on_the_ring(arguments, figure):
    """Their squared moduli are; twin: their moduli."""
    low, high = arguments.get("r_min", 0.0), arguments.get("r_max", 1.0)
    nu_log = drawn("lru", MANY, seed=7, **arguments)
    modulus = np.exp(-np.exp(nu_log))
    assert np.isfinite(nu_log).all()
    twin = np.random.default_rng(7).uniform(low, high, MANY)
    found, wrong = (ks(radius**2, low**2, high**2) for radius in (modulus, twin))
    what = "squared moduli, " + FROM_UNIFORM
    figure("lru", what, found, KS, wrong, beyond=3 * KS)


@pytest.mark.parametrize("phase", [2 * math.pi, 0.314])
def test_lru_phases_are_uniform(phase):
    """Up to the largest, also in a drawing with as many values as floats have u."""
    theta_log = drawn("lru", MANY, part="theta_log", max_phase=phase, seed=7)
    assert ks(np.exp(theta_log), 0, phase) <= KS
    assert ks(np.exp(theta_log) / 2, 0, phase) > 10 * KS
    for part in ("theta_log", "nu_log"):
        assert np.isfinite(drawn("lru", (400, 2503), part=part, seed=3)).all()


def noise_power(nu_log, gamma_log):
    """How far from 1 the power of any state driven by white noise is."""
    decay = np.exp(-2 * np.exp(nu_log))
    impulse = np.exp(2 * gamma_log) * decay ** np.arange(2000)[:, None]
    return abs(impulse.sum(axis=0) - 1).max()


def test_lru_states_have_unit_power_with_the_gamma_of_their_nu():
    """½ log(1 − |λ|²) of the same draw; twin: of another."""
    ring = {"r_min": 0.4, "r_max": 0.99}
    nu_log = drawn("lru", (53,), seed=7, **ring)
    other = drawn("lru", (53,), seed=8, **ring)

    def gamma_log(nu_log):
        return 0.5 * np.log(-np.expm1(-2 * np.exp(nu_log)))

    assert noise_power(nu_log, gamma_log(nu_log)) < 1e-5
    assert noise_power(nu_log, gamma_log(other)) > 0.5


@pytest.mark.parametrize("arguments", [{}, {"low": 0.3, "high": 0.95}])
def test_rg_lru_decays_have_uniform_squares(arguments, figure):
    """exp(−2 softplus) is the square; twins: uniform decays, and the sign of log r."""
    low, high = arguments.get("low", 0.9), arguments.get("high", 0.999)
    raw = drawn("rg_lru", (80, 2503), seed=7, **arguments)
    found = ks(np.exp(-2 * softplus(raw)), low**2, high**2)
    twin = np.random.default_rng(7).uniform(low, high, raw.size)
    what, wrong = "squared decays, " + FROM_UNIFORM, ks(twin**2, low**2, high**2)
    figure("rg_lru", what, found, KS, wrong, beyond=2 * KS)
    assert ks(np.exp(-2 * softplus(-raw)), low**2, high**2) > 10 * KS


def delay_error(a, b):
    """How far the system's response is from a delay of one window, up to ω = 4."""
    eye = np.eye(len(b))
    response = [np.linalg.solve(1j * w * eye - a, b).sum() for w in np.linspace(0, 4)]
    return abs(np.array(response) - np.exp(-1j * np.linspace(0, 4))).max()


def test_the_memory_unit_delays_its_input_by_a_window(figure):
    """To 1e-5 with twelve states; twins: transposed, and without the signs of B."""
    a = drawn("lmu", (12, 12))
    b = drawn("lmu", (12,), part="B")
    what, twin = "response, from a delay's", delay_error(a.T, b)
    figure("lmu", what, delay_error(a, b), 1e-5, twin, beyond=0.1)
    assert delay_error(a, abs(b)) > 0.1
    np.testing.assert_array_equal(drawn("lmu", (12, 1), part="B")[:, 0], b)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("hippo_legs", {"part": "C"}),
        ("s4d", {"kind": "legs"}),
        ("s4d", {"part": "A"}),
        ("log_uniform_step", {"low": 0.1, "high": 0.1}),
        ("log_uniform_step", {"low": 0.0}),
        ("log_uniform_step", {"inverse": "exp"}),
        ("lru", {"part": "gamma"}),
        ("lru", {"r_min": 0.5, "r_max": 0.5}),
        ("lru", {"r_max": 1.5}),
        ("lru", {"r_min": -0.5}),
        ("rg_lru", {"low": 0.9, "high": 0.9}),
        ("rg_lru", {"high": 1.5}),
        ("lmu", {"part": "C"}),
    ],
)
def test_arguments_out_of_range_are_refused(name, arguments):
    with pytest.raises(ValueError, match="Received"):
        keras_inits.get(name, **arguments)


@pytest.mark.parametrize("name", ["hippo_legs", "lmu"])
@pytest.mark.parametrize(
    ("part", "shape"), [("A", (5, 3)), ("A", (5,)), ("B", (5, 2)), ("B", (5, 1, 1))]
)
def test_shapes_that_do_not_fit_are_refused(name, part, shape):
    with pytest.raises(ValueError, match="Received"):
        keras_inits.get(name, part=part)(shape, dtype="float32")
