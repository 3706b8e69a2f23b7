"""A pass on TensorFlow, executed eagerly under a gradient tape."""

from typing import Any

import keras
import tensorflow as tf

from keras_inits._utils.keras_private import keep_logits, kept_logits
from keras_inits._utils.types import Tensor
from keras_inits.signals.engines.base import Eager, Problem, Tick, WeightGradient
from keras_inits.signals.engines.recompute import Recompute, with_gradient


class TensorFlowEngine(Eager):
    """Eager execution under a gradient tape."""

    def __init__(self, problem: Problem, scale: float, tick: Tick) -> None:
        super().__init__(problem, scale, tick)
        self.recompute = Recompute()

    def prepare(self, layer: keras.layers.Layer, put: Any) -> None:
        """Has a layer keep less for its gradient."""
        self.recompute.save(layer, put)

    def visible(self) -> bool:
        return bool(tf.executing_eagerly())

    def attach(self, x: Tensor, index: int, channels_first: bool) -> Any:
        def probe(x: Tensor) -> Any:
            def backward(gradient: Tensor) -> Any:
                self.received(gradient, index, channels_first)
                return gradient

            return x, backward  # of which TensorFlow makes a new tensor

        probed = with_gradient(probe, x)
        logits = kept_logits(x)
        if logits is not None:  # a cross entropy goes on from these, and past `x`
            keep_logits(probed, with_gradient(probe, logits))
        return probed

    def loss(self, values: list[Any], data: Any) -> float:
        """The loss with other values; a tape that watches nothing has layers fused."""
        with (
            tf.GradientTape(watch_accessed_variables=False) as tape,
            self.recompute.during(tape),
        ):
            return super().loss(values, data)

    def run(self, data: Any) -> tuple[float, list[WeightGradient | None]]:
        """The loss and the gradients' figures of a batch."""
        self.recorder.start()
        values = [tf.convert_to_tensor(v.value) for v in self.problem.trainable]
        others = [tf.convert_to_tensor(v.value) for v in self.problem.others]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            with self.recompute.during(tape):
                loss = self.problem.forward(values, others, data)
            scaled = loss * self.scale
        found = tape.gradient(scaled, values)
        # As they are: optimizers take rows of an embedding as rows.
        self.kept = found if self.keeps else None
        dense = [None if g is None else tf.convert_to_tensor(g) for g in found]
        return float(loss), self.gradients(dense)
