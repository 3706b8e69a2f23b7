"""What the gradient is taken of: a loss, or a random direction of the outputs."""

import functools
import inspect
import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from keras_inits._utils import checks
from keras_inits._utils.layer_names import snake_case
from keras_inits._utils.types import Tensor

COMPILED, GIVEN, PROJECTION = "compiled", "given", "projection"
CATEGORICAL = ("categorical_crossentropy", "sparse_categorical_crossentropy")
# Losses of the difference between an output and its target.
DIFFERENCES = ("mean_squared_error", "mean_absolute_error", "huber", "log_cosh")


def loss_name(loss: Any) -> str:
    """The name of a loss, as Keras writes it."""
    if isinstance(loss, str):
        return snake_case(loss) if loss[:1].isupper() else loss
    return getattr(loss, "__name__", None) or snake_case(type(loss).__name__)


def _function(loss: Any) -> Callable[[Any, Any, Any], Any]:
    found = keras.losses.get(loss)
    if isinstance(found, keras.losses.Loss):
        return lambda y, p, weight: found(y, p, sample_weight=weight)

    def mean(y: Any, p: Any, weight: Any) -> Any:
        values = keras.ops.cast(found(y, p), "float32")
        return keras.ops.mean(values if weight is None else values * weight)

    return mean


def _by_output(spec: Any, count: int, names: list[str] | None, what: str) -> list[Any]:
    """One entry for each output of the model."""
    if isinstance(spec, dict):
        known = names or list(spec)
        if set(spec) - set(known):
            raise ValueError(
                f"`{what}` must name outputs of the model ({', '.join(known)}). "
                f"Received: {what} for {', '.join(sorted(spec))}. "
                f"{checks.did_you_mean(next(iter(set(spec) - set(known))), known)}"
            )
        return [spec.get(name) for name in known]
    if isinstance(spec, list | tuple):
        if len(spec) != count:
            raise ValueError(
                f"`{what}` must have one entry for each of the model's {count} "
                f"outputs. Received: {len(spec)} entries. Use None for an output "
                "without one."
            )
        return list(spec)
    return [spec] * count if what == "loss" else [spec]


def _own_loss(
    model: keras.Model, loss: Any, has_targets: bool
) -> Callable[..., Any] | None:
    """A compiled model's own `compute_loss`, where its class overrides Keras's.

    What it returns is all of what training would lower, what layers add included.
    Without targets it is asked only if the model was compiled without a loss, as one
    is that needs none.
    """
    own = getattr(type(model), "compute_loss", None)
    overrides = own is not None and own is not keras.Model.compute_loss
    if loss is not None or not overrides or not getattr(model, "compiled", False):
        return None
    if not has_targets and model.loss is not None:
        return None
    takes = inspect.signature(model.compute_loss).parameters.values()
    knows_training = any(p.name == "training" or p.kind is p.VAR_KEYWORD for p in takes)
    extra = {"training": True} if knows_training else {}  # newer than the others
    return functools.partial(model.compute_loss, **extra)


class Objective:
    """The function whose gradient is measured.

    Args:
        model: The model.
        loss: What `diagnose` was given, or None for the compiled loss.
        has_targets: Whether there are targets.
        seed: Of the random direction.
    """

    def __init__(
        self, model: keras.Model, loss: Any, has_targets: bool, seed: int
    ) -> None:
        compiled = getattr(model, "loss", None) if model.__dict__.get("loss") else None
        self.spec = loss if loss is not None else compiled
        self.kind = GIVEN if loss is not None else COMPILED
        if self.spec is None or not has_targets:
            if loss is not None:
                raise ValueError(
                    "`loss` compares outputs with targets, so `y` is needed. Received: "
                    "y=None. Pass diagnose(model, x, y, loss=...), or leave out `loss` "
                    "to measure a random direction of the outputs."
                )
            self.kind = PROJECTION
        self.names = list(getattr(model, "output_names", None) or []) or None
        self.weights = None
        if self.kind == COMPILED:
            config = getattr(model, "_compile_loss", None)
            self.weights = getattr(config, "_user_loss_weights", None)
        self.seed = seed
        self.outputs: tuple[int, list[str] | None] = (0, None)  # number and names
        self.chance: float | None = None  # known after a pass
        self._own = _own_loss(model, loss, has_targets)
        if self._own is not None:
            self.kind, self.weights = COMPILED, None

    @property
    def is_whole(self) -> bool:
        """Whether the value has in it what layers add to the loss."""
        return self._own is not None

    def _chance(self, flat: list[Any]) -> float | None:
        """ln C of a cross entropy over C classes, weighted as it is; else None."""
        if self.kind == PROJECTION or len(flat) != 1 or isinstance(self.spec, dict):
            return None
        name = loss_name(keras.tree.flatten(self.spec)[0])
        classes = {"binary_crossentropy": 2}.get(name)
        if name in CATEGORICAL:
            classes = int(flat[0].shape[-1])
        if classes is None:
            return None
        return math.log(classes) * self.weight

    @property
    def weight(self) -> float:
        """The factor of the only loss."""
        weights = [w for w in keras.tree.flatten(self.weights) if w is not None]
        return float(weights[0]) if len(weights) == 1 else 1.0

    def value(self, x: Any, outputs: Tensor, y: Any, weight: Any) -> Any:
        """The loss, float32."""
        if self._own is not None:
            found = self._own(x=x, y=y, y_pred=outputs, sample_weight=weight)
            return keras.ops.cast(found, "float32")
        flat = keras.tree.flatten(outputs)
        self.chance = self._chance(flat)
        if self.kind == PROJECTION:
            return self._projected(flat)
        names = sorted(outputs) if isinstance(outputs, dict) else self.names
        self.outputs = (len(flat), names)
        losses, targets = self._pairs(y)
        factors = [1.0] * len(flat)
        if self.weights is not None:
            factors = _by_output(self.weights, len(flat), names, "loss_weights")
        total = keras.ops.zeros((), "float32")
        for loss, target, output, factor in zip(
            losses, targets, flat, factors, strict=True
        ):
            if loss is not None:
                found = _function(loss)(target, output, weight)
                total = total + keras.ops.cast(found, "float32") * (
                    1.0 if factor is None else factor
                )
        return total

    def _pairs(self, y: Any) -> tuple[list[Any], list[Any]]:
        """The loss and the targets of each output."""
        count, names = self.outputs
        losses = _by_output(self.spec, count, names, "loss")
        if count == 1 and not isinstance(y, dict):
            return losses, [y]
        return losses, _by_output(y, count, names, "y")

    def subtracted(self, y: Any) -> list[Any]:
        """Those targets that a loss subtracts outputs from; known after a pass."""
        if self.kind == PROJECTION or self._own is not None:
            return []
        return [
            target
            for loss, target in zip(*self._pairs(y), strict=True)
            if loss is not None and loss_name(keras.losses.get(loss)) in DIFFERENCES
        ]

    def _projected(self, flat: list[Any]) -> Any:
        """The outputs along a random direction, of the size of a mean loss.

        Its gradient by the outputs of a sample is of norm 1 / samples, as that of a
        mean of cross entropies about is.
        """
        real = [x for x in flat if keras.backend.is_float_dtype(str_dtype(x))]
        size = sum(math.prod(int(n) for n in x.shape) for x in real)
        samples = int(real[0].shape[0]) if real and real[0].shape else 1
        total = keras.ops.zeros((), "float32")
        for number, output in enumerate(real):
            product = keras.ops.cast(output, "float32")
            shape = tuple(int(n) for n in output.shape)
            for factor in direction(shape, self.seed + number):
                product = product * keras.ops.convert_to_tensor(factor)
            total = total + keras.ops.sum(product)
        return total / math.sqrt(max(1, size * samples))


def direction(shape: tuple[int, ...], seed: int) -> list[np.ndarray]:
    """A fixed random direction of unit variance, as factors that multiply.

    Random signs along every axis but the last, normal values along that: as many
    numbers as there are rows and columns, where the whole may be of a vocabulary's
    size, and the same on every backend.
    """
    random = np.random.default_rng(seed)
    factors = []
    for axis, size in enumerate(shape):
        values = random.standard_normal(size)
        values = values if axis == len(shape) - 1 else np.sign(values)
        along = [1] * len(shape)
        along[axis] = size
        factors.append(values.reshape(along).astype("float32"))
    return factors


def str_dtype(x: Any) -> str:
    """The name of a tensor's type."""
    return str(keras.backend.standardize_dtype(x.dtype))
