"""Schemes for networks of coordinates: sines, Fourier features, signed distances."""

import math

import keras
import numpy as np
import pytest

import keras_inits
from support.distributions import EXCESS, Normal, Uniform, values

TWO_PI = 2 * math.pi


def by_hand(draw):
    """An initializer of values that `draw` makes of a generator and a shape."""
    generator = np.random.default_rng(7)
    return lambda shape, dtype=None: draw(generator, shape).astype("float32")


def plus_minus(bound):
    """U(±bound(fan_in)) by hand."""
    return by_hand(lambda g, shape: g.uniform(-1, 1, shape) * bound(shape[0]))


def apply(inputs, units, initializer, bias="zeros"):
    """The outputs of a dense layer without an activation."""
    layer = keras.layers.Dense(
        units, kernel_initializer=initializer, bias_initializer=bias
    )
    return values(layer(inputs.astype("float32")))


WAVES = 512


def sine_stds(first, hidden, omega=30.0, layers=7):
    """The std of the arguments of each hidden sine, over points in a square."""
    x = np.random.default_rng(3).uniform(-1, 1, (997, 2))
    x = np.sin(30.0 * apply(x, WAVES, first))
    found = []
    for _ in range(layers):
        argument = omega * apply(x, WAVES, hidden)
        found.append(argument.std())
        x = np.sin(argument)
    return np.array(found)


def first():
    """The first layer's kernel."""
    return keras_inits.get("siren_first", seed=keras.random.SeedGenerator(7))


def settles_by_itself(stds):
    """Arguments start at 1 and stay at 0.8926 from the fourth sine on."""
    return abs(stds[0] - 1) < 0.03 and abs(stds[3:] - 0.8926).max() < 0.02


def settles_at_one(stds):
    """From the fourth sine on."""
    return abs(stds[3:] - 1).max() < 0.02


@pytest.mark.parametrize("omega", [30.0, 11.0])
def test_arguments_of_sines_keep_their_std(omega, figure):
    """Of the hidden layers' own ω, the law's fixed point."""
    generator = keras.random.SeedGenerator(8)
    hidden = keras_inits.get("siren_hidden", omega=omega, seed=generator)
    stds = sine_stds(first(), hidden, omega)
    assert settles_by_itself(stds)
    found, twin = (abs(stds[3:] - std).max() for std in (0.8926, 1))
    figure("siren_hidden", "std of sines' arguments, from 0.8926", found, 0.02, twin)


def test_arguments_of_sines_settle_at_one_with_unit_variance():
    generator = keras.random.SeedGenerator(8)
    hidden = keras_inits.get("siren_hidden", unit_variance=True, seed=generator)
    stds = sine_stds(first(), hidden)
    assert settles_at_one(stds)
    assert not settles_by_itself(stds)


@pytest.mark.parametrize(
    ("first_bound", "hidden_bound", "right"),
    [
        (lambda n: 1 / n, lambda n: math.sqrt(6 / n) / 30, True),
        (lambda n: 1 / n, lambda n: math.sqrt(6 / n), False),
        (lambda n: 1 / n, lambda n: math.sqrt(3 / n) / 30, False),
        (lambda n: 1 / n / 30, lambda n: math.sqrt(6 / n) / 30, False),
    ],
)
def test_other_bounds_explode_or_die(first_bound, hidden_bound, right):
    """No division by ω, He's bound halved, and a first layer divided by ω."""
    stds = sine_stds(plus_minus(first_bound), plus_minus(hidden_bound))
    assert settles_by_itself(stds) == right
    assert not settles_at_one(stds)


def test_siren_kernels_are_uniform_for_the_whole_fan(figure):
    """Of a window too."""
    shape, fan = (3, 5, 2003), 15
    drawn = values(keras_inits.get("siren_first", seed=7)(shape))
    law, twin = Uniform(-1 / fan, 1 / fan), Uniform(-(fan**-0.5), fan**-0.5)
    assert law.complaints(drawn) == []
    figure("siren_first", EXCESS, law.excess(drawn), 1, twin.excess(drawn))
    for arguments, divisor in (
        ({}, 30.0),
        ({"omega": 2.5}, 2.5),
        ({"unit_variance": True}, 30.0 * math.sqrt(1 - math.exp(-2))),
    ):
        drawn = values(keras_inits.get("siren_hidden", seed=7, **arguments)(shape))
        bound = math.sqrt(6 / fan) / divisor
        assert Uniform(-bound, bound).complaints(drawn) == []
        assert Uniform(-bound / 5, bound / 5).complaints(drawn)


POINTS = np.random.default_rng(5).uniform(-1, 1, (23, 3))
PAIRS = POINTS[:, None] - POINTS[None]
FEATURES = 20_011


def fourier_error(initializer, stddev):
    """How far the kernel is from its Gaussian, over 5/√(2m)."""
    angles = TWO_PI * apply(POINTS, FEATURES, initializer)
    kernel = np.cos(angles) @ np.cos(angles).T + np.sin(angles) @ np.sin(angles).T
    expected = np.exp(-2 * (math.pi * stddev) ** 2 * (PAIRS**2).sum(axis=-1))
    error = abs(kernel / FEATURES - expected).max()
    return error * math.sqrt(2 * FEATURES) / 5


@pytest.mark.parametrize("stddev", [0.1, 0.35])
def test_fourier_features_have_a_gaussian_kernel(stddev, figure):
    """Twins: 2π times wider, and narrower."""
    features = keras_inits.get("fourier_features", stddev=stddev, seed=7)
    found = fourier_error(features, stddev)
    assert Normal(0, stddev).complaints(values(features((3, FEATURES)))) == []
    for factor in (TWO_PI, 1 / TWO_PI, 1.1):
        wrong = by_hand(lambda g, shape, f=factor: g.normal(0, f * stddev, shape))
        what, twin = "kernel, over its tolerance", fourier_error(wrong, stddev)
        figure("fourier_features", what, found, 1, twin, beyond=1.5)


KERNELS = {
    "gaussian": lambda scale: np.exp(-(PAIRS**2).sum(axis=-1) / (2 * scale**2)),
    "laplacian": lambda scale: np.exp(-abs(PAIRS).sum(axis=-1) / scale),
}


def random_error(name, scale, initializer, bias):
    """How far the kernel of √(2/m) cos(xW + b) is from its law, over 6/√m."""
    features = np.cos(apply(POINTS, FEATURES, initializer, bias))
    error = abs(2 / FEATURES * features @ features.T - KERNELS[name](scale)).max()
    return error * math.sqrt(FEATURES) / 6


@pytest.mark.parametrize(
    ("name", "scale", "orthogonal"),
    [
        ("gaussian", 1.0, False),
        ("gaussian", 0.6, True),
        ("gaussian", 2.5, False),
        ("laplacian", 1.0, False),
        ("laplacian", 2.5, False),
    ],
)
def test_random_fourier_features_have_their_kernel(name, scale, orthogonal, figure):
    """Twins: a zero bias, the scale inverted, and the other kernel."""
    arguments = {"kernel": name, "orthogonal": orthogonal}
    bias = keras_inits.get("random_uniform", minval=0.0, maxval=TWO_PI, seed=8)

    def error(scale_drawn, bias, **others):
        features = keras_inits.get(
            "random_fourier", scale=scale_drawn, seed=7, **(arguments | others)
        )
        return random_error(name, scale, features, bias)

    what, twin = "kernel, over its tolerance", error(scale, "zeros")
    figure("random_fourier", what, error(scale, bias), 1, twin, beyond=3)
    assert scale == 1 or error(1 / scale, bias) > 3
    other = {"gaussian": "laplacian", "laplacian": "gaussian"}[name]
    assert error(scale, bias, kernel=other, orthogonal=False) > 1.5


def test_random_fourier_kernels_are_normal_or_cauchy():
    """Cauchy's tails are long, and finite."""
    drawn = values(keras_inits.get("random_fourier", scale=4.0, seed=7)((3, FEATURES)))
    assert Normal(0, 0.25).complaints(drawn) == []
    cauchy = keras_inits.get("random_fourier", kernel="laplacian", scale=4.0, seed=7)
    drawn = values(cauchy((31, FEATURES)))
    assert np.isfinite(drawn).all()
    assert Uniform(0, 1).complaints(0.5 + np.arctan(4 * drawn) / math.pi) == []


def off_orthogonal(kernel):
    """The largest cosine between two columns of one block."""
    inputs, found = len(kernel), []
    for start in range(0, kernel.shape[1], inputs):
        block = kernel[:, start : start + inputs]
        block = block / np.linalg.norm(block, axis=0)
        found.append(abs(block.T @ block - np.eye(block.shape[1])).max())
    return max(found)


def length_error(kernel):
    """How far the mean squared length is from χ²'s and its spread too, over 5 std."""
    inputs, n = kernel.shape
    lengths = (kernel**2).sum(axis=0)
    mean = abs(lengths.mean() - inputs) / math.sqrt(2 * inputs / n)
    kurtosis = 3 + 12 / inputs  # of χ² with this many degrees
    spread = abs(lengths.var() / (2 * inputs) - 1) / math.sqrt((kurtosis - 1) / n)
    return max(mean, spread) / 5


def squared_error(kernel, distance=1.3):
    """Of the Gaussian kernel by one block, averaged over blocks and axes."""
    inputs = len(kernel)
    angles = distance * kernel.reshape(inputs, -1, inputs)
    return ((np.cos(angles).mean(axis=-1) - math.exp(-(distance**2) / 2)) ** 2).mean()


def test_orthogonal_features_are_orthogonal_block_by_block():
    """With lengths as of normal columns, and a smaller error; twin: independent."""
    inputs, blocks = 7, 901
    features = keras_inits.get("random_fourier", orthogonal=True, seed=7)
    kernel = values(features((inputs, inputs * blocks)))
    noise = np.random.default_rng(7).standard_normal(kernel.shape)
    assert off_orthogonal(kernel) < 1e-5
    assert off_orthogonal(noise) > 0.5
    assert length_error(kernel) < 1
    assert length_error(kernel / np.linalg.norm(kernel, axis=0) * inputs**0.5) > 1
    assert squared_error(kernel) < 0.8 * squared_error(noise)
    rest = keras_inits.get("random_fourier", orthogonal=True, scale=2.0, seed=7)
    kernel = values(rest((inputs, 3 * inputs + 2)))
    assert off_orthogonal(kernel) < 1e-5
    assert Normal(0, 0.5).complaints(values(rest((5, 4003)))) == []


NETWORKS, NEURONS = 8, 509


def distances(hidden, kernel, radius=0.5):
    """(f + r)/‖x‖ of four ReLU layers, networks by directions."""
    x = np.random.default_rng(3).standard_normal((199, 3))
    bias = keras_inits.get("geometric_output", radius=radius)  # of one axis: −radius
    found = []
    for _ in range(NETWORKS):
        inner = x
        for _ in range(4):
            inner = np.maximum(apply(inner, NEURONS, hidden), 0)
        outer = apply(inner, 1, kernel, bias)[:, 0]
        found.append((outer + radius) / np.linalg.norm(x, axis=1))
    return np.array(found)


def sphere_error(ratios):
    """Of their mean 1, over five standard errors, and of directions alike, over 0.1."""
    tolerance = 5 * 2.43 / math.sqrt(NEURONS * NETWORKS)
    return max(abs(ratios.mean() - 1) / tolerance, ratios.std(axis=1).mean() / 0.1)


def test_a_network_with_a_geometric_output_is_a_sphere(figure):
    """Twins: He's fan_in, and a last kernel without a mean."""
    hidden = keras_inits.get("he_fan_out", seed=keras.random.SeedGenerator(7))
    generator = keras.random.SeedGenerator(8)
    last = keras_inits.get("geometric_output", radius=0.5, seed=generator)
    found = sphere_error(distances(hidden, last))
    fan_in = by_hand(lambda g, shape: g.normal(0, math.sqrt(2 / shape[0]), shape))
    no_mean = by_hand(lambda g, shape: g.normal(0, math.sqrt(1 / shape[0]), shape))
    for twin in (distances(fan_in, last), distances(hidden, no_mean)):
        what = "distance from a sphere, over its tolerance"
        figure("geometric_output", what, found, 1, sphere_error(twin))


def test_a_geometric_output_is_nearly_constant():
    """√(π / fan_in), with noise of 1e-5."""
    kernel = values(keras_inits.get("geometric_output", seed=7)((1009, 3)))
    mean = math.sqrt(math.pi / 1009)
    assert Normal(mean, 1e-5).complaints(kernel) == []
    assert Normal(mean, 2e-5).complaints(kernel)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("siren_hidden", {"omega": 0.0}),
        ("siren_hidden", {"omega": -30.0}),
        ("siren_hidden", {"omega": math.inf}),
        ("fourier_features", {"stddev": -1.0}),
        ("random_fourier", {"kernel": "cauchy"}),
        ("random_fourier", {"scale": 0.0}),
        ("random_fourier", {"scale": math.nan}),
        ("geometric_output", {"radius": 0.0}),
        ("geometric_output", {"radius": -1.0}),
    ],
)
def test_arguments_out_of_range_are_refused(name, arguments):
    with pytest.raises(ValueError, match="Received"):
        keras_inits.get(name, **arguments)
