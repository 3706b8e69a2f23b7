"""Every output judged by its head, its loss and its targets, and outputs exchanged."""

import dataclasses
import itertools

from keras_inits.diagnosis.findings import labels, pairs
from keras_inits.diagnosis.findings.heads import faults
from keras_inits.diagnosis.findings.pairs import Fault
from keras_inits.diagnosis.outputs import OutputRecord
from keras_inits.diagnosis.report import ERROR, INFO, WARNING, Finding, Report
from keras_inits.diagnosis.wording import number, quoted
from keras_inits.signals.losses import PROJECTION

Found = list[tuple[int, Finding]]
FLAT = "flat loss"
SWAPPED = "losses swapped"


def of_outputs(diagnosis: Report) -> Found:
    """Heads, losses and labels of every output, on its own and exchanged."""
    swapped = exchanged(diagnosis)
    names = {output.name for pair in swapped for output in pair}
    found: Found = [(-1, _exchange(diagnosis, *pair)) for pair in swapped]
    for output in diagnosis.outputs:
        if output.name not in names:
            found += [
                (-1, pairs.finding(diagnosis, output, fault))
                for fault in [*faults(output), *labels.constant(output)]
            ]
    return found or flat(diagnosis)


def _severe(output: OutputRecord) -> bool:
    return any(fault.severity != INFO for fault in faults(output))


def exchanged(diagnosis: Report) -> list[tuple[OutputRecord, OutputRecord]]:
    """Pairs of outputs of which one does not fit, and both would if exchanged."""
    known = [o for o in diagnosis.outputs if o.loss is not None]
    found = []
    for a, b in itertools.combinations(known, 2):
        if (a.loss, a.from_logits) == (b.loss, b.from_logits):
            continue
        if not (_severe(a) or _severe(b)):
            continue
        other = [
            dataclasses.replace(a, loss=b.loss, from_logits=b.from_logits),
            dataclasses.replace(b, loss=a.loss, from_logits=a.from_logits),
        ]
        if not any(_severe(output) for output in other):
            found.append((a, b))
    return found


def _exchange(diagnosis: Report, a: OutputRecord, b: OutputRecord) -> Finding:
    wrong = next(fault for fault in [*faults(a), *faults(b)] if fault.severity != INFO)
    losses = {
        a.name: (b.loss or "", b.from_logits),
        b.name: (a.loss or "", a.from_logits),
    }
    return Finding(
        SWAPPED,
        ERROR,
        a.kernel or a.layer,
        2.0,
        f"the losses of {quoted([a.name, b.name])} look exchanged: {a.loss!r} would "
        f"fit {b.name!r}, and {b.loss!r} {a.name!r}",
        f"as they are: {wrong.message}",
        pairs.recompiled(diagnosis, losses, a.given),
    )


def flat(diagnosis: Report) -> Found:
    """Losses that no output gets a gradient from."""
    if diagnosis.loss_kind == PROJECTION or not diagnosis.loss:
        return []
    if not any(weight.trainable for weight in diagnosis.weights):
        return []  # nothing asks for a gradient
    found: Found = []
    judged = [o for o in diagnosis.outputs if o.has_loss and o.index >= 0]
    for output in judged:
        record = diagnosis.records[output.index]
        gradient = record.gradient
        saturated = record.out.saturated or 0.0
        still = gradient is None or gradient.rms == 0
        if not still or saturated > 0 or not record.out.finite:
            continue
        fault = Fault(
            FLAT,
            ERROR if len(judged) == 1 else WARNING,
            0.0,
            f"the loss is {number(diagnosis.loss)}, and {output.layer!r} gets no "
            "gradient from it",
            "the loss has no slope where the outputs are: it rounds, compares or "
            "counts them, or cuts them off",
            loss=(_usual(output), False),
        )
        found.append((output.index, pairs.finding(diagnosis, output, fault)))
    return found


def _usual(output: OutputRecord) -> str:
    """The loss that an activation most often stands under."""
    y = output.targets
    if output.activation == "sigmoid":
        return "binary_crossentropy"
    if output.activation != "softmax":
        return "mean_squared_error"
    rows = y is not None and y.shape[1:] == output.shape[1:]
    return "categorical_crossentropy" if rows else pairs.SPARSE[0]
