"""From what was collected of each call to the records of a diagnosis."""

import dataclasses
import math
from typing import Any

import keras

from keras_inits.diagnosis.report import LayerRecord
from keras_inits.geometry.roles import Role
from keras_inits.graph.normalizations import is_normalization
from keras_inits.graph.weights import WeightInfo, children
from keras_inits.signals import hooks
from keras_inits.signals.recorder import Entry
from keras_inits.signals.statistics import Tally


def of_inputs(tallies: list[Tally]) -> tuple[LayerRecord, ...]:
    """Records of a model's inputs."""
    return tuple(
        LayerRecord(
            index=number,
            name=f"input {number}" if len(tallies) > 1 else "input",
            path="",
            layer="InputLayer",
            call=0,
            block=False,
            activation=None,
            dtype="",
            kernel=False,
            normalizes=False,
            normalized=False,
            parents=(),
            input_rms=None,
            pre=None,
            out=tally.result(),
            gradient=None,
        )
        for number, tally in enumerate(tallies)
    )


def _inner(layer: keras.layers.Layer) -> list[Any]:
    """A layer, and those that run inside its loop."""
    found = [layer]
    if isinstance(layer, hooks.LOOPS):
        for child in children(layer):
            found += _inner(child)
    return found


def _weights(entry: Entry, owned: dict[int, list[WeightInfo]]) -> list[WeightInfo]:
    layers = _inner(entry.hooked.layer)
    return [info for layer in layers for info in owned.get(id(layer), [])]


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def of_layers(entries: list[Entry], infos: list[WeightInfo]) -> tuple[LayerRecord, ...]:
    """Records of the calls of layers, in the order of execution."""
    owned: dict[int, list[WeightInfo]] = {}
    for info in infos:
        owned.setdefault(id(info.layer), []).append(info)
    found: list[LayerRecord] = []
    for index, entry in enumerate(entries):
        own = _weights(entry, owned)
        layer = entry.hooked.layer
        assert entry.out is not None
        out = entry.out.result()
        input_rms = _mean(entry.input_rms)
        if entry.input_parent is not None:
            input_rms = found[entry.input_parent].out.rms
        found.append(
            LayerRecord(
                index=index,
                name=entry.hooked.name,
                path=entry.hooked.path,
                layer=type(layer).__name__,
                call=entry.call,
                block=entry.hooked.block,
                activation=entry.activation,
                dtype=entry.dtype,
                kernel=any(p.weight.role in (Role.KERNEL, Role.RECURRENT) for p in own),
                normalizes=is_normalization(layer),
                normalized=False,
                parents=entry.parents,
                input_rms=input_rms,
                pre=None if entry.pre is None else entry.pre.result(),
                out=out,
                gradient=None if entry.gradient is None else entry.gradient.result(),
                gates=_mean(entry.gates),
                driven=_mean(entry.driven),
                attention=_mean(entry.attention),
                weights=tuple(info.path for info in own),
                moving=entry.moving,
            )
        )
    return tuple(_related(found))


def _ratio(value: float, first: float) -> float | None:
    return value / first if first > 0 and math.isfinite(first) else None


def _related(found: list[LayerRecord]) -> list[LayerRecord]:
    """The records, with what follows from others."""
    consumers: dict[int, list[LayerRecord]] = {}
    for record in found:
        for parent in record.parents:
            consumers.setdefault(parent, []).append(record)
    normalized: dict[int, bool] = {}
    for record in reversed(found):  # what takes an output comes later
        normalized[record.index] = bool(consumers.get(record.index)) and all(
            consumer.normalizes or (_passes(consumer) and normalized[consumer.index])
            for consumer in consumers[record.index]
        )
    first = next((r for r in found if r.kernel and not r.block), None)
    first = first or next(iter(found), None)
    related = []
    for record in found:
        ratio = gradient_ratio = None
        if first is not None:
            ratio = _ratio(record.out.std, first.out.std)
            if first.gradient is not None and record.gradient is not None:
                gradient_ratio = _ratio(record.gradient.std, first.gradient.std)
        related.append(
            dataclasses.replace(
                record,
                normalized=normalized[record.index],
                ratio=ratio,
                gradient_ratio=gradient_ratio,
            )
        )
    return related


def _passes(record: LayerRecord) -> bool:
    """Whether a layer is only a nonlinearity or a pooling."""
    is_activation = record.pre is not None and not record.kernel
    return (is_activation or "Pool" in record.layer) and not record.block
