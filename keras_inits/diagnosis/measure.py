"""Running a model and writing down what happens: the public `diagnose`."""

import copy
import dataclasses
import re
from typing import Any

import keras
import numpy as np

from keras_inits._utils.host_array import numpy_view, to_numpy
from keras_inits.diagnosis import findings, records, weights
from keras_inits.diagnosis.report import Diagnosis, WeightRecord
from keras_inits.geometry.roles import Role
from keras_inits.graph import duplicates
from keras_inits.graph.residual import branch_ends
from keras_inits.graph.trace import trace
from keras_inits.graph.weights import WeightInfo, weights_of
from keras_inits.signals import batches as data
from keras_inits.signals import engines, hooks
from keras_inits.signals.losses import Objective
from keras_inits.signals.progress import Progress
from keras_inits.signals.random_state import unchanged_randomness
from keras_inits.signals.recorder import is_real, look, on_host, repeats
from keras_inits.signals.statistics import GradientTally, Moments, Tally, pick
from keras_inits.signals.threads import numpy_on_one_thread
from keras_inits.signals.unit_hashes import View

HALF_SCALE = 2.0**15  # what Keras multiplies a loss by under mixed_float16
SCALE_STEP = 16.0  # by which a loss scale is lowered where gradients overflow


def diagnose(
    model: Any,
    x: Any = None,
    y: Any = None,
    *,
    loss: Any = None,
    batches: int = 1,
    batch_size: int | None = None,
    seed: int = 0,
) -> Diagnosis:
    """What the weights of a model do to signals and gradients, before it is trained.

    One forward and one backward pass per batch, as in training (normalizations by the
    batch's own statistics), but without dropout and noise, so that samples differ for
    no other reason than the data. Nothing is changed: weights, optimizer, seeds,
    statistics of normalizations and flags are as before.

    Args:
        model: A built Keras model.
        x: What the model is given: an array, a list or dict of arrays, a
            `tf.data.Dataset`, a PyTorch `DataLoader`, a `keras.utils.PyDataset`, an
            iterable of batches; or None for white noise of the input's shape, token
            ids for integer inputs, a batch of 32. Sizes that the model leaves open
            are then 16, or 64 for inputs of rank 4 and above.
        y: Targets, where `x` is arrays.
        loss: A Keras loss or its name, or one for each output; None for the one the
            model is compiled with. Without targets or loss, the gradient is of a fixed
            random direction of the outputs.
        batches: How many batches are measured; int, >= 1.
        batch_size: Rows of arrays in a batch; None for 32.
        seed: Of noise and direction; int.

    Returns:
        A `Diagnosis`; print it.

    Raises:
        ValueError: If the model is not built, or the data do not fit it.

    Example:
    >>> import keras, keras_inits
    >>> model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4, "relu")])
    >>> d = keras_inits.diagnose(model)
    >>> [record.name for record in d.records], d.verdict
    (['dense...'], 'healthy')
    """
    found = weights_of(model)
    return _Measurement(model, found, x, y, loss, seed).run(
        batches, data.BATCH if batch_size is None else int(batch_size)
    )


def _gist(error: BaseException) -> str:
    """The line of an error that tells, without Keras's frame and colours."""
    plain = re.sub(r"\x1b\[\d+m", "", str(error))
    lines = [line.strip() for line in plain.splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith("Exception encountered")]
    gist = (told or lines or [type(error).__name__])[0]
    return gist if gist.endswith(".") else f"{gist}."


class _Measurement:
    """One diagnosis in the making; an `engines.Problem`."""

    def __init__(
        self, model: Any, found: list[WeightInfo], x: Any, y: Any, loss: Any, seed: int
    ) -> None:
        self.model, self.infos, self.x, self.y, self.seed = model, found, x, y, seed
        self.loss = loss
        self.notes: list[str] = []
        self.trainable = list(model.trainable_variables)
        kept = {id(v) for v in self.trainable}
        self.others = [v for v in model.variables if id(v) not in kept]
        by_variable = {id(info.variable): info for info in found}
        self.views: list[View | None] = []
        for variable in self.trainable:
            info = by_variable.get(id(variable))
            self.views.append(None if info is None else weights.view(info))
        self.objective: Objective
        self.chance: float | None = None

    def forward(self, trainable: Any, others: Any, batch: Any) -> Any:
        """The loss of a batch, with the values given for the variables."""
        mapping = [
            *zip(self.trainable, trainable, strict=True),
            *zip(self.others, others, strict=True),
        ]
        x, y, weight = batch
        with keras.StatelessScope(mapping, collect_losses=True) as scope:
            outputs = self.model(x, training=True)
            value = self.objective.value(outputs, y, weight)
            for extra in scope.losses:
                value = value + keras.ops.cast(extra, "float32")
        self.chance = self.objective.chance(outputs)
        return value

    def _loss_scale(self) -> float:
        optimizer = getattr(self.model, "optimizer", None)
        scale = getattr(optimizer, "dynamic_scale", None)
        if scale is not None:
            return float(keras.ops.convert_to_numpy(scale.value))
        initial = getattr(optimizer, "initial_scale", None)
        if initial is not None:
            return float(initial)
        policies = {layer.dtype_policy.name for layer in self.model._flatten_layers()}
        if "mixed_float16" in policies and optimizer is None:
            self.notes.append(
                "mixed_float16: the loss is scaled by 2**15, as Keras's compile does"
            )
            return HALF_SCALE
        return 1.0

    def run(self, batches: int, size: int) -> Diagnosis:
        """All batches, one after the other."""
        stream = data.stream(
            self.model, self.x, self.y, batches, size, self.seed, self.notes
        )
        scale = self._loss_scale()
        gradients: dict[int, GradientTally] = {}
        hashed: dict[int, np.ndarray] = {}
        inputs: list[Tally] = []
        losses: list[float] = []
        targets: list[Moments] = []
        alike: list[bool] = []
        samples = 0
        with (
            unchanged_randomness(),
            numpy_on_one_thread(),
            Progress(self.model.name) as progress,
        ):
            engine = engines.engine(self, scale, progress.tick)
            with hooks.watching(self.model, engine.recorder.watch, engine.prepare):
                for batch in stream:
                    x, y, weight = (data.tensors(part) for part in batch)
                    if not losses:
                        self.objective = Objective(
                            self.model, self.loss, y is not None, self.seed
                        )
                    self._see_inputs(x, inputs)
                    alike.append(all(map(repeats, keras.tree.flatten(x))))
                    value, seen = self._scaled_pass(engine, (x, y, weight))
                    losses.append(value)
                    self._see_targets(y, targets)
                    samples += int(keras.tree.flatten(x)[0].shape[0])
                    for number, gradient in enumerate(seen):
                        if gradient is None:
                            continue
                        if number not in gradients:
                            dtype = str(self.trainable[number].dtype)
                            gradients[number] = GradientTally(gradient.size, dtype)
                        gradients[number].scale = engine.scale
                        gradients[number].add(*gradient.seen)
                        if gradient.units is not None:
                            total = hashed.get(number, 0.0)
                            hashed[number] = total + gradient.units / engine.scale
        if engine.recorder.skipped:
            names = ", ".join(sorted(engine.recorder.skipped)[:5])
            self.notes.append(
                f"not recorded, inside a loop or without real numbers: {names}"
            )
        return self._judged(
            Diagnosis(
                model=self.model.name,
                backend=keras.backend.backend(),
                batches=len(losses),
                samples=samples,
                data=data.words(self.x),
                loss=sum(losses) / len(losses),
                loss_kind=self.objective.kind,
                chance_loss=self.chance,
                loss_weight=self.objective.weight,
                inputs=records.of_inputs(inputs),
                records=records.of_layers(engine.recorder.entries, self.infos),
                weights=self._weights(gradients, hashed),
                duplicates=duplicates.equal_kernels(self.infos),
                targets=tuple(moments.rms for moments in targets),
                alike=self.x is not None and all(alike),
                notes=tuple(dict.fromkeys(self.notes)),
            )
        )

    def _judged(self, diagnosis: Diagnosis) -> Diagnosis:
        judged = findings.judged(diagnosis)
        if not any(v.kind in findings.EXPLOSIONS for v in judged.findings):
            return judged
        # The fix names the branches, and these are not looked for without need.
        ends = set(branch_ends(trace(self.model), self.infos))
        kernels = (info for info in self.infos if info.weight.role == Role.KERNEL)
        paths = tuple(info.path for info in kernels if info.path in ends)
        return findings.judged(dataclasses.replace(diagnosis, branch_ends=paths))

    def _weights(
        self, gradients: dict[int, GradientTally], hashed: dict[int, np.ndarray]
    ) -> tuple[WeightRecord, ...]:
        names = hooks.layer_names(self.model)
        numbers = {id(v): number for number, v in enumerate(self.trainable)}
        found = []
        for info in self.infos:
            number = numbers.get(id(info.variable), -1)
            owner = names.get(id(info.layer), info.layer.name)
            tally = gradients.get(number)
            gradient = None if tally is None else tally.result()
            units = hashed.get(number)
            found.append(weights.record(info, owner, gradient, units))
        return tuple(found)

    def _scaled_pass(self, engine: Any, batch: Any) -> tuple[float, Any]:
        """A pass at a loss scale whose gradients float16 holds.

        Training skips a step whose gradients overflow, and halves the scale.

        Args:
            engine: Keeps the scale that it is given, for the batches to come.
            batch: As the engine takes it.

        Returns:
            The loss, and what was seen of each gradient.
        """
        while True:
            entries = engine.recorder.entries
            shared = {id(entry.hooked): entry.hooked for entry in entries}
            before = copy.deepcopy(entries, shared) if engine.scale > 1 else []
            with np.errstate(invalid="ignore"):
                value, seen = self._pass(engine, batch)
            gradients = [e.gradient.finite for e in entries if e.gradient is not None]
            gradients += [gradient.seen[1] for gradient in seen if gradient is not None]
            forward = all(e.out is not None and e.out.finite for e in entries)
            if engine.scale <= 1 or all(gradients) or not forward:
                return value, seen
            scale = max(1.0, engine.scale / SCALE_STEP)
            self.notes.append(
                f"gradients overflow at the loss scale {engine.scale:g}, which "
                f"training lowers by itself: measured at {scale:g}"
            )
            engine.scale, engine.recorder.entries = scale, before
            for entry in before:
                if entry.gradient is not None:
                    entry.gradient.scale = scale

    def _pass(self, engine: Any, batch: Any) -> Any:
        try:
            return engine.run(batch)
        except Exception as error:
            known = isinstance(error, ValueError | TypeError | RuntimeError)
            known = known or type(error).__name__ == "InvalidArgumentError"
            if not known or re.search("out of memory|RESOURCE_EXHAUSTED", str(error)):
                raise
            shapes = [str(tuple(t.shape)) for t in keras.tree.flatten(batch[0])]
            raise ValueError(
                "The model could not run on `x`, or the loss on its outputs and `y`. "
                f"Received: x of shape {', '.join(shapes)}, with this error: "
                f"{_gist(error)} Pass x as model(x) takes it, and y as the loss does."
            ) from error

    def _see_inputs(self, x: Any, inputs: list[Tally]) -> None:
        real = [t for t in keras.tree.flatten(x) if is_real(t)]
        for number, tensor in enumerate(real):
            shape = tuple(int(n) for n in tensor.shape)
            if number == len(inputs):
                inputs.append(Tally(shape, shape[-1]))
            inputs[number].add(*on_host(look(tensor)))

    def _see_targets(self, y: Any, targets: list[Moments]) -> None:
        for number, target in enumerate(self.objective.subtracted(y)):
            if number == len(targets):
                targets.append(Moments())
            targets[number].add(to_numpy(pick(numpy_view(target))).astype("float64"))
