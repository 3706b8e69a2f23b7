"""The pass of one batch, forwards and backwards, on each backend.

An engine runs `forward`, a function from the values of the trainable variables to the
loss, under a recorder, and returns the loss and what was seen of each variable's
gradient. None of the model's variables is assigned.
"""

import contextlib
import importlib
from typing import Any

import keras

from keras_inits.signals.engines.base import Problem, Tick

ENGINES = {  # module and class of each backend's
    "tensorflow": ("tensorflow", "TensorFlowEngine"),
    "jax": ("jax", "JaxEngine"),
    "torch": ("torch", "TorchEngine"),
}


def engine(problem: Problem, scale: float, tick: Tick) -> Any:
    """The engine of the backend in use.

    Raises:
        ValueError: If the backend computes no gradients.
    """
    backend = keras.backend.backend()
    if backend not in ENGINES:
        raise ValueError(
            "`diagnose` needs gradients, which the backends tensorflow, jax and torch "
            f"compute. Received: keras.backend.backend()={backend!r}. "
            "Set the environment variable KERAS_BACKEND=tensorflow before Keras is "
            "imported."
        )
    module, name = ENGINES[backend]
    made = getattr(importlib.import_module(f"{__name__}.{module}"), name)
    return made(problem, scale, tick)


def no_gradient() -> contextlib.AbstractContextManager[Any]:
    """Context in which PyTorch keeps nothing for a backward pass; others do not."""
    if keras.backend.backend() == "torch":
        import torch

        without: contextlib.AbstractContextManager[Any] = torch.no_grad()
        return without
    return contextlib.nullcontext()


def dense(gradient: Any) -> Any:
    """A gradient as a tensor; TensorFlow has some as the rows that are not zero."""
    if hasattr(gradient, "dense_shape"):
        import tensorflow as tf

        return tf.convert_to_tensor(gradient)
    return gradient
