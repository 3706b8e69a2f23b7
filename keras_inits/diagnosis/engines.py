"""The pass of one batch, forwards and backwards, on each backend.

An engine runs `forward`, a function from the values of the trainable variables to the
loss, under a recorder, and returns the loss and what was seen of each variable's
gradient. None of the model's variables is assigned.
"""

import math
from collections.abc import Callable
from typing import Any, Protocol

import keras
import numpy as np

from keras_inits.diagnosis.hashes import hashes
from keras_inits.diagnosis.nearby import nearby
from keras_inits.diagnosis.probe import Recorder, Seen, look, on_host

Tick = Callable[[], None]


class Problem(Protocol):
    """What an engine solves for one batch."""

    trainable: list[Any]  # variables
    others: list[Any]  # variables
    views: list[Any]  # how to hash each trainable variable's units, or None

    def forward(self, trainable: Any, others: Any, data: Any) -> Any:
        """The loss, as a scalar float32 tensor."""


class WeightGradient:
    """What is known of the gradient of one variable after a pass."""

    def __init__(self, seen: Seen, size: int, units: Any) -> None:
        self.seen = on_host(seen)
        self.size = size
        self.units = None if units is None else on_host((units, True))[0]


def flat_look(gradient: Any) -> Seen:
    """A sample of a gradient of any shape."""
    gradient = nearby(gradient)
    ops = np if isinstance(gradient, np.ndarray) else keras.ops
    return look(ops.reshape(gradient, (1, -1, 1)))


def size_of(x: Any) -> int:
    """Number of values of a tensor."""
    return math.prod(int(n) for n in x.shape)


class _Eager:
    """What TensorFlow and PyTorch share: figures are made as tensors appear."""

    def __init__(self, problem: Problem, scale: float, tick: Tick) -> None:
        self.problem, self.scale = problem, scale
        self.recorder = Recorder(self.attach, self.visible, tick)
        self.failure: BaseException | None = None

    def attach(self, x: Any, index: int, channels_first: bool) -> Any:
        raise NotImplementedError

    def visible(self) -> bool:
        return True

    def received(self, gradient: Any, index: int, channels_first: bool) -> None:
        """Takes the figures of a gradient that has come to a probe."""
        seen = on_host(look(gradient, channels_first))
        self.recorder.backward(index, size_of(gradient), seen, self.scale)

    def gradients(self, found: list[Any]) -> list[WeightGradient | None]:
        """The figures of the variables' gradients."""
        figures: list[WeightGradient | None] = []
        for gradient, view in zip(found, self.problem.views, strict=True):
            if gradient is None:
                figures.append(None)
                continue
            units = None if view is None else hashes(gradient, view)
            seen = flat_look(gradient)
            figures.append(WeightGradient(seen, size_of(gradient), units))
        return figures


class TensorFlowEngine(_Eager):
    """Eager execution under a gradient tape."""

    tape: Any

    def visible(self) -> bool:
        import tensorflow as tf

        return bool(tf.executing_eagerly())

    def attach(self, x: Any, index: int, channels_first: bool) -> Any:
        import tensorflow as tf

        @tf.custom_gradient
        def probe(x: Any) -> Any:
            def backward(gradient: Any) -> Any:
                self.received(gradient, index, channels_first)
                return gradient

            return tf.identity(x), backward

        return probe(x)

    def run(self, data: Any) -> tuple[float, list[WeightGradient | None]]:
        """The loss and the gradients' figures of a batch."""
        import tensorflow as tf

        self.recorder.start()
        values = [tf.convert_to_tensor(v.value) for v in self.problem.trainable]
        others = [tf.convert_to_tensor(v.value) for v in self.problem.others]
        with tf.GradientTape(watch_accessed_variables=False) as self.tape:
            self.tape.watch(values)
            loss = self.problem.forward(values, others, data)
            scaled = loss * self.scale
        found = self.tape.gradient(scaled, values)
        dense = [None if g is None else tf.convert_to_tensor(g) for g in found]
        return float(loss), self.gradients(dense)


class TorchEngine(_Eager):
    """Eager execution with hooks on tensors."""

    def attach(self, x: Any, index: int, channels_first: bool) -> Any:
        if x.requires_grad:
            x = x.view_as(x)  # a tensor of its own, whose gradient is of this use

            def backward(gradient: Any) -> None:
                self.received(gradient, index, channels_first)

            x.register_hook(backward)
        return x

    def run(self, data: Any) -> tuple[float, list[WeightGradient | None]]:
        """The loss and the gradients' figures of a batch."""
        import torch

        self.recorder.start()
        with torch.enable_grad():
            values = [v.value.detach() for v in self.problem.trainable]
            for value in values:
                value.requires_grad_(value.is_floating_point())
            others = [v.value.detach() for v in self.problem.others]
            loss = self.problem.forward(values, others, data)
            scaled = loss * self.scale
            sources = [value for value in values if value.requires_grad]
            found: list[Any] = [None] * len(sources)
            if sources and scaled.requires_grad:
                found = list(torch.autograd.grad(scaled, sources, allow_unused=True))
        each = iter(found)
        with torch.no_grad():
            figures = [next(each) if v.requires_grad else None for v in values]
            return float(loss.detach()), self.gradients(figures)


class JaxEngine:
    """One compiled step, whose results are the samples."""

    def __init__(self, problem: Problem, scale: float, tick: Tick) -> None:
        import jax

        self.problem, self.scale, self.tick = problem, scale, tick
        self.recorder = Recorder(self.attach, self.visible)
        self.recorder.eager = False
        self.dummies: dict[int, Any] = {}
        self.shapes: dict[int, tuple[Any, int]] = {}
        self.seen_shapes: dict[Any, tuple[tuple[int, ...], int]] = {}
        self.step = jax.jit(self._step)
        self.compiled: dict[Any, Any] = {}

    def _state(self) -> Any:
        from jax.extend import core

        return core.get_opaque_trace_state(convention="nnx")

    def visible(self) -> bool:
        """Whether no loop or compiled function has begun inside the pass."""
        return bool(self.outer == self._state())

    def attach(self, x: Any, index: int, channels_first: bool) -> Any:
        """Puts a probe behind `x`; without dummies only notes what they must be."""
        import jax

        if self.measuring:
            shape = jax.eval_shape(lambda x: look(x, channels_first), x)
            self.shapes[index] = (shape, size_of(x))
            return x

        @jax.custom_vjp
        def probe(x: Any, dummy: Any) -> Any:
            return x

        def forward(x: Any, dummy: Any) -> Any:
            return x, None

        def backward(_: Any, gradient: Any) -> Any:
            sample, finite = look(gradient, channels_first)
            return gradient, (sample, finite.astype(sample.dtype))

        probe.defvjp(forward, backward)
        return probe(x, self.dummies[index])

    def _forward(self, values: Any, dummies: Any, others: Any, data: Any) -> Any:
        self.recorder.start()
        self.outer = self._state()
        self.dummies = dummies
        loss = self.problem.forward(values, others, data)
        seen = {}
        for key, (shape, units, found) in self.recorder.looks.items():
            self.seen_shapes[key] = (shape, units)
            seen[f"{key[0]} {key[1]}"] = found
        return loss * self.scale, (loss, seen)

    def _step(self, values: Any, dummies: Any, others: Any, data: Any) -> Any:
        import jax

        step = jax.value_and_grad(self._forward, argnums=(0, 1), has_aux=True)
        (_, (loss, seen)), (gradients, backward) = step(values, dummies, others, data)
        weights = []
        for gradient, view in zip(gradients, self.problem.views, strict=True):
            units = None if view is None else hashes(gradient, view)
            weights.append((flat_look(gradient), units))
        return loss, seen, weights, backward

    def run(self, data: Any) -> tuple[float, list[WeightGradient | None]]:
        """The loss and the gradients' figures of a batch."""
        import jax
        import jax.numpy as jnp

        values = [v.value for v in self.problem.trainable]
        others = [v.value for v in self.problem.others]
        kind = str(jax.tree.map(lambda x: (jnp.shape(x), str(x.dtype)), data))
        if kind not in self.compiled:
            self.shapes = {}
            self.measuring = True
            jax.eval_shape(self._forward, values, {}, others, data)
            self.measuring = False
            dummies = {
                index: (
                    jnp.zeros(sample.shape, sample.dtype),
                    jnp.zeros((), sample.dtype),
                )
                for index, ((sample, _), _) in self.shapes.items()
            }
            self.compiled[kind] = dummies
        dummies = self.compiled[kind]
        loss, seen, weights, backward = self.step(values, dummies, others, data)
        for index in sorted({key[0] for key in self.seen_shapes}):
            for what in ("pre", "out", "input", "gates", "attention"):
                found = seen.get(f"{index} {what}")
                if found is not None:
                    shape, units = self.seen_shapes[index, what]
                    self.recorder.reduce(index, what, shape, units, on_host(found))
            if index in backward:
                sample, finite = backward[index]
                size = self.shapes[index][1]
                gradient = on_host((sample, finite))
                self.recorder.backward(index, size, gradient, self.scale)
            self.tick()
        figures: list[WeightGradient | None] = [
            WeightGradient(found, size_of(value), units)
            for (found, units), value in zip(weights, values, strict=True)
        ]
        return float(np.asarray(loss)), figures


def engine(problem: Problem, scale: float, tick: Tick) -> Any:
    """The engine of the backend in use.

    Raises:
        ValueError: If the backend computes no gradients.
    """
    engines = {
        "tensorflow": TensorFlowEngine,
        "jax": JaxEngine,
        "torch": TorchEngine,
    }
    backend = keras.backend.backend()
    if backend not in engines:
        raise ValueError(
            "`diagnose` needs gradients, which the backends tensorflow, jax and torch "
            f"compute. Received: keras.backend.backend()={backend!r}. "
            "Set the environment variable KERAS_BACKEND=tensorflow before Keras is "
            "imported."
        )
    return engines[backend](problem, scale, tick)
