"""Targets whose shape is not what the loss takes beside that of the output."""

from keras_inits.diagnosis.findings import pairs
from keras_inits.diagnosis.findings.pairs import Fault
from keras_inits.diagnosis.outputs import OutputRecord, TargetRecord
from keras_inits.diagnosis.report import ERROR

MISFIT = "labels do not fit"


def _squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape without its axis of one, that losses add or take away."""
    return shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape


def misfit(output: OutputRecord, y: TargetRecord, takes: str) -> Fault:
    """Of targets whose shape is not what the loss takes."""
    shapes = f"y has shape {y.shape}, the output {output.shape}"
    many = pairs.classes(output)
    head: tuple[int, str] | None = None
    loss: tuple[str, bool] | None = None
    data = ""
    width = y.shape[-1] if len(y.shape) > 1 else 1
    same_rank = len(y.shape) == len(output.shape)
    numbers = output.loss in pairs.NUMBERS
    if _squeezed(y.shape)[1:] == output.shape[1:-1] and output.units > 1:
        is_classes = many is not None and many <= output.units
        amounts = numbers and output.activation not in ("softmax", "sigmoid")
        if is_classes and not amounts:
            cause = "the targets are class numbers: sparse_categorical_crossentropy"
            logits = not pairs.is_probability(output)
            loss = ("sparse_categorical_crossentropy", logits)
            if output.activation == "sigmoid":
                head = (output.units, "softmax")
        else:
            cause = "one number a sample is compared with every unit of the output"
            head = (1, output.activation or "linear")
    elif same_rank and y.shape[1:-1] == output.shape[1:-1]:
        cause = f"the head has {output.units} units, the targets {width} columns"
        activation = output.activation or "linear"
        if output.units == 1 and y.rows == "one-hot" and output.loss in pairs.BINARY:
            activation, loss = "softmax", ("categorical_crossentropy", False)
        head = (width, activation)
    elif len(output.shape) > len(y.shape):
        cause = (
            "the output has an axis that the targets have not: a layer that returns "
            "sequences or maps, or no Flatten or pooling before the head"
        )
        data = "keras.layers.Flatten()"
        if len(output.shape) == 3:
            data = "keras.layers.GlobalAveragePooling1D()"
        elif len(output.shape) == 4:
            data = "keras.layers.GlobalAveragePooling2D()"
    else:
        cause = "the targets have an axis that the output has not"
        data = "y = y.reshape(len(y), -1)"
    return Fault(
        MISFIT,
        ERROR,
        float(width),
        f"{shapes}, and {output.loss!r} takes {takes}",
        cause,
        head=head,
        loss=loss,
        data=data,
        refused=True,
    )


def same(output: OutputRecord, y: TargetRecord, takes: str) -> list[Fault]:
    """Of losses that take an array of the output's own shape."""
    made, given = output.shape[1:], y.shape[1:]
    if made == given or (*made, 1) == given or made == (*given, 1):
        return []
    return [misfit(output, y, takes)]
