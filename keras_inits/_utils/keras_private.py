"""All that this package uses of Keras's private state, with a fallback for each.

How its variables start and are written is in `variable_starts.py`.

Keras may move or rename any of it. Then the fallback gives less, and nothing breaks: a
test says what the installed Keras still has (`tests/_utils/test_keras_private.py`).
"""

import contextlib
import importlib
import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import keras

from keras_inits._utils.layer_names import without_number
from keras_inits._utils.types import Tensor


def _private(module: str, name: str) -> Any:
    """An object of a module below `keras.src`; None where it is not there."""
    try:
        return getattr(importlib.import_module(f"keras.src.{module}"), name, None)
    except ImportError:
        return None


global_state = _private("backend.common", "global_state")


def private_state(name: str) -> Any:
    """What Keras keeps under a name in its global state; None where it keeps none."""
    return None if global_state is None else global_state.get_global_attribute(name)


def current_stream() -> str:
    """The names of the layers under construction, outermost first, joined by `/`.

    One seed must give different kernels to the query and the key of an attention layer,
    and the same kernels when the same code runs again. These names tell both, once the
    numbers of default names are gone. Where Keras's name scopes cannot be read, every
    draw is in the nameless stream: seeds still repeat, and layers that share one seed
    share its values.
    """
    try:
        scopes = private_state("name_scope_stack") or []
        components: list[str] = []
        for scope in scopes:
            if scope.override_parent is not None:
                parents = filter(None, scope.override_parent.split("/"))
                components = [without_number(parent) for parent in parents]
            components.append(without_number(scope.name, scope.caller))
    except AttributeError:  # the private objects have changed
        return ""
    return "/".join(components)


def is_of_keras(cls: type, part: str = "") -> bool:
    """Whether Keras itself defines a class, in a part of it such as "layers".

    Where Keras has moved its source, no class is its own: more is read, less is known.
    """
    return f"{cls.__module__}.".startswith(f"keras.src.{part}".rstrip(".") + ".")


def conv_lstm_cells() -> list[type]:
    """The class of the cells of ConvLSTM layers, of which only the layers are public.

    Without it, ask for their kernels' geometry by `register_geometry`.
    """
    found = _private("layers.rnn.conv_lstm", "ConvLSTMCell")
    return [] if found is None else [found]


def flat_layers(layer: keras.layers.Layer) -> list[Any]:
    """A layer and all layers inside it; of a later Keras, those of models only."""
    if hasattr(layer, "_flatten_layers"):
        return list(layer._flatten_layers())
    return [layer, *(x for y in getattr(layer, "layers", ()) for x in flat_layers(y))]


def query_of(layer: Any) -> Any:
    """The layer that makes an attention layer's queries; None of any other layer."""
    return getattr(layer, "_query_dense", None)


def call_parameters(layer: keras.layers.Layer) -> list[str]:
    """The names of the arguments of a layer's `call`."""
    signature = getattr(layer, "_call_signature", None) or inspect.signature(layer.call)
    return list(signature.parameters)


def call_records(layers: Iterable[Any]) -> list[list[Any]]:
    """The layers' own lists of their symbolic calls; none of a later Keras."""
    names = ("_inbound_nodes", "_outbound_nodes")
    return [getattr(x, name) for x in layers for name in names if hasattr(x, name)]


def compiled_with(model: keras.Model) -> tuple[Any, Any]:
    """The loss that a model was compiled with, and the weights of its losses."""
    held = getattr(model, "_compile_loss", None)
    loss = getattr(held, "_user_loss", None) or vars(model).get("loss")
    return loss, getattr(held, "_user_loss_weights", None)


def compile_loss(
    loss: Any, weights: Any, names: list[str] | None, watch: Callable[..., Any]
) -> Any:
    """Keras's sum of the losses of all outputs, as `compile` makes it of its arguments.

    A new one, as Keras builds it for the first targets and outputs that it sees.

    Args:
        loss: A loss, or a structure of them.
        weights: Their weights, or None.
        names: Of the model's outputs.
        watch: From the loss of an output and its weight to what is called in its place;
            not asked by a Keras that has no such class: there a model is compiled.
    """
    cls = _private("trainers.compile_utils", "CompileLoss")
    if cls is None:
        shell = keras.Model()
        shell.output_names = names
        shell.compile("sgd", loss, loss_weights=weights, jit_compile=False)
        return lambda y, outputs, weight: shell.compute_loss(None, y, outputs, weight)

    class Watched(cls):  # type: ignore[misc, valid-type]
        def build(self, y_true: Any, y_pred: Any) -> None:
            super().build(y_true, y_pred)
            found: list[Any] = vars(self)["_flat_losses"]
            found[:] = [
                entry._replace(loss=watch(entry.loss, entry.loss_weights))
                for entry in found
            ]

    return Watched(loss, weights, output_names=names)


@contextlib.contextmanager
def with_compile_loss(model: keras.Model, held: Any) -> Iterator[None]:
    """Context in which a model's `compute_loss` sums up other losses than its own."""
    attributes = vars(model)
    before = attributes.get("_compile_loss")
    attributes["_compile_loss"] = held  # past `__setattr__`, which keeps track
    try:
        yield
    finally:
        attributes["_compile_loss"] = before


@contextlib.contextmanager
def unchanged_losses(model: keras.Model) -> Iterator[None]:
    """Context that leaves what layers have added to the loss as it was."""
    names = ("_losses", "_loss_ids")
    kept = [
        (value, value.copy())
        for layer in flat_layers(model)
        for name in names
        if isinstance(value := vars(layer).get(name), list | set)
    ]
    try:
        yield
    finally:
        for value, before in kept:
            value.clear()
            value.extend(before) if isinstance(value, list) else value.update(before)


def loss_arguments(loss: Any) -> dict[str, Any]:
    """The keywords that Keras's wrapper of a function calls it with."""
    found: dict[str, Any] = getattr(loss, "_fn_kwargs", {})
    return found


def kept_logits(output: Tensor) -> Any:
    """What a softmax or sigmoid was given, which a cross entropy on TensorFlow takes.

    Keras keeps it with the output; None where it does not.
    """
    return getattr(output, "_keras_logits", None)


def keep_logits(output: Tensor, logits: Any) -> None:
    """Keeps with an output what Keras keeps with those of a softmax or sigmoid."""
    output._keras_logits = logits


def _producer(tensor: Tensor) -> Any:
    """The record of the symbolic call that a tensor comes from; None for any other."""
    try:
        history = tensor._keras_history
        return history.operation._inbound_nodes[history.node_index]
    except AttributeError:  # an eager tensor, an input's, or another Keras
        return None


def calls_between(inputs: list[Any], outputs: list[Any]) -> list[Any]:
    """Keras's records of the calls that lead from inputs to outputs, in that order."""
    ends, seen = {id(x) for x in inputs}, set()
    ordered: list[Any] = []
    stack = [(x, False) for x in reversed(outputs)]
    while stack:
        tensor, is_done = stack.pop()
        node = _producer(tensor)
        if id(tensor) in ends or node is None:
            continue
        if is_done:
            ordered.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((tensor, True))
            stack.extend((x, False) for x in reversed(node.arguments.keras_tensors))
    return ordered


def undecayed(optimizer: Any, variables: Sequence[Any]) -> tuple[set[int], str]:
    """Which variables an optimizer's weight decay leaves out.

    Returns:
        Numbers of those that were named themselves, and a regular expression for the
        names of others; "" for none.
    """
    keys = getattr(optimizer, "_exclude_from_weight_decay", None) or ()
    key_of = getattr(optimizer, "_var_key", id)
    numbers = {n for n, variable in enumerate(variables) if key_of(variable) in keys}
    pattern = getattr(optimizer, "_exclude_from_weight_decay_pattern", None)
    return numbers, "" if pattern is None else str(pattern.pattern)


def movers(optimizer: Any, variables: Sequence[Any]) -> list[Any]:
    """The optimizer that moves each variable: itself, or one of several that it holds.

    Of a Keras that does not tell which, itself.
    """
    choose = getattr(optimizer, "_optimizer_map", None)
    if choose is None:
        return [optimizer] * len(variables)
    numbers = getattr(optimizer, "_var_to_optimizer_idx", None)
    if not optimizer.built or numbers is None:
        return [choose(variable) for variable in variables]
    return [optimizer.optimizers[numbers[optimizer._var_key(v)]] for v in variables]


def torch_device_getter() -> Callable[[], str]:
    """The function that says on which device Keras puts PyTorch's tensors."""
    found: Callable[[], str] | None = _private("backend.torch.core", "get_device")
    return found or _torch_device


def _torch_device() -> str:
    torch = importlib.import_module("torch")
    return "cuda" if torch.cuda.is_available() else "cpu"
