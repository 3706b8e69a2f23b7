"""Where a model's inputs go: the first kernels and embeddings, and what scales before.

An input is followed through a model's graph until a kernel or an embedding takes it.
"""

from typing import Any, NamedTuple

import keras
import numpy as np

from keras_inits.geometry.roles import Role
from keras_inits.graph.graph import Graph, Step
from keras_inits.graph.normalizations import is_normalizing
from keras_inits.graph.symbolic import stored_ends
from keras_inits.graph.weights import WeightInfo

# What leaves token ids as they are, in another shape or type.
SHAPES = {"Cast", "ExpandDims", "Flatten", "Identity", "Reshape", "Squeeze"}
SCALINGS = (keras.layers.Rescaling, keras.layers.Normalization)
MOST = 500  # steps that are looked at for one input


class Lookup(NamedTuple):
    """An embedding that an input's numbers are looked up in.

    Attributes:
        layer: The embedding.
        keys: What of the input it takes: indices, one behind the other; none for all.
    """

    layer: Any
    keys: tuple[Any, ...]

    def ids(self, values: np.ndarray) -> np.ndarray:
        """Of the input's values, those that it takes."""
        for key in self.keys:
            values = values[key]
        return values


class Entrance(NamedTuple):
    """Where one input of a model goes.

    Attributes:
        kernels: The layers that take it with a kernel, each once.
        scalings: The layers that scale or normalize it on the way to them.
        is_scaled: Whether it passes one of them on every way.
        is_normalized: Whether one of them divides by a size that it has measured, on
            every way.
        lookups: The embeddings that take it as it is.
        maskings: Layers that mask steps by its values.
        is_closed: Whether one of the layers that take it was not read.
    """

    kernels: tuple[Any, ...] = ()
    scalings: tuple[Any, ...] = ()
    is_scaled: bool = False
    is_normalized: bool = False
    lookups: tuple[Lookup, ...] = ()
    maskings: tuple[Any, ...] = ()
    is_closed: bool = False


class _Way(NamedTuple):
    """How far an input has been followed."""

    tensor: int
    scaled: bool = False
    normalized: bool = False
    keys: tuple[Any, ...] | None = ()  # None where the numbers have been changed
    shaped: bool = False


def _looked_up(way: _Way, step: Step) -> _Way:
    """What a step makes of token ids."""
    if way.keys is None or step.name in SHAPES:
        return way._replace(shaped=way.shaped or step.name not in ("Cast", "Identity"))
    args, _ = step.arguments
    if step.name == "GetItem" and not way.shaped and len(args) == 2:
        return way._replace(keys=(*way.keys, args[1]))
    is_same = step.operation is None or isinstance(
        step.operation, keras.layers.Masking | keras.layers.SpatialDropout1D
    )
    return way if is_same else way._replace(keys=None)


def _entrance(graph: Graph, start: int, kernels: set[int]) -> Entrance:
    """Where one tensor goes."""
    queue, seen = [_Way(start)], set[Any]()
    layers: dict[int, Any] = {}
    scalings: dict[int, Any] = {}
    lookups: list[Lookup] = []
    maskings: dict[int, Any] = {}
    ends: list[_Way] = []
    is_closed = False
    while queue and len(seen) < MOST:
        way = queue.pop(0)
        for step in graph.consumers(way.tensor):
            key = (id(step), way.scaled, way.normalized)
            if key in seen:
                continue
            seen.add(key)
            operation = step.operation
            if isinstance(operation, keras.layers.Embedding):
                if way.keys is not None:
                    lookups.append(Lookup(operation, way.keys))
                continue
            if step.closed or any(id(v) in kernels for v in step.variables):
                layers[id(operation)] = operation
                is_closed |= step.closed
                ends.append(way)
                continue
            further = _looked_up(way, step)
            is_norm = operation is not None and is_normalizing(step)
            if is_norm or isinstance(operation, SCALINGS):
                scalings[id(operation)] = operation
                further = further._replace(
                    scaled=True, normalized=way.normalized or is_norm
                )
            if isinstance(operation, keras.layers.Masking) and way.keys == ():
                maskings[id(operation)] = operation
            queue += [further._replace(tensor=output) for output in step.outputs]
    return Entrance(
        tuple(layers.values()),
        tuple(scalings.values()),
        bool(ends) and all(way.scaled for way in ends),
        bool(ends) and all(way.normalized for way in ends),
        tuple(lookups),
        tuple(maskings.values()),
        is_closed,
    )


def entrances(
    model: Any, graph: Graph, infos: list[WeightInfo], count: int
) -> list[Entrance]:
    """Where each of a model's inputs goes, in their flat order.

    Args:
        model: A built model.
        graph: Of the model.
        infos: Its weights.
        count: How many inputs it is given.

    Returns:
        As many as there are inputs; nothing is known of those that a model's code
        does not tell apart.
    """
    roles = (Role.KERNEL, Role.RECURRENT)
    kernels = {id(p.variable) for p in infos if p.weight.role in roles}
    ends = stored_ends(model)
    if ends is not None:
        starts = [id(x) for x in ends[0]]
    elif graph.inputs:
        starts = list(graph.inputs)
    else:  # what nothing makes
        given = [x for step in graph.steps for x in step.inputs]
        starts = [x for x in dict.fromkeys(given) if not graph.makers(x)]
    if len(starts) != count:
        return [Entrance()] * count
    return [_entrance(graph, start, kernels) for start in starts]
