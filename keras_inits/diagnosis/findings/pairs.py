"""Families of losses, what they take, and the lines that set them and heads right."""

import math
from typing import NamedTuple

from keras_inits.diagnosis.outputs import OutputRecord
from keras_inits.diagnosis.report import Finding, Report
from keras_inits.signals.terms import DIFFERENCES

SPARSE = ("sparse_categorical_crossentropy", "categorical_generalized_cross_entropy")
CATEGORICAL = (
    *SPARSE,
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
)
BINARY = ("binary_crossentropy", "binary_focal_crossentropy")
ROWS = (*CATEGORICAL, "kl_divergence")  # what takes rows of probabilities
OVERLAPS = ("dice", "tversky")
HINGES = ("hinge", "squared_hinge")
RELATIVE = ("mean_absolute_percentage_error", "mean_squared_logarithmic_error")
NUMBERS = (*DIFFERENCES, *RELATIVE, "poisson")  # that outputs should come close to
PAIRED = (*NUMBERS, *BINARY, *OVERLAPS, *HINGES, "kl_divergence", "cosine_similarity")
PROBABILITIES = ("softmax", "sigmoid", "hard_sigmoid", "sparsemax")
ROUNDING = 1e-5
FEW_CLASSES = 1000  # more different whole numbers than that are amounts, not classes
CLASSES = {
    "binary_crossentropy": "BinaryCrossentropy",
    "binary_focal_crossentropy": "BinaryFocalCrossentropy",
    "categorical_crossentropy": "CategoricalCrossentropy",
    "categorical_focal_crossentropy": "CategoricalFocalCrossentropy",
    "sparse_categorical_crossentropy": "SparseCategoricalCrossentropy",
}


class Fault(NamedTuple):
    """What is wrong with an output, its loss and its targets.

    Attributes:
        kind, severity, figure, message, cause: As in `Finding`.
        head: (units, activation) that the head should have; None if it stays.
        loss: (name, from_logits) that would fit; None if it stays.
        data: Code that changes the targets; "" if they stay.
        refused: Whether no loss can be computed: shapes or labels that do not fit.
    """

    kind: str
    severity: str
    figure: float
    message: str
    cause: str
    head: tuple[int, str] | None = None
    loss: tuple[str, bool] | None = None
    data: str = ""
    refused: bool = False


def written(name: str, from_logits: bool | None, ignored: int | None = None) -> str:
    """A loss as code; what is code already stays."""
    if name.startswith("keras."):
        return name
    options = ["from_logits=True"] if from_logits else []
    options += [] if ignored is None else [f"ignore_class={ignored}"]
    if name in CLASSES and options:
        return f"keras.losses.{CLASSES[name]}({', '.join(options)})"
    return f'"{name}"'


def compiled(
    diagnosis: Report, output: OutputRecord, loss: tuple[str, bool | None]
) -> str:
    """A line that gives an output another loss."""
    return recompiled(diagnosis, {output.name: loss}, output.given)


def recompiled(
    diagnosis: Report, losses: dict[str, tuple[str, bool | None]], given: bool
) -> str:
    """A line that gives outputs other losses."""
    if len(diagnosis.outputs) == 1:
        code = written(*next(iter(losses.values())))
    else:
        members = []
        for output in diagnosis.outputs:
            known = (output.loss, output.from_logits) if output.loss else None
            pair = losses.get(output.name, known)
            own = f'model.loss["{output.name}"]' if output.has_loss else "None"
            new = own if pair is None else written(*pair)
            members.append(f'"{output.name}": {new}')
        code = f"{{{', '.join(members)}}}"
    return f"loss = {code}" if given else f"model.compile(model.optimizer, loss={code})"


def line(output: OutputRecord, units: int, activation: str) -> str:
    """The line of a head that has these units and this activation."""
    template = output.code
    if units != output.units and "{units}" not in template:
        template = output.kernel_code
        if template != output.code:  # an activation of its own stands behind
            return (
                template.format(units=units, activation="linear")
                + "\n"
                + output.code.format(activation=activation)
            )
    return template.format(units=units, activation=activation)


def finding(diagnosis: Report, output: OutputRecord, fault: Fault) -> Finding:
    """A fault as a finding, with the line that mends it."""
    lines = [fault.data] if fault.data else []
    if fault.head is not None:
        lines.append(line(output, *fault.head))
    if fault.loss is not None:
        lines.append(compiled(diagnosis, output, fault.loss))
    several = len(diagnosis.outputs) > 1
    where = f"output {output.name!r}: " if several else ""
    return Finding(
        fault.kind,
        fault.severity,
        output.kernel or output.layer or output.name,
        fault.figure,
        where + fault.message,
        fault.cause,
        "\n".join(lines),
    )


def told(output: OutputRecord) -> str:
    """Loss and option, in words."""
    name = f"{output.loss!r}"
    if output.from_logits is None:
        return name
    return f"{name} with from_logits={output.from_logits}"


def out_of(output: OutputRecord, low: float, high: float) -> bool:
    """Whether values were seen outside of bounds."""
    if math.isnan(output.low):
        return False
    return output.low < low - ROUNDING or output.high > high + ROUNDING


def is_probability(output: OutputRecord) -> bool:
    """Whether an output stays between 0 and 1."""
    low, high = output.bounds
    if low >= 0 and high <= 1:
        return True
    return sums_to_one(output) or (
        output.activation is None and not out_of(output, 0.0, 1.0)
    )


def sums_to_one(output: OutputRecord) -> bool:
    """Whether the rows of an output are probabilities."""
    if output.activation not in (None, "exponential"):  # of logits less their sum's
        return output.activation in ("softmax", "sparsemax")
    sums = output.sums
    known = sums is not None and not math.isnan(output.low) and output.units > 1
    return (
        known
        and sums is not None
        and not out_of(output, 0.0, 1.0)
        and max(abs(sums[0] - 1), abs(sums[1] - 1)) < 1e-3
    )


def classes(output: OutputRecord) -> int | None:
    """How many classes the targets have, where they are class numbers or one-hot."""
    y = output.targets
    if y is None or not y.integers or y.low < 0:
        return None
    if y.rows == "one-hot":
        return y.shape[-1]
    width = y.shape[-1] if len(y.shape) > 1 else 1
    if width > 1 and y.high <= 1:
        return None
    is_few = y.high < FEW_CLASSES
    return max(2, int(y.high - (1 if y.low == 1 else 0)) + 1) if is_few else None
