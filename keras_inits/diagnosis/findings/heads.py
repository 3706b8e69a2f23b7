"""Does the head fit the loss, and can it reach the targets?"""

import math

from keras_inits.diagnosis import thresholds as limits
from keras_inits.diagnosis.findings import labels, pairs
from keras_inits.diagnosis.findings.common import severity
from keras_inits.diagnosis.findings.pairs import Fault
from keras_inits.diagnosis.outputs import OutputRecord
from keras_inits.diagnosis.report import ERROR, INFO, WARNING
from keras_inits.diagnosis.wording import number, percent

ONE = "softmax over one unit"
UNFIT = "head does not fit loss"
BEYOND = "outputs cannot reach targets"


def faults(output: OutputRecord) -> list[Fault]:
    """What is wrong with a head, its loss and its targets, the cause first."""
    one = _one_unit(output)
    misfit = labels.faults(output)
    if one:
        return [one]
    if any(fault.refused for fault in misfit):
        return misfit
    unfit = _unfit(output)
    if unfit is not None and unfit.severity == INFO and misfit:
        unfit = None
    found = [*misfit, *([unfit] if unfit else [])]
    return found or _unreached(output)


def _one_unit(output: OutputRecord) -> Fault | None:
    """A softmax, or a loss over classes, of one number."""
    if output.units != 1:
        return None
    over = output.loss in pairs.CATEGORICAL
    is_one = not pairs.out_of(output, 1.0, 1.0)
    if not over and not (output.activation == "softmax" and is_one):
        return None
    many = pairs.classes(output)
    head, loss = _better(output, many)
    if output.activation == "softmax" and is_one:
        return Fault(
            ONE,
            ERROR,
            1.0,
            "the head is a softmax over one unit: it gives 1 for every sample, "
            "whatever the weights are",
            "a softmax divides by the sum over its units, and one unit is its own sum",
            head,
            loss,
        )
    return Fault(
        UNFIT,
        ERROR,
        1.0,
        f"{output.loss!r} compares classes, and the head has one unit",
        "rows of one number, divided by their sum, are 1 for every sample",
        head,
        loss,
    )


def _better(
    output: OutputRecord, many: int | None
) -> tuple[tuple[int, str], tuple[str, bool] | None]:
    """Head and loss for targets of one column."""
    y, name = output.targets, output.loss
    crossed = name in (*pairs.CATEGORICAL, *pairs.BINARY)
    if crossed and many is not None and many > 2:
        loss = None if name in pairs.SPARSE else (pairs.SPARSE[0], False)
        return (many, "softmax"), loss
    if name in pairs.NUMBERS and (y is None or not (y.low >= 0 and y.high <= 1)):
        return (1, "linear"), None
    loss = None
    if name in pairs.CATEGORICAL or (name in pairs.BINARY and output.from_logits):
        loss = ("binary_crossentropy", False)
    return (1, "sigmoid"), loss


def _unfit(output: OutputRecord) -> Fault | None:
    """Logits where probabilities are wanted, and the reverse."""
    name = output.loss
    if name in pairs.CATEGORICAL or name in pairs.BINARY:
        if output.from_logits:
            return _not_logits(output)
        return _not_probabilities(output) or _other_probabilities(output)
    if name in (*pairs.OVERLAPS, "kl_divergence"):
        if name == "kl_divergence" and output.activation == "sigmoid":
            return _not_rows(output)
        return _not_probabilities(output)
    if name == "poisson":
        return _negative(output)
    return _one_sided(output) if name in pairs.HINGES else None


def _not_logits(output: OutputRecord) -> Fault | None:
    """Of losses with from_logits=True."""
    rows = output.units > 1 and pairs.sums_to_one(output)
    activation = output.activation
    # Made by operations of somebody's own: by what comes out.
    between = activation is None and output.units == 1
    between = between and output.low >= 0 and output.high <= 1
    if rows or between or activation in pairs.PROBABILITIES:
        what = activation or "softmax"
        return Fault(
            UNFIT,
            WARNING,
            1.0,
            f"{pairs.told(output)} takes logits, and the head gives probabilities "
            f"({what if not between else 'all between 0 and 1'})",
            "another softmax or sigmoid is put on top: probabilities between 0 and 1 "
            "become nearly equal, gradients small, and no loss gets near zero; "
            "TensorFlow looks for the logits itself, the other backends do not",
            loss=(output.loss or "", False),
        )
    if output.bounds[0] >= 0 and output.loss in pairs.BINARY:
        return Fault(
            UNFIT,
            WARNING,
            output.bounds[0],
            f"logits are never below zero here ({activation}): no probability is "
            "below one half",
            "logits of both signs are needed; a head of logits has no activation",
            head=(output.units, "linear"),
        )
    if activation in ("relu", "relu6"):
        return Fault(
            UNFIT,
            WARNING,
            output.bounds[0],
            f"{pairs.told(output)} takes logits, and {activation} cuts those below "
            "zero",
            "a class whose logit is cut for a sample gets no gradient from it",
            head=(output.units, "linear"),
        )
    return None


def _not_probabilities(output: OutputRecord) -> Fault | None:
    """Of losses that take probabilities."""
    if pairs.is_probability(output):
        return None
    over_classes = output.loss in pairs.ROWS
    activation = output.activation
    has_option = output.from_logits is not None
    head, loss = None, None
    if activation in ("linear", None, "log_softmax") and has_option:
        loss = (output.loss or "", True)
    else:
        head = (output.units, "softmax" if over_classes else "sigmoid")
    seen = ""
    if not math.isnan(output.low):
        seen = f": they go from {number(output.low)} to {number(output.high)}"
    # Trained: a binary cross entropy still ranks by what is not cut off.
    learns = output.loss in pairs.BINARY or activation in ("relu", "relu6")
    learns = learns or activation in ("exponential", "softplus")
    why = "what is below 0 or above 1 is cut off, and gets no gradient"
    if output.loss in pairs.OVERLAPS:  # .55 to .75 of three tags right, and .95 so
        why = (
            "it divides by a sum of outputs, which may come near zero or below it: "
            "the loss has no least value"
        )
    return Fault(
        UNFIT,
        WARNING if learns else ERROR,
        output.low,
        f"{pairs.told(output)} takes probabilities, and the head's outputs are none"
        f"{seen}",
        f"the head ends with {activation or 'no softmax or sigmoid'}; {why}",
        head,
        loss,
    )


def _other_probabilities(output: OutputRecord) -> Fault | None:
    """A sigmoid where a softmax belongs, and the reverse."""
    y, name, units = output.targets, output.loss, output.units
    several = y is not None and y.rows == "several-hot" and units > 1
    rows = units > 1 and pairs.sums_to_one(output)
    if several and (rows or name in pairs.CATEGORICAL):
        return Fault(
            UNFIT,
            WARNING,
            y.positives if y else 0.0,
            "samples have several labels at once, and a softmax or a loss over classes "
            "gives them one",
            "probabilities that are independent of each other are sigmoids, under a "
            "binary cross entropy",
            head=(units, "sigmoid"),
            loss=None if name in pairs.BINARY else ("binary_crossentropy", False),
        )
    if name in pairs.BINARY and rows:
        return Fault(
            UNFIT,
            INFO if units == 2 else WARNING,
            float(units),
            f"a softmax over {units} classes under {name!r}, which takes each for a "
            "question of its own",
            "it is the same as a categorical cross entropy over two classes"
            if units == 2
            else "all the classes that are not the right one count as often as it, and "
            "'accuracy' counts them, too",
            loss=("categorical_crossentropy", False),
        )
    if name in pairs.CATEGORICAL and output.activation in ("sigmoid", "hard_sigmoid"):
        return Fault(
            UNFIT,
            INFO,
            float(units),
            f"{output.activation} under {name!r}: the loss divides by the sum itself",
            "it learns, but outputs are no probabilities of classes",
            head=(units, "softmax"),
        )
    return None


def _not_rows(output: OutputRecord) -> Fault:
    return Fault(
        UNFIT,
        WARNING,
        float(output.units),
        "'kl_divergence' takes rows that sum to one, and the head gives sigmoids",
        "the loss falls as all outputs go to 1, whatever the targets are",
        head=(output.units, "softmax"),
    )


def _negative(output: OutputRecord) -> Fault | None:
    """A Poisson loss takes the logarithm of outputs."""
    below = output.bounds[0] < 0 and output.activation is not None
    if not below and not (output.activation is None and output.low < 0):
        return None
    return Fault(
        UNFIT,
        ERROR,
        output.low,
        f"'poisson' takes the logarithm of outputs, and those of {output.activation} "
        "can be negative",
        "it is nan there, and so are all weights after one step",
        head=(output.units, "exponential"),
    )


def _one_sided(output: OutputRecord) -> Fault | None:
    """Hinge losses ask for both signs."""
    if output.bounds[0] < 0:
        return None
    return Fault(
        BEYOND,
        WARNING,
        output.bounds[0],
        f"{output.loss!r} asks for outputs of -1 and 1, and {output.activation} gives "
        "none below zero",
        "every sample of one class stays on the wrong side of the margin",
        head=(output.units, "tanh"),
    )


def _unreached(output: OutputRecord) -> list[Fault]:
    """Targets outside of what the head can give."""
    y, part = output.targets, output.unreachable
    if output.loss not in pairs.NUMBERS or y is None or part is None:
        return []
    level = severity(part, limits.UNREACHED_WARNING, limits.UNREACHED_ERROR)
    if level is None:
        return []
    if y.distinct == 2:  # a classification: the order of outputs is enough
        level = WARNING
    low, high = output.bounds
    sums = output.activation == "softmax" and y.low >= 0 and y.high <= 1
    ends = f"gives numbers from {low:g} to {high:g}"
    if output.activation == "softmax" and output.units > 1:
        ends += " that sum to one"
    bytes_ = y.low >= 0 and 100 < y.high <= 255 and high == 1 and y.integers
    data, head = "", None
    if bytes_:
        data = "y = y / 255"
    else:
        head = (output.units, "sigmoid" if sums else "linear")
        far = not limits.DATA_SMALL <= y.rms <= limits.DATA_LARGE
        data = "y = (y - y.mean()) / y.std()" if far else ""
    return [
        Fault(
            BEYOND,
            level,
            part,
            f"{output.activation} {ends}, and the targets go from {number(y.low)} to "
            f"{number(y.high)}",
            f"{percent(min(1.0, part))} of their variance or more is out of reach",
            head,
            data=data,
        )
    ]
