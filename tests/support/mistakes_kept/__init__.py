"""The held-out half of the table of mistakes: written without a look at the rules.

Keras warns of some mistakes as they are built or trained: a test that turns warnings
into errors has to let `UserWarning` pass.
"""

from support.mistakes_kept import (
    activations,
    data,
    heads,
    healthy,
    healthy_models,
    labels,
    steps,
    weights,
)
from support.mistakes_kept.programs import HEALTHY, PROGRAMS, Program

MODULES = (
    heads,
    labels,
    steps,
    data,
    weights,
    activations,
    healthy,
    healthy_models,
)

__all__ = ["HEALTHY", "MODULES", "PROGRAMS", "Program"]
