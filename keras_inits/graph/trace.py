"""Reads a model's graph: from what Functional models keep, else from the code.

Where the code cannot be read (calls of a backend's own functions, branches on values)
a layer with layers inside is one closed step.
"""

import warnings
from collections.abc import Iterable
from typing import Any

import keras

from keras_inits._utils.keras_private import (
    call_parameters,
    call_records,
    calls_between,
)
from keras_inits.graph.graph import Graph, Step
from keras_inits.graph.symbolic import (
    is_known,
    is_step,
    of_size,
    outputs_of,
    replaced,
    stored_ends,
    symbolic,
)
from keras_inits.graph.weights import children, layers_of

SIZES = (8, 64, None)  # what an unknown size is taken for, first that works


def _identities(tensors: Iterable[Any]) -> tuple[int, ...]:
    return tuple(id(x) for x in tensors)


def _by_name(arguments: Any, inputs: list[Any]) -> list[Any] | None:
    """The tensors for these inputs, where a dictionary is all that is given."""
    args, kwargs = arguments
    if len(args) != 1 or kwargs or not isinstance(args[0], dict):
        return None
    known = all(x.name in args[0] for x in inputs)
    return [args[0][x.name] for x in inputs] if known else None


class _Tracer:
    """Reads layers into a graph."""

    def __init__(self, graph: Graph, deep: bool = True) -> None:
        self.graph, self.deep = graph, deep
        self.done: set[int] = set()  # Functional models that the graph holds already

    def link(self, sources: Iterable[Any], targets: Iterable[Any]) -> None:
        """Hands tensors on under other names."""
        for source, target in zip(sources, targets, strict=False):
            if source is not target:
                step = Step(None, (id(source),), (id(target),))
                self.graph.add(step, source, target)

    def between(self, inputs: list[Any], outputs: list[Any]) -> None:
        """All calls between symbolic tensors."""
        for node in calls_between(inputs, outputs):
            arguments = node.arguments.args, node.arguments.kwargs
            self.call(node.operation, arguments, list(node.outputs))

    def call(self, operation: Any, arguments: Any, outputs: list[Any]) -> None:
        """One call, read as deep as possible."""
        ends = stored_ends(operation)
        if ends is not None:
            self.stored(operation, ends)
            given = _by_name(arguments, ends[0]) or symbolic(arguments)
            self.link(given, ends[0])
            self.link(ends[1], outputs)
            return
        is_whole = not self.deep or is_step(operation, *arguments)
        if is_whole or not self.opened(operation, arguments, outputs):
            self.step(operation, arguments, outputs)

    def stored(self, model: keras.Model, ends: tuple[list[Any], list[Any]]) -> None:
        """The graph that a Functional model keeps, once."""
        if id(model) not in self.done:
            self.done.add(id(model))
            self.between(*ends)

    def step(self, operation: Any, arguments: Any, outputs: list[Any]) -> None:
        """A call that is not read any deeper."""
        given, closed = symbolic(arguments), False
        if isinstance(operation, keras.layers.Layer):
            variables = operation.variables
            closed = bool(children(operation)) and not is_known(operation)
        else:
            flat = keras.tree.flatten(arguments)
            variables = [x for x in flat if isinstance(x, keras.Variable)]
        ends = _identities(given), _identities(outputs)
        step = Step(operation, *ends, tuple(variables), arguments, closed)
        self.graph.add(step, *given, *outputs)

    def opened(
        self, layer: keras.layers.Layer, arguments: Any, outputs: list[Any]
    ) -> bool:
        """Reads a layer's code; whether that was possible."""
        given = symbolic(arguments)
        for size in SIZES:
            fresh = [of_size(x, size) for x in given]
            names = {id(x): y for x, y in zip(given, fresh, strict=True)}
            inner = outputs_of(layer, *replaced(arguments, names))
            if inner:
                self.link(given, (names[id(x)] for x in given))
                self.between(list(names.values()), inner)
                self.link(inner, outputs)
                return True
            if inner is None:  # with any size
                break
            if all(None not in x.shape for x in given):
                break
        return False

    def root(self, layer: keras.layers.Layer, is_model: bool = False) -> None:
        """A layer that nothing has led to."""
        ends = stored_ends(layer)
        if ends is not None:
            self.stored(layer, ends)
            self.graph.outputs.update(_identities(ends[1]))
            return
        for size in () if is_known(layer) else SIZES:
            inputs = _arguments(layer, size)
            outputs = outputs_of(layer, (), inputs) if inputs else []
            if outputs:
                self.between(symbolic(inputs), outputs)
                if is_model:
                    self.graph.inputs = _identities(symbolic(inputs))
                self.graph.outputs.update(_identities(outputs))
                return


def _arguments(layer: keras.layers.Layer, size: int | None) -> dict[str, Any]:
    """Symbolic arguments of the shapes that a layer was built for; none if unknown."""
    shapes = dict(getattr(layer, "_build_shapes_dict", None) or {})
    names = call_parameters(layer)
    if len(shapes) == 1:  # a layer's only argument may have any name in `build`
        shapes = {names[0]: next(iter(shapes.values()))}

    def tensors(shape: Any) -> Any:
        if isinstance(shape, dict):
            return {name: tensors(inner) for name, inner in shape.items()}
        if shape and not all(n is None or isinstance(n, int) for n in shape):
            return [tensors(inner) for inner in shape]
        return of_size(keras.KerasTensor(tuple(shape)), size)

    return {
        name.removesuffix("_shape"): tensors(shape)
        for name, shape in shapes.items()
        if shape is not None and name.removesuffix("_shape") in names
    }


def trace(model: keras.Model, deep: bool = True) -> Graph:
    """The graph of a built model; empty where nothing of it can be read.

    Nothing of the model changes: what the reading adds to its layers' private lists of
    calls is taken away again, and states stay as they are.

    Args:
        model: A built model.
        deep: Whether the code of its layers is read, too, which takes longer.
    """
    graph = Graph()
    tracer = _Tracer(graph, deep)
    layers = layers_of(model)
    lists = call_records(layers)
    lengths = [len(calls) for calls in lists]
    try:
        with warnings.catch_warnings(), keras.StatelessScope():
            warnings.simplefilter("ignore")
            covered: set[int] = set()
            for layer in layers:  # the model first, then what it did not lead to
                own = {id(v) for v in layer.trainable_variables}
                if layer is model or (own and not own & covered):
                    tracer.root(layer, layer is model)
                    covered |= {id(v) for step in graph.steps for v in step.variables}
    finally:
        for calls, length in zip(lists, lengths, strict=True):
            del calls[length:]
    return graph
