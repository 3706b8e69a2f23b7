"""White noise in place of data, of the shapes and types that a model takes."""

import math
from typing import Any

import keras
import numpy as np

from keras_inits._utils.types import Tensor
from keras_inits.graph.weights import children

BATCH = 32  # samples, where nobody says: Keras's own default
STEPS = 16  # what an unknown length of a sequence is taken for
PIXELS = 64  # what an unknown height or width is taken for
TOKENS = 1000  # vocabulary where no embedding tells it


def vocabulary(layer: keras.layers.Layer) -> int | None:
    """Rows of the first embedding in a layer; None if it has none."""
    if isinstance(layer, keras.layers.Embedding):
        return int(layer.input_dim)
    found = (vocabulary(child) for child in children(layer))
    return next((size for size in found if size is not None), None)


def _consumers(model: keras.Model, tensor: Tensor) -> list[Any]:
    """The layers of a Functional model that take one of its inputs."""
    inside = {id(operation) for operation in getattr(model, "operations", [])}
    nodes = tensor._keras_history.operation._outbound_nodes
    taken = [node for node in nodes if any(t is tensor for t in node.input_tensors)]
    return [node.operation for node in taken if id(node.operation) in inside]


def _scalings(model: keras.Model, tensor: Tensor) -> list[Any]:
    """The layers that scale an input, one behind the other."""
    found: list[Any] = []
    while True:
        consumers = _consumers(model, tensor)
        if len(consumers) != 1 or not isinstance(
            consumers[0], keras.layers.Rescaling | keras.layers.Normalization
        ):
            return found
        found.append(consumers[0])
        tensor = consumers[0].output


def _unscaled(x: Any, layer: keras.layers.Layer) -> Any:
    """What a layer must be given to return `x`."""
    if isinstance(layer, keras.layers.Rescaling):
        return (x - np.asarray(layer.offset)) / np.asarray(layer.scale)
    mean, variance = (
        keras.ops.convert_to_numpy(value) for value in (layer.mean, layer.variance)
    )
    root = np.maximum(np.sqrt(variance), keras.config.epsilon())
    return (x - mean) / root if layer.invert else x * root + mean


def _shape(spec: Any) -> tuple[tuple[int, ...], list[str]]:
    known = list(spec.shape)
    known[0] = known[0] or BATCH
    default = PIXELS if len(known) >= 4 else STEPS
    unknown = f"unknown sizes of {spec.name!r} {spec.shape} are {default}"
    shape = tuple(default if size is None else int(size) for size in known)
    return shape, [unknown] if None in known else []


def _noise(model: keras.Model, spec: Any, random: Any) -> tuple[np.ndarray, list[str]]:
    """Noise for one input, and what was assumed of it."""
    shape, notes = _shape(spec)
    dtype = keras.backend.standardize_dtype(spec.dtype)
    consumers = _consumers(model, spec) if hasattr(spec, "_keras_history") else [model]
    if dtype == "string":
        raise ValueError(
            "`x` is needed: noise cannot stand for text. Received: x=None for the "
            f"input {spec.name!r} of type string. Pass x=, an array of strings."
        )
    if keras.backend.is_float_dtype(dtype):
        noise = random.standard_normal(shape)
        scalings = (
            _scalings(model, spec) if consumers and consumers[0] is not model else []
        )
        for layer in reversed(scalings):
            noise = _unscaled(noise, layer)
        if scalings:
            last = type(scalings[-1]).__name__
            notes.append(
                f"noise for {spec.name!r} is standard normal after its {last} layer"
            )
        return np.asarray(noise, "float32"), notes
    if dtype == "bool" or "mask" in spec.name:
        return np.ones(shape, dtype), notes
    sizes = [size for layer in consumers if (size := vocabulary(layer)) is not None]
    if not sizes:
        notes.append(
            f"no embedding takes {spec.name!r} directly: token ids below {TOKENS}"
            if math.prod(shape[1:]) > 1
            else f"no embedding takes {spec.name!r} directly: ids 0 and 1"
        )
    limit = min(sizes) if sizes else (TOKENS if math.prod(shape[1:]) > 1 else 2)
    return random.integers(0, limit, shape).astype(dtype), notes


def _specs(model: keras.Model) -> Any:
    """Symbolic inputs of a model, in the structure that it takes them."""
    if hasattr(model, "_run_through_graph"):
        return model.input
    if isinstance(model, keras.Sequential):
        return model.inputs[0]
    config = model.get_build_config() or {}
    shape: Any = config.get("input_shape")
    is_plain = isinstance(shape, list | tuple) and all(
        size is None or isinstance(size, int) for size in shape
    )
    if is_plain and vocabulary(model) is None and len(shape) > 1:
        return keras.KerasTensor(tuple(shape), name="input")
    raise ValueError(
        "`x` is needed: what this model takes is written nowhere, as it is for "
        f"Sequential and Functional models. Received: x=None for {model.name!r}, a "
        f"{type(model).__name__}. Pass a batch, for example diagnose(model, x[:32])."
    )


def noise(model: keras.Model, seed: int) -> tuple[Any, tuple[str, ...]]:
    """White noise of the inputs' shapes and types; token ids for integers.

    Args:
        model: A built model.
        seed: Of the noise.

    Returns:
        The noise in the structure of the model's inputs, and what was assumed.
    """
    random = np.random.default_rng(seed)
    specs = _specs(model)
    made = [_noise(model, spec, random) for spec in keras.tree.flatten(specs)]
    notes = tuple(note for _, found in made for note in found)
    return keras.tree.pack_sequence_as(specs, [array for array, _ in made]), notes
