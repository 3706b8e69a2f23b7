"""What the engines share: the problem they solve, and figures of gradients."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from keras_inits._utils.host_array import numpy_view
from keras_inits._utils.types import Tensor
from keras_inits.signals.hooks import Put
from keras_inits.signals.recorder import Recorder, Seen, look, on_host
from keras_inits.signals.unit_hashes import hashes

Tick = Callable[[], None]


@dataclasses.dataclass(frozen=True)
class Problem:
    """What an engine solves for one batch.

    Attributes:
        trainable: Variables whose gradients are wanted.
        others: All other variables.
        views: How to hash the units of each trainable variable, or None.
        forward: From values of both kinds of variables and a batch to the loss, a
            scalar float32 tensor.
    """

    trainable: list[Any]
    others: list[Any]
    views: list[Any]
    forward: Callable[[Any, Any, Any], Any]


class WeightGradient:
    """What is known of the gradient of one variable after a pass."""

    def __init__(self, seen: Seen, size: int, units: Any) -> None:
        self.seen = on_host(seen)
        self.size = size
        self.units = None if units is None else on_host((units, True))[0]


def flat_look(gradient: Tensor) -> Seen:
    """A sample of a gradient of any shape."""
    gradient = numpy_view(gradient)
    ops = np if isinstance(gradient, np.ndarray) else keras.ops
    return look(ops.reshape(gradient, (1, -1, 1)))


def size_of(x: Tensor) -> int:
    """Number of values of a tensor."""
    return math.prod(int(n) for n in x.shape)


class Engine:
    """What all engines share.

    Attributes:
        keeps: Whether the gradients of a batch are kept for `take_gradients`.
    """

    keeps = False
    kept: list[Any] | None = None

    def take_gradients(self) -> list[Any]:
        """The last batch's gradients, of the loss times its scale, once."""
        kept, self.kept = self.kept, None
        return kept or []

    def prepare(self, layer: keras.layers.Layer, put: Put) -> None:
        """Called with each layer before the hooks, which `put` adds to."""


class Eager(Engine):
    """What TensorFlow and PyTorch share: figures are made as tensors appear."""

    def __init__(self, problem: Problem, scale: float, tick: Tick) -> None:
        self.problem, self.scale = problem, scale
        self.recorder = Recorder(self.attach, self.visible, tick)
        self.failure: BaseException | None = None

    def attach(self, x: Tensor, index: int, channels_first: bool) -> Any:
        raise NotImplementedError

    def visible(self) -> bool:
        return True

    def received(self, gradient: Tensor, index: int, channels_first: bool) -> None:
        """Takes the figures of a gradient that has come to a probe."""
        seen = on_host(look(gradient, channels_first))
        self.recorder.backward(index, size_of(gradient), seen, self.scale)

    def loss(self, values: list[Any], data: Any) -> float:
        """The loss with other values of the trainable variables, and no figures."""
        others = [v.value for v in self.problem.others]
        with self.recorder.resting():
            return float(self.problem.forward(values, others, data))

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
