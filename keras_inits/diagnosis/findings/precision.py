"""Gradients that a type of half precision does not hold."""

from keras_inits.diagnosis import thresholds as limits
from keras_inits.diagnosis.derived import kernels
from keras_inits.diagnosis.findings import fixes
from keras_inits.diagnosis.findings.opening import opening
from keras_inits.diagnosis.report import ERROR, WARNING, Finding, Report


def underflow(diagnosis: Report) -> list[tuple[int, Finding]]:
    """Gradients below what float16 can hold."""
    half = [
        r
        for r in kernels(diagnosis)
        if r.gradient is not None and r.gradient.dtype == "float16"
    ]
    if not half or opening(diagnosis):
        return []
    # The last layer that has a gradient at all: what is zero below it has underflown.
    alive = [r.index for r in half if r.gradient and r.gradient.rms > 0]
    if not alive:
        return []
    gone = [
        r
        for r in half
        if r.gradient
        and (
            r.gradient.tiny > limits.UNDERFLOW_WARNING
            or (r.gradient.rms == 0 and r.index < max(alive) and r.out.rms > 0)
        )
    ]
    if not gone:
        return []
    at = gone[-1]
    figure = len(gone) / len(half)
    finding = Finding(
        "low-precision underflow",
        ERROR if figure > 0.5 else WARNING,
        at.name,
        figure,
        f"gradients underflow in float16: in {len(gone)} of {len(half)} layers, from "
        f"{at.label!r} down, most are zero or have lost digits",
        "float16 holds nothing between 0 and 6e-8, and few digits below 6e-5; a mean "
        "over the batch makes gradients that small",
        fixes.scaled_loss(diagnosis),
    )
    return [(at.index, finding)]
