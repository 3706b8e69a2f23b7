"""Do the targets fit the loss: their shape, their range, and whether they differ?"""

from keras_inits.diagnosis.findings import pairs, shapes
from keras_inits.diagnosis.findings.pairs import Fault
from keras_inits.diagnosis.outputs import OutputRecord, TargetRecord
from keras_inits.diagnosis.report import ERROR, INFO, WARNING
from keras_inits.diagnosis.wording import number

CONSTANT = "labels all the same"


def _range(y: TargetRecord) -> str:
    return f"from {number(y.low)} to {number(y.high)}"


def faults(output: OutputRecord) -> list[Fault]:
    """What is wrong with the targets of an output."""
    y, loss = output.targets, output.loss
    if y is None or loss is None or len(output.shape) < 1:
        return []
    if not y.finite:
        return [
            Fault(
                "not finite",
                ERROR,
                1.0,
                "the targets are not finite",
                "nan or infinity in y",
                data="keep = np.isfinite(y).reshape(len(y), -1).all(1); "
                "x, y = x[keep], y[keep]",
            )
        ]
    if loss in pairs.SPARSE:
        return _class_numbers(output, y)
    if loss in pairs.CATEGORICAL:
        found = shapes.same(output, y, "one row of probabilities a sample")
    elif loss in pairs.PAIRED:
        found = shapes.same(output, y, "one number for each number of the output")
    else:
        return []
    if found:
        return found
    if loss in pairs.BINARY:
        return _zero_or_one(output, y)
    if loss in pairs.HINGES:
        return _signs(output, y)
    if loss in pairs.ROWS and (y.low < 0 or y.high > 1):
        return [_not_rows(output, y)]
    if loss in ("poisson", "mean_squared_logarithmic_error") and y.low < 0:
        return [_negative(output, y)]
    return []


def refused(output: OutputRecord) -> bool:
    """Whether no loss can be computed of an output and its targets."""
    y = output.targets
    alone = output.units == 1 and output.loss in pairs.SPARSE
    beyond = y is not None and not 0 <= y.low <= y.high < 1
    return (alone and beyond) or any(fault.refused for fault in faults(output))


def _class_numbers(output: OutputRecord, y: TargetRecord) -> list[Fault]:
    """Of losses that take whole numbers from 0 to C − 1."""
    wanted, units = output.shape[:-1], output.units
    if len(wanted) != len(y.shape) or y.shape[1:] != wanted[1:]:
        fits = len(y.shape) == len(output.shape) and y.shape[1:-1] == wanted[1:]
        if fits and y.shape[-1] == 1:
            pass
        elif y.rows in ("one-hot", "probabilities") and fits:
            return [_one_hot_as_sparse(output, y)]
        elif units > 1 or len(y.shape) == len(output.shape):
            return [shapes.misfit(output, y, "one class number a sample")]
    if units == 1:
        return []  # the head is at fault
    if not y.integers:
        return [
            Fault(
                shapes.MISFIT,
                ERROR,
                y.std,
                f"the labels are not whole numbers: {_range(y)}",
                f"{output.loss!r} takes the numbers of classes, from 0 to {units - 1}",
                head=(1, "linear"),
                loss=("mean_squared_error", False),
                refused=True,
            )
        ]
    if y.low >= 0 and y.high < units:
        return []
    figure = y.high if y.high >= units else y.low
    message = f"the labels go {_range(y)}, and {units} units have classes 0 to "
    message += f"{units - 1}"
    if y.low >= 1 and y.high - y.low < units:
        cause = f"class numbers start at {y.low:g} here, and at 0 in Keras"
        return [_moved(figure, message, cause, f"y = y - {y.low:g}")]
    if y.low == -1 and y.high == 1 and y.distinct == 2:
        cause = "classes are -1 and 1 here, and 0 and 1 in Keras"
        return [_moved(figure, message, cause, "y = (y + 1) // 2")]
    if y.low < 0 and y.distinct == y.high - y.low + 1 <= units:
        cause = f"class numbers start at {y.low:g} here, and at 0 in Keras"
        return [_moved(figure, message, cause, f"y = y + {-y.low:g}")]
    if y.low < 0 and y.high < units:
        cause = "a negative number is no class; it may stand for a missing label"
        ignored = pairs.written(output.loss or "", output.from_logits, int(y.low))
        loss = (ignored, bool(output.from_logits))
        return [
            Fault(shapes.MISFIT, ERROR, figure, message, cause, None, loss, "", True)
        ]
    first = 1 if y.low == 1 else 0
    needed = int(y.high) + 1 - first
    activation = output.activation or "softmax"
    return [
        Fault(
            shapes.MISFIT,
            ERROR,
            figure,
            message,
            f"there are {needed} classes, and the head has {units} units",
            head=(needed, activation),
            data="y = y - 1" if first else "",
            refused=True,
        )
    ]


def _moved(figure: float, message: str, cause: str, data: str) -> Fault:
    """Of labels that other labels should take the place of."""
    return Fault(shapes.MISFIT, ERROR, figure, message, cause, data=data, refused=True)


def _one_hot_as_sparse(output: OutputRecord, y: TargetRecord) -> Fault:
    width = y.shape[-1]
    head = None
    if width != output.units:
        head = (width, output.activation or "softmax")
    return Fault(
        shapes.MISFIT,
        ERROR,
        float(width),
        f"the targets are rows of {width} numbers, and {output.loss!r} takes one class "
        "number a sample",
        "one-hot rows belong to categorical_crossentropy",
        head=head,
        loss=("categorical_crossentropy", bool(output.from_logits)),
        refused=True,
    )


def _zero_or_one(output: OutputRecord, y: TargetRecord) -> list[Fault]:
    """Of binary cross entropies."""
    if y.low >= 0 and y.high <= 1:
        return []
    takes = f"{output.loss!r} takes probabilities, from 0 to 1"
    message = f"the targets go {_range(y)}, and {takes}"
    head: tuple[int, str] | None = None
    loss: tuple[str, bool] | None = None
    if y.integers and y.distinct == 2 and y.high - y.low in (1, 2):
        step = y.high - y.low
        cause = f"the classes are {y.low:g} and {y.high:g} here, and 0 and 1 in Keras"
        shift = f"y {'+' if y.low < 0 else '-'} {abs(y.low):g}"
        data = f"y = {shift}" if step == 1 else f"y = ({shift}) / 2"
    elif y.integers and y.low >= 0 and y.high > 100:
        cause = "pixels from 0 to 255, as it seems: outputs of a sigmoid end at 1"
        data = f"y = y / {255 if y.high <= 255 else int(y.high)}"
    elif y.integers and y.low >= 0 and y.distinct < pairs.FEW_CLASSES:
        many = pairs.classes(output) or int(y.high) + 1
        cause = (
            f"there are {many} classes: a softmax over {many} units tells them apart"
        )
        data = "y = y - 1" if y.low == 1 else ""
        activation = "linear" if output.from_logits else "softmax"
        head = (many, activation)
        loss = ("sparse_categorical_crossentropy", bool(output.from_logits))
    else:
        cause = "the targets are amounts: a linear head and a squared error fit them"
        data, head = "", (output.units, "linear")
        loss = ("mean_squared_error", False)
    figure = y.high if y.high > 1 else y.low
    # PyTorch refuses them, and the others compute a loss without an end.
    return [Fault(shapes.MISFIT, ERROR, figure, message, cause, head, loss, data, True)]


def _signs(output: OutputRecord, y: TargetRecord) -> list[Fault]:
    """Of hinge losses."""
    if y.integers and y.low >= -1 and y.high <= 1:
        return []
    return [
        Fault(
            shapes.MISFIT,
            ERROR,
            y.high,
            f"the targets go {_range(y)}, and {output.loss!r} takes -1 and 1",
            "its margin is the output times the target",
            head=(output.units, "linear"),
            loss=("mean_squared_error", False),
        )
    ]


def _not_rows(output: OutputRecord, y: TargetRecord) -> Fault:
    return Fault(
        shapes.MISFIT,
        ERROR,
        y.high if y.high > 1 else y.low,
        f"the targets go {_range(y)}, and {output.loss!r} takes probabilities",
        "a row of targets should sum to one",
        data="y = y / y.sum(-1, keepdims=True)" if y.low >= 0 else "",
        head=None if y.low >= 0 else (output.units, "linear"),
        loss=None if y.low >= 0 else ("mean_squared_error", False),
    )


def _negative(output: OutputRecord, y: TargetRecord) -> Fault:
    return Fault(
        shapes.MISFIT,
        WARNING,
        y.low,
        f"the targets go {_range(y)}, and {output.loss!r} takes none below zero",
        "it is made for counts and amounts",
        head=(output.units, "linear"),
        loss=("mean_squared_error", False),
    )


def constant(output: OutputRecord) -> list[Fault]:
    """Of targets that do not differ between samples."""
    y = output.targets
    if y is None or not y.constant or not output.has_loss or output.loss is None:
        return []
    cause = "all of y is so, or the data are sorted and not shuffled"
    data = "order = np.random.permutation(len(x)); x, y = x[order], y[order]"
    if y.distinct > 1 and y.rows is None:
        cause = "the data are sorted by y, and a batch shows one value only"
    elif y.distinct == 1:
        cause = "all of y is so"
        data = "# look at what makes y: it should have the targets of every class"
    return [
        Fault(
            CONSTANT,
            WARNING if output.trains and not y.shuffled else INFO,
            y.mean,
            "every sample of the batch has the same target",
            f"{cause}: there is nothing to tell apart",
            data=data,
        )
    ]
