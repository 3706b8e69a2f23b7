"""Figures of tensors, against NumPy, formulas and each other."""

import math

import keras
import numpy as np
import pytest

from keras_inits.signals import saturation, statistics, unit_hashes
from keras_inits.signals.statistics import GradientTally, Moments, Tally, pick


def cube(seed=0, shape=(6, 5, 7), shift=1.5):
    return np.random.default_rng(seed).gamma(2.0, size=shape) - shift


def test_moments_of_parts_are_those_of_the_whole():
    parts = [cube(seed, (n,)) for seed, n in enumerate((3, 400, 1, 77))]
    merged, whole = Moments(), np.concatenate(parts)
    for part in parts:
        merged.add(part)
    centred = whole - whole.mean()
    assert merged.mean == pytest.approx(whole.mean())
    assert merged.variance == pytest.approx(whole.var())
    assert merged.skew == pytest.approx((centred**3).mean() / whole.std() ** 3)
    assert merged.rms == pytest.approx(math.sqrt((whole**2).mean()))


@pytest.mark.parametrize("size", [1e-38, 1e-20, 1.0, 1e30])
def test_figures_of_very_small_and_very_large_values_are_exact(size):
    """In float32 their squares and cubes are zero or infinite."""
    values = (cube() * size).astype("float32")
    tally = Tally((6, 5, 7), 7)
    tally.add(values, True)
    stats, exact = tally.result(), values.astype("float64") / size
    assert stats.std / size == pytest.approx(exact.std(), rel=1e-6)
    assert stats.skew == pytest.approx(
        ((exact - exact.mean()) ** 3).mean() / exact.std() ** 3, rel=1e-6
    )
    assert sum(stats.histogram) == exact.size


def test_a_unit_is_dead_if_no_batch_moves_it():
    tally = Tally((4, 1, 3), 3, "relu")
    first, second = np.zeros((4, 1, 3)), np.zeros((4, 1, 3))
    first[2, 0, 0] = second[1, 0, 1] = 1.0
    tally.add(first, True)
    tally.add(second, True)
    assert tally.result().dead == pytest.approx(1 / 3)
    assert tally.result().zero == pytest.approx(22 / 24)


def test_what_is_not_finite_is_counted_and_left_out():
    values = cube()
    values[0, 0, 0], values[1, 0, 0] = np.nan, np.inf
    tally = Tally(values.shape, 7)
    tally.add(values, False)
    stats = tally.result()
    rest = values[np.isfinite(values)]
    assert stats.non_finite == pytest.approx(2 / values.size)
    assert not stats.finite
    assert stats.mean == pytest.approx(rest.mean())
    assert stats.std == pytest.approx(rest.std())


def test_what_is_not_finite_is_neither_zero_nor_dead():
    values = np.zeros((4, 1, 3))
    values[0, 0, 0], values[1, 0, 0], values[:, 0, 1] = np.nan, np.inf, 2.0
    tally = Tally(values.shape, 3)
    tally.add(values, False)
    stats = tally.result()
    assert stats.zero == pytest.approx((2 + 4) / 12)
    assert stats.dead == pytest.approx(1 / 3)


@pytest.mark.parametrize("heads", [4, 2, 1])
def test_rows_of_attention_are_one_keys_where_its_probability_is_above_99_in_100(heads):
    random = np.random.default_rng(0)
    query = 4 * random.standard_normal((3, 5, 4, 6)).astype("float32")
    key = random.standard_normal((3, 7, heads, 6)).astype("float32")
    shared = np.repeat(key, 4 // heads, axis=2)
    scores = np.einsum("bqhd,bkhd->bhqk", query, shared) / np.sqrt(6)
    weights = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    expected = weights.max(-1) > 0.99
    assert 3 < expected.sum() < expected.size - 3
    tensors = [keras.ops.convert_to_tensor(x) for x in (query, key)]
    found = keras.ops.convert_to_numpy(saturation.one_hot_rows(*tensors))
    np.testing.assert_array_equal(found, expected)
    tensors = [keras.ops.cast(x, "bfloat16") for x in tensors]
    found = keras.ops.convert_to_numpy(saturation.one_hot_rows(*tensors))
    assert (found == expected).mean() > 0.9  # scores to one part in 100


def test_effective_rank_counts_equal_directions():
    rows = np.concatenate([np.eye(5), -np.eye(5)])
    assert statistics.effective_rank(rows) == pytest.approx(5)
    assert statistics.effective_rank(rows[:, :2]) == pytest.approx(2)
    assert statistics.effective_rank(np.ones((4, 3))) == 0
    one = np.outer(np.arange(4.0), np.ones(3))
    assert statistics.effective_rank(one) == pytest.approx(1)


def test_difference_is_one_minus_the_mean_cosine():
    rows = cube(shape=(6, 20))
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    cosines = (unit @ unit.T)[~np.eye(6, dtype=bool)]
    assert statistics.difference(rows) == pytest.approx(1 - cosines.mean())


def test_difference_keeps_its_digits_where_all_samples_are_nearly_equal():
    """1 − cosine is half the squared angle: 1e-14 / 2 cannot be had by subtraction."""
    rows = np.array([[1.0, 0.0], [1.0, 1e-7]])
    assert statistics.difference(rows) == pytest.approx(5e-15, rel=1e-6)
    assert statistics.difference(rows[:1]) is None
    assert statistics.difference(np.zeros((4, 3))) is None


@pytest.mark.parametrize(
    "activation",
    ["tanh", "sigmoid", "softsign", "hard_tanh", "hard_sigmoid", "relu6"],
)
def test_flat_is_where_the_slope_is_below_a_tenth_of_its_largest(activation):
    z = np.linspace(-12, 12, 4001)
    values = getattr(keras.activations, activation)(
        keras.ops.convert_to_tensor(z.astype("float32"))
    )
    values = keras.ops.convert_to_numpy(values).astype("float64")
    slopes = np.gradient(values, z)
    flat = statistics.FLAT[activation](values)
    sure = np.abs(slopes / slopes.max() - 0.1) > 0.01  # differences are no derivatives
    steps = np.abs(np.diff(slopes, prepend=0, append=0))
    sure &= np.maximum(steps[1:], steps[:-1]) < 0.05  # nor are they at a corner
    if activation == "relu6":
        sure &= z > 0  # what is off below counts as dead
    np.testing.assert_array_equal(flat[sure], (slopes / slopes.max() < 0.1)[sure])


@pytest.mark.parametrize("library", ["numpy", "backend"])
@pytest.mark.parametrize(
    ("shape", "kept"),
    [
        ((3, 4), (3, 1, 4)),
        ((5,), (5, 1, 1)),
        ((2, 3, 4, 5), (2, 12, 5)),
        ((4, 64, 64, 32), (4, 200, 32)),
        ((16, 300_000), (16, 1, 2000)),
        ((100_000, 3), (10_000, 1, 3)),
    ],
)
def test_pick_bounds_what_is_looked_at(shape, kept, library):
    x = np.zeros(shape, "float32")
    x = x if library == "numpy" else keras.ops.convert_to_tensor(x)
    found = tuple(pick(x).shape)
    assert math.prod(found) <= statistics.LIMIT
    if math.prod(shape) <= statistics.LIMIT:
        assert found == kept
    assert math.prod(found) >= math.prod(kept)
    assert found[0] >= min(shape[0], kept[0])


def test_pick_looks_at_all_columns_of_a_picture():
    """64 rows of 64: a step that divides 64 would see a few columns only."""
    x = np.broadcast_to(np.arange(64.0)[None, None, :, None], (16, 64, 64, 32))
    assert len(np.unique(pick(np.array(x)))) == 64


def test_pick_knows_where_the_channels_are():
    x = cube(shape=(2, 3, 4, 5))
    first = pick(np.moveaxis(x, -1, 1).copy(), channels_first=True)
    np.testing.assert_array_equal(first, pick(x))


def test_gradients_are_unscaled_and_the_norm_is_of_all_of_the_tensor():
    tally = GradientTally(100, "float32", scale=8.0)
    tally.add(np.full((1, 10, 1), 4.0), True)
    stats = tally.result()
    assert stats.rms == pytest.approx(0.5)
    assert stats.norm == pytest.approx(5.0)  # sqrt(100) * 0.5


def test_tiny_is_what_the_type_holds_with_fewer_digits():
    """float16 has all its digits from 2**-14 on."""
    values = np.array([2.0**-14, 2.0**-15, 2.0**-20, 0.0, 1.0])
    tally = GradientTally(5, "float16")
    tally.add(values, True)
    assert tally.result().tiny == pytest.approx(2 / 4)
    assert tally.result().zero == pytest.approx(1 / 5)
    other = GradientTally(5, "bfloat16")
    other.add(values, True)
    assert other.result().tiny == 0


def test_twins_are_units_that_agree_in_all_tables():
    random = np.random.default_rng(0)
    kernel = random.standard_normal((30, 8)).astype("float32")
    kernel[:, 5] = kernel[:, 2]
    kernel[:, 7] = kernel[:, 0]
    own = unit_hashes.hashes(kernel, unit_hashes.View((0, 1), 30))
    assert unit_hashes.twins(own) == 4
    gradient = random.standard_normal((4, 8))
    gradient[:, 7] = gradient[:, 0]
    assert unit_hashes.twins(own, gradient) == 2
    assert unit_hashes.twins(own, np.zeros((4, 8))) == 4
    assert unit_hashes.twins(own * np.nan) == 0
