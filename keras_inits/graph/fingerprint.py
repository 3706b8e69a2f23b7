"""A short hash of all weights of a model, to prove that two models are equal."""

import hashlib
import math
from typing import Any

import keras

from keras_inits._utils.host_array import raw_bytes
from keras_inits.graph.weights import WeightInfo, weights_of
from keras_inits.sampling import threads

BLOCK = 2**22  # bytes that a thread hashes at once; part of what a fingerprint is
DIGITS = 16


def _content(value: Any) -> bytes:
    """A hash of a weight's bytes: of its blocks' hashes, which threads find."""
    data = raw_bytes(value).data
    blocks = [b""] * math.ceil(len(data) / BLOCK)

    def fill(number: int) -> None:
        part = data[number * BLOCK : (number + 1) * BLOCK]
        blocks[number] = hashlib.sha256(part).digest()

    threads.in_parallel(fill, range(len(blocks)))
    return hashlib.sha256(b"".join(blocks)).digest()


def _line(info: WeightInfo) -> bytes:
    """A weight's path, shape, type and content."""
    dtype = keras.backend.standardize_dtype(info.variable.dtype)
    named = "\0".join([info.path, str(info.shape), dtype])
    return named.encode() + b"\0" + _content(info.variable.value)


def fingerprint(model: keras.Model) -> str:
    """A short hash of all weights of a model, to prove that two models are equal.

    It is the same for equal weights on every backend, however many devices hold them,
    in every process. What enters: of each weight its place in the model's structure (as
    in the report of `initialize`; numbers that Keras adds to names, `dense_3`, do not
    enter), its shape, its type and its bytes. So -0.0 is not 0.0, and float32 is not
    bfloat16. Moving statistics and quantized weights enter; seeds, metrics and the
    optimizer's state do not. Tied weights enter once.

    On a CPU the memory of a weight is hashed in place; from an accelerator, and from
    several processes on JAX, each weight is copied to the host in its turn. Where
    several processes hold a model, all of them have to call it.

    Args:
        model: Built.

    Returns:
        The first 16 hexadecimal digits of a SHA-256: two models that differ have the
        same with a probability of 2^-64, unless somebody seeks for such a pair.

    Raises:
        ValueError: If the model is not built.

    Examples:
    >>> import keras, keras_inits
    >>> def build():
    ...     return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    >>> one, two = build(), build()  # with layers named dense and dense_1
    >>> report = keras_inits.initialize(one, "he_normal", seed=7)
    >>> report = keras_inits.initialize(two, "he_normal", seed=7)
    >>> keras_inits.fingerprint(one) == keras_inits.fingerprint(two)
    True
    >>> _ = two.layers[0].bias.assign([0.0, 0.0, -0.0])
    >>> keras_inits.fingerprint(one) == keras_inits.fingerprint(two)
    False
    """
    infos = sorted(weights_of(model), key=lambda info: info.path)
    lines = [hashlib.sha256(_line(info)).digest() for info in infos]
    return hashlib.sha256(b"".join(lines)).hexdigest()[:DIGITS]
