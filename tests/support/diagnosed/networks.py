"""Networks known to be unhealthy, or healthy, by construction.

Each is a function of a width and a seed: thresholds were looked at with one choice,
and tests run others as well.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers

CLASSES = 10


@dataclasses.dataclass(frozen=True)
class Case:
    """A network, what to feed it, and what is known of it.

    Attributes:
        name: What it is.
        build: From (width, seed) to the arguments of `diagnose`.
        kinds: Findings of which one must be found, at least as a warning; empty for a
            healthy network, where nothing may be.
    """

    name: str
    build: Callable[[int, int], tuple[Any, ...]]
    kinds: tuple[str, ...] = ()


CASES: list[Case] = []


def case(name: str, *kinds: str) -> Callable[[Any], Any]:
    """Puts a builder into the table."""

    def decorate(build: Any) -> Any:
        CASES.append(Case(name, build, kinds))
        return build

    return decorate


def normal(std: float) -> Any:
    return keras.initializers.RandomNormal(0.0, std)


def mlp(
    width: int,
    depth: int,
    activation: str,
    kernel: Callable[[], Any] | str = "he_normal",
    head: Any = "glorot_uniform",
    **arguments: Any,
) -> Any:
    """Hidden layers of one width, and a linear head."""
    hidden = [
        layers.Dense(
            width,
            activation,
            kernel_initializer=kernel() if callable(kernel) else kernel,
            **arguments,
        )
        for _ in range(depth)
    ]
    last = layers.Dense(CLASSES, kernel_initializer=head)
    return keras.Sequential([keras.Input((width,)), *hidden, last])


def labelled(model: Any, seed: int, samples: int = 64) -> tuple[Any, Any, Any, str]:
    """The model with standardized data, labels and the usual loss."""
    random = np.random.default_rng(seed)
    shape = tuple(16 if n is None else n for n in model.input_shape[1:])
    x = random.standard_normal((samples, *shape)).astype("float32")
    y = random.integers(0, CLASSES, samples)
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model, x, y, "labels"
