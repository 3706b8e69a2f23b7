"""The consumers of each kernel's output: an activation, the next kernel, the end.

Linear and shape operations are skipped: normalization, dropout, reshaping, pooling,
padding, joining, and one addition. The search ends at an activation, at the next
kernel, at a product of two signals and at the model's output.
"""

import collections
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import keras

from keras_inits.geometry.roles import Role
from keras_inits.graph import elementwise
from keras_inits.graph.graph import Graph, Step
from keras_inits.graph.weights import WeightInfo

ACTIVATION = "activation"  # of every number by itself
SOFTMAX = "softmax"  # or another function of many numbers at once
KERNEL_NEXT = "kernel"
PRODUCT = "product"  # of two signals: a gate, attention
OUTPUT = "output"
UNKNOWN = "unknown"
MOST = 16  # ends of ways that are looked at

SUMS = {"Add", "Subtract", "Average", "Maximum", "Minimum"}
JOINS = {"Concatenate", "Stack", "Where", "Append", "Hstack", "Vstack", "Dstack"}
MAPS = {
    "Matmul",
    "Einsum",
    "Tensordot",
    "Dot",
    "Conv",
    "DepthwiseConv",
    "ConvTranspose",
}
SOFTMAXES = {"Softmax", "LogSoftmax", "Sparsemax", "LogSoftMax"}


class Following(NamedTuple):
    """What follows a kernel.

    Attributes:
        kind: One of the kinds above.
        name: The activation's, or the operation's.
        function: The activation, as a function of tensors.
        after: The kinds of what comes after the activation.
        note: What was assumed, or is not the same on every way.
    """

    kind: str
    name: str = ""
    function: Callable[[Any], Any] | None = None
    after: tuple[str, ...] = ()
    note: str = ""


class _Finder:
    """Follows signals through a graph."""

    def __init__(self, graph: Graph, kernels: Iterable[int]) -> None:
        self.graph = graph
        self.kernels = set(kernels)
        self._found: dict[tuple[int, int, bool], Following | None] = {}

    def has_kernel(self, step: Step) -> bool:
        return any(id(v) in self.kernels for v in step.variables)

    def found(self, start: int, deep: bool = True) -> list[Following]:
        """Everything that follows a tensor, the nearest first."""
        found: list[Following] = []
        queue = collections.deque([(start, False)])
        seen = {start}
        while queue and len(found) < MOST:
            tensor, is_sum = queue.popleft()
            for exit_ in elementwise.exits(self.graph, tensor):
                if exit_.names:
                    nonlinearity = self.nonlinearity(tensor, exit_, deep)
                    if nonlinearity is not None:
                        found.append(nonlinearity)
                        continue
                if exit_.tensor in self.graph.outputs:
                    found.append(Following(OUTPUT))
                for step in exit_.consumers:
                    end = self.end(step)
                    if end is not None:
                        found.append(end)
                        continue
                    adds = step.name in SUMS and len(self.graph.signals(step)) > 1
                    if adds and is_sum:
                        continue  # the rest of a sum of many branches
                    for output in step.outputs:
                        if output not in seen and self.graph.is_signal(output):
                            seen.add(output)
                            queue.append((output, is_sum or adds))
        return found

    def nonlinearity(
        self, start: int, exit_: elementwise.Exit, deep: bool
    ) -> Following | None:
        """The activation at an exit; None if it is affine."""
        key = start, exit_.tensor, deep
        if key not in self._found:
            self._found[key] = None
            if not elementwise.is_affine(elementwise.values(exit_.function)):
                after = self.found(exit_.tensor, deep=False) if deep else []
                kinds = tuple(dict.fromkeys(f.kind for f in after))
                name = ", ".join(exit_.names)
                self._found[key] = Following(ACTIVATION, name, exit_.function, kinds)
        return self._found[key]

    def end(self, step: Step) -> Following | None:
        """What a step ends a signal's way with; None if it hands the signal on."""
        name = step.name
        if self.has_kernel(step):
            return Following(UNKNOWN if step.closed else KERNEL_NEXT, name)
        if name in SOFTMAXES:
            return Following(SOFTMAX, name.lower())
        if len(self.graph.signals(step)) > 1 and name not in SUMS | JOINS:
            return Following(PRODUCT, name)
        if name in MAPS:  # with numbers that were once a weight
            return Following(KERNEL_NEXT, name)
        return None


def own_activation(layer: keras.layers.Layer, name: str = "kernel") -> Any:
    """The activation that a layer itself applies to what a kernel gives."""
    if name in ("depthwise_kernel", "lora_kernel_a"):  # another kernel comes first
        return None
    activation = getattr(layer, "activation", None)
    if isinstance(activation, str):
        activation = keras.activations.get(activation)
    linear = keras.activations.linear
    return None if activation is linear or not callable(activation) else activation


def _applied(finder: _Finder, activation: Any, tensor: int | None) -> Following | None:
    """A layer's own activation; None if it is affine."""
    name = getattr(activation, "__name__", None) or type(activation).__name__.lower()
    if not elementwise.is_elementwise(activation):
        return Following(SOFTMAX, name)
    if elementwise.is_affine(elementwise.values(activation)):
        return None
    after = [] if tensor is None else finder.found(tensor, deep=False)
    kinds = tuple(dict.fromkeys(f.kind for f in after))
    return Following(ACTIVATION, name, activation, kinds)


def _ways(finder: _Finder, info: WeightInfo, steps: list[Step]) -> list[Following]:
    """What follows a kernel, wherever it is used."""
    name = info.variable.name
    activation = own_activation(info.layer, name)
    found: list[Following] = []
    for step in steps:
        applies = step.operation is info.layer
        if applies and name == "depthwise_kernel":
            found.append(Following(KERNEL_NEXT, type(info.layer).__name__))
            continue
        own = None
        if applies and activation is not None:
            own = _applied(finder, activation, step.outputs[0])
        found.extend([own] if own else finder.found(step.outputs[0]))
    return found


def _is_open(step: Step) -> bool:
    """Whether what a step's weights do is to be seen from outside."""
    return not step.closed and not isinstance(step.operation, keras.layers.RNN)


def followers(graph: Graph, infos: list[WeightInfo]) -> dict[str, Following]:
    """What follows each kernel of a model.

    Args:
        graph: Of the model.
        infos: Its weights.

    Returns:
        From the path of each kernel to what follows it. Of
        several the first is taken, and a note says so; where the graph does not show a
        kernel, what its layer says of itself.
    """
    roles = (Role.KERNEL, Role.RECURRENT, Role.EMBEDDING)
    kernels = [info for info in infos if info.weight.role in roles]
    finder = _Finder(graph, (id(info.variable) for info in kernels))
    uses: dict[int, list[Step]] = {}
    for step in graph.steps:
        for variable in step.variables:
            uses.setdefault(id(variable), []).append(step)
    result = {}
    for info in kernels:
        if info.weight.role != Role.KERNEL:
            continue
        steps = [x for x in uses.get(id(info.variable), []) if _is_open(x)]
        found = _ways(finder, info, steps)
        if not found:
            activation = own_activation(info.layer, info.variable.name)
            own = _applied(finder, activation, None) if activation else None
            note = "" if steps else "what follows could not be read"
            found = [own or Following(UNKNOWN, note=note)]
        result[info.path] = _first(found)
    return result


def _first(found: list[Following]) -> Following:
    """The first of several, with a note on those that are not like it."""
    first = found[0]
    ends = (KERNEL_NEXT, OUTPUT, PRODUCT)
    others = []
    for other in found[1:]:
        alike = other.kind == first.kind or {other.kind, first.kind} <= {*ends}
        if not alike or (first.kind == ACTIVATION and other.name != first.name):
            others.append(other.name if other.kind == ACTIVATION else other.kind)
    if not others or first.note:
        return first
    listed = ", ".join(dict.fromkeys(others))
    return first._replace(note=f"elsewhere followed by: {listed}")
