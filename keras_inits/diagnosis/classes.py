"""How often each class occurs in the labels, and what the head's bias says of it."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from keras_inits._utils.host_array import to_numpy
from keras_inits.graph.graph import Graph
from keras_inits.graph.heads import LINEAR, SIGMOID, SOFTMAX, heads
from keras_inits.graph.symbolic import stored_ends
from keras_inits.graph.weights import WeightInfo

BINARY = ("binary_crossentropy", "binary_focal_crossentropy")
ONE_HOT = ("categorical_crossentropy", "categorical_focal_crossentropy")
NUMBERED = ("sparse_categorical_crossentropy",)
MOST = 64  # classes that are counted


@dataclasses.dataclass(frozen=True)
class ClassRecord:
    """The labels of one output under a cross entropy.

    Attributes:
        output: Number of the output.
        kind: "sigmoid" or "softmax": what the loss takes the outputs for.
        single: Whether a sample has one label, and not one a step or pixel, or many.
        several: Where a sample has a yes or no for each of several labels: the part of
            the samples that have the label, and the probability that the head's bias
            gives it; empty otherwise.
        counts: How often each class occurs, by the weights of the samples; of binary
            labels, zeros and ones.
        samples: Number of labels.
        bias: Path of the head's bias; None if it has none, is not known, or no class is
            rare.
        owner: Name of the head; "" if not known.
        guess: Probabilities that the bias gives the classes; equal ones without a bias.
    """

    output: int
    kind: str
    single: bool
    counts: tuple[float, ...]
    samples: int
    bias: str | None
    owner: str
    guess: tuple[float, ...]
    several: tuple[tuple[float, float], ...] = ()


def _counts(
    name: str, labels: np.ndarray, weights: np.ndarray | None, width: int
) -> np.ndarray | None:
    """How often each class occurs; None where labels are none."""
    if labels.dtype.kind not in "biuf" or not labels.size:
        return None
    binary = name in BINARY
    if name in ONE_HOT:
        if labels.ndim < 2 or labels.shape[-1] != width:
            return None
        labels = labels.argmax(-1)
    limit = 2 if binary else width
    flat = labels.astype("float64").ravel()
    if not np.isfinite(flat).all() or (flat != np.round(flat)).any():
        return None  # smoothed by hand, or no labels
    if flat.min() < 0 or flat.max() >= limit or limit > MOST:
        return None
    share = None
    if weights is not None and len(weights) == len(labels) and weights.ndim == 1:
        share = np.repeat(weights.astype("float64"), len(flat) // len(labels))
    return np.bincount(flat.astype("int64"), share, minlength=limit)


def _shares(
    name: str, labels: np.ndarray, weights: np.ndarray | None, width: int
) -> np.ndarray | None:
    """The part of the samples that have each of several labels; None of others."""
    if name not in BINARY or labels.ndim != 2 or not 1 < labels.shape[1] == width:
        return None
    if weights is not None and weights.shape == labels.shape[:1] and weights.sum() > 0:
        return np.average(labels.astype("float64"), 0, weights)
    return np.asarray(labels.astype("float64").mean(0))


def _uneven(counts: np.ndarray) -> bool:
    """Whether a class that occurs has less than a quarter of its even part."""
    present = counts[counts > 0]
    return bool(present.size) and present.min() * len(counts) < counts.sum() / 4


def _guess(kind: str, bias: np.ndarray | None, classes: int) -> np.ndarray:
    if kind == SIGMOID:
        p = 0.5 if bias is None else float(np.mean(1 / (1 + np.exp(-bias))))
        return np.array([1 - p, p])
    logits = np.zeros(classes) if bias is None else bias
    found = np.exp(logits - logits.max())
    return found / found.sum()


def _head(
    graph: Graph, infos: list[WeightInfo], output: int, kind: str
) -> tuple[str, WeightInfo | None]:
    """The name of the layer that makes an output, and its bias."""
    found = [head for head in heads(graph, infos) if output in head.outputs]
    if len(found) != 1 or found[0].kind not in (kind, LINEAR):
        return "", None
    kernel = next(info for info in infos if info.path == found[0].path)
    own = (p for p in infos if p.layer is kernel.layer and p.name == "bias")
    return kernel.layer.name, next(own, None)


def records(
    model: keras.Model,
    graph: Callable[[], Graph],
    infos: list[WeightInfo],
    pairs: Sequence[tuple[str, Any]],
    weights: np.ndarray | None,
) -> tuple[ClassRecord, ...]:
    """A record for each output that has classes.

    Args:
        model: A built model. Of one whose outputs are known only once it is called
            nothing is said.
        graph: Finds that of the model. Asked only where a class is rare.
        infos: Its weights.
        pairs: For each output, the name of its loss and its targets.
        weights: Of the samples; None for ones.
    """
    ends = stored_ends(model)
    if ends is None or len(ends[1]) != len(pairs):
        return ()
    found = []
    for number, (name, labels) in enumerate(pairs):
        if labels is None or name not in (*BINARY, *ONE_HOT, *NUMBERED):
            continue
        output = ends[1][number]
        width = int(output.shape[-1] or 0) if len(output.shape) > 1 else 0
        values = to_numpy(labels) if keras.ops.is_tensor(labels) else np.asarray(labels)
        counts = _counts(name, values, weights, width)
        if counts is None:
            continue
        kind = SIGMOID if name in BINARY else SOFTMAX
        owner, bias = "", None
        shares = _shares(name, values, weights, width)
        if _uneven(counts) or (shares is not None and shares.min() < 1 / 8):
            owner, bias = _head(graph(), infos, id(output), kind)
        value = None
        if bias is not None:
            value = to_numpy(bias.variable.value).astype("float64").ravel()
        wanted = len(counts) if kind == SOFTMAX else width
        if value is not None and value.size != wanted:
            bias = value = None
        several: tuple[tuple[float, float], ...] = ()
        if shares is not None:
            guesses = 1 / (1 + np.exp(-(np.zeros(width) if value is None else value)))
            several = tuple(zip(shares.tolist(), guesses.tolist(), strict=True))
        size = values.size // width if name in ONE_HOT else values.size
        found.append(
            ClassRecord(
                output=number,
                kind=kind,
                single=size == len(values),
                counts=tuple(float(n) for n in counts),
                samples=int(size),
                bias=None if bias is None else bias.path,
                owner=owner,
                guess=tuple(float(p) for p in _guess(kind, value, len(counts))),
                several=several,
            )
        )
    return tuple(found)
