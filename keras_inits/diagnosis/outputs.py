"""Plain records of a model's outputs: what makes them, their loss and their targets."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class TargetRecord:
    """What is known of the targets of one output.

    Of arrays all rows are looked at, of a dataset those of the batches that were
    measured; for all but `low` and `high` at most 65,536 numbers.

    Attributes:
        shape: Shape, axis of samples included.
        dtype: Name of the type, as it was passed.
        low, high, mean, std, rms: Of all finite values.
        distinct: Number of different values.
        integers: Whether every value is a whole number.
        rows: What the last axis holds, of length two or more: "one-hot",
            "several-hot" (zeros and ones), "probabilities" or None.
        positives: Fraction of values above zero.
        constant: Whether the samples of each batch have the same target.
        finite: Whether every value is finite.
        ignored: Class that the loss leaves out, not counted in `low` and `high`.
        shuffled: Whether they are arrays, which `fit` shuffles, and differ somewhere.
    """

    shape: tuple[int, ...]
    dtype: str
    low: float
    high: float
    mean: float
    std: float
    rms: float
    distinct: int
    integers: bool
    rows: str | None
    positives: float
    constant: bool
    finite: bool
    ignored: int | None = None
    shuffled: bool = False


@dataclasses.dataclass(frozen=True)
class OutputRecord:
    """One output of the model.

    Attributes:
        name: As the model has it.
        layer: Name of the layer that makes it, as in `LayerRecord.name`; "" if unknown.
        index: Of that layer's record; -1 if unknown.
        shape: Shape, axis of samples included.
        activation: What makes it in the end: "softmax", "sigmoid", "linear", "relu",
            ...; None if that is not known.
        bounds: Values that the activation can give at all.
        low, high: Smallest and largest value seen; nan where none was.
        sums: Smallest and largest sum along the last axis; None if not known.
        loss: Keras's name of its loss; None if it has none, or one of somebody's own.
        from_logits: Whether the loss is told to expect logits; None where it has no
            such option.
        has_loss: Whether it has a loss at all.
        weight: Factor of its loss.
        targets: Its targets; None without any.
        unreachable: Part of the targets' variance that lies outside of `bounds`; None
            if not known.
        trains: Whether the layer that makes it is trained.
        code: The layer as code, with {units} and {activation} to fill in.
        kernel_code: The same of the layer that has the kernel.
        kernel: Name of that layer; "" if unknown.
        given: Whether the loss was given to `diagnose`, not compiled.
    """

    name: str
    layer: str
    index: int
    shape: tuple[int, ...]
    activation: str | None
    bounds: tuple[float, float]
    low: float
    high: float
    sums: tuple[float, float] | None
    loss: str | None
    from_logits: bool | None
    has_loss: bool
    weight: float
    targets: TargetRecord | None
    unreachable: float | None
    trains: bool
    code: str
    kernel_code: str
    kernel: str = ""
    given: bool = False

    @property
    def units(self) -> int:
        """Length of the last axis."""
        return self.shape[-1] if len(self.shape) > 1 else 1
