"""What follows from a fault of a head, a loss or labels is said to."""

import dataclasses

from keras_inits.diagnosis.derived import stopped
from keras_inits.diagnosis.findings import heads, outputs, shapes
from keras_inits.diagnosis.findings.common import led_back
from keras_inits.diagnosis.report import INFO, SEVERITIES, Finding, Report

Found = list[tuple[int, Finding]]
# Faults by which a head passes little or nothing on.
CAUSES = (heads.ONE, heads.UNFIT, heads.BEYOND, outputs.FLAT, "not finite")
FOLLOWERS = ("no gradient", "vanishing gradient", "not finite")
# A loss of labels or heads that do not fit is no measure of logits.
MEANINGLESS = (heads.UNFIT, heads.ONE, outputs.SWAPPED, shapes.MISFIT)


def explained(diagnosis: Report, causes: Found, found: Found) -> Found:
    """Causes and findings, without those that mean nothing, the others led back.

    Args:
        diagnosis: A report.
        causes: What was found of heads, losses and labels.
        found: What was found besides.
    """
    grave = [finding for _, finding in causes if finding.severity != INFO]
    if any(finding.kind in MEANINGLESS for finding in grave):
        found = [pair for pair in found if pair[1].kind != "confident head"]
    first = next((f for f in grave if f.kind in CAUSES), None)
    if first is None or not _reaches(diagnosis, first):
        return causes + found
    led = [
        (at, led_back(one, first, first.message) if one.kind in FOLLOWERS else one)
        for at, one in found
    ]
    # A cause is as grave as what follows from it.
    worst = min(
        [SEVERITIES.index(first.severity)]
        + [SEVERITIES.index(f.severity) for _, f in led if f.kind in FOLLOWERS]
    )
    raised = dataclasses.replace(first, severity=SEVERITIES[worst])
    return [(index, raised if f is first else f) for index, f in causes] + led


def _reaches(diagnosis: Report, cause: Finding) -> bool:
    """Whether the layer of a cause itself gets no gradient, or none that is finite."""
    none = stopped(diagnosis)
    made = [r.gradient for r in diagnosis.records if r.name == cause.layer]
    if any(gradient is not None and not gradient.finite for gradient in made):
        return True
    own = [w for w in diagnosis.weights if w.owner == cause.layer]
    return any(
        w.path in none or (w.gradient is not None and not w.gradient.finite)
        for w in own
    )
