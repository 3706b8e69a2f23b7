"""What a diagnosis holds: plain records of figures, and findings about them.

The shape of the data:

    Report
      .records   one LayerRecord per call of a layer, in the order of execution
                   .pre, .out    TensorStats of the pre-activation and the output
                   .gradient     GradientStats of the loss by the output
      .inputs    one LayerRecord per floating-point input of the model (.out only)
      .features  one FeatureRecord per input: its features, where it goes
      .classes   one ClassRecord per output with a cross entropy: counts of labels
      .dropouts  one DropoutRecord per layer that drops a part of its input
      .weights   one WeightRecord per weight, in the order of the model's layers
                   .gradient     GradientStats of the loss by the weight
      .outputs   one OutputRecord per output of the model
                   .targets      TargetRecord of what it is compared with
      .step      StepRecord of the first step, where an optimizer is compiled
      .findings  one Finding per thing found, the most severe first

Everything is frozen and made of Python numbers, strings, tuples and None, so
`dataclasses.asdict` gives plain data. None stands for "not known" (an input of integers
has no gradient); infinities and nan can occur, where the network has them.
"""

import dataclasses

from keras_inits.diagnosis.classes import ClassRecord
from keras_inits.diagnosis.features import FeatureRecord
from keras_inits.diagnosis.modes import DropoutRecord
from keras_inits.diagnosis.outputs import OutputRecord
from keras_inits.diagnosis.step_record import StepRecord
from keras_inits.signals.records import GradientStats, TensorStats

ERROR, WARNING, INFO = "error", "warning", "info"
SEVERITIES = (ERROR, WARNING, INFO)  # the worst first
HEALTHY, SUSPICIOUS, UNHEALTHY = "healthy", "suspicious", "unhealthy"


@dataclasses.dataclass(frozen=True)
class LayerRecord:
    """One call of a layer.

    Attributes:
        index: Place in the order of execution, from 0.
        name: The layer's names from the model down, joined by "/".
        path: The same without numbers that other models shift (`graph.weights`).
        layer: Name of the layer's class.
        call: How often the layer was called before: 0 for the first call.
        block: Whether other records are of layers inside this one.
        activation: Name of the activation that made `out` from `pre`; None if none.
        dtype: Type of the output.
        kernel: Whether the layer owns a kernel (or is a recurrent layer).
        normalizes: Whether it is a normalization.
        normalized: Whether its output goes to nothing but normalizations, past
            activations and pooling.
        parents: Indices of the records that its inputs come from, where known.
        input_rms: Root mean square of its first input of real numbers; None if none.
        pre: Of the pre-activation: what the activation was given.
        out: Of the output; of several, the first of real numbers.
        gradient: Of the loss by `out`; None where no gradient was measured.
        ratio: `out.std` by that of the first layer.
        gradient_ratio: `gradient.std` by that of the first layer.
        gates: Of a recurrent layer: fraction of its gates that are saturated.
        driven: The same without their biases: by what the layer is given alone.
        attention: Of an attention layer: fraction of queries that attend to one key
            only.
        weights: Paths of the layer's own weights, for `Diagnosis.weights`.
        moving: Whether it is a batch normalization that takes its moving statistics,
            as at inference.
    """

    index: int
    name: str
    path: str
    layer: str
    call: int
    block: bool
    activation: str | None
    dtype: str
    kernel: bool
    normalizes: bool
    normalized: bool
    parents: tuple[int, ...]
    input_rms: float | None
    pre: TensorStats | None
    out: TensorStats
    gradient: GradientStats | None
    ratio: float | None = None
    gradient_ratio: float | None = None
    gates: float | None = None
    driven: float | None = None
    attention: float | None = None
    weights: tuple[str, ...] = ()
    moving: bool = False

    @property
    def label(self) -> str:
        """The name, and which call it was if not the first."""
        return f"{self.name} (call {self.call + 1})" if self.call else self.name


@dataclasses.dataclass(frozen=True)
class WeightRecord:
    """One weight of the model.

    Attributes:
        path: Place in the model's structure, as `graph.weights.weights_of` has it.
        name: The names of its layers and its own, as the model has them.
        owner: Name of the layer, as in `LayerRecord.name`.
        layer: Name of the layer's class.
        role: What it is for: one of the roles of `keras_inits.geometry`.
        shape: Its shape.
        trainable: Whether training changes it.
        mean: Mean of its values.
        std: Standard deviation of its values.
        rms: Root mean square of its values.
        zero: Whether every value is zero.
        finite: Whether every value is finite.
        fans: True (fan_in, fan_out) of a kernel; None for other roles.
        counted: (fan_in, fan_out) that the layer's initializer counted; None where it
            counts none, or is not known.
        initializer: The layer's initializer, as text; None if not known.
        scale_error: Variance that was drawn by the variance with true fans: 1/64 for
            a kernel that is 64 times too small. None where the initializer counts no
            fans, or the values are not (or no longer) its own.
        symmetric: Number of units that have the same incoming weights as another and
            get the same gradient, so that they will stay equal; None if not known.
        gradient: Of the loss by the weight; None if not measured.
        equal: Whether all units of a kernel, more than one, have the same weights.
    """

    path: str
    name: str
    owner: str
    layer: str
    role: str
    shape: tuple[int, ...]
    trainable: bool
    mean: float
    std: float
    rms: float
    zero: bool
    finite: bool
    fans: tuple[float, float] | None
    counted: tuple[float, float] | None
    initializer: str | None
    scale_error: float | None
    symmetric: int | None
    gradient: GradientStats | None
    equal: bool = False


@dataclasses.dataclass(frozen=True)
class Finding:
    """A finding.

    Attributes:
        kind: What was found, a key of `findings.KINDS`, such as "vanishing signal".
        severity: "error" (will not train), "warning" (may not, or badly) or "info".
        layer: Name of the layer or weight; "" for the whole model.
        figure: The number that it rests on.
        message: What was found, with the figure, in one sentence.
        cause: Why it is so.
        fix: Code to paste.
        tried: What the fix brought when it was tried, in words; "" if it was not.
    """

    kind: str
    severity: str
    layer: str
    figure: float
    message: str
    cause: str
    fix: str
    tried: str = ""


@dataclasses.dataclass(frozen=True, repr=False)
class Report:
    """What was measured of an initialization, and what was found in it.

    Attributes:
        model: Name of the model.
        backend: Keras's backend.
        batches: Number of batches measured.
        samples: Number of samples in them.
        data: What the model was given, in words.
        loss: Mean value of the loss.
        loss_kind: "compiled", "given" or "projection" (a fixed random direction of
            the outputs: only ratios of its gradients mean something).
        chance_loss: Loss of equal probabilities, ln C times the loss's weight, where
            the loss is a cross entropy; else None. Penalties on weights are added.
        loss_weight: Factor of the loss, as compiled, times the mean weight of samples;
            1 where there are several losses.
        inputs: A `LayerRecord` for each floating-point input of the model.
        records: A `LayerRecord` for each call of a layer, in the order of execution.
        weights: A `WeightRecord` for each weight, in the order of the layers.
        outputs: An `OutputRecord` for each output of the model.
        findings: A `Finding` for each thing found, the most severe first.
        duplicates: Groups of paths of weights that hold the same values.
        targets: Root mean square of the targets of each output with a loss that
            takes differences, such as mean squared error.
        alike: Whether all samples of a batch are equal, in every input.
        features: A `FeatureRecord` for each input.
        classes: A `ClassRecord` for each output with a cross entropy.
        dropouts: A `DropoutRecord` for each layer that drops a part of its input.
        weightless: Whether every sample has a weight of zero.
        reached: By the names of layers what fixes may set of them, as code: the rate of
            a dropout, an axis, whether a normalization is trained.
        mixed: By how much one sample moves what the model says of another, and the name
            of the first layer where it does; 0 where none does.
        branch_ends: Paths of the kernels that end residual branches; only looked for
            where a signal or a gradient explodes.
        lost_at: Index in `records` from which on the signal, forward, or up to which
            the gradient, backward, is lost; None if neither is.
        notes: What was assumed or left out, in words.
        step: The first step of the compiled optimizer; None where there is none.
    """

    model: str
    backend: str
    batches: int
    samples: int
    data: str
    loss: float | None
    loss_kind: str
    chance_loss: float | None
    inputs: tuple[LayerRecord, ...]
    records: tuple[LayerRecord, ...]
    weights: tuple[WeightRecord, ...]
    duplicates: tuple[tuple[str, ...], ...] = ()
    targets: tuple[float, ...] = ()
    loss_weight: float = 1.0
    alike: bool = False
    features: tuple[FeatureRecord, ...] = ()
    classes: tuple[ClassRecord, ...] = ()
    dropouts: tuple[DropoutRecord, ...] = ()
    weightless: bool = False
    mixed: tuple[float, str] = (0.0, "")
    reached: dict[str, str] = dataclasses.field(default_factory=dict)
    branch_ends: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    lost_at: int | None = None
    notes: tuple[str, ...] = ()
    outputs: tuple[OutputRecord, ...] = ()
    step: StepRecord | None = None

    @property
    def verdict(self) -> str:
        """The whole in a word: "healthy", "suspicious" (a warning) or "unhealthy"."""
        worst = self.worst
        return {ERROR: UNHEALTHY, WARNING: SUSPICIOUS}.get(worst or "", HEALTHY)

    @property
    def worst(self) -> str | None:
        """The worst severity among the findings; None without any."""
        found = {finding.severity for finding in self.findings}
        return next((severity for severity in SEVERITIES if severity in found), None)

    def record(self, name: str, call: int = 0) -> LayerRecord:
        """The record of a layer, by its name or the last part of it.

        Raises:
            ValueError: If no record has that name.
        """
        for record in self.records:
            fits = name in (record.name, record.path, record.name.split("/")[-1])
            if fits and record.call == call:
                return record
        known = ", ".join(dict.fromkeys(r.name for r in self.records[:20]))
        raise ValueError(
            "`name` must be the name of a layer that was called. Received: "
            f"name={name!r}, call={call}. Names begin {known}."
        )
