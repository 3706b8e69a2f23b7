"""A published claim, and the registry of those that `claims.py` measures."""

import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple


class Measured(NamedTuple):
    """What a claim's function returns.

    Attributes:
        figures: All that was measured, by name.
        passed: Whether the rule holds.
        ours: The claim's quantity, as measured here.
        plot: What `bars` or `curves` gives.
    """

    figures: dict[str, Any]
    passed: bool
    ours: float
    plot: dict[str, Any]


def bars(values: dict[str, Any], of: str, log: bool = False) -> dict[str, Any]:
    """A plot of bars.

    Args:
        values: By name a number, a list of them (a bar to the mean, a dot for each), or
            a dictionary (a group of bars).
        of: What the values are.
        log: Whether their axis is logarithmic.
    """
    return {"kind": "bars", "of": of, "log": log, "values": rounded(values, 3)}


def curves(
    values: dict[str, Any],
    of: str,
    along: str,
    at: Sequence[float] | None = None,
    log: bool = False,
) -> dict[str, Any]:
    """A plot of curves.

    Args:
        values: By name the values of each curve; curves may differ in length.
        of: What the values are.
        along: What they lie along.
        at: Where they lie; from 1 by 1 if left out, and then curves of more than 50
            points become means of as many points as need be.
        log: Whether their axis is logarithmic; with `at`, both.
    """
    found = {}
    for name, each in values.items():
        curve = [float(one) for one in each]
        width = 1 if at is not None else max(1, -(-len(curve) // 50))
        parts = [curve[i : i + width] for i in range(0, len(curve), width)]
        found[name] = {
            "at": list(at or (1 + i * width for i in range(len(parts))))[: len(parts)],
            "values": rounded([sum(part) / len(part) for part in parts], 3),
        }
    return {"kind": "curves", "of": of, "along": along, "log": log, "values": found}


@dataclasses.dataclass(frozen=True)
class Claim:
    """A claim and how it is measured.

    Attributes:
        name: For `--only`.
        paper: First author, year and arXiv id; "ours" for a claim of this package.
        published: The figure of the paper, in words.
        setting: What is measured here.
        rule: When the claim passes.
        quantity: What `ours` of the results is.
        measure: A function from `quick` (a few steps, only to see that it runs) to the
            figures and whether the rule holds.
        tried: What other settings gave, where this one was not the first.
        expected: The paper's figure for the quantity; None where it has none.
    """

    name: str
    paper: str
    published: str
    setting: str
    rule: str
    quantity: str
    measure: Callable[[bool], Measured]
    tried: str = ""
    expected: float | None = None

    def texts(self) -> dict[str, Any]:
        """All but how it is measured."""
        told = [f.name for f in dataclasses.fields(self) if f.name != "measure"]
        return {name: getattr(self, name) for name in told}

    def run(self, quick: bool) -> dict[str, Any]:
        """The claim beside its figures, for the file of results."""
        start, used = time.perf_counter(), time.process_time()
        measured = self.measure(quick)
        return self.texts() | {
            "figures": measured.figures,
            "ours": rounded(measured.ours, 3),
            "plot": measured.plot,
            "passed": bool(measured.passed),
            "seconds": round(time.perf_counter() - start, 1),
            "processor seconds": round(time.process_time() - used, 1),
        }


CLAIMS: dict[str, Claim] = {}


def claim(**fields: Any) -> Callable[[Callable[[bool], Measured]], Any]:
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
