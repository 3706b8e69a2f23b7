"""Whichever engine draws, for whatever size and type, the bits are the same."""

import itertools
import math

import numpy as np
import pytest

from keras_inits import sampling
from keras_inits.sampling import Key, bits
from keras_inits.sampling.engines import host
from keras_inits.sampling.engines import numpy as plain_numpy
from support import sampling_engines as engines
from support.sampling_engines import (
    DISTRIBUTIONS,
    ENGINES,
    KEY,
    on_numpy,
    same_bits,
)

BLOCK = bits.BLOCK
CHUNK = host.CHUNK
SIZES = [0, 1, 2, 2047, 2048, 2049, 4095, 4096, 4097, 6143, 6145, 8191, 8193]
LARGE = [CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 2049]
each_engine = pytest.mark.parametrize("engine", ENGINES, ids=lambda f: f.__name__)


def skip_missing(dtype):
    """Skips what the backend has no type for."""
    if dtype == "float64" and not engines.has_float64():
        pytest.skip("the backend has no float64")


def check(engine, distribution, dtype):
    """Asserts that an engine draws what NumPy does."""
    shape = (3, 2111)  # the second block is partly used
    assert same_bits(
        engine(distribution, shape, dtype, KEY),
        on_numpy(distribution, shape, dtype, KEY),
    )


@each_engine
@pytest.mark.parametrize("distribution", DISTRIBUTIONS.values(), ids=DISTRIBUTIONS)
def test_every_distribution_is_the_same_on_every_engine(engine, distribution):
    check(engine, distribution, "float32")


@each_engine
@pytest.mark.parametrize(
    ("dtype", "name"),
    [
        # Limits that only these types have: of open ends, none, and of a cut.
        *itertools.product(["float16", "bfloat16"], ["uniform", "normal", "truncated"]),
        ("float16", "truncated, shifted"),
        ("float64", "normal, shifted"),
    ],
)
def test_every_type_is_the_same_on_every_engine(engine, dtype, name):
    skip_missing(dtype)
    check(engine, DISTRIBUTIONS[name], dtype)


@pytest.mark.backend("jax")  # which alone has a mode without
def test_float64_is_the_same_where_jax_has_it():
    """In the mode of 64 bits every constant of a program might widen."""
    import jax

    with jax.enable_x64(True):
        for name in ("uniform, shifted", "normal", "truncated, shifted"):
            expected = on_numpy(DISTRIBUTIONS[name], (3, 2111), "float64", KEY)
            assert expected.dtype == "float64"
            for engine in engines.ON_BACKEND:
                drawn = engine(DISTRIBUTIONS[name], (3, 2111), "float64", KEY)
                assert drawn.dtype == "float64"
                assert same_bits(drawn, expected)


@each_engine
@pytest.mark.parametrize("shift", [0.0, 0.1])
def test_values_beyond_the_limits_become_the_limits_on_every_engine(engine, shift):
    """Limits so narrow that many values are: others are reached once in 2**24."""
    narrow = sampling.Distribution("uniform", 1.0, shift, open_ends=(-0.5, 0.25))
    drawn = engines.values(engine(narrow, (3, 2111), "float32", KEY))
    limits = [np.nextafter(np.float32(-0.5), np.float32(0)), np.float32(0.25 - 2**-26)]
    assert [drawn.min(), drawn.max()] == limits
    check(engine, narrow, "float32")


@each_engine
@pytest.mark.parametrize("size", SIZES)
def test_every_size_is_the_same_on_every_engine(engine, size):
    distribution = DISTRIBUTIONS["normal, shifted"]
    if size == 0 and engine in engines.ON_BACKEND:
        pytest.skip("empty tensors are drawn on the host")
    drawn = engine(distribution, (size,), "float32", KEY)
    assert same_bits(drawn, on_numpy(distribution, (size,), "float32", KEY))


@each_engine
@pytest.mark.parametrize(
    ("size", "dtype"), [*((size, "float32") for size in LARGE), (LARGE[-1], "bfloat16")]
)
def test_large_draws_are_the_same_on_every_engine(engine, size, dtype):
    """Around the sizes at which the host cuts a draw into tasks."""
    distribution = DISTRIBUTIONS["truncated"]
    drawn = engine(distribution, (size,), dtype, KEY)
    assert same_bits(drawn, on_numpy(distribution, (size,), dtype, KEY))


def test_the_comparison_sees_one_bit_and_the_sign_of_zero():
    """Twin: the smallest possible differences are differences."""
    one = np.linspace(-1, 1, 5, dtype="float32")
    other = one.copy()
    assert same_bits(one, other)
    other[2] = -other[2]
    assert not same_bits(one, other)
    other = one.copy()
    other[4] = np.nextafter(other[4], np.float32(0))
    assert not same_bits(one, other)
    assert not same_bits(one, one.reshape(5, 1))


@pytest.mark.parametrize("engine", [on_numpy, *ENGINES], ids=lambda f: f.__name__)
@pytest.mark.parametrize("name", ["uniform", "normal", "truncated"])
def test_a_value_depends_on_key_and_index_alone(engine, name):
    """Value `i` is what the published generator gives for its counter."""
    distribution, size = DISTRIBUTIONS[name], 3 * 2 * BLOCK + 77
    places = [0, 1, BLOCK - 1, BLOCK, 2 * BLOCK - 1, 2 * BLOCK, 5 * BLOCK + 3, size - 1]
    expected = engines.values_of(distribution, engines.words_at(KEY, places))
    drawn = engines.values(engine(distribution, (size,), "float32", KEY))
    assert same_bits(drawn[places], expected)
    rolled = engines.values(
        engine(distribution, (size,), "float32", Key(KEY.k0, KEY.k1 ^ 1))
    )
    assert not np.isin(rolled[places], expected).any()


@pytest.mark.parametrize("engine", [on_numpy, *ENGINES], ids=lambda f: f.__name__)
def test_a_shape_only_folds_the_sequence(engine):
    distribution = DISTRIBUTIONS["uniform"]
    flat = engines.raw(engine(distribution, (2 * 7 * 451,), "float32", KEY))
    folded = engines.raw(engine(distribution, (2, 7, 451), "float32", KEY))
    np.testing.assert_array_equal(folded.ravel(), flat)


FIRST = [2**32 - 2 * BLOCK, 2**33 - 4 * BLOCK, 2**40 + 6 * BLOCK]


@pytest.mark.parametrize("first", FIRST)
@pytest.mark.parametrize("name", ["uniform", "normal, shifted", "truncated"])
def test_the_host_draws_beyond_2_to_the_32(first, name):
    """Also in a step of several blocks, of which some are below and some above."""
    distribution, size = DISTRIBUTIONS[name], 8 * 2 * BLOCK + 5
    compiled, plain = np.empty((2, size), np.float32)
    host._numba_kernels().fill(distribution, KEY, first, compiled)
    plain_numpy.fill(distribution, KEY, first, plain)
    assert same_bits(compiled, plain)
    places = np.arange(0, size, BLOCK // 2 - 1)
    words = engines.words_at(KEY, first + places)
    assert same_bits(plain[places], engines.values_of(distribution, words))
    wrapped = engines.words_at(KEY, (first + places) % 2**32)
    assert same_bits(plain[places], engines.values_of(distribution, wrapped)) == (
        first + size < 2**32
    )


@pytest.mark.parametrize(
    ("count", "dtype"),
    [(1, "float32"), (2, "float16"), (3, "float32"), (7, "float16")],
)
def test_any_number_of_threads_gives_the_same_bits(count, dtype):
    distribution, shape = DISTRIBUTIONS["normal"], (5, CHUNK + 99)
    expected = on_numpy(distribution, shape, dtype, KEY)
    with engines.threads(count):
        assert same_bits(engines.on_numba(distribution, shape, dtype, KEY), expected)


def test_the_choice_between_numpy_and_numba_is_of_no_consequence(monkeypatch):
    """Before, at and after the draw that makes Numba pay."""
    distribution = DISTRIBUTIONS["truncated, shifted"]
    expected = on_numpy(distribution, (5000,), "float32", KEY)
    used = []
    kernels = host._numba_kernels()
    monkeypatch.setattr(host, "_numba_kernels", lambda: used.append(1) or kernels)
    monkeypatch.setattr(host, "NUMBA_PAYS_FROM", 12_000)
    monkeypatch.setattr(host._Drawn, "values", 0)
    for _ in range(4):
        assert same_bits(
            host.draw_on_host(distribution, (5000,), "float32", KEY), expected
        )
    assert len(used) == 2


def test_a_distribution_of_no_width_is_constant():
    """The bounds of a truncated one leave out the half of 0.3's neighbours beyond."""
    for distribution in (
        sampling.normal(0.3, 0.0),
        sampling.truncated_normal(0.3, 0.0, 2.0),
    ):
        for engine in (on_numpy, *ENGINES):
            drawn = engines.values(engine(distribution, (9,), "float32", KEY))
            assert (drawn == drawn[0]).all()
            assert abs(drawn[0] - 0.3) < 2**-24.5  # less than float32's spacing there


@each_engine
@pytest.mark.parametrize("scale", [1e-30, 1e-36, 1e30])
@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_the_least_and_greatest_scales_are_the_same_on_every_engine(
    engine, scale, shift
):
    """As far as values stay clear of float32's subnormal numbers, which some flush."""
    for distribution in (
        sampling.uniform(shift - scale, shift + scale),
        sampling.normal(shift, scale),
        sampling.truncated_normal(shift, scale, 2.0),
    ):
        drawn = engines.values(engine(distribution, (4100,), "float32", KEY))
        expected = engines.values(on_numpy(distribution, (4100,), "float32", KEY))
        normal = abs(expected) > float(np.finfo(np.float32).tiny)
        np.testing.assert_array_equal(drawn[normal], expected[normal])
        assert math.isclose(abs(drawn[~normal]).max(initial=0), 0, abs_tol=2e-38)
