"""A pass on JAX, as one compiled step whose results are the samples.

Compiling takes ten times as long as the step. So the step is traced each time, for a
second of the time, and a program that was compiled before is not compiled again: a
model whose weights have changed has the same program, and one that computes anything
else has another.
"""

import collections
import hashlib
from typing import Any

import numpy as np

from keras_inits._utils.types import Function, Tensor
from keras_inits.signals.engines.base import (
    Engine,
    Problem,
    Tick,
    WeightGradient,
    flat_look,
    size_of,
)
from keras_inits.signals.recorder import Recorder, look, on_host
from keras_inits.signals.unit_hashes import hashes

KEPT = 8  # programs, of a few MiB each: a pass and a loss for each model
_programs: collections.OrderedDict[bytes, Any] = collections.OrderedDict()


def compiled(function: Function, *arguments: Any) -> Any:
    """A function under `jax.jit`, compiled for arguments like these."""
    import jax

    # An argument that is not used stays one: else two programs could be the same text
    # and take theirs from different places.
    lowered = jax.jit(function, keep_unused=True).trace(*arguments).lower()
    placements = [(x.sharding, x.devices()) for x in jax.tree.leaves(arguments)]
    # All that is computed, constants included, from what, to what, and where.
    text = (lowered.in_tree, lowered.out_tree, placements, lowered.as_text())
    key = hashlib.sha256("\n".join(map(str, text)).encode()).digest()
    program = _programs.pop(key, None) or lowered.compile()
    _programs[key] = program
    while len(_programs) > KEPT:
        _programs.popitem(last=False)
    return program


def _kind(data: Any) -> str:
    """Shapes and types of a batch."""
    import jax
    import jax.numpy as jnp

    return str(jax.tree.map(lambda x: (jnp.shape(x), str(x.dtype)), data))


class JaxEngine(Engine):
    """One compiled step, whose results are the samples."""

    def __init__(self, problem: Problem, scale: float, tick: Tick) -> None:
        self.problem, self.scale, self.tick = problem, scale, tick
        self.recorder = Recorder(self.attach, self.visible)
        self.recorder.eager = False
        self.dummies: dict[int, Any] = {}
        self.shapes: dict[int, tuple[Any, int]] = {}
        self.seen_shapes: dict[Any, tuple[tuple[int, ...], int]] = {}
        # By kind of batch, and by scale, which is a constant of the program.
        self.steps: dict[tuple[str, float], tuple[Any, dict[int, Any]]] = {}
        self.losses: dict[str, Any] = {}  # programs without a backward pass

    def _state(self) -> Any:
        from jax.extend import core

        return core.get_opaque_trace_state(convention="nnx")

    def visible(self) -> bool:
        """Whether no loop or compiled function has begun inside the pass."""
        return bool(self.outer == self._state())

    def attach(self, x: Tensor, index: int, channels_first: bool) -> Any:
        """Puts a probe behind `x`; without dummies only notes what they must be."""
        import jax

        if self.measuring:
            shape = jax.eval_shape(lambda x: look(x, channels_first), x)
            self.shapes[index] = (shape, size_of(x))
            return x

        def identity(x: Tensor, dummy: Tensor) -> Any:
            return x

        def forward(x: Tensor, dummy: Tensor) -> Any:
            return x, None

        def backward(_: Any, gradient: Tensor) -> Any:
            sample, finite = look(gradient, channels_first)
            return gradient, (sample, 1 + finite.astype(sample.dtype))

        probe = jax.custom_vjp(identity)
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
        return loss, seen, weights, backward, gradients if self.keeps else None

    def _plain(self, values: Any, others: Any, data: Any) -> Any:
        with self.recorder.resting():
            return self.problem.forward(values, others, data)

    def loss(self, values: list[Any], data: Any) -> float:
        """The loss with other values of the trainable variables, and no figures."""
        others = [v.value for v in self.problem.others]
        kind = _kind(data)
        if kind not in self.losses:
            self.losses[kind] = compiled(self._plain, values, others, data)
        return float(np.asarray(self.losses[kind](values, others, data)))

    def run(self, data: Any) -> tuple[float, list[WeightGradient | None]]:
        """The loss and the gradients' figures of a batch."""
        import jax
        import jax.numpy as jnp

        values = [v.value for v in self.problem.trainable]
        others = [v.value for v in self.problem.others]
        kind = (_kind(data), self.scale)
        if kind not in self.steps:
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
            step = compiled(self._step, values, dummies, others, data)
            self.steps[kind] = (step, dummies)
        step, dummies = self.steps[kind]
        loss, seen, weights, backward, self.kept = step(values, dummies, others, data)
        for index in sorted({key[0] for key in self.seen_shapes}):
            for what in ("pre", "out", "input", "gates", "attention"):
                found = seen.get(f"{index} {what}")
                if found is not None:
                    shape, units = self.seen_shapes[index, what]
                    self.recorder.reduce(index, what, shape, units, on_host(found))
            sample, mark = backward.get(index, (None, 0))
            if int(mark):  # 0 where no gradient came: behind `stop_gradient`
                size = self.shapes[index][1]
                gradient = on_host((sample, mark == 2))
                self.recorder.backward(index, size, gradient, self.scale)
            self.tick()
        figures: list[WeightGradient | None] = [
            WeightGradient(found, size_of(value), units)
            for (found, units), value in zip(weights, values, strict=True)
        ]
        return float(np.asarray(loss)), figures
