"""Figures that follow from the records of a report: for judging and for showing."""

import dataclasses
import math

import keras

from keras_inits.diagnosis import thresholds as limits
from keras_inits.diagnosis.report import LayerRecord, Report
from keras_inits.geometry.roles import KERNEL_ROLES, Role


def kernels(diagnosis: Report) -> list[LayerRecord]:
    """The calls of layers that own a kernel, in the order of execution."""
    return [r for r in diagnosis.records if r.kernel and not r.block]


def head(diagnosis: Report) -> set[int]:
    """Indices of the records that make the model's outputs: nothing takes them."""
    taken = {parent for record in diagnosis.records for parent in record.parents}
    found = {r.index for r in diagnosis.records if r.index not in taken and not r.block}
    last = kernels(diagnosis)[-1:]
    return found | {record.index for record in last}


@dataclasses.dataclass(frozen=True)
class Biased:
    """A hidden layer with biases.

    Attributes:
        record: Its call.
        value: What the bias adds to a pre-activation whatever the data are, by what
            differs between samples; both root mean squares.
        paths: Of the biases.
        size: Root mean square of the largest of the biases.
    """

    record: LayerRecord
    value: float
    paths: tuple[str, ...]
    size: float


def biased(diagnosis: Report) -> list[Biased]:
    """Hidden layers with biases, in the order of execution."""
    ends = head(diagnosis)
    by_path = {w.path: w for w in diagnosis.weights}
    found = []
    for record in kernels(diagnosis):
        stats = record.pre or record.out
        if record.index in ends or record.normalized or stats.difference is None:
            continue
        own = [by_path[path] for path in record.weights if path in by_path]
        # The biases of gates, and of what layers of other makers do inside, are not
        # added to what comes out.
        linear = record.activation is None and hasattr(keras.layers, record.layer)
        if any(w.role == Role.RECURRENT for w in own) or not (record.pre or linear):
            continue
        biases = [w for w in own if w.role == Role.BIAS and w.rms > 0]
        if not biases:
            continue
        # A bias that takes off the mean of what comes in leaves nothing of it.
        shared = stats.rms * math.sqrt(max(0.0, 1 - stats.difference))
        size = max(w.rms for w in biases)
        fixed = min(shared, size)
        spread = stats.difference**0.5 * stats.rms
        value = fixed / spread if spread else math.inf
        found.append(Biased(record, value, tuple(w.path for w in biases), size))
    return found


@dataclasses.dataclass(frozen=True)
class Step:
    """What a kernel is given: where, and how large by the data."""

    record: LayerRecord
    ratio: float


def steps(diagnosis: Report) -> list[Step]:
    """Sizes of what the kernels are given, by that of the data.

    What goes into a normalization does not matter: it is divided by its size. So the
    inputs of kernels are judged, and not the outputs. The data are the measure where
    they are standardized; else what the model's first normalization makes of them, or
    the first layer's output.
    """
    layers = kernels(diagnosis)
    data = [r.out.rms for r in diagnosis.inputs]
    later = layers
    if data and limits.DATA_SMALL <= max(data) <= limits.DATA_LARGE:
        reference = max(data)
    elif data and layers:
        reference, later = layers[0].out.rms, layers[1:]
        fresh = _first_normalized(diagnosis, layers)
        if fresh is not None:
            reference, later = fresh.input_rms or 0.0, layers[layers.index(fresh) :]
    else:  # token ids
        given = [r.input_rms for r in layers if r.input_rms]
        reference = given[0] if given else 0.0
    if not reference > 0:
        return []
    return [Step(r, r.input_rms / reference) for r in later if r.input_rms is not None]


def _first_normalized(
    diagnosis: Report, layers: list[LayerRecord]
) -> LayerRecord | None:
    """The first kernel that is given what a normalization returns."""
    behind: set[int] = set()  # normalizations, and what no kernel has changed since
    for record in diagnosis.records:
        follows = bool(behind.intersection(record.parents))
        if record.kernel and not record.block and follows and record in layers:
            return record
        if record.normalizes or (follows and not record.kernel):
            behind.add(record.index)
    return None


def relevance(record: LayerRecord) -> float:
    """Norm of the gradient by a layer's output, times the output's size.

    By how much the loss changes if the output changes by a given fraction. A layer
    made smaller and the next one made larger leave it as it is, and so does a
    normalization behind.
    """
    if record.gradient is None or not record.gradient.finite:
        return 0.0
    return record.gradient.norm * record.out.rms


def stopped(diagnosis: Report) -> set[str]:
    """Paths of the kernels whose gradient is zero, or what rounding leaves of zero.

    A gradient that cancels, as that of a softmax over one unit does, is exactly zero
    on some backends only. What stands behind such a layer alone gets none either.
    """
    none: set[str] = set()
    dark: set[int] = set()  # records whose input gets no gradient
    takers: dict[int, list[int]] = {}
    by_path = {w.path: w for w in diagnosis.weights}
    for record in diagnosis.records:
        for parent in record.parents:
            takers.setdefault(parent, []).append(record.index)
    for record in reversed(diagnosis.records):
        gets = takers.get(record.index, [])
        gradient = record.gradient
        unlit = bool(gets) and all(index in dark for index in gets)
        size = 0.0 if gradient is None else gradient.norm * (record.input_rms or 1.0)
        own = [
            w
            for path in record.weights
            if (w := by_path.get(path)) is not None
            and w.role in KERNEL_ROLES
            and w.gradient is not None
        ]
        least = limits.NO_GRADIENT * size
        still = [w for w in own if w.gradient and w.gradient.norm <= least]
        if unlit or (own and len(still) == len(own)):
            none.update(w.path for w in own)
            dark.add(record.index)
        elif not own and record.activation is not None and len(record.parents) == 1:
            before = diagnosis.records[record.parents[0]].gradient
            least = 0.0 if gradient is None else limits.NO_GRADIENT * gradient.norm
            if before is not None and before.norm <= least:
                dark.add(record.index)
    return none
