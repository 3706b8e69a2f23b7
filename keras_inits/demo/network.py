"""The two networks, the eight starts, and what a network does to signals."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from keras_inits.initializers import registry

DEPTH, WIDTH = 8, 64  # hidden layers, units in each
ACTIVATIONS = {"relu": "ReLU", "tanh": "tanh"}

STARTS: Mapping[str, keras.initializers.Initializer] = {
    "zeros": registry.get("zeros"),
    "too-small normal": registry.get("random_normal", stddev=0.01),
    "too-large normal": registry.get("random_normal", stddev=0.5),
    "random uniform": registry.get("random_uniform"),
    "standard normal": registry.get("standard_normal"),
    "Xavier": registry.get("xavier_normal"),
    "He": registry.get("he_fan_in"),
    "orthogonal": registry.get("orthogonal"),
}


def build(activation: str, initializer: Any, inputs: int, classes: int) -> keras.Model:
    """A plain deep network whose every kernel starts from one scheme, biases from 0.

    Args:
        activation: Of the hidden layers; a name that Keras knows.
        initializer: Of the kernels; whatever `kernel_initializer` takes.
        inputs: Values per example.
        classes: Logits that come out.

    Returns:
        A built model, not compiled.
    """
    hidden = [
        keras.layers.Dense(WIDTH, activation, kernel_initializer=initializer)
        for _ in range(DEPTH)
    ]
    logits = keras.layers.Dense(classes, kernel_initializer=initializer)
    return keras.Sequential([keras.Input((inputs,)), *hidden, logits])


def outputs(model: keras.Model, x: np.ndarray) -> list[np.ndarray]:
    """What every layer of a chain puts out, the logits last.

    Args:
        model: A chain of layers.
        x: Examples.

    Returns:
        One array for each layer, in order.
    """
    signal, collected = x, []
    for layer in model.layers:
        signal = layer(signal)
        collected.append(keras.ops.convert_to_numpy(signal))
    return collected


def predict(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """The logits of a model.

    Args:
        model: Any model.
        x: Examples.
    """
    return keras.ops.convert_to_numpy(model(x, training=False))


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean loss in nats; ln(classes) for a network that does not know.

    Args:
        logits: One row for each example.
        labels: The right classes.
    """
    logits = logits.astype("float64")
    logits = logits - logits.max(axis=-1, keepdims=True)
    log_sums = np.log(np.exp(logits).sum(axis=-1))
    return float(np.mean(log_sums - logits[np.arange(len(labels)), labels]))
