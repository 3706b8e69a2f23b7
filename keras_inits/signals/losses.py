"""What the gradient is taken of: a loss, or a random direction of the outputs."""

import inspect
import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_inits._utils import checks
from keras_inits._utils.host_array import to_numpy
from keras_inits._utils.keras_private import (
    compile_loss,
    compiled_with,
    with_compile_loss,
)
from keras_inits.signals.projection import projected
from keras_inits.signals.refusals import labels_out_of_range, refused_loss
from keras_inits.signals.terms import (
    CATEGORICAL,
    DIFFERENCES,
    Term,
    canonical_name,
    foreseen,
    squeezed,
    takes_logits,
)

COMPILED, GIVEN, PROJECTION = "compiled", "given", "projection"


class _Asked(NamedTuple):
    """A loss that was called in a pass, with places in flattened structures."""

    output: int
    target: int
    loss: Any
    weight: float


def _place(tensor: Any, flat: list[Any]) -> int:
    """Where a tensor, or the first of a structure of them, stands in a list; else -1"""
    first = keras.tree.flatten(tensor)[0]
    return next((n for n, other in enumerate(flat) if other is first), -1)


def _whole(loss: Any, names: list[str] | None) -> Any:
    """A loss given by hand, with None for outputs that a dictionary does not name."""
    if isinstance(loss, dict) and names:
        unknown = set(loss) - set(names)
        if unknown:
            raise ValueError(
                f"`loss` must name outputs of the model ({', '.join(names)}). "
                f"Received: loss for {', '.join(sorted(map(str, loss)))}. "
                f"{checks.did_you_mean(next(iter(unknown)), names)}"
            )
        return {name: loss.get(name) for name in names}
    if isinstance(loss, list | tuple) and names and len(loss) != len(names):
        raise ValueError(
            f"`loss` must have one entry for each of the model's {len(names)} outputs. "
            f"Received: {len(loss)} entries. Use None for an output without one."
        )
    return loss


def _finite(tensors: list[Any]) -> bool:
    """Whether all values are finite, as far as they are known already."""
    try:
        return all(np.isfinite(to_numpy(t).astype("float64")).all() for t in tensors)
    except Exception:  # of a program that is only traced
        return True


class Objective:
    """The function whose gradient is measured: what `fit` lowers, where it is known.

    Args:
        model: The model.
        loss: What `diagnose` was given, or None for the compiled loss.
        has_targets: Whether there are targets.
        seed: Of the random direction.

    Attributes:
        kind: COMPILED, GIVEN or PROJECTION; known after a pass.
        refusal: The error that said why the loss could not be computed, or None.
    """

    def __init__(
        self, model: keras.Model, loss: Any, has_targets: bool, seed: int
    ) -> None:
        if loss is not None and not has_targets:
            raise ValueError(
                "`loss` compares outputs with targets, so `y` is needed. Received: "
                "y=None. Pass diagnose(model, x, y, loss=...), or leave out `loss` "
                "to measure a random direction of the outputs."
            )
        self.model, self.seed = model, seed
        self.names = list(getattr(model, "output_names", None) or []) or None
        spec, weights = compiled_with(model)
        is_compiled = bool(getattr(model, "compiled", False))
        own = getattr(type(model), "compute_loss", None)
        overrides = own is not None and own is not keras.Model.compute_loss
        self.kind = COMPILED
        self._is_own = False  # whether the model's class has its own idea of the loss
        self._adds_all = False  # whether layers may add all that there is
        if loss is not None:
            self.kind, spec, weights = GIVEN, loss, None
        elif overrides and is_compiled and (has_targets or spec is None):
            self._is_own = True
        elif spec is None or not has_targets:
            self.kind = PROJECTION
            self._adds_all = is_compiled and spec is None
        self.spec, self.weights = spec, weights
        self.refusal: Exception | None = None
        self._asked: list[_Asked] = []
        self._outputs: list[tuple[str, tuple[int, ...]]] = []  # names and shapes
        self._means: list[float] = []  # of the weights of samples, by batch

    def see(self, weight: Any) -> None:
        """Takes note of the weights of a batch's samples, before it is run."""
        flat = [w for w in keras.tree.flatten(weight) if w is not None]
        self._means.append(float(to_numpy(flat[0]).mean()) if len(flat) == 1 else 1.0)

    def value(
        self, x: Any, outputs: Any, y: Any, weight: Any, added: Sequence[Any] = ()
    ) -> Any:
        """The loss of a batch, float32, with what layers add to it.

        Args:
            x: Inputs.
            outputs: What the model made of them.
            y: Targets.
            weight: Weights of samples, or None.
            added: What layers have added to the loss.

        Raises:
            ValueError: If the loss cannot be computed.
        """
        flat = keras.tree.flatten(outputs)
        self._note(outputs)
        self._asked = []
        if self._adds_all and added:
            self.kind = COMPILED
        if self.kind == PROJECTION:
            parts = [keras.ops.sum(keras.ops.cast(loss, "float32")) for loss in added]
            return sum(parts, projected(flat, self.seed))
        try:
            found = keras.ops.cast(self._computed(x, outputs, y, weight), "float32")
            # Of a loss that is not reduced `fit` reports the mean.
            return keras.ops.mean(found) if found.shape else found
        except Exception as error:
            if not _finite(flat):  # PyTorch refuses what others make NaN of
                return projected(flat, self.seed) * math.nan
            losses = keras.tree.flatten(self.spec)
            names = [canonical_name(x) for x in losses if x is not None]
            self.refusal = refused_loss(
                error, outputs, y, weight, ", ".join(names) or "None", self._labels(y)
            )
            if self.refusal is error:
                raise
            raise self.refusal from error

    def _note(self, outputs: Any) -> None:
        """Names and shapes of the outputs."""
        found = keras.tree.flatten_with_path(outputs)
        known = self.names if self.names and len(self.names) == len(found) else None
        self._outputs = []
        for number, (path, output) in enumerate(found):
            name = known[number] if known else "/".join(map(str, path)) or "output"
            if any(isinstance(key, str) for key in path):
                name = "/".join(map(str, path))
            shape = tuple(int(n) for n in output.shape)
            self._outputs.append((name, shape))

    def _computed(self, x: Any, outputs: Any, y: Any, weight: Any) -> Any:
        model = self.model
        if self.spec is None:
            return self._compute_loss()(x=x, y=y, y_pred=outputs, sample_weight=weight)
        flat, targets = keras.tree.flatten(outputs), keras.tree.flatten(y)

        def watch(loss: Any, factor: Any) -> Callable[..., Any]:
            def called(target: Any, output: Any, weight: Any = None) -> Any:
                places = _place(output, flat), _place(target, targets)
                self._asked.append(
                    _Asked(*places, loss, 1.0 if factor is None else float(factor))
                )
                return loss(target, output, weight)

            return called

        spec, names = self.spec, getattr(model, "output_names", None)
        if self.kind == GIVEN:
            known = sorted(outputs) if isinstance(outputs, dict) else names
            spec = _whole(spec, known if len(flat) > 1 else names)
        summed = compile_loss(spec, self.weights, names, watch)
        with warnings.catch_warnings(), with_compile_loss(model, summed):
            # TensorFlow's is for training, which goes on from the logits all the same.
            warnings.filterwarnings("ignore", ".*received `from_logits=True`")
            return self._compute_loss()(x=x, y=y, y_pred=outputs, sample_weight=weight)

    def _compute_loss(self) -> Callable[..., Any]:
        """The model's own sum of all losses, or Keras's for one that was given."""
        if self.kind == GIVEN:
            base: Callable[..., Any] = keras.Model.compute_loss.__get__(self.model)
            return base
        own: Callable[..., Any] = self.model.compute_loss
        takes = inspect.signature(own).parameters.values()
        if any(p.name == "training" or p.kind is p.VAR_KEYWORD for p in takes):
            return lambda **given: own(**given, training=True)
        return own  # of older signature

    def _labels(self, y: Any) -> str | None:
        """What is wrong with labels of the loss that was asked last."""
        last = self._asked[-1] if self._asked else None
        if last is None or canonical_name(last.loss) != CATEGORICAL[1]:
            return None
        try:
            target = to_numpy(keras.tree.flatten(y)[last.target])
        except Exception:  # of a program that is only traced
            return None
        return labels_out_of_range(target, self._outputs[last.output][1][-1])

    def terms(self, y: Any) -> list[Term]:
        """What is asked of each output, in their flat order, by targets of a batch.

        Known after a pass; nothing of a random direction, and of a model whose class
        computes its loss itself.
        """
        if self.kind == PROJECTION or self._is_own:
            return []
        flat = keras.tree.flatten(y)
        found = []
        for number, (name, shape) in enumerate(self._outputs):
            asked = next((a for a in self._asked if a.output == number), None)
            if asked is None:
                found.append(Term(name))
                continue
            target = flat[asked.target] if asked.target >= 0 else None
            found.append(
                Term(
                    name,
                    canonical_name(asked.loss),
                    takes_logits(asked.loss),
                    None if target is None else squeezed(target, shape),
                    asked.weight,
                    has_loss=True,
                )
            )
        return found

    def foreseen(self, y: Any, names: list[str], keys: list[str] | None) -> list[Term]:
        """What will be asked of each output, before a pass: see `terms.foreseen`."""
        if self._is_own:  # nobody knows
            return [Term(name, has_loss=True) for name in names]
        return foreseen(self.spec, self.weights, y, names, keys)

    def subtracted(self, y: Any) -> list[Any]:
        """Those targets that a loss subtracts outputs from; known after a pass."""
        return [
            term.target
            for term in self.terms(y)
            if term.loss in DIFFERENCES and term.target is not None
        ]

    @property
    def weight(self) -> float:
        """The factor of the only loss, mean weight of samples included; known late."""
        if len(self._outputs) != 1 or len(self._asked) != 1 or self._is_own:
            return 1.0
        asked, shape = self._asked[0], self._outputs[0][1]
        mean = sum(self._means) / len(self._means) if self._means else 1.0
        reduction = getattr(asked.loss, "reduction", None)
        if reduction == "mean_with_sample_weight":
            mean = 1.0
        elif reduction == "sum":
            mean *= math.prod(shape[:-1])
        return asked.weight * mean

    @property
    def chance(self) -> float | None:
        """Loss of equal probabilities of C classes, penalties included; known late.

        ln C times `weight`, where the only loss is a cross entropy; else None.
        """
        if len(self._outputs) != 1 or len(self._asked) != 1 or self._is_own:
            return None
        name = canonical_name(self._asked[0].loss)
        classes = {"binary_crossentropy": 2}.get(name)
        if name in CATEGORICAL:
            classes = self._outputs[0][1][-1]
        if classes is None:
            return None
        penalties = [
            float(to_numpy(keras.ops.sum(v.regularizer(v))))
            for v in self.model.trainable_variables
            if v.regularizer is not None
        ]
        return math.log(classes) * self.weight + sum(penalties)
