"""Looks at the data beside the passes: what they are, and what no pass could take."""

from typing import Any

import keras
import numpy as np

from keras_inits._utils.host_array import to_numpy
from keras_inits.diagnosis import classes, features, mixing, modes
from keras_inits.diagnosis.reach import reached
from keras_inits.diagnosis.report import LayerRecord
from keras_inits.graph.entrances import Entrance, entrances
from keras_inits.graph.graph import Graph
from keras_inits.graph.trace import trace
from keras_inits.graph.weights import WeightInfo, layers_of
from keras_inits.signals import batches, hooks
from keras_inits.signals.batches import Batch
from keras_inits.signals.losses import Objective


def _clipped(values: np.ndarray, door: Entrance) -> np.ndarray | None:
    """Token ids that every embedding has a row for; None where they are so."""
    found = None
    for lookup in door.lookups:
        ids, last = lookup.ids(values), lookup.layer.input_dim - 1
        if not np.size(ids) or (np.min(ids) >= 0 and np.max(ids) <= last):
            continue
        found = values = np.array(values) if found is None else found
        view = lookup.ids(found)
        np.clip(view, 0, last, out=view)
    return found


class Inspection:
    """What is seen of the data of a diagnosis.

    Args:
        model: A built model.
        infos: Its weights.
        x: What `diagnose` was given.
        y: Targets, where `x` is arrays.
        mixed: Whether samples influence each other, where that is known.

    Attributes:
        first: The first batch, as the passes run it.
    """

    def __init__(
        self,
        model: keras.Model,
        infos: list[WeightInfo],
        x: Any,
        y: Any,
        mixed: tuple[float, str] | None = None,
    ) -> None:
        self.mixed = mixed
        self.model, self.infos = model, infos
        self.is_noise = x is None
        # Of noise there is nothing to find. The code of layers is read only where
        # something depends on it: that takes as long as a forward pass.
        self.graph = Graph() if self.is_noise else trace(model, deep=False)
        self.is_deep = False
        self.names = hooks.layer_names(model)
        self.rows = features.Rows(x)
        self.y = y if self.rows.whole else None
        self.doors: list[Entrance] | None = None
        self.first: Batch | None = None
        self.targets: list[Any] = []
        self.weights: list[Any] = []

    def taken(self, batch: Batch) -> Batch:
        """A batch as the passes can run it: with token ids in range."""
        if self.is_noise:
            return batch
        flat = keras.tree.flatten(batch.x)
        if self.doors is None:
            self.doors = self._entrances(len(flat))
            if any(door.is_closed for door in self.doors):
                self._deepen()
                self.doors = self._entrances(len(flat))
        notes: list[str] = []
        self.rows.see(batch.x)
        for number, door in enumerate(self.doors[: len(flat)]):
            if not door.lookups:
                continue
            host = to_numpy(batches.to_tensor(flat[number]))
            ids = _clipped(host, door)
            if ids is not None:
                flat[number] = ids
                notes.append(
                    "token ids out of range are measured as the nearest that the "
                    "embedding has"
                )
        if notes:
            x = keras.tree.pack_sequence_as(batch.x, flat)
            batch = batch._replace(x=x, notes=(*batch.notes, *notes))
        if self.first is None:
            self.first = batch
        self.targets.append(batch.y)
        self.weights.append(batch.weight)
        return batch

    def _entrances(self, count: int) -> list[Entrance]:
        return entrances(self.model, self.graph, self.infos, count)

    def _deepen(self) -> Graph:
        if not self.is_deep:
            self.graph, self.is_deep = trace(self.model), True
        return self.graph

    def _pairs(self, objective: Objective) -> list[tuple[str, Any]]:
        """The names of the losses, and the targets of all there are."""
        if not self.targets:
            return []
        weighted = any(weight is not None for weight in self.weights)
        whole = self.y is not None and not weighted
        parts = [objective.terms(y) for y in ([self.y] if whole else self.targets)]
        found = []
        for column in zip(*parts, strict=True):
            targets = [term.target for term in column]
            known = all(target is not None for target in targets)
            joined = [to_numpy(batches.to_tensor(y)) for y in targets] if known else []
            found.append(
                (column[0].loss or "", np.concatenate(joined) if known else None)
            )
        return found

    def _sample_weights(self) -> np.ndarray | None:
        found = [keras.tree.flatten(weight) for weight in self.weights]
        if not found or any(len(w) != 1 or w[0] is None for w in found):
            return None
        return np.concatenate([to_numpy(batches.to_tensor(w[0])) for w in found])

    def fields(
        self, layers: tuple[LayerRecord, ...], objective: Objective
    ) -> dict[str, Any]:
        """What a report says of the data.

        Args:
            layers: Records of the calls of layers.
            objective: What the gradient was taken of.
        """
        drops = modes.dropouts(self.graph, layers_of(self.model), self.names)
        if self.is_noise or self.first is None:
            return {"dropouts": drops, "reached": self._reached()}
        weights = self._sample_weights()
        counted: tuple[classes.ClassRecord, ...] = ()
        try:
            pairs = self._pairs(objective)
        except (TypeError, ValueError):  # targets of shapes that differ
            pairs = []
        if pairs:
            counted = classes.records(
                self.model, self._deepen, self.infos, pairs, weights
            )
        mixed, notes = self.mixed, tuple[str, ...]()
        if mixed is None:
            x = batches.tensors(self.first.x)
            moved, mixer, notes = mixing.mixed(self.model, x)
            mixed = moved, mixer
        return {
            "features": features.records(
                self.rows, self.doors or [], self.names, layers
            ),
            "classes": counted,
            "dropouts": drops,
            "weightless": weights is not None and not weights.any(),
            "mixed": mixed,
            "notes": notes,
            "reached": self._reached(),
        }

    def _reached(self) -> dict[str, str]:
        """The rate, axis or mode of layers that a fix may set, as code."""
        return {self.names[key]: code for key, code in reached(self.model).items()}
