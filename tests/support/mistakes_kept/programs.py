"""Programs with one mistake each, their corrected twins, and programs without any.

A program is a function of a seed and of `right`; called with `right=False` it makes the
mistake. It returns a built and compiled model, its data, and what else `fit` and
`diagnose` take. `score` says how `verify.py` tells how well it learned.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras

Made = tuple[keras.Model, Any, Any, dict[str, Any]]


@dataclass(frozen=True)
class Program:
    """A mistake and its correction.

    Attributes:
        name: The mistake in a few words.
        group: "heads", "labels", "steps", "data", "weights" or "healthy".
        kinds: Findings of which each names the mistake itself.
        faulty: Makes the program with the mistake from a seed (the same program as
            `corrected` in a healthy one).
        corrected: Makes it without.
        score: How to tell what was learned; see `skill.py`. One name, or one for each
            output.
        epochs: For how many `verify.py` trains.
        batch_size: Of which size its batches are.
        bar: The least skill of the corrected twin.
        why: Why the faulty program may learn as well as its twin; "" if it must not.
    """

    name: str
    group: str
    kinds: tuple[str, ...]
    faulty: Callable[[int], Made]
    corrected: Callable[[int], Made]
    score: Any = "classes"
    epochs: int = 30
    batch_size: int = 32
    bar: float = 0.5
    why: str = ""


PROGRAMS: list[Program] = []
HEALTHY: list[Program] = []


def _seeded(build, *right):
    def make(seed: int) -> Made:
        keras.utils.set_random_seed(seed)
        return build(seed, *right)

    return make


def program(group: str, *kinds: str, **training: Any):
    """Adds `build(seed, right)` to `PROGRAMS`, named after the function."""

    def add(build):
        name = build.__name__.replace("_", " ")
        made = _seeded(build, False), _seeded(build, True)
        PROGRAMS.append(Program(name, group, kinds, *made, **training))
        return build

    return add


def healthy(**training: Any):
    """Adds `build(seed)` to `HEALTHY`, named after the function."""

    def add(build):
        name, made = build.__name__.replace("_", " "), _seeded(build)
        HEALTHY.append(Program(name, "healthy", (), made, made, **training))
        return build

    return add
