"""Tries fixes before they are proposed, on the model, which gets its weights back.

A fix that sets weights is run as it will be pasted, the model is measured again, and
every weight is as before. What leaves the fewest findings is what is offered.
"""

import dataclasses
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import keras

from keras_inits.diagnosis.findings.fixes import SETS_WEIGHTS
from keras_inits.diagnosis.report import ERROR, INFO, WARNING, Finding, Report
from keras_inits.diagnosis.wording import quoted
from keras_inits.models.assign import restored
from keras_inits.models.calibrate import calibrate
from keras_inits.models.initialize import initialize

AnyReport = TypeVar("AnyReport", bound=Report)

DRAWN = "keras_inits.initialize(model, seed=0)"
CALIBRATED = "keras_inits.calibrate(model, x)"
MOST = 4  # fixes tried: each costs a forward and a backward pass
NOTHING_HELPS = (
    "# tried: no weights take this away; put a normalization in front of each "
    "activation, add residual sums, or take fewer layers"
)
WORSE = {ERROR: 100, WARNING: 1}


class _Names:
    """The package as fixes name it; an optimizer's state stays as it is meanwhile."""

    calibrate = staticmethod(calibrate)

    @staticmethod
    def initialize(*arguments: Any, **options: Any) -> Any:
        return initialize(*arguments, **options, optimizer=False)

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.modules["keras_inits"], name)


def _score(report: Report) -> int:
    """How bad it is: a number that counts errors before warnings."""
    return sum(WORSE.get(finding.severity, 0) for finding in report.findings)


def _severe(report: Report) -> list[Finding]:
    return [finding for finding in report.findings if finding.severity != INFO]


def _brought(before: Report, after: Report) -> str:
    """What a fix did, in words."""
    left = [finding.kind for finding in _severe(after)]
    if not left:
        return "healthy"
    known = {finding.kind for finding in _severe(before)}
    gone = sorted(known.difference(left))
    words = f"{quoted(gone)} gone, " if gone else ""
    return f"{words}{quoted(list(dict.fromkeys(left)))} left"


def _after(
    fix: str, model: keras.Model, x: Any, again: Callable[[], Report]
) -> Report | None:
    """What is found after a fix; None if the fix cannot be done."""
    names = {"keras": keras, "keras_inits": _Names(), "model": model, "x": x}
    with restored(model.variables):
        try:
            # The text is this package's own, with paths of weights as literals.
            exec(compile(fix, "fix", "exec"), names)
        except ValueError:
            return None
        return again()


def tried(
    diagnosis: AnyReport, model: keras.Model, x: Any, again: Callable[[], Report]
) -> AnyReport:
    """The diagnosis, with fixes of weights that were tried and what they brought.

    Args:
        diagnosis: A report with findings.
        model: The model: its weights are as before afterwards.
        x: What it was given; None for noise.
        again: Measures the model as it then is, on other data where there are some,
            and judges it.
    """
    proposed = [f.fix for f in _severe(diagnosis) if f.fix.startswith(SETS_WEIGHTS)]
    if not proposed:
        return diagnosis
    whole = [DRAWN] if x is None else [DRAWN, CALIBRATED]
    own = list(dict.fromkeys(proposed))[: MOST - len(whole)]
    results: dict[str, Report] = {}
    for fix in dict.fromkeys([*own, *whole]):
        after = _after(fix, model, x, again)
        if after is not None:
            results[fix] = after
            if not _severe(after):
                break
    best = min(results, key=lambda fix: _score(results[fix]), default=None)
    if best is None:
        return diagnosis
    helps = _score(results[best]) < _score(diagnosis)

    def told(finding: Finding) -> Finding:
        if not finding.fix.startswith(SETS_WEIGHTS) or finding.severity == INFO:
            return finding
        alone = results.get(finding.fix)
        if alone is not None and not _severe(alone):
            return dataclasses.replace(finding, tried="healthy")
        fix = best if helps else NOTHING_HELPS
        return dataclasses.replace(
            finding, fix=fix, tried=_brought(diagnosis, results[best])
        )

    found = tuple(told(finding) for finding in diagnosis.findings)
    return dataclasses.replace(diagnosis, findings=found)
