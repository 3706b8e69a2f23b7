"""The words are those of Threefry-2x32-20, and keys are unrelated to one another."""

import itertools

import keras
import numpy as np
import pytest

from keras_inits.sampling import Key, bits
from keras_inits.sampling.engines import numba as numba_kernels
from keras_inits.sampling.engines.choose import engine
from keras_inits.sampling.key import key_of
from support import sampling_engines as engines

BACKEND = keras.backend.backend()
ONES = 0xFFFFFFFF
# (counter, key, words), from Random123's `kat_vectors`: "threefry2x32 20".
KNOWN = [
    ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
    ((ONES, ONES), (ONES, ONES), (0x1CB996FC, 0xBB002BE7)),
    ((0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344), (0xC4923A9C, 0x483DF7A0)),
]


def in_python(key, low, high):
    """Python's integers."""
    pairs = zip(low, high, strict=True)
    return np.array([bits.threefry_of_ints(key, pair) for pair in pairs]).T


def in_numpy(key, low, high):
    """Arrays of 32-bit words."""
    added = [np.uint32(word) for word in bits.schedule(key)]
    low, high = np.array(low, np.uint32), np.array(high, np.uint32)
    return bits.threefry(added, low, high)


def in_numba(key, low, high):
    """The compiled kernels' words, one counter at a time."""
    out = np.empty((2, len(low), 1), np.uint32)
    for i, (lo, hi) in enumerate(zip(low, high, strict=True)):
        counter = np.uint64(hi << 32 | lo)
        k0, k1 = np.uint32(key.k0), np.uint32(key.k1)
        numba_kernels._words(k0, k1, counter, 1, out[0, i], out[1, i])
    return out[..., 0]


def in_xla(key, low, high):
    """The operations of the staged programs, on TensorFlow or JAX."""
    ops = engine().ops
    added = [ops.word(word) for word in bits.schedule(key)]
    low = ops.word(np.array(low, np.uint32))
    high = ops.word(np.array(high, np.uint32))
    return bits.threefry(added, low, high, ops.rotate)


def in_torch(key, low, high):
    """Signed words, whose sums wrap."""
    import torch

    from keras_inits.sampling.engines import torch as on_torch

    added = [on_torch._signed(word) for word in bits.schedule(key)]
    low, high = ([on_torch._signed(word) for word in words] for words in (low, high))
    low, high = (torch.tensor(words, dtype=torch.int32) for words in (low, high))
    x0, x1 = bits.threefry(added, low, high, on_torch.OPS.rotate)
    return x0.numpy().view(np.uint32), x1.numpy().view(np.uint32)


IMPLEMENTATIONS = [in_python, in_numpy, in_numba]
IMPLEMENTATIONS += {"tensorflow": [in_xla], "jax": [in_xla], "torch": [in_torch]}.get(
    BACKEND, []
)
each = pytest.mark.parametrize("words", IMPLEMENTATIONS, ids=lambda f: f.__name__)


def is_known(words):
    """Whether an implementation gives the published words."""
    return all(
        np.array_equal(np.ravel(words(Key(*key), [low], [high])), expected)
        for (low, high), key, expected in KNOWN
    )


@each
def test_the_published_vectors_come_out(words):
    assert is_known(words)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PARITY", bits.PARITY + 1),
        ("ROTATIONS", ((13, 15, 26, 6), (17, 29, 24, 16))),
        ("WORD", 0x7FFFFFFF),
    ],
)
def test_the_vectors_refuse_another_generator(monkeypatch, name, value):
    """Twin: one constant off and no implementation in Python passes."""
    monkeypatch.setattr(bits, name, value)
    assert not is_known(in_python)
    if name != "WORD":
        assert not is_known(in_numpy)


@each
def test_counters_beyond_32_bits_use_both_words(words):
    """Neither is dropped, and no carry is lost: all equal Python's integers."""
    key = engines.KEY
    low = [0, 1, ONES, 0, 7, 0x80000000, ONES]
    high = [0, 0, 0, 1, 1, 0x80000000, ONES]
    np.testing.assert_array_equal(words(key, low, high), in_python(key, low, high))
    assert len(np.unique(in_python(key, low, high))) == 2 * len(low)


def test_the_kernels_count_beyond_32_bits():
    """A run of counters in the second 2**32 is that of the second high word."""
    out = np.empty((2, 100), np.uint32)
    key, start = engines.KEY, 2**32 + 2048
    k0, k1 = np.uint32(key.k0), np.uint32(key.k1)
    numba_kernels._words(k0, k1, np.uint64(start), 100, out[0], out[1])
    low = list(range(2048, 2148))
    np.testing.assert_array_equal(out, in_python(key, low, [1] * 100))


def neighbours():
    """Arguments of `key_of` that differ in one detail."""
    seeds = [0, 1, -1, 2**31, 2**32, 2**32 + 1, 2**63 - 1, -(2**63), 2**64 - 1, None]
    shapes = [(), (0,), (1,), (12,), (1, 2), (2, 1), (1, 2, 1), (21,), (3, 4), (4, 3)]
    streams = ["", "a", "b", "ab", "a/b", "b/a", "dense/kernel", "dense/bias"]
    for kind in ("int", "generator"):
        yield from itertools.product([kind], seeds, shapes, streams)


def test_neighbouring_arguments_give_unrelated_keys():
    """All different, and half of the bits differ, as between random words.

    The mean of m distances between pairs of random 64-bit words is 32 with a standard
    error of 4 / sqrt(m).
    """
    keys = [key_of(*arguments) for arguments in neighbours()]
    assert len(set(keys)) == len(keys)
    words = np.array([key.k0 << 32 | key.k1 for key in keys], np.uint64)
    distances = np.bitwise_count(words[1:] ^ words[:-1])
    assert abs(distances.mean() - 32) < 5 * 4 / np.sqrt(distances.size)
    assert distances.min() > 8  # 1e-7 of random pairs are nearer


def test_the_distances_refuse_a_seed_that_is_added():
    """Twin: keys that count up differ in few bits."""
    words = np.arange(1000, dtype=np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    distances = np.bitwise_count(words[1:] ^ words[:-1])
    assert not abs(distances.mean() - 32) < 5 * 4 / np.sqrt(distances.size)


def test_the_arguments_do_not_run_into_one_another():
    """A text that could be split in two ways would give two draws one key."""
    assert key_of("int", 1, (2,), "x") != key_of("int", 12, (), "x")
    assert key_of("int", 1, (), "(2,)") != key_of("int", 1, (2,), "()")
    assert key_of("int", 1, (2,), "") == key_of("int", 1, [2], "")


def test_a_key_is_two_words_of_32_bits():
    for arguments in itertools.islice(neighbours(), 50):
        assert all(0 <= word <= ONES for word in key_of(*arguments))
