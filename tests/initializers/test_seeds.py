"""Seeds: what repeats, what differs, and what may not be related."""

import json
import math
from itertools import combinations

import keras
import numpy as np
import pytest

import keras_inits
from support.distributions import SIGMAS, Orthonormal, values
from support.scheme_examples import EACH_RANDOM, INDEPENDENT, make

# A pair of `mimetic` has to have the same seed, an int.
every_random = pytest.mark.parametrize(
    ("cls", "example"), [c for c in EACH_RANDOM if "Mimetic" not in c.id]
)
every_independent = pytest.mark.parametrize(("cls", "example"), INDEPENDENT)


def draw(initializer, shape):
    """A kernel as an array."""
    return values(initializer(shape))


def related(one, other):
    """Whether two arrays of as many independent entries are correlated."""
    one, other = np.ravel(one), np.ravel(other)
    assert one.size == other.size
    return abs(np.corrcoef(one, other)[0, 1]) > SIGMAS / math.sqrt(one.size)


@every_random
def test_an_int_repeats_on_every_call_and_in_every_spelling(cls, example):
    """A number is a number, whichever integer type holds it."""
    initializer = make(cls, example, seed=5)
    expected = draw(initializer, example.small)
    np.testing.assert_array_equal(draw(initializer, example.small), expected)
    for seed in (5, np.int64(5), np.uint8(5), np.int32(5)):
        again = make(cls, example, seed=seed)
        np.testing.assert_array_equal(draw(again, example.small), expected)
        assert json.loads(json.dumps(again.get_config()))["seed"] == 5


@every_independent
def test_no_value_is_drawn_twice(cls, example):
    """Twin of what repeats: they are random."""
    drawn = draw(make(cls, example, seed=5), example.small)
    assert len(np.unique(drawn)) == drawn.size


@every_random
def test_every_seed_of_64_bits_has_its_own_values(cls, example):
    """No sign, no high word and no low word is lost."""
    seeds = [
        0,
        1,
        -1,
        5,
        -5,
        2**31,
        2**32,
        2**32 + 5,
        2**63 - 1,
        -(2**63),
        2**63,
        2**64 - 1,
    ]
    drawn = {seed: draw(make(cls, example, seed=seed), example.small) for seed in seeds}
    for one, other in combinations(seeds, 2):
        assert not np.array_equal(drawn[one], drawn[other]), (one, other)


@every_random
def test_no_seed_draws_afresh_and_is_governed_by_keras(cls, example):
    """`set_random_seed` sets what all unseeded draws will be, and nothing else does."""
    initializer = make(cls, example)
    keras.utils.set_random_seed(3)
    first = [draw(initializer, example.small) for _ in range(3)]
    keras.utils.set_random_seed(3)
    again = [draw(make(cls, example), example.small) for _ in range(3)]
    keras.utils.set_random_seed(4)
    other = draw(make(cls, example), example.small)
    np.testing.assert_array_equal(first, again)
    for one, two in combinations([*first, other], 2):
        assert not np.array_equal(one, two)


def test_one_unseeded_instance_gives_two_layers_two_kernels():
    """Where a seed frozen at construction would give both the same."""
    shared = keras_inits.HeFanIn()
    kernels = []
    for _ in range(2):
        layer = keras.layers.Dense(4, kernel_initializer=shared)
        layer.build((None, 5))
        kernels.append(values(layer.kernel))
    assert not np.array_equal(*kernels)


@every_random
def test_a_generator_advances_and_its_config_starts_it_anew(cls, example):
    """What is rebuilt from a config draws what the original drew, call by call."""
    initializer = make(cls, example, seed=keras.random.SeedGenerator(7))
    before = json.dumps(initializer.get_config())
    drawn = [draw(initializer, example.small) for _ in range(3)]
    assert not any(np.array_equal(*pair) for pair in combinations(drawn, 2))
    for text in (before, json.dumps(initializer.get_config())):
        rebuilt = cls.from_config(json.loads(text))
        assert isinstance(rebuilt.seed, keras.random.SeedGenerator)
        again = [draw(rebuilt, example.small) for _ in range(3)]
        np.testing.assert_array_equal(again, drawn)
    other = make(cls, example, seed=keras.random.SeedGenerator(8))
    assert not np.array_equal(draw(other, example.small), drawn[0])


def test_schemes_that_share_a_generator_draw_different_values():
    """One generator, advanced by both."""
    generator = keras.random.SeedGenerator(7)
    one = keras_inits.StandardNormal(seed=generator)
    other = keras_inits.StandardNormal(seed=generator)
    assert not related(draw(one, (50, 40)), draw(other, (50, 40)))


@every_independent
def test_the_shapes_of_one_seed_are_unrelated(cls, example):
    """The small kernel is no part of the large one, nor a transpose or a reshape."""
    if "input_axes" in example.arguments:
        pytest.skip("rank 4 alone; the axes do not enter the stream")
    initializer = make(cls, example, seed=7)
    small = draw(initializer, (30, 20))
    for shape in [(30, 40), (60, 20), (300, 200)]:
        large = draw(initializer, shape)
        assert not related(small, large.ravel()[: small.size])
        assert not related(small, large[:30, :20])
        assert not np.isin(small.ravel()[:9], large.ravel()).all()
    same_size = draw(initializer, (20, 30))
    assert not related(small, same_size)
    assert not related(small, same_size.T)
    assert not related(small, draw(initializer, (3, 10, 20)))


def test_related_notices_a_prefix():
    """Twin: rows of one matrix are related to the same rows, scaled and shifted."""
    large = draw(keras_inits.StandardNormal(seed=7), (60, 20))
    assert related(large[:30], 1 + 0.1 * large[:30])
    noise = draw(keras_inits.StandardNormal(seed=8), (30, 20))
    assert related(large[:30], 0.4 * large[:30] + noise)
    assert not related(large[:30], noise)


@every_independent
def test_neighbouring_seeds_are_unrelated(cls, example):
    """1 and 2, and a seed and its negative."""
    if (
        isinstance(example.distribution(*example.fans), Orthonormal)
        and len(example.shape) != 4
    ):
        pytest.skip("shape of its own")
    drawn = [draw(make(cls, example, seed=seed), (8, 9, 10, 11)) for seed in (1, 2, -1)]
    for one, other in combinations(drawn, 2):
        assert not related(one, other)


def traces(kernels):
    """z scores of what Haar says of the trace t: its mean is 0 and that of t² is 1."""
    found = np.array([np.trace(kernel) for kernel in kernels])
    n = len(found)
    # The trace of a Haar-distributed 5 x 5 matrix has fourth moment 3, as a normal has.
    return found.mean() * math.sqrt(n), (np.mean(found**2) - 1) / math.sqrt(2 / n)


def test_orthogonal_kernels_are_haar_distributed():
    """Over many seeds; one kernel alone cannot tell."""
    kernels = [draw(keras_inits.Orthogonal(seed=s), (5, 5)) for s in range(1500)]
    assert all(abs(z) < SIGMAS for z in traces(kernels))


def test_traces_refuse_a_factorisation_without_the_sign_fix():
    """Twin: the Q that LAPACK returns is orthogonal and not Haar-distributed."""
    rng = np.random.default_rng(0)
    kernels = [np.linalg.qr(rng.normal(size=(5, 5)))[0] for _ in range(1500)]
    assert not all(abs(z) < SIGMAS for z in traces(kernels))
