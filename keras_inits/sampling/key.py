"""The key of a tensor's draw: from its seed, its shape and where it is drawn."""

import hashlib
import random

import numpy as np

from keras_inits._utils.types import Seed, Shape
from keras_inits.sampling.bits import Key
from keras_inits.sampling.engines.choose import engine


def key_of(kind: str, seed: int | None, shape: Shape, stream: str) -> Key:
    """The key of one tensor's draw.

    Hashing takes in every argument whole, so that neighbouring seeds, prefixes of
    shapes and parts of names give unrelated keys.

    Args:
        kind: What the seed is: `"int"` or `"generator"`.
        seed: Any integer, or None where a generator's state enters later.
        shape: Shape of the tensor.
        stream: Name of the place of the draw; may be empty.
    """
    text = "\x1f".join(["keras_inits", kind, str(seed), str(tuple(shape)), stream])
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return Key(
        int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:], "little")
    )


def key_from_seed(seed: Seed, shape: Shape, stream: str) -> Key:
    """The key of a tensor's draw; a seed generator advances.

    Args:
        seed: An int, a `keras.random.SeedGenerator`, or None for a seed from Python's
            `random`, which `keras.utils.set_random_seed` governs.
        shape: Shape of the tensor.
        stream: Name of the place of the draw.

    Returns:
        A key of Python ints; where a program is traced that takes the generator's state
        as an argument, a key of scalars of that program.

    Examples:
    >>> key_from_seed(7, (3, 4), "dense") == key_from_seed(7, (3, 4), "dense")
    True
    >>> key_from_seed(7, (3, 4), "dense") == key_from_seed(7, (4, 3), "dense")
    False
    """
    if seed is None:
        seed = random.getrandbits(63)
    if isinstance(seed, int):
        return key_of("int", seed, shape, stream)
    base = key_of("generator", None, shape, stream)
    return engine().key_of_state(base, engine().next_state(seed))


def substream(key: Key, name: str, number: int = 0) -> Key:
    """The key of one of several draws that make up a tensor.

    Args:
        key: That of the tensor; its words may be scalars of a program.
        name: What is drawn.
        number: Which of several of that name.

    Examples:
    >>> from keras_inits import sampling
    >>> key = sampling.Key(1, 2)
    >>> substream(key, "signs") == substream(key, "lengths")
    False
    """
    own = key_of("int", number, (), name)
    if isinstance(key.k0, int):
        return Key(key.k0 ^ own.k0, key.k1 ^ own.k1)
    return Key(key.k0 ^ np.uint32(own.k0), key.k1 ^ np.uint32(own.k1))
