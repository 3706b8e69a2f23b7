"""The same tensors by this package, by Keras, by PyTorch and by JAX, as calls to time.

Runs inside a worker, whose backend is chosen. Peers that are not installed are left
out.
"""

import math
from collections.abc import Callable
from typing import Any

import common
import numpy as np

Calls = dict[str, Callable[[], Any]]
STD_OF_TWO = 0.87962566103423978  # of N(0, 1) cut at two std


def _torch(case: str, shape: tuple[int, ...]) -> Callable[[], Any]:
    import torch

    std = math.sqrt(2 / shape[0]) / STD_OF_TWO
    fill = {
        "uniform": lambda x: torch.nn.init.uniform_(x, -0.05, 0.05),
        "normal": lambda x: torch.nn.init.normal_(x, 0.0, 0.05),
        "he_normal": lambda x: torch.nn.init.trunc_normal_(
            x, 0.0, std, -2 * std, 2 * std
        ),
        "orthogonal": torch.nn.init.orthogonal_,
    }[case]
    return lambda: fill(torch.empty(shape))


def _jax(case: str, shape: tuple[int, ...]) -> Callable[[], Any]:
    import jax

    make = jax.nn.initializers
    initializer = {
        "uniform": lambda key: make.uniform(0.1)(key, shape) - 0.05,
        "normal": lambda key: make.normal(0.05)(key, shape),
        "he_normal": lambda key: make.he_normal()(key, shape),
        "orthogonal": lambda key: make.orthogonal()(key, shape),
    }[case]
    compiled, key = jax.jit(initializer), jax.random.key(0)
    return lambda: compiled(key)


def initializers(case: str) -> dict[str, Any]:
    """This package's initializer and Keras's."""
    import keras

    import keras_inits

    names = {"uniform": "RandomUniform", "normal": "RandomNormal"}
    names |= {"he_normal": "HeNormal", "orthogonal": "Orthogonal"}
    return {
        "keras_inits": getattr(keras_inits, names[case])(seed=1),
        "keras": getattr(keras.initializers, names[case])(seed=1),
    }


def calls(
    case: str, shape: tuple[int, ...], count: int = 1, others: bool = True
) -> Calls:
    """Calls that draw `count` tensors each.

    Args:
        case: "uniform", "normal", "he_normal" or "orthogonal".
        shape: Shape of each tensor.
        count: Tensors in one call.
        others: Whether to add PyTorch's, JAX's and a plain fill of memory.
    """
    found: Calls = {
        name: lambda initializer=initializer: initializer(shape)
        for name, initializer in initializers(case).items()
    }
    if others:
        if common.installed("torch"):
            found["torch.nn.init"] = _torch(case, shape)
        if common.installed("jax"):
            found["jax.nn.initializers"] = _jax(case, shape)
        if case != "orthogonal":
            found["memory fill"] = lambda: np.full(shape, 0.5, np.float32)
    if count == 1:
        return found
    return {
        name: lambda call=call: [call() for _ in range(count)]
        for name, call in found.items()
    }


def traced(case: str, shape: tuple[int, ...], backend: str) -> Calls:
    """This package's call and Keras's, compiled in the same way."""
    found = initializers(case)
    if backend == "tensorflow":
        import tensorflow as tf

        def compiled(initializer: Any) -> Callable[[], Any]:
            return tf.function(lambda: initializer(shape), jit_compile=True)
    else:
        import jax

        def compiled(initializer: Any) -> Callable[[], Any]:
            program = jax.jit(initializer.__call__, static_argnames=["shape", "dtype"])
            return lambda: program(shape=shape, dtype="float32")

    return {name: compiled(initializer) for name, initializer in found.items()}


def check(case: str, shape: tuple[int, ...], timed: Calls) -> None:
    """Raises if a call that was timed did not draw what it should."""
    std = {
        "uniform": 0.1 / math.sqrt(12),
        "normal": 0.05,
        "he_normal": math.sqrt(2 / shape[0]),
        "orthogonal": 1 / math.sqrt(max(shape)),
    }[case]
    for name, call in timed.items():
        if name == "memory fill":
            continue
        drawn = common.wait(call())
        first = np.asarray(drawn[0] if isinstance(drawn, list) else drawn)
        limit = 8 / math.sqrt(first.size)
        if first.shape != shape or not abs(first.std() / std - 1) < limit:
            raise RuntimeError(f"{name} drew no {case} of std {std}: {first.std()}")
