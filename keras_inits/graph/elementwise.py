"""Detects elementwise activations: layers, operations or plain arithmetic.

An activation may be a layer, one operation or several (`x * sigmoid(1.7 * x)`). It is
told by what it does to a few numbers: each result depends on its own number only.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_inits._utils.compiled import compiled
from keras_inits._utils.keras_private import is_of_keras
from keras_inits._utils.types import Tensor
from keras_inits.graph.graph import Graph, Step
from keras_inits.graph.weights import own_variables

MOST = 16  # operations that one activation may be made of
DROPOUTS = {"AlphaDropout", "Dropout", "SpatialDropout1D", "SpatialDropout2D"}
DROPOUTS |= {"SpatialDropout3D"}
ROUGH = 1e-5  # relative error of float32 functions that are the same in the reals


@functools.cache
def _samples() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Numbers from -8 to 8; the same in another order; the first with one changed."""
    numbers = np.linspace(-8, 8, 64, dtype="float32") + np.float32(0.037)
    order = np.random.Generator(np.random.PCG64(0)).permutation(64)
    changed = numbers.copy()
    changed[20] = 0.51
    square = (8, 8)
    return (
        numbers.reshape(square),
        numbers[order].reshape(square),
        changed.reshape(square),
    )


@functools.cache
def _order() -> np.ndarray:
    numbers, other, _ = (x.ravel() for x in _samples())
    return np.argsort(numbers)[np.searchsorted(numbers, other)]


def is_elementwise(function: Callable[[Any], Any]) -> bool:
    """Whether a function of tensors treats every number alike and by itself."""
    try:
        results = []
        for sample in _samples():
            result = compiled(function)(keras.ops.convert_to_tensor(sample))
            if not keras.backend.is_float_dtype(result.dtype):
                return False
            results.append(keras.ops.convert_to_numpy(result).astype("float32"))
    except Exception:  # it wants another shape, or no tensor at all
        return False
    if any(result.shape != (8, 8) for result in results):
        return False
    first, other, changed = (result.ravel() for result in results)
    same = functools.partial(np.allclose, rtol=ROUGH, atol=ROUGH, equal_nan=True)
    rest = np.arange(64) != 20
    return same(first[_order()], other) and same(first[rest], changed[rest])


def values(function: Callable[[Any], Any]) -> np.ndarray:
    """An elementwise function's results for 64 numbers from -8 to 8."""
    if (known := getattr(function, "values_found", None)) is not None:
        return np.asarray(known)
    result = compiled(function)(keras.ops.convert_to_tensor(_samples()[0]))
    found = keras.ops.convert_to_numpy(result).astype("float32").ravel()
    if getattr(function, "is_composed", False):  # made here, and asked for again
        function.values_found = found  # type: ignore[attr-defined]
    return found


def values_at(function: Callable[[Any], Any], numbers: Sequence[float]) -> list[float]:
    """An elementwise function's results for up to 64 numbers."""
    given = np.zeros_like(_samples()[0])  # of a shape that is compiled already
    given.flat[: len(numbers)] = numbers
    result = compiled(function)(keras.ops.convert_to_tensor(given))
    found = keras.ops.convert_to_numpy(result).ravel()
    return [float(x) for x in found[: len(numbers)]]


def line(results: np.ndarray) -> tuple[float, float] | None:
    """Slope and offset of the straight line that `values` lie on; None if of none."""
    numbers = _samples()[0].ravel().astype("float64")
    if not np.isfinite(results).all():
        return None
    slope, offset = np.polyfit(numbers, results, 1)
    errors = abs(slope * numbers + offset - results)
    rough = ROUGH * max(1.0, abs(results).max())
    return (float(slope), float(offset)) if errors.max() <= rough else None


def is_affine(results: np.ndarray) -> bool:
    """Whether `values` lie on a straight line."""
    return line(results) is not None


def is_gate(results: np.ndarray) -> bool:
    """Whether `values` rise from 0 to 1, as a sigmoid's do."""
    rises = bool((np.diff(results) >= 0).all())
    return rises and bool(0 <= results[0] < 0.01 and 0.99 < results[-1] <= 1)


class Exit(NamedTuple):
    """A function of a tensor that something else takes.

    Attributes:
        tensor: Identity of its result.
        function: The elementwise function.
        names: The operations that it is made of.
        consumers: The steps that take the result and are not elementwise.
    """

    tensor: int
    function: Callable[[Any], Any]
    names: tuple[str, ...]
    consumers: list[Step]


def _name(operation: Any) -> str:
    activation = getattr(operation, "activation", None)
    if callable(activation):
        operation = activation
    name = getattr(operation, "__name__", None) or type(operation).__name__
    return str(name).lower()


def _call(step: Step) -> Callable[..., Any]:
    """A step as a function of the tensors that come in."""
    args, kwargs = step.arguments
    if isinstance(step.operation, keras.layers.PReLU):
        return keras.ops.relu  # a slope starts at zero
    if step.operation is None:
        return lambda x: x
    if isinstance(step.operation, keras.layers.Activation):
        return compiled(step.operation.activation)

    def call(*tensors: Any) -> Any:
        given = dict(zip(step.inputs, tensors, strict=True))
        filled = keras.tree.map_structure(lambda x: given.get(id(x), x), (args, kwargs))
        return step.operation.call(*filled[0], **filled[1])

    return call


class _Kind(NamedTuple):
    """Whether a step is elementwise, and then whether it is affine."""

    is_elementwise: bool
    is_affine: bool = False


_kinds: dict[Any, _Kind] = {}


def _key(step: Step) -> Any:
    """What tells two calls of Keras's own operations apart; None if that is unsure."""
    operation = step.operation
    if not is_of_keras(type(operation)):
        return None
    settings = {k: v for k, v in vars(operation).items() if k[0] != "_"}
    for name in ("name", "build", "quantize", "call_signature_parameters"):
        settings.pop(name, None)
    constants = [
        "x" if isinstance(x, keras.KerasTensor) else x
        for x in keras.tree.flatten(step.arguments)
    ]
    plain = str | int | float | None
    members = [*settings.values(), *constants]
    if not all(isinstance(x, plain) or callable(x) for x in members):
        return None
    return type(operation), tuple(settings.items()), tuple(constants)


def _kind(step: Step) -> _Kind:
    if step.operation is None:
        return _Kind(len(step.inputs) == 1, is_affine=True)
    if isinstance(step.operation, keras.layers.PReLU):
        return _Kind(is_elementwise=True)
    is_layer = isinstance(step.operation, keras.layers.Layer)
    weights = own_variables(step.operation) if is_layer else step.variables
    if step.closed or weights or len(step.outputs) != 1:
        return _Kind(is_elementwise=False)
    if step.name in DROPOUTS:  # in training they change the variance
        return _Kind(is_elementwise=False)
    key = _key(step)
    if key in _kinds:
        return _kinds[key]
    call = _call(step)

    def function(x: Tensor) -> Any:
        return call(*[x] * len(step.inputs))

    kind = _Kind(is_elementwise(function))
    if kind.is_elementwise and len(set(step.inputs)) == 1:
        kind = _Kind(is_elementwise=True, is_affine=is_affine(values(function)))
    if key is not None:
        _kinds[key] = kind
    return kind


def exits(graph: Graph, tensor: int) -> list[Exit]:
    """All elementwise functions of a tensor whose results have other consumers.

    The tensor itself is the first of them, if something else takes it.
    """
    if tensor not in graph.exits:
        graph.exits[tensor] = _exits(graph, tensor)
    found: list[Exit] = graph.exits[tensor]
    return found


def _exits(graph: Graph, tensor: int) -> list[Exit]:
    steps: list[Step] = []
    known = [tensor]
    names: dict[int, tuple[str, ...]] = {tensor: ()}
    consumers: dict[int, list[Step]] = {}
    for current in known:  # grows
        consumers[current] = graph.consumers(current)
        for step in consumers[current]:
            is_new = step.outputs and step.outputs[0] not in names
            if not is_new or len(steps) == MOST or not names.keys() >= {*step.inputs}:
                continue
            kind = _kind(step)
            if kind.is_elementwise:
                steps.append(step)
                before = [n for x in dict.fromkeys(step.inputs) for n in names[x]]
                own = () if kind.is_affine else (_name(step.operation),)
                names[step.outputs[0]] = (*dict.fromkeys(before), *own)
                known.append(step.outputs[0])
    inside = {id(step) for step in steps}
    found = []
    for result in known:
        outside = [step for step in consumers[result] if id(step) not in inside]
        if outside or result in graph.outputs:
            function = _composed(steps, tensor, result)
            found.append(Exit(result, function, names[result], outside))
    return found


def _composed(steps: list[Step], start: int, end: int) -> Callable[[Any], Any]:
    def function(x: Tensor) -> Any:
        results = {start: x}
        for step in steps:
            if end in results:
                break
            tensors = [results[i] for i in step.inputs]
            results[step.outputs[0]] = _call(step)(*tensors)
        return results[end]

    function.is_composed = True  # type: ignore[attr-defined]
    return function


def function_of(step: Step) -> Callable[[Any], Any] | None:
    """An elementwise step of one signal as a function of it; None for another."""
    is_one = len(set(step.inputs)) == 1 and _kind(step).is_elementwise
    return _call(step) if is_one and step.operation is not None else None


def gates(step: Step) -> bool:
    """Whether a step makes numbers between 0 and 1, as a sigmoid does."""
    if step.operation is None or not _kind(step).is_elementwise:
        return False
    return len(set(step.inputs)) == 1 and is_gate(values(_call(step)))


def is_elementwise_step(step: Step) -> bool:
    """Whether a step treats every number of a signal alike and by itself."""
    return _kind(step).is_elementwise


def affine(step: Step) -> bool:
    """Whether a step multiplies every number by one, and adds one."""
    return _kind(step).is_affine
