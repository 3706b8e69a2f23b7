"""A published claim, and the registry of those that `claims.py` measures."""

import dataclasses
import time
from collections.abc import Callable
from typing import Any, NamedTuple


class Measured(NamedTuple):
    """What a claim's function returns."""

    figures: dict[str, Any]
    passed: bool


@dataclasses.dataclass(frozen=True)
class Claim:
    """A claim and how it is measured.

    Attributes:
        name: For `--only`.
        paper: First author, year and arXiv id; "ours" for a claim of this package.
        published: The figure of the paper, in words.
        setting: What is measured here.
        rule: When the claim passes.
        measure: A function from `quick` (a few steps, only to see that it runs) to the
            figures and whether the rule holds.
        tried: What other settings gave, where this one was not the first.
    """

    name: str
    paper: str
    published: str
    setting: str
    rule: str
    measure: Callable[[bool], Measured]
    tried: str = ""

    def run(self, quick: bool) -> dict[str, Any]:
        """The claim beside its figures, for the file of results."""
        start = time.perf_counter()
        measured = self.measure(quick)
        told = [f.name for f in dataclasses.fields(self) if f.name != "measure"]
        return {name: getattr(self, name) for name in told} | {
            "figures": measured.figures,
            "passed": bool(measured.passed),
            "seconds": round(time.perf_counter() - start, 1),
        }


CLAIMS: dict[str, Claim] = {}


def claim(**fields: str) -> Callable[[Callable[[bool], Measured]], Any]:
    """Registers a function as the measurement of a claim, under the function's name.

    Args:
        **fields: Those of `Claim`, without `name` and `measure`.
    """

    def added(measure: Callable[[bool], Measured]) -> Callable[[bool], Measured]:
        name = measure.__name__
        if name in CLAIMS:
            raise ValueError(f"Two claims are called {name}.")
        CLAIMS[name] = Claim(name=name, measure=measure, **fields)
        return measure

    return added


def rounded(value: Any, digits: int = 4) -> Any:
    """Numbers with so many significant digits, in lists and dictionaries too.

    What is not finite becomes None, as JSON has no word for it.
    """
    if isinstance(value, dict):
        return {key: rounded(one, digits) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(one, digits) for one in value]
    if isinstance(value, (bool, str)) or value is None:
        return value
    number = float(value)
    if number - number != 0:
        return None
    short = float(f"{number:.{digits}g}")
    return int(short) if isinstance(value, int) else short
