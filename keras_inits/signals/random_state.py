"""Saves and restores all global random states."""

import contextlib
import random
import sys
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np


@contextlib.contextmanager
def unchanged_randomness() -> Iterator[None]:
    """Context that leaves the global random generators as they were.

    Those of Python, NumPy, PyTorch and TensorFlow; Keras's own are variables.
    """
    # NumPy's legacy state is global: what runs inside may draw from it.
    state, old = random.getstate(), np.random.get_state()  # noqa: NPY002
    with contextlib.ExitStack() as stack:
        if "torch" in sys.modules:
            import torch

            stack.enter_context(torch.random.fork_rng())
        if keras.backend.backend() == "tensorflow":
            stack.enter_context(_unchanged_in_tensorflow())
        try:
            yield
        finally:
            random.setstate(state)
            np.random.set_state(old)  # noqa: NPY002


def _global_generator() -> Any:
    """TensorFlow's global generator; None where nobody has asked for it yet."""
    home = sys.modules.get("tensorflow.python.ops.stateful_random_ops")
    return getattr(home, "global_generator", None)


@contextlib.contextmanager
def _unchanged_in_tensorflow() -> Iterator[None]:
    from tensorflow.python.eager import context

    eager, generator = context.context(), _global_generator()
    seeds = getattr(eager, "_rng", None)  # of operations; None before a global seed
    drawn = None if seeds is None else seeds.getstate()
    state = None if generator is None else generator.state.numpy()
    try:
        yield
    finally:
        if generator is not None:
            generator.state.assign(state)
        if seeds is not None and seeds.getstate() != drawn:
            seeds.setstate(drawn)
            # Kernels of operations that had these seeds would draw their next values.
            eager.clear_kernel_cache()
