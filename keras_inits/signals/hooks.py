"""Observes every layer call of a model, by wrapped `call`s that leave nothing behind.

`call` and `activation` are replaced in the instances of the layers of one model, so
other models and threads notice nothing, and an exception leaves no hook.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import keras

from keras_inits._utils.keras_private import flat_layers
from keras_inits._utils.types import Args, Kwargs, Tensor
from keras_inits.graph import elementwise, moments
from keras_inits.graph.weights import children, layers_with_paths

# Layers that run what is inside them in a loop of the backend's: looked at as one.
LOOPS = tuple(
    cls
    for name in ("RNN", "TimeDistributed", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
    if (cls := getattr(keras.layers, name, None)) is not None
)
ACTIVATIONS = tuple(
    cls
    for name in ("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax")
    if (cls := getattr(keras.layers, name, None)) is not None
)
# Layers and operations that move values about: nothing new to see behind them.
MOVERS = moments.MOVERS | moments.JOINS
# Random in training: off, so that samples differ for no other reason than the data.
NOISES = elementwise.DROPOUTS | moments.NOISES | {"DropPath", "StochasticDepth"}


class Hooked(NamedTuple):
    """A layer, or an operation of a Functional model, that is looked at.

    Attributes:
        name: Names from the model down, joined by "/".
        path: The same as `models.walk` has them.
        layer: The layer or operation.
        block: Whether layers inside it are looked at too.
    """

    name: str
    path: str
    layer: Any
    block: bool


def is_graph(layer: keras.layers.Layer) -> bool:
    """Whether a model only passes tensors from layer to layer."""
    return isinstance(layer, keras.Sequential) or hasattr(layer, "_run_through_graph")


def activation_name(function: object) -> str | None:
    """The name of an activation; None for the identity."""
    name = getattr(function, "__name__", type(function).__name__)
    return None if name == "linear" else name


def all_layers(model: keras.Model) -> list[Hooked]:
    """Every layer and operation that a call of the model may reach.

    A Sequential or Functional model is not among them: its output is its last layer's.
    """
    paths = {id(layer): path for path, layer in layers_with_paths(model)}
    found: list[Hooked] = []
    seen: set[int] = set()

    def visit(layer: keras.layers.Layer, name: str) -> None:
        if id(layer) in seen or isinstance(layer, keras.layers.InputLayer):
            return
        seen.add(id(layer))
        inside = [] if isinstance(layer, LOOPS) else children(layer)
        if not is_graph(layer):
            path = paths.get(id(layer), name)
            found.append(Hooked(name or layer.name, path, layer, bool(inside)))
        elif hasattr(layer, "operations"):
            for operation in layer.operations:
                if not isinstance(operation, keras.layers.Layer):
                    full = f"{name}/{operation.name}" if name else operation.name
                    found.append(Hooked(full, full, operation, False))
        for child in inside:
            visit(child, f"{name}/{child.name}" if name else child.name)

    visit(model, "")
    return found


def graphs(model: keras.Model) -> list[Any]:
    """The Functional models that a call of the model may run, itself included."""
    layers = flat_layers(model)
    layers += [getattr(layer, "_functional", None) for layer in layers]
    return [layer for layer in layers if hasattr(layer, "_nodes_by_depth")]


def layer_names(model: keras.Model) -> dict[int, str]:
    """The names of every layer from the model down, by the layer's identity."""
    names: dict[int, str] = {}

    def visit(layer: keras.layers.Layer, name: str) -> None:
        if id(layer) not in names:
            names[id(layer)] = name or layer.name
            for child in children(layer):
                visit(child, f"{name}/{child.name}" if name else child.name)

    visit(model, "")
    return names


class Inner(NamedTuple):
    """What was seen inside a call.

    Attributes:
        before: What the activation was given; None where there is none.
        scored: Queries and keys of attention, (samples, steps, heads, size) each; None
            for other layers.
    """

    before: Any
    scored: tuple[Any, Any] | None


Watcher = Callable[[Hooked, Args, Kwargs, Inner, Any], Any]
# Given the layer, its arguments and keywords, a function that computes what its
# activation is given, and that activation; returns the layer's output, or None to have
# it computed.
Enter = Callable[[Hooked, Args, Kwargs, Callable[[Any], Any], Any], Any]
Put = Callable[[Any, str, Any], None]  # object, name and value of an attribute


def _unchanged(
    hooked: Hooked, args: Args, kwargs: Kwargs, inner: "Inner", output: Tensor
) -> Any:
    """A `Watcher` that does nothing."""
    return output


@contextlib.contextmanager
def watching(
    model: keras.Model,
    watch: Watcher = _unchanged,
    prepare: Callable[[Any, Put], None] = lambda layer, put: None,
    enter: Enter | None = None,
) -> Iterator[None]:
    """Context in which every call of a layer of the model is seen.

    Args:
        model: A built model.
        watch: Called after each call with the layer, its arguments and keywords, what
            was seen inside, and its output; returns the output to go on with.
        prepare: Called first with each graph and layer, and a function that changes an
            attribute of it for the time of the context.
        enter: Called before each call of a layer, which it may take the place of.
    """
    changed: list[tuple[dict[str, Any], str, Any, bool]] = []

    def put(owner: Any, name: str, value: Any) -> None:
        # Past `__setattr__`, which Keras uses to keep track of layers and weights.
        attributes = owner.__dict__
        changed.append((attributes, name, attributes.get(name), name in attributes))
        attributes[name] = value

    try:
        for graph in graphs(model):
            prepare(graph, put)
        for hooked in all_layers(model):
            prepare(hooked.layer, put)
            _hook(hooked, watch, put, enter)
        yield
    finally:
        for attributes, name, value, existed in reversed(changed):
            if existed:
                attributes[name] = value
            else:
                attributes.pop(name, None)


def _hook(hooked: Hooked, watch: Watcher, put: Put, enter: Enter | None) -> None:
    layer = hooked.layer
    call = layer.call
    given: list[Any] = []
    scored: list[Any] = []
    bare = False  # whether only what the activation is given is wanted
    function = layer.__dict__.get("activation")
    is_activation = isinstance(layer, ACTIVATIONS)
    fused = callable(function) and not isinstance(function, keras.layers.Layer)
    if fused and not is_activation and activation_name(function) is not None:

        def activation(x: Tensor, *args: Any, **kwargs: Any) -> Any:
            given[:] = [x]
            return x if bare else function(x, *args, **kwargs)

        activation.__name__ = activation_name(function) or "linear"
        put(layer, "activation", activation)
    attend = getattr(layer, "_compute_attention", None)  # in Keras and keras-hub
    if attend is not None:

        def attention(*args: Any, **kwargs: Any) -> Any:
            scored[:] = args[:2]
            return attend(*args, **kwargs)

        put(layer, "_compute_attention", attention)
    quiet = type(layer).__name__ in NOISES

    def watched(*args: Any, **kwargs: Any) -> Any:
        known = None
        given.clear()
        scored.clear()
        if quiet and "training" in kwargs:
            kwargs = kwargs | {"training": False}
        if enter is not None:

            def compute(x: Any = None) -> Any:
                nonlocal bare
                given.clear()
                bare = True
                try:
                    output = call(*(args if x is None else (x, *args[1:])), **kwargs)
                finally:
                    bare = False
                return given[0] if given else output

            known = enter(hooked, args, kwargs, compute, function if fused else None)
            given.clear()
            scored.clear()
        output = call(*args, **kwargs) if known is None else known
        before = given[0] if given else None
        if is_activation and args:
            before = args[0]
        fits = len(scored) == 2 and all(len(x.shape) == 4 for x in scored)
        fits = fits and scored[0].shape[2] % scored[1].shape[2] == 0
        inner = Inner(before, (scored[0], scored[1]) if fits else None)
        given.clear()
        scored.clear()
        return watch(hooked, args, kwargs, inner, output)

    put(layer, "call", watched)
    if layer.__dict__.get("_remat_mode") is not None:
        put(layer, "_remat_mode", None)  # would run `call` twice
