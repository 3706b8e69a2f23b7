"""Programs with a mistake that people post, their twins without it, healthy ones."""

from support.mistakes import (  # noqa: F401 (each puts its programs into the list)
    data,
    heads,
    healthy,
    healthy_further,
    healthy_models,
    labels,
    steps,
    weights,
    weights_further,
)
from support.mistakes.programs import PROGRAMS, Program

__all__ = ["PROGRAMS", "Program", "programs_of"]


def programs_of(*names_or_groups):
    """The programs of these groups and names; all of them if none is given."""
    return [
        program
        for program in PROGRAMS
        if not names_or_groups
        or program.group in names_or_groups
        or program.name in names_or_groups
    ]
