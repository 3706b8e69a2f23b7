"""Recomputes cheap layers in the backward pass instead of storing their inputs.

Executed eagerly, every operation leaves its inputs on the tape, even where the gradient
asks for no more than their shape: ten tensors for a convolution with bias, batch
normalization and GELU, of which a compiled step of training keeps two or three.
Normalizations and composed activations are therefore computed again on the way back
from the one tensor that they are given, sums are made so that they keep nothing, and a
Functional model drops what it needs no more. Many alike layers run compiled.
"""

import contextlib
import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from keras_inits._utils.types import Function, Tensor
from keras_inits.graph.normalizations import is_normalization
from keras_inits.signals import hooks
from keras_inits.signals.engines import compiled

# Of one operation on TensorFlow, which keeps one tensor at most.
SINGLE = {"elu", "leaky_relu", "leakyrelu", "linear", "relu", "relu6", "selu"}
SINGLE |= {"sigmoid", "silu", "softmax", "softplus", "softsign", "tanh"}
# Of many, of one number each: XLA makes one loop of them, and one of their gradient.
ELEMENTWISE = {"celu", "gelu", "hard_silu", "mish", "squareplus", "tanh_shrink"}
LARGE = 2**20  # values: below, computing again and compiling save no memory to speak of
MANY = 2**22  # values through alike layers: below, compiling takes the longer


def _is_known(thing: object) -> bool:
    """Whether a class or function is Keras's: the same at every call."""
    home = getattr(thing, "__module__", None) or ""
    return home.split(".")[0] in ("keras", "keras_hub")


def _is_composed(function: Function) -> bool:
    """Whether an activation is made of several operations."""
    name = hooks.activation_name(function)
    return _is_known(function) and name is not None and name not in SINGLE


def _is_repeatable(layer: keras.layers.Layer) -> bool:
    """Whether a layer may be called again, outside of `__call__`, for little time."""
    if not _is_known(type(layer)) or layer.compute_dtype != layer.variable_dtype:
        return False
    if isinstance(layer, hooks.ACTIVATIONS):
        function = layer.__dict__.get("activation")
        if callable(function):
            return _is_composed(function)
        return type(layer).__name__.lower() not in SINGLE
    return is_normalization(layer)


def forget_as_used(graph: keras.Model, put: hooks.Put) -> None:
    """Has a Functional model drop each tensor after its last use, not at the end.

    Args:
        graph: The model.
        put: Takes object, name and value of an attribute, for the time being.
    """
    last: dict[int, Any] = {}  # by reference tensor, the node that uses it last
    for depth in sorted(graph._nodes_by_depth, reverse=True):  # Keras's order
        for node in graph._nodes_by_depth[depth]:
            last.update((id(x), node) for x in node.input_tensors)
    for x in graph.outputs:
        last.pop(id(x), None)
    done: dict[int, list[int]] = {}
    for reference, node in last.items():
        done.setdefault(id(node), []).append(reference)
    for node in {id(node): node for node in last.values()}.values():
        put(node.arguments, "fill_in", _filling(node.arguments, done[id(node)]))


def _filling(arguments: Any, done: list[int]) -> Any:
    fill_in = arguments.fill_in

    def filled(tensors: dict[int, Any]) -> Any:
        found = fill_in(tensors)
        for reference in done:
            tensors.pop(reference, None)
        return found

    return filled


def with_gradient(function: Function, *inputs: Any) -> Any:
    """What a function returns that brings its own gradient along.

    As `tf.custom_gradient`, which however keeps the output as long as the tape.

    Args:
        function: From the inputs to a tensor, and to a function from the gradient by
            that to those by the inputs.
        *inputs: Tensors.
    """
    box: list[Any] = []

    def run(*inputs: Any) -> Any:
        output, backward = function(*inputs)
        box.append(output)
        return box, backward

    (output,) = tf.custom_gradient(run)(*inputs)
    box[0] = 0.0  # else the closure that TensorFlow made would hold it
    return output


class Recompute:
    """Replaces `call` of layers by a version that stores fewer activations."""

    tape: tf.GradientTape

    def __init__(self) -> None:
        self.active = False
        self.alike: Counter[tuple[Any, str]] = Counter()  # layers

    @contextlib.contextmanager
    def during(self, tape: tf.GradientTape) -> Iterator[None]:
        """Context of a forward pass, that a tape records.

        The values of variables are tensors that the tape watches.
        """
        self.tape, self.active = tape, True
        try:
            yield
        finally:
            self.active = False

    def save(self, layer: keras.layers.Layer, put: hooks.Put) -> None:
        """Replaces what a layer computes by the same that keeps less, if it is known.

        Args:
            layer: Of the model.
            put: Takes layer, name and value of an attribute, for the time being.
        """
        if hasattr(layer, "_nodes_by_depth"):
            forget_as_used(layer, put)
        if type(layer).__name__ == "Add" and _is_known(type(layer)):
            put(layer, "call", self._sum(layer.call))  # a layer, or an operation
        if not isinstance(layer, keras.layers.Layer):
            return
        own = "call" in layer.__dict__  # not what its class computes
        config = None if own else compiled.configuration(layer)
        function = layer.__dict__.get("activation")
        if _is_repeatable(layer):
            put(layer, "call", self.again(layer.call, layer.variables))
        elif callable(function) and _is_composed(function):
            again = self.again(function, [])
            again.__name__ = function.__name__
            put(layer, "activation", again)
        if config is not None:
            put(layer, "call", self._compiled(layer, config))

    def _is_seen(self) -> bool:
        """Whether the tape sees what is computed now.

        Inside a loop or a function of TensorFlow's it does not.
        """
        return self.active and bool(tf.executing_eagerly())

    def _sum(self, add: Function) -> Function:
        """Addition whose gradient needs none of its inputs."""

        def call(*args: Any) -> Any:
            inputs = tf.nest.flatten(args)
            alike = all(tf.is_tensor(x) for x in inputs)
            alike = alike and len({(x.dtype, *x.shape) for x in inputs}) == 1
            if not (alike and self._is_seen()):
                return add(*args)
            tape, count = self.tape, len(inputs)

            def once(*_: Any) -> Any:
                with tape.stop_recording():
                    return add(*args), lambda gradient: [gradient] * count

            return with_gradient(once, *inputs)

        return call

    def again(self, function: Function, variables: list[keras.Variable]) -> Function:
        """A function that is computed a second time when its gradient is wanted.

        Args:
            function: From one tensor, and what has no gradient, to one tensor.
            variables: Of Keras, that it reads.
        """

        def wrapped(x: Tensor, *args: Any, **kwargs: Any) -> Any:
            seen = tf.is_tensor(x) and self._is_seen()
            if not seen or math.prod(x.shape) < LARGE:
                return function(x, *args, **kwargs)
            if hooks.activation_name(function) in ELEMENTWISE and not (args or kwargs):
                return self._fused(function, x)
            tape = self.tape
            mapping = [(v, v.value) for v in variables]

            def once(x: Tensor, *values: Any) -> Any:
                with tape.stop_recording():
                    output = function(x, *args, **kwargs)

                def backward(gradient: Tensor) -> Any:
                    with tf.GradientTape(watch_accessed_variables=False) as inner:
                        inner.watch([x, *values])
                        with keras.StatelessScope(mapping):
                            output = function(x, *args, **kwargs)
                    return inner.gradient(output, [x, *values], gradient)

                return output, backward

            return with_gradient(once, x, *(value for _, value in mapping))

        return wrapped

    def _run(self, pair: compiled.Pair, *inputs: Any) -> Any:
        """What the first of two compiled functions returns, the second its gradient."""
        run, gradients = pair
        tape = self.tape

        def once(*inputs: Any) -> Any:
            with tape.stop_recording():
                output = run(*inputs)
            return output, lambda gradient: gradients(gradient, *inputs)

        return with_gradient(once, *inputs)

    def _fused(self, function: Any, x: Tensor) -> Any:
        pair = compiled.activation(function, x.dtype)
        return tf.reshape(self._run(pair, tf.reshape(x, (-1,))), x.shape)

    def _compiled(self, layer: keras.layers.Layer, config: str) -> Any:
        """A layer's `call`, compiled if there are so many that it takes less time."""
        cls: Any = type(layer)
        call = layer.call
        self.alike[cls, config] += 1

        def called(x: Tensor, *args: Any, **kwargs: Any) -> Any:
            alone = not args and set(kwargs) <= {"training"}  # which plays no part
            known = isinstance(x, tf.Tensor) and x.dtype == layer.compute_dtype
            known = known and len(x.shape) > 1 and self._is_seen()
            count = self.alike[cls, config]
            if not (alone and known) or math.prod(x.shape) * count < MANY:
                return call(x, *args, **kwargs)
            pair = compiled.layer(cls, config, tuple(x.shape)[1:], x.dtype)
            output = self._run(pair, x, *(v.value for v in layer.variables))
            function = getattr(layer, "activation", None)
            return output if function is None else function(output)

        return called
