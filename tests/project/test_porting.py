"""`docs/other_names.py`: what other frameworks call a scheme draws what it draws."""

import math
import sys

import keras
import numpy as np
import pytest
from scipy import stats

from keras_inits.initializers import descriptions
from support import fresh

sys.path.insert(0, str(fresh.ROOT / "docs"))
from other_names import OTHER_NAMES

KERNEL = (240, 360)  # inputs, units
SHAPES = {"dirac": (3, 5, 16, 24), "delta_orthogonal": (3, 5, 16, 24)}
SHAPES |= {"torch_rnn": (64, 256), "torch_bias": (5000,), "stft": (64, 1, 33)}
PAIRS = [
    (scheme, framework, line)
    for scheme, lines in OTHER_NAMES.items()
    for framework, line in lines.items()
]
CHANCE = 1e-6  # of a false alarm, for each pair


def shape_of(scheme):
    """What is drawn, in Keras's order of axes."""
    return SHAPES.get(scheme, KERNEL)


def theirs(line, framework, shape):
    """What a line of another framework draws, in Keras's order of axes."""
    if framework == "torch":
        torch = pytest.importorskip("torch")
        torch.manual_seed(5)
        inputs = 8 if len(shape) == 1 else shape[-2]
        units = shape[-1] // (4 if "LSTM" in line else 1)
        w = torch.empty(*shape[:-3:-1], *shape[:-2])
        names = {"torch": torch, "w": w, "inputs": inputs, "units": units}
        drawn = eval(line, names).detach().numpy()
        return drawn.transpose(*range(2, drawn.ndim), 1, 0) if drawn.ndim > 1 else drawn
    if framework == "jax":
        jax = pytest.importorskip("jax")
        return np.asarray(eval(line, {"jax": jax})(jax.random.key(5), shape))
    return keras.ops.convert_to_numpy(eval(line, {"keras": keras})(shape))


def ours(scheme, shape):
    """What the scheme draws with its example's arguments."""
    drawn = descriptions.example_scheme(scheme)(shape, dtype="float32")
    return keras.ops.convert_to_numpy(drawn)


def agree(one, other):
    """Whether two draws are of one distribution: equal, or alike in law and size."""
    if len(np.unique(other)) < 4:
        return np.array_equal(one, other)
    # The std of n values has at most the relative error 1 / sqrt(2 n), here of both.
    close = abs(one.std() / other.std() - 1) < 5 / math.sqrt(one.size)
    return close and stats.ks_2samp(one.ravel(), other.ravel()).pvalue > CHANCE


@pytest.mark.parametrize(("scheme", "framework", "line"), PAIRS)
def test_the_other_name_draws_the_same_distribution(scheme, framework, line):
    shape = shape_of(scheme)
    drawn = theirs(line, framework, shape)
    assert drawn.shape == shape
    if scheme == "delta_orthogonal":  # zeros away from one tap
        drawn, own = drawn[1, 2], ours(scheme, shape)[1, 2]
        assert np.allclose(drawn @ drawn.T, own @ own.T, atol=1e-5)
    elif scheme == "stft":
        assert np.allclose(drawn, ours(scheme, shape), atol=1e-5)
    else:
        assert agree(ours(scheme, shape), drawn), line


@pytest.mark.parametrize(
    ("scheme", "line"),
    [
        ("kaiming_normal", "jax.nn.initializers.kaiming_normal()"),  # cut at two std
        ("xavier_normal", "jax.nn.initializers.xavier_normal()"),  # cut at two std
        ("he_fan_out", 'jax.nn.initializers.variance_scaling(2.0, "fan_in", "normal")'),
        ("random_uniform", "jax.nn.initializers.uniform(0.05)"),  # starts at zero
    ],
)
def test_a_name_that_means_something_else_is_noticed(scheme, line):
    """Twin, of pairs that look alike."""
    assert not agree(ours(scheme, KERNEL), theirs(line, "jax", KERNEL))


def test_torch_cuts_its_truncated_normal_at_plus_and_minus_two():
    """Not at two std: with a small std, as ours draws without a cut."""
    drawn = theirs("torch.nn.init.trunc_normal_(w, std=0.02)", "torch", KERNEL)
    assert not agree(ours("truncated_normal_02", KERNEL), drawn)
    assert abs(drawn).max() > 3.5 * 0.02


def test_every_scheme_that_is_named_exists():
    assert set(OTHER_NAMES) <= set(descriptions.registry.names())
    assert {framework for _, framework, _ in PAIRS} == {"torch", "jax", "keras"}
