"""Embeddings, positions, and biases of heads that know how often classes occur."""

import math
from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import Any, Self

import numpy as np

from keras_inits import sampling
from keras_inits._utils import checks
from keras_inits._utils.types import Seed, Shape
from keras_inits.initializers.computed import Computed, Deterministic, Draw
from keras_inits.initializers.registry import register

__all__ = ["EmbeddingNormal", "PriorBias", "SinusoidalPositions"]


@register("embedding_normal")
class EmbeddingNormal(Computed):
    """Rows of length 1 on average: for embeddings that share a head's kernel.

    Formula: N(0, 1 / d), d the last axis; one row may be zeros.

    Use for: embeddings whose table is the kernel of the output layer, too: logits
    then start with variance 1. For other tables any std does that the next layer
    expects.

    Args:
        padding_row: The row of what is padded, 0 for `mask_zero=True`; int, or None.
        seed: As in `Initializer`.

    Raises:
        ValueError: At construction, if `padding_row` is no row number; when called, if
            the table has no such row, or is no table.

    Examples:
    >>> import keras, keras_inits
    >>> table = keras_inits.EmbeddingNormal(padding_row=0, seed=7)((1000, 64))
    >>> lengths = keras.ops.sum(table * table, axis=-1)
    >>> float(lengths[0]), round(float(keras.ops.mean(lengths)), 1)
    (0.0, 1.0)

    Reference: Press, Wolf (2017), "Using the Output Embedding to Improve Language
    Models", arXiv 1608.05859, for shared kernels; the variance follows.
    """

    usage = "keras.layers.Embedding(1000, 64, embeddings_initializer={})"
    family = "embedding"

    def __init__(self, padding_row: int | None = None, seed: Seed = None) -> None:
        super().__init__(seed)
        if padding_row is not None:
            padding_row = checks.whole(
                "padding_row",
                padding_row,
                minimum=0,
                meaning="the row of zeros",
                instead="For mask_zero=True use padding_row=0.",
            )
        self.padding_row = padding_row

    def expected_std(self, shape: Shape) -> float | None:
        if len(shape) < 2 or 0 in shape:
            return None
        share = 1.0 if self.padding_row is None else 1 - 1 / shape[0]
        return math.sqrt(share / shape[-1])

    def values(self, shape: Shape, draw: Draw, ops: ModuleType) -> Any:
        if len(shape) < 2 or (self.padding_row or 0) >= shape[0]:
            raise ValueError(
                "An embedding is a table (rows, features), and has its padding row. "
                f"Received: padding_row={self.padding_row}, shape={shape}. Use "
                "(1000, 64), with padding_row=0."
            )
        table = draw(sampling.normal(0.0, 1 / math.sqrt(shape[-1])), shape)
        if self.padding_row is None:
            return table
        kept = np.ones((shape[0], *[1] * (len(shape) - 1)), dtype="float32")
        kept[self.padding_row] = 0
        return table * kept


@register("sinusoidal_positions")
class SinusoidalPositions(Deterministic):
    """Sines and cosines of positions: for a table of positions in Transformers.

    Formula: sin and cos of p / base^(2j / d) for position p and pair j of d / 2, in
    turn (sin, cos, sin, cos, ...), or all sines first.

    Use for: a table of positions of even width, trained or not. For a table of
    tokens use `embedding_normal`.

    Args:
        base: Slowest wave over 2 pi, nearly; finite float, > 0.
        interleaved: Whether sines and cosines take turns.

    Raises:
        ValueError: At construction, if `base` is out of range; when called, if the
            shape is not (positions, features) with an even number of features.

    Examples:
    >>> import keras, keras_inits
    >>> table = keras_inits.SinusoidalPositions()((2, 4))
    >>> [round(float(value), 2) for value in table[1]]
    [0.84, 0.54, 0.01, 1.0]

    Reference: Vaswani et al. (2017), "Attention Is All You Need", arXiv 1706.03762.
    """

    usage = "keras.layers.Embedding(512, 64, embeddings_initializer={})"
    family = "embedding"

    def __init__(self, base: float = 10000.0, interleaved: bool = True) -> None:
        super().__init__()
        self.base = checks.number(
            "base",
            base,
            above=0,
            meaning="the ratio of the slowest wave to the fastest",
            instead="For example base=10000.0.",
        )
        self.interleaved = bool(interleaved)

    def values(self, shape: Shape) -> Any:
        if len(shape) != 2 or shape[1] % 2:
            raise ValueError(
                "Positions have a sine and a cosine for each pair of features. "
                f"Received: shape={shape}. Use (512, 64), (positions, an even number)."
            )
        half = shape[1] // 2
        speeds = self.base ** (-np.arange(half) / half)
        angles = np.arange(shape[0])[:, None] * speeds
        waves = [np.sin(angles), np.cos(angles)]
        if self.interleaved:
            return np.stack(waves, axis=-1).reshape(shape)
        return np.concatenate(waves, axis=-1)


@register("prior_bias")
class PriorBias(Deterministic):
    """A head that starts at the classes' frequencies: for rare classes.

    Formula: log(p / (1 - p)) for a sigmoid, log p for a softmax; p the prior, or
    (counts + smoothing) over their sum.

    Use for: the last bias of a classifier with rare classes, so that training does
    not begin by learning frequencies. For balanced classes use `zeros`.

    Args:
        prior: Probability of the positive class, everywhere; float, 0 < prior < 1.
        counts: How often each class occurs, in place of `prior`; numbers >= 0.
        activation: "sigmoid" or "softmax" of the head; None for sigmoid with `prior`,
            softmax with `counts`.
        smoothing: Added to every count; finite float, >= 0.

    Raises:
        ValueError: At construction, if an argument is out of range, or a class without
            an example has no smoothing; when called, if the number of counts is not
            the bias's length.

    Examples:
    >>> import keras, keras_inits
    >>> bias = keras_inits.PriorBias(prior=0.01)((3,))
    >>> round(float(keras.ops.sigmoid(bias)[0]), 4)
    0.01
    >>> bias = keras_inits.PriorBias(counts=[90, 9, 1])((3,))
    >>> [round(float(p), 4) for p in keras.ops.softmax(bias)]
    [0.9, 0.09, 0.01]

    Reference: Lin et al. (2017), "Focal Loss for Dense Object Detection", arXiv
    1708.02002, sec. 4.1.
    """

    example_shape = (64,)
    usage = "keras.layers.Dense(1, 'sigmoid', bias_initializer={})"
    family = "embedding"

    def __init__(
        self,
        prior: float = 0.01,
        counts: Sequence[float] | None = None,
        activation: str | None = None,
        smoothing: float = 0.0,
    ) -> None:
        super().__init__()
        self.prior = checks.number(
            "prior",
            prior,
            above=0,
            below=1,
            meaning="the probability of the positive class",
            instead="For one in a hundred use prior=0.01.",
        )
        if activation is not None:
            checks.choice(
                "activation",
                activation,
                ["sigmoid", "softmax"],
                meaning="what the head applies",
            )
        self.activation = activation
        self.smoothing = checks.number(
            "smoothing",
            smoothing,
            minimum=0,
            meaning="what is added to every count",
            instead="For example smoothing=1.0.",
        )
        self.counts = None if counts is None else self._counted(counts)

    def _counted(self, counts: Sequence[float]) -> list[float]:
        found = [
            checks.number(
                "counts",
                plain,
                minimum=0,
                meaning="how often each class occurs",
                instead="For example counts=[90, 9, 1].",
            )
            for plain in np.asarray(counts).ravel().tolist()
        ]
        if not sum(found) or 0 in [count + self.smoothing for count in found]:
            raise ValueError(
                "A class that never occurs has the bias minus infinity. Received: "
                f"counts={found}, smoothing={self.smoothing}. Use smoothing=1."
            )
        return found

    @classmethod
    def from_labels(
        cls, labels: Iterable[int], classes: int, smoothing: float = 0.0
    ) -> Self:
        """The scheme for the class frequencies of given labels.

        Args:
            labels: Class numbers from 0, of any shape.
            classes: How many classes there are.
            smoothing: As in the constructor.

        Raises:
            ValueError: If a label is no class number, or a class without an example has
                no smoothing.

        Examples:
        >>> import keras_inits
        >>> keras_inits.PriorBias.from_labels([0, 0, 1, 0], classes=2).counts
        [3.0, 1.0]
        """
        found = np.asarray(labels).ravel()
        whole = np.array_equal(found, found.astype("int64"))
        if not whole or found.min(initial=0) < 0 or found.max(initial=0) >= classes:
            raise ValueError(
                "`labels` are class numbers from 0 to classes - 1. Received: labels "
                f"from {found.min(initial=0)} to {found.max(initial=0)}, "
                f"classes={classes}. Use np.argmax(y, axis=-1) on one-hot rows."
            )
        counts = np.bincount(found.astype("int64"), minlength=classes)
        return cls(counts=counts.tolist(), smoothing=smoothing)

    def values(self, shape: Shape) -> Any:
        if self.counts is None:
            if self.activation == "softmax":
                raise ValueError(
                    "The bias of a softmax needs the count of each class. Received: "
                    f"counts=None for shape={shape}. Use counts=[90, 9, 1]."
                )
            return math.log(self.prior / (1 - self.prior))
        if shape != (len(self.counts),):
            raise ValueError(
                "There is one count for each unit of the head. Received: "
                f"{len(self.counts)} counts for shape={shape}. Use a layer of "
                f"{len(self.counts)} units, or as many counts as units."
            )
        counts = np.array(self.counts) + self.smoothing
        share = counts / counts.sum()
        if self.activation == "sigmoid":
            return np.log(share / (1 - share))
        return np.log(share)
