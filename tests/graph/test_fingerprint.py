"""The fingerprint: equal for equal weights anywhere, other for any other byte."""

import hashlib

import keras
import numpy as np
import pytest

from keras_inits import fingerprint, initialize
from keras_inits.graph import fingerprint as module

layers = keras.layers


def dense(name=None, dtype=None, values=None, shape=(5, 3)):
    layer = layers.Dense(shape[1], use_bias=False, dtype=dtype, name=name)
    model = keras.Sequential([keras.Input(shape[:1]), layer])
    values = np.arange(np.prod(shape)) if values is None else values
    layer.kernel.assign(np.asarray(values, "float32").reshape(shape))
    return model


def test_it_is_the_hash_of_place_shape_type_and_bytes():
    """The same constants on every backend; the numbers of names do not enter."""
    content = np.arange(15, dtype="<f4").tobytes()
    inner = hashlib.sha256(hashlib.sha256(content).digest()).digest()
    line = b"dense[0]/kernel\0(5, 3)\0float32\0" + inner
    once = hashlib.sha256(line).digest()
    expected = hashlib.sha256(once).hexdigest()[:16]
    assert fingerprint(dense()) == fingerprint(dense()) == expected


def test_every_kind_of_difference_shows():
    start = np.arange(15.0)
    negative, missing = -start, start.copy()
    missing[3] = np.nan
    zero = start * 0
    models = [
        *(dense(), dense("other"), dense(shape=(3, 5)), dense(dtype="bfloat16")),
        *(dense(dtype="float16"), dense(values=negative), dense(values=missing)),
        *(dense(values=zero), dense(values=-zero), dense(values=start[::-1])),
    ]
    found = [fingerprint(model) for model in models]
    assert len({*found}) == len(models)
    assert fingerprint(dense(values=missing)) == found[6]


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_types_have_their_own_bytes(dtype):
    """15 small integers, which both types hold exactly."""
    content = np.arange(15).astype("<f4" if dtype == "bfloat16" else dtype).tobytes()
    if dtype == "bfloat16":  # the upper half of a float32
        content = np.frombuffer(content, "<u2")[1::2].tobytes()
    inner = hashlib.sha256(hashlib.sha256(content).digest()).digest()
    line = f"dense[0]/kernel\0(5, 3)\0{dtype}\0".encode() + inner
    expected = hashlib.sha256(hashlib.sha256(line).digest()).hexdigest()[:16]
    assert fingerprint(dense(dtype=dtype)) == expected


def test_every_block_of_a_large_weight_enters(monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 16)
    base = fingerprint(dense())
    for place in (0, 3, 4, 14):
        values = np.arange(15.0)
        values[place] += 1
        assert fingerprint(dense(values=values)) != base


def test_statistics_enter_and_tied_weights_are_no_obstacle():
    inputs = keras.Input((4,))
    shared = layers.Dense(4, name="shared")
    model = keras.Model(inputs, layers.BatchNormalization()(shared(shared(inputs))))
    initialize(model, "he_normal", seed=7)
    before = fingerprint(model)
    model.layers[-1].moving_variance.assign(2 * np.ones(4))
    assert fingerprint(model) != before


def test_the_seed_draws_one_fingerprint_on_every_backend():
    model = keras.Sequential([keras.Input((40,)), layers.Dense(30), layers.Dense(20)])
    initialize(model, "he_normal", seed=7)
    assert fingerprint(model) == "1c596d8e26b256f1"


def test_a_model_without_weights_is_refused():
    with pytest.raises(ValueError, match="must be built"):
        fingerprint(layers.Dense(3))
