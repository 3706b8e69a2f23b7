"""What makes a model's outputs, what they can be, and what they are compared with."""

import math
from collections.abc import Sequence
from typing import Any

import keras

from keras_inits._utils.keras_private import is_of_keras
from keras_inits.diagnosis.activations import UNKNOWN, by_graph, code, made_by
from keras_inits.diagnosis.findings import labels
from keras_inits.diagnosis.outputs import OutputRecord
from keras_inits.diagnosis.report import LayerRecord
from keras_inits.diagnosis.targets import Targets, unreachable
from keras_inits.graph.graph import Graph
from keras_inits.graph.trace import trace
from keras_inits.signals.losses import GIVEN, Objective
from keras_inits.signals.recorder import Entry
from keras_inits.signals.refusals import Unusable
from keras_inits.signals.terms import Term


class Heads:
    """Collects what is known of the outputs of a model.

    Args:
        model: The model.
        objective: What the gradient is taken of.
        whole: All targets there are, of which batches are parts; None if not at hand.

    Attributes:
        made: Of each output the indices of the entries that it comes from.
    """

    def __init__(self, model: keras.Model, objective: Objective, whole: Any) -> None:
        self.model, self.objective = model, objective
        self.made: list[tuple[int, ...]] = []
        self._whole = whole
        self._names: list[str] = []
        self._keys: list[str] | None = None
        self._shapes: list[tuple[int, ...]] = []
        self._terms: list[Term] = []
        self._targets: list[Targets] = []
        self._ranges: list[Any] = []
        self._batch: Any = None
        self._graph: Graph | None = None
        self._is_new = self._refuses = True

    def expect(self, y: Any) -> None:
        """Takes the targets of the batch that runs next."""
        self._batch, self._is_new = y, True
        if self._shapes:  # a compiled pass does not come by again
            self._compare()

    def accept(self) -> None:
        """From now on targets that do not fit are taken: no loss is computed."""
        self._refuses, self._targets = False, []

    def see(self, outputs: Any, made: list[tuple[int, ...]]) -> None:
        """Outputs of a pass, of which the shapes are looked at, before their loss.

        Raises:
            Unusable: If no loss can be computed of them with the targets.
        """
        flat = keras.tree.flatten(outputs)
        self.made = made
        self._ranges = [
            None if indices else _range(x)
            for x, indices in zip(flat, made, strict=True)
        ]
        self._shapes = [tuple(int(n) for n in x.shape) for x in flat]
        own = list(getattr(self.model, "output_names", None) or [])
        if isinstance(self.model, keras.Sequential):
            own = [self.model.layers[-1].name]
        keys = sorted(outputs) if isinstance(outputs, dict) else []
        self._keys = keys if len(keys) == len(flat) else None
        numbered = [f"output_{n}" for n in range(len(flat))]
        self._names = own if len(own) == len(flat) else self._keys or numbered
        if self._keys and set(self._keys) == set(self._names):
            self._names = self._keys
        self._compare()

    def _compare(self) -> None:
        """Targets with outputs and losses, once for each batch."""
        if not self._is_new:
            return
        self._is_new = False
        found = self._terms_of(self._batch)
        if not self._targets:
            self._terms = found
            self._targets = [Targets(term.ignored) for term in found]
            for targets, term in zip(
                self._targets, self._terms_of(self._whole), strict=True
            ):
                targets.add(term.target, is_batch=False)
        for targets, term in zip(self._targets, found, strict=True):
            targets.add(term.target)
        if self._refuses and any(map(labels.refused, self.records())):
            raise Unusable

    def _terms_of(self, y: Any) -> list[Term]:
        return self.objective.foreseen(y, self._names, self._keys)

    def records(
        self,
        entries: Sequence[Entry] = (),
        layers: Sequence[LayerRecord] = (),
    ) -> tuple[OutputRecord, ...]:
        """One record for each output.

        Args:
            entries: What was seen of each call of a layer.
            layers: The same as records.
        """
        return tuple(
            self._record(number, entries, layers) for number in range(len(self._terms))
        )

    def _record(
        self, number: int, entries: Sequence[Entry], layers: Sequence[LayerRecord]
    ) -> OutputRecord:
        term, targets = self._terms[number], self._targets[number]
        made = self.made[number] if number < len(self.made) else ()
        index = made[0] if len(made) == 1 else -1
        record = _inside(layers, index)
        way, owner, kernel = UNKNOWN, None, None
        if record is not None:
            owner = entries[record.index].hooked.layer
            way = made_by(owner)
            matters = term.has_loss or self._shapes[number][-1:] == (1,)
            if way.activation is None and not _is_plain(owner) and matters:
                self._graph = self._graph or trace(self.model)
                way = by_graph(self.model, self._graph, number)
            kernel = _kernel(record, layers)
        shape = self._shapes[number]
        units = shape[-1] if len(shape) > 1 else 1
        known = self._ranges[number] if number < len(self._ranges) else None
        low, high, sums = known or _seen(record, shape)
        maker = owner if kernel is None else entries[kernel.index].hooked.layer
        variables = getattr(maker, "variables", None) or []
        return OutputRecord(
            name=term.name,
            layer="" if record is None else record.name,
            index=-1 if record is None else record.index,
            shape=shape,
            activation=way.activation,
            bounds=way.bounds,
            low=low,
            high=high,
            sums=sums,
            loss=term.loss,
            from_logits=term.from_logits,
            has_loss=term.has_loss,
            weight=term.weight,
            targets=targets.record(),
            unreachable=unreachable(
                targets.values(), way.bounds, way.activation == "softmax", units
            ),
            trains=not variables or any(v.trainable for v in variables),
            code=code(owner),
            kernel_code=code(maker),
            kernel="" if kernel is None else kernel.name,
            given=self.objective.kind == GIVEN,
        )


def _is_plain(layer: Any) -> bool:
    """Whether a layer of Keras's says all there is to say of its output."""
    is_own = is_of_keras(type(layer), "layers")
    return is_own and not isinstance(layer, keras.layers.Lambda)


def _inside(layers: Any, index: int) -> LayerRecord | None:
    """The record of an output; of a block that hands on a layer's, that layer's."""
    if not 0 <= index < len(layers):
        return None
    record: LayerRecord = layers[index]
    while record.block:
        same = [
            r
            for r in layers[: record.index]
            if r.out.shape == record.out.shape
            and (r.out.mean, r.out.std) == (record.out.mean, record.out.std)
        ]
        if not same:
            return record
        record = same[-1]
    return record


def _kernel(record: LayerRecord, layers: Any) -> LayerRecord | None:
    """The layer with a kernel that an output comes from, past layers of one input."""
    if record.block:
        inner = [r for r in layers[: record.index] if r.kernel and not r.block]
        return inner[-1] if inner else None
    while not record.kernel:
        if len(record.parents) != 1:
            return None
        record = layers[record.parents[0]]
    return record


def _range(x: Any) -> Any:
    """Range and sums of what no layer made; None in a program that is only traced."""
    ops = keras.ops
    try:
        wide = ops.cast(x, "float32")
        sums = ops.sum(wide, -1) if len(x.shape) > 1 else wide
        found = [ops.min(wide), ops.max(wide), ops.min(sums), ops.max(sums)]
        low, high, *ends = (float(ops.convert_to_numpy(value)) for value in found)
    except Exception:  # each backend has its own for tracers
        return None
    return low, high, (ends[0], ends[1])


def _seen(record: LayerRecord | None, shape: Any) -> Any:
    """Range and sums of an output."""
    if record is None or math.prod(record.out.shape) != math.prod(shape):
        return math.nan, math.nan, None
    out = record.out
    low, high = out.edges
    if out.std == 0:
        low = high = out.mean
    sums = out.sums if out.shape[-1:] == shape[-1:] else None
    return low, high, sums
