"""Width and adapters: what stays the same in wider layers, and at the start."""

import math

import keras
import numpy as np
import pytest

import keras_inits
from support.distributions import Normal, values

BASE = 64
WIDTHS = (64, 128, 256, 512, 1024)
MULTIPLIERS = {  # on what a kernel is multiplied with, by table and width over base
    3: {"input": lambda m: 1, "hidden": lambda m: 1, "output": lambda m: 1},
    8: {"input": lambda m: 1, "hidden": lambda m: 1, "output": lambda m: 1 / m},
    9: {
        "input": lambda m: m**0.5,
        "hidden": lambda m: 1,
        "output": lambda m: m**-0.5,
    },
}
SHAPES = {
    "input": lambda width: (20, width),
    "hidden": lambda width: (width, width),
    "output": lambda width: (width, 5),
}


def dense(scheme, inputs, outputs):
    """The kernel of a Dense layer."""
    layer = keras.layers.Dense(outputs, kernel_initializer=scheme, name="dense")
    layer.build((None, inputs))
    return values(layer.kernel)


def mup(kind, table=3, **arguments):
    """A scheme of muP at the base width; the base of inputs is one of outputs."""
    base = "base_fan_out" if kind == "input" else "base_fan_in"
    return keras_inits.get("mup", kind=kind, table=table, **{base: BASE}, **arguments)


def effective(kind, width, table):
    """A kernel times its multiplier."""
    kernel = dense(mup(kind, table, seed=7), *SHAPES[kind](width))
    return kernel * MULTIPLIERS[table][kind](width / BASE)


def slope(figures):
    """Of the logarithm of figures on that of the widths."""
    return np.polyfit(np.log(WIDTHS), np.log(figures), 1)[0]


def aligned(kernel):
    """The mean output for the worst input of entries ±1: what training can reach."""
    return abs(kernel).sum(axis=0).mean()


def at_random(kernel):
    """The root mean square of the outputs of white inputs."""
    return math.sqrt((kernel**2).sum(axis=0).mean())


@pytest.mark.parametrize("kind", ["input", "hidden", "output"])
@pytest.mark.parametrize("width", [64, 256, 131])
def test_the_tables_of_mup_are_one_parametrization(kind, width, figure):
    """Kernel times multiplier is the same; twin: without it, where it is not 1."""
    first = effective(kind, width, 3)
    for table in (8, 9):
        other = effective(kind, width, table)
        factor = MULTIPLIERS[table][kind](width / BASE)
        found, bare = (abs(k / first - 1).max() for k in (other, other / factor))
        twin = None if factor == 1 else bare
        figure("mup", "two tables' kernels, relative", found, 1e-5, twin)


@pytest.mark.parametrize("table", [3, 8, 9])
def test_mups_outputs_do_not_grow_with_width(table):
    """However aligned features become; twins: no multiplier, and the standard law."""
    kernels = [effective("output", width, table) for width in WIDTHS]
    assert abs(slope([aligned(kernel) for kernel in kernels])) < 0.12
    if table != 3:
        bare = [dense(mup("output", table, seed=7), width, 5) for width in WIDTHS]
        assert slope([aligned(kernel) for kernel in bare]) > 0.4
    standard = [dense(keras_inits.LecunNormal(seed=7), width, 5) for width in WIDTHS]
    assert slope([aligned(kernel) for kernel in standard]) > 0.4


@pytest.mark.parametrize("kind", ["input", "hidden"])
def test_mups_features_are_of_one_size_at_every_width(kind):
    """At the start; twin: the law of outputs."""
    kernels = [effective(kind, width, 3) for width in WIDTHS]
    assert abs(slope([at_random(kernel) for kernel in kernels])) < 0.02
    assert at_random(kernels[-1]) == pytest.approx(1, rel=0.05)
    twin = [effective("output", width, 3) for width in WIDTHS]
    assert slope([at_random(kernel) for kernel in twin]) < -0.4


def trained(table, width, parametrization, steps=5):
    """log mean |output| after some steps of Adam, in a network made by hand."""
    rng = np.random.default_rng(3)
    inputs, targets = rng.normal(size=(16, 20)), rng.normal(size=(16, 5))
    m = width / BASE
    kinds = ("input", "hidden", "output")
    kernels = [
        dense(parametrization(kind, table), *SHAPES[kind](width)) for kind in kinds
    ]
    factors = [MULTIPLIERS[table][kind](m) for kind in kinds]
    rates = {
        3: (1, 1 / m, 1 / m),
        8: (1, 1 / m, 1),
        9: (m**-0.5, 1 / m, m**-0.5),
    }[table]
    moments = [[np.zeros_like(kernel)] * 2 for kernel in kernels]
    for step in range(1, steps + 2):
        first = np.tanh(inputs @ kernels[0] * factors[0])
        second = np.tanh(first @ kernels[1] * factors[1])
        outputs = second @ kernels[2] * factors[2]
        error = (outputs - targets) * factors[2]
        behind = (error @ kernels[2].T) * (1 - second**2) * factors[1]
        before = (behind @ kernels[1].T) * (1 - first**2) * factors[0]
        gradients = (inputs.T @ before, first.T @ behind, second.T @ error)
        if step > steps:
            return outputs
        for i, gradient in enumerate(gradients):
            mean, square = moments[i]
            mean = 0.9 * mean + 0.1 * gradient
            square = 0.99 * square + 0.01 * gradient**2
            moments[i] = [mean, square]
            update = mean / (1 - 0.9**step) / np.sqrt(square / (1 - 0.99**step))
            kernels[i] = kernels[i] - 0.003 * rates[i] * update
    return None


def test_five_steps_of_adam_agree_across_tables():
    """With each table's rates; twin: the standard law with the rates of table 3."""
    first, eighth, ninth = (
        trained(table, 320, lambda kind, t: mup(kind, t, seed=7)) for table in (3, 8, 9)
    )
    np.testing.assert_allclose(eighth, first, atol=1e-5)
    np.testing.assert_allclose(ninth, first, atol=1e-5)
    twin = trained(3, 320, lambda kind, t: keras_inits.LecunNormal(seed=7))
    assert abs(twin - first).max() > 0.1


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_mups_law_at_the_base_is_the_standard_one(scale):
    """Whatever the kind and the table: variance scale/fan_in."""
    for kind in SHAPES:
        for table in (3, 8, 9):
            shape = SHAPES[kind](BASE)
            kernel = dense(mup(kind, table, scale=scale, seed=7), *shape)
            assert Normal(0, math.sqrt(scale / shape[0])).complaints(kernel) == []


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"kind": "embedding", "base_fan_in": 4},
        {"kind": "output"},
        {"kind": "output", "base_fan_in": 0},
        {"kind": "input", "table": 9},
        {"kind": "hidden", "base_fan_in": 4, "table": 4},
        {"kind": "hidden", "base_fan_in": 4, "scale": 0.0},
    ],
)
def test_mup_needs_a_base_a_kind_and_a_table(arguments):
    with pytest.raises(ValueError, match="Received"):
        keras_inits.get("mup", **arguments)((6, 4))


def norm_over_ratio(kernel):
    """The spectral norm of a matrix over √(out/in)."""
    return np.linalg.norm(kernel, 2) / math.sqrt(kernel.shape[1] / kernel.shape[0])


TALL_TO_WIDE = [(1024, 16), (512, 128), (257, 251), (64, 512), (16, 1024)]


@pytest.mark.parametrize("shape", TALL_TO_WIDE)
def test_the_spectral_norm_follows_the_ratio_of_fans(shape, figure):
    """1 + √(min/max) times √(out/in); twin: LeCun, nine times it at 1024 by 16."""
    ratio = norm_over_ratio(dense(keras_inits.get("spectral", seed=7), *shape))
    assert 0.95 < ratio < 2.1
    twin = norm_over_ratio(dense(keras_inits.LecunNormal(seed=7), *shape))
    assert (0.95 < twin < 2.1) == (shape[0] < 2 * shape[1])
    expected = 1 + math.sqrt(min(shape) / max(shape))
    found, wrong = (abs(norm / expected - 1) for norm in (ratio, twin))
    wrong = wrong if shape[0] >= 2 * shape[1] else None
    figure("spectral", "spectral norm, relative", found, 0.06, wrong)
    double = dense(keras_inits.get("spectral", gain=2.0, seed=7), *shape)
    assert norm_over_ratio(double) == pytest.approx(2 * ratio, rel=1e-5)


@pytest.mark.parametrize("shape", TALL_TO_WIDE[1:])
def test_an_orthogonal_kernel_has_the_norm_exactly(shape):
    """All its singular values are gain·√(out/in); twin: plain orthogonal."""
    scheme = keras_inits.get("spectral", gain=1.5, orthogonal=True, seed=7)
    kernel = dense(scheme, *shape)
    ratio = math.sqrt(shape[1] / shape[0])
    found = np.linalg.svd(kernel, compute_uv=False) / ratio
    np.testing.assert_allclose(found, 1.5, rtol=1e-5)
    twin = dense(keras_inits.Orthogonal(seed=7), *shape)
    assert abs(1.5 * norm_over_ratio(twin) - 1.5) > 1e-3


def test_the_spectral_law_counts_the_window():
    """A convolution is its matrix of taps and channels by outputs."""
    scheme = keras_inits.get("spectral", seed=7)
    layer = keras.layers.Conv2D(41, (3, 2), kernel_initializer=scheme)
    layer.build((None, 9, 9, 50))
    kernel = values(layer.kernel).reshape(300, 41)
    expected = 1 + math.sqrt(41 / 300)
    assert norm_over_ratio(kernel) == pytest.approx(expected, rel=0.06)
    assert Normal(0, math.sqrt(41) / 300).complaints(kernel) == []


@pytest.mark.parametrize("gain", [math.nan, math.inf, "1"])
def test_a_spectral_gain_is_a_finite_number(gain):
    with pytest.raises(ValueError, match="Received"):
        keras_inits.get("spectral", gain=gain)((6, 4))
