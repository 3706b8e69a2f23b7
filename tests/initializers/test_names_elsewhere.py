"""Laws that other frameworks have under names of their own: what they are here."""

import math

import numpy as np
import pytest

import keras_inits
from support.distributions import Normal, Truncated, Uniform, values

SEED = {"seed": 7}
PATCH = (16, 16, 3, 96)  # a patch embedding of a vision transformer


def scaling(scale, mode, distribution, **arguments):
    """VarianceScaling with a fixed seed."""
    return keras_inits.VarianceScaling(scale, mode, distribution, seed=7, **arguments)


def limited(square):
    """U(±√square)."""
    return Uniform(-math.sqrt(square), math.sqrt(square))


CASES = {  # ours, a shape, their law for it, and a scheme that is not theirs
    "Caffe XavierFill": (
        scaling(1, "fan_in", "uniform"),
        (90, 41),
        limited(3 / 90),
        keras_inits.XavierUniform(**SEED),
    ),
    "mmengine Caffe2Xavier": (
        scaling(1, "fan_in", "uniform"),
        (3, 2, 15, 41),
        limited(3 / 90),
        keras_inits.XavierUniform(**SEED),
    ),
    "MXNet Xavier": (
        scaling(1, "fan_avg", "uniform"),
        (90, 41),
        limited(3 / ((90 + 41) / 2)),
        scaling(1, "fan_in", "uniform"),
    ),
    "MXNet Xavier gaussian": (
        scaling(3, "fan_avg", "normal"),
        (90, 41),
        Normal(0, math.sqrt(3 / ((90 + 41) / 2))),
        keras_inits.XavierNormal(**SEED),
    ),
    "MXNet MSRAPrelu": (
        scaling(2 / (1 + 0.25**2), "fan_avg", "normal"),
        (90, 41),
        Normal(0, math.sqrt(2 / (1 + 0.25**2) / ((90 + 41) / 2))),
        keras_inits.HeFanIn(0.25, **SEED),
    ),
    "TF1 uniform_unit_scaling": (
        scaling(1.43**2, "fan_in", "uniform"),
        (90, 410),
        Uniform(-1.43 * math.sqrt(3 / 90), 1.43 * math.sqrt(3 / 90)),
        scaling(1.43, "fan_in", "uniform"),
    ),
    "DL4J SIGMOID_UNIFORM": (
        keras_inits.XavierUniform(gain=4, **SEED),
        (90, 41),
        Uniform(-4 * math.sqrt(6 / 131), 4 * math.sqrt(6 / 131)),
        keras_inits.XavierUniform(gain=2, **SEED),
    ),
    "EfficientNet dense": (
        scaling(1 / 3, "fan_out", "uniform"),
        (90, 41),
        Uniform(-(41**-0.5), 41**-0.5),
        scaling(1, "fan_out", "uniform"),
    ),
    "EfficientNet convolution": (
        scaling(2, "fan_out", "normal", groups=3),
        (3, 2, 15, 42),
        Normal(0, math.sqrt(2 / (6 * 42 / 3))),
        scaling(2, "fan_out", "normal"),
    ),
    "MoCo v3 fused qkv": (
        keras_inits.XavierUniform(gates=3, **SEED),
        (96, 3 * 96),
        limited(6 / (3 * 96 / 3 + 96)),
        keras_inits.XavierUniform(**SEED),
    ),
    "MoCo v3 patch embedding": (
        keras_inits.XavierUniform(stride=16 * 16, **SEED),
        PATCH,
        limited(6 / (3 * 16 * 16 + 96)),
        keras_inits.XavierUniform(**SEED),
    ),
    "GLU layers": (
        scaling(4 * 0.8, "fan_in", "normal"),
        (5, 18, 41),
        Normal(0, math.sqrt(4 * 0.8 / 90)),
        scaling(4, "fan_in", "normal"),
    ),
    "JAX uniform": (
        keras_inits.RandomUniform(0.0, 0.02, **SEED),
        (90, 41),
        Uniform(0.0, 0.02),
        keras_inits.RandomUniform(-0.02, 0.02, **SEED),
    ),
    "JAX normal": (
        keras_inits.RandomNormal(stddev=0.01, **SEED),
        (90, 41),
        Normal(0, 0.01),
        keras_inits.RandomNormal(stddev=0.02, **SEED),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_law_of_another_name_is_a_scheme_with_arguments(name):
    """Its distribution in theirs; twin: the scheme one might take it for."""
    ours, shape, theirs, twin = CASES[name]
    assert theirs.complaints(values(ours(shape))) == []
    assert theirs.complaints(values(twin(shape)))


def test_olmos_residual_outputs_are_cut_at_three():
    """N(0, 1/fan_in) cut at three std, over √(2 · layer)."""
    inner = keras_inits.TruncatedNormal(stddev=90**-0.5, bound=3.0, seed=7)
    scheme = keras_inits.get("depth_scaled", initializer=inner, layer=8)
    law = Truncated(0.0, 90**-0.5 / 4, 3.0)
    assert law.complaints(values(scheme((90, 410)))) == []
    assert law.complaints(values(inner((90, 410))))


def gated_square(factor):
    """The mean square of a GLU's output times a factor, for unit inputs."""
    points, weights = np.polynomial.hermite_e.hermegauss(80)
    gates = 1 / (1 + np.exp(-points))
    return factor * (weights * gates**2).sum() / weights.sum()


def test_the_exact_factor_of_a_glu_is_less_than_four():
    """3.40856 at unit inputs; the paper's 4 takes the gate for one half."""
    assert gated_square(3.40856) == pytest.approx(1, abs=1e-5)
    assert gated_square(4) > 1.17
    kernel = values(scaling(3.40856, "fan_in", "normal")((300, 300)))
    inputs = np.random.default_rng(3).normal(size=(2, 1000, 300))
    outputs = inputs[0] / (1 + np.exp(-inputs[1])) @ kernel
    assert (outputs**2).mean() == pytest.approx(1, rel=0.05)


def test_the_relu_of_uniform_unit_scaling_is_not_exact():
    """1.43 gives 2.2 % more variance a layer than the root of two."""
    narrow, wide = (
        values(scaling(gain**2, "fan_in", "uniform")((90, 41)))
        for gain in (math.sqrt(2), 1.43)
    )
    np.testing.assert_allclose((wide / narrow) ** 2, 1.02245, rtol=1e-5)
