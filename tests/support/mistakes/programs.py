"""Short training programs with a mistake, the same without it, and healthy ones.

They are what people post when a network does not learn. A program is written once, with
a flag for its fault, so nothing but the fault separates a faulty model from its twin.
"""

import dataclasses
import warnings
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

Case = tuple[keras.Model, Any, Any, dict[str, Any]]  # model, x, y, extra


@dataclasses.dataclass(frozen=True)
class Learns:
    """What a twin reaches when it is trained for a few seconds.

    `score` gets the model's predictions, the targets it was trained on and those of the
    corrected twin, and the losses before and after; higher is better.
    """

    score: Callable[[Any, Any, Any, float, float], float]
    bar: float
    epochs: int = 40
    batch_size: int = 32


@dataclasses.dataclass(frozen=True)
class Program:
    """One program: `faulty` and `corrected` take a seed and return a `Case`.

    Args:
        name: Unique.
        group: heads, labels, steps, data, weights or healthy.
        kinds: Findings of which at least one names the fault; empty where healthy.
        faulty: None for a healthy program.
        corrected: The model without the fault, compiled.
        learns: How to see that the corrected model learns.
        learns_anyway: Why the faulty model learns nearly as well as its twin, if so.
        not_on: Backends on which the program does not run.
    """

    name: str
    group: str
    kinds: frozenset[str]
    faulty: Callable[[int], Case] | None
    corrected: Callable[[int], Case]
    learns: Learns
    learns_anyway: str = ""
    not_on: tuple[str, ...] = ()


PROGRAMS: list[Program] = []


def program(name, group, kinds, learns, **further):
    """Put `build(seed, faulty)` into the list; it returns a `Case`, extra if any."""

    def add(build):
        PROGRAMS.append(
            Program(
                name,
                group,
                frozenset(kinds),
                _seeded(lambda seed: build(seed, True)),
                _seeded(lambda seed: build(seed, False)),
                learns,
                **further,
            )
        )
        return build

    return add


def healthy(name, learns, **further):
    """Put `build(seed)` of a healthy program into the list."""

    def add(build):
        PROGRAMS.append(
            Program(
                name, "healthy", frozenset(), None, _seeded(build), learns, **further
            )
        )
        return build

    return add


def _seeded(build):
    def case(seed):
        keras.utils.set_random_seed(seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Keras notes some of the faults itself
            model, x, y, *extra = build(seed)
        return model, x, y, (extra[0] if extra else {})

    return case


def accuracy(bar=0.9, *, threshold=0.5, padding=None, **training):
    """The share of right classes; of one unit, `threshold` parts the two.

    Where the right class is `padding`, no answer counts.
    """

    def score(prediction, own, right, before, after):
        prediction, right = np.asarray(prediction), np.asarray(right)
        several = prediction.shape[-1] > 1
        says = prediction.argmax(-1) if several else prediction[..., 0] > threshold
        if right.size > says.size:  # one-hot
            right = right.argmax(-1)
        right = right.reshape(says.shape)
        return np.mean((says == right)[right != padding])

    return Learns(score, bar, **training)


def tags(bar=0.9, *, threshold=0.5, **training):
    """The balanced accuracy of several yes-or-no answers (or of pixels)."""

    def score(prediction, own, right, before, after):
        says = np.asarray(prediction) > threshold
        true = np.asarray(right).reshape(says.shape) > 0.5
        return (says[true].mean() + (~says[~true]).mean()) / 2

    return Learns(score, bar, **training)


def explained(bar=0.7, *, output=None, **training):
    """The share of the targets' variance that is predicted."""

    def score(prediction, own, right, before, after):
        if output is not None:
            prediction, own = prediction[output], own[output]
        own = np.asarray(own)
        prediction = np.asarray(prediction).reshape(own.shape)
        return 1 - np.mean((prediction - own) ** 2) / own.var()

    return Learns(score, bar, **training)


def follows(bar=0.8, **training):
    """The correlation with the right targets, whatever the unit."""

    def score(prediction, own, right, before, after):
        prediction = np.asarray(prediction).ravel()
        if not prediction.std() > 0:
            return 0.0
        return np.corrcoef(prediction, np.asarray(right).ravel())[0, 1]

    return Learns(score, bar, **training)


def lower_loss(bar=0.3, **training):
    """By how much of its first value the loss has fallen."""

    def score(prediction, own, right, before, after):
        return (before - after) / abs(before)

    return Learns(score, bar, **training)
