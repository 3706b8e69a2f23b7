"""New rows of an embedding, and what has a row for each token."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from keras_inits.geometry.roles import Role
from keras_inits.graph.heads import heads
from keras_inits.graph.trace import trace
from keras_inits.graph.weights import WeightInfo
from keras_inits.models import patterns


def new_rows(
    rows: np.ndarray, count: int, spread: float, noise: np.ndarray | None
) -> np.ndarray:
    """Rows like the old ones.

    Args:
        rows: The old ones, (vocabulary, units).
        count: How many.
        spread: By which the covariance is multiplied.
        noise: Standard normal numbers, (count, units); None for the mean alone.
    """
    mean = rows.mean(0)
    if noise is None:
        return np.tile(mean, (count, 1))
    centred = rows - mean
    values, vectors = np.linalg.eigh(centred.T @ centred / len(rows))
    # The symmetric root: unlike a triangular one it is unique for any covariance.
    root = (vectors * np.sqrt(np.maximum(values, 0) * spread)) @ vectors.T
    return mean + noise @ root


def table_of(infos: Sequence[WeightInfo], layer: Any) -> WeightInfo:
    """The table that a pattern means.

    Raises:
        ValueError: If that is not one table, or one that cannot grow.
    """
    pattern = patterns.check("layer", layer)
    meant = [p for p in infos if patterns.matches(pattern, p)]
    tables = [p for p in meant if p.weight.role == Role.EMBEDDING]
    if len(tables) != 1:
        known = [p.path for p in infos if p.weight.role == Role.EMBEDDING]
        listed = ", ".join(repr(p.path) for p in tables) or "no embedding"
        quantized = [p.path for p in meant if "quantized" in p.weight.note]
        way = (
            "Grow it before model.quantize()."
            if quantized and not tables
            else f"The model's embeddings are {', '.join(map(repr, known)) or 'none'}."
        )
        raise ValueError(
            "`layer` must name one embedding: a layer, its path or its name. Received: "
            f"layer={patterns.shown(layer)}, which is {listed}. {way}"
        )
    table = tables[0]
    if getattr(table.layer, "lora_enabled", False):
        raise ValueError(
            "`layer` must be an embedding without LoRA, whose factors have a row for "
            f"each token, too. Received: {table.path!r}. Merge them first, by saving "
            "the weights and loading them into a model without LoRA."
        )
    return table


def head_of(
    model: keras.Model, infos: Sequence[WeightInfo], head: Any, size: int
) -> list[WeightInfo]:
    """The kernels of an untied head; none where it is tied.

    Raises:
        ValueError: If a pattern means no such kernel.
    """
    kernels = [p for p in infos if p.weight.role == Role.KERNEL]
    fitting = [p for p in kernels if p.shape and p.shape[-1] == size]
    if head is None:
        return []
    if isinstance(head, str) and head == "auto":
        paths = {found.path for found in heads(trace(model), list(infos))}
        return [p for p in fitting if p.path in paths]
    pattern = patterns.check("head", head)
    found = [p for p in fitting if patterns.matches(pattern, p)]
    if not found:
        listed = ", ".join(repr(p.path) for p in fitting) or "none"
        raise ValueError(
            "`head` must name a kernel with an output for each token: 'auto', None or "
            f"a pattern. Received: head={patterns.shown(head)} for {size} tokens. "
            f"Kernels of so many outputs: {listed}."
        )
    return found
