"""Do the samples of a batch influence each other, where none should?

A few samples run through the model twice, as at inference; the second time one of them
is another. What the model says of the others must not change.
"""

import contextlib
from typing import Any

import keras
import numpy as np

from keras_inits._utils.host_array import to_numpy
from keras_inits._utils.keras_private import is_of_keras
from keras_inits._utils.types import Args, Kwargs, Tensor
from keras_inits.signals import engines, hooks
from keras_inits.signals.random_state import unchanged_randomness

SAMPLES = 7  # that run, or one fewer where an axis has this size
LARGEST = 5e7  # weights of a model that is tried
INPUTS = 2e7  # numbers in the inputs of the samples
# By how much an output may change by rounding, by its largest value.
ROUNDING = 1e-4
TOO_LARGE = (
    "not tried whether samples influence each other: the model or its data are large"
)


# Operations that take each number of two tensors by itself.
BINARY = {"Add", "Cast", "Divide", "Identity", "Maximum", "Minimum", "Multiply"}
BINARY |= {"Subtract", "TrueDivide"}


def _may(model: keras.Model) -> bool:
    """Whether something in a model could mix: code of one's own, or axis 0."""
    for hooked in hooks.all_layers(model):
        layer = hooked.layer
        if not isinstance(layer, keras.layers.Layer):
            if type(layer).__name__ not in BINARY:
                return True
            continue
        axis = getattr(layer, "axis", None)
        axes = axis if isinstance(axis, list | tuple) else [axis]
        function = getattr(layer, "activation", None)
        own = function is None or is_of_keras(function, "activations")
        if isinstance(layer, keras.layers.Lambda) or 0 in axes or not own:
            return True
        if not is_of_keras(type(layer), "layers"):
            return True
    return False


def _rows(x: Any, count: int) -> Any:
    return keras.tree.map_structure(lambda a: a[:count], x)


def _other(x: Any) -> Any:
    """The same samples, but the first is replaced by the last."""

    def replaced(a: Any) -> Any:
        return keras.ops.concatenate([a[-1:], a[1:]], axis=0)

    return keras.tree.map_structure(replaced, x)


def _outputs(model: keras.Model, x: Any, watch: Any = None) -> list[Any]:
    """What the model says at inference."""
    watching = hooks.watching(model, watch) if watch else contextlib.nullcontext()
    with (
        unchanged_randomness(),
        watching,
        keras.StatelessScope(),
        engines.no_gradient(),
    ):
        outputs = model(x, training=False)
    return [to_numpy(y) for y in keras.tree.flatten(outputs)]


def _by_layer(model: keras.Model, x: Any) -> dict[str, np.ndarray]:
    """What every layer returns at its first call, by the layer's name."""
    found: dict[str, np.ndarray] = {}

    def watch(
        hooked: hooks.Hooked, args: Args, kwargs: Kwargs, inner: Any, output: Tensor
    ) -> Any:
        first = next(iter(keras.tree.flatten(output)), None)
        if hooked.name not in found and keras.ops.is_tensor(first):
            with contextlib.suppress(Exception):  # inside a compiled loop
                found[hooked.name] = to_numpy(first).copy()
        return output

    _outputs(model, x, watch)
    return found


def _change(one: np.ndarray, two: np.ndarray, count: int) -> float:
    """By how much the other samples' part has changed, by the largest value."""
    if one.shape != two.shape or one.ndim == 0 or one.shape[0] != count:
        return 0.0
    if one.dtype.kind not in "fV" or not np.isfinite(one.astype("float32")).all():
        return 0.0
    one, two = one.astype("float64"), two.astype("float64")
    size = float(np.abs(one).max(initial=0.0))
    moved = float(np.abs(one[1:] - two[1:]).max(initial=0.0))
    return moved / size if size > 0 and np.isfinite(moved) else 0.0


def mixed(model: keras.Model, x: Any) -> tuple[float, str, tuple[str, ...]]:
    """By how much a sample moves what the model says of others.

    Args:
        model: A built model.
        x: A batch, tensors of the backend.

    Returns:
        The largest change by the largest output, 0 where none is; the name of the
        first layer that mixes; and notes.
    """
    flat = keras.tree.flatten(x)
    if not _may(model):
        return 0.0, "", ()
    usable = bool(flat) and all(
        keras.ops.is_tensor(a) and not getattr(a, "sparse", False) and len(a.shape) > 0
        for a in flat
    )
    if not usable or min(int(a.shape[0]) for a in flat) < 3:
        return 0.0, "", ()
    rows = int(flat[0].shape[0])
    fixed = any(
        shape and shape[0] is not None
        for shape in (tuple(t.shape) for t in getattr(model, "inputs", None) or [])
    )
    count = rows if fixed else min(rows, SAMPLES)
    size = sum(int(np.prod(a.shape[1:])) * count for a in flat)
    if model.count_params() > LARGEST or size > INPUTS:
        return 0.0, "", (TOO_LARGE,)
    try:
        return _tried(model, x, count, fixed)
    except Exception:  # what the model cannot run on is said by the pass itself
        return 0.0, "", ()


def _tried(
    model: keras.Model, x: Any, count: int, fixed: bool
) -> tuple[float, str, tuple[str, ...]]:
    few = _rows(x, count)
    outputs = _outputs(model, few)
    if any(count in y.shape[1:] for y in outputs):
        if fixed or count < 4:
            return 0.0, "", ()
        count -= 1  # similarities of all with all shrink with the batch, classes do not
        few = _rows(x, count)
        outputs = _outputs(model, few)
        if any(count in y.shape[1:] for y in outputs):
            return 0.0, "", ()
    other = _other(few)

    def moved(x: Any) -> float:
        pairs = zip(outputs, _outputs(model, x), strict=True)
        return max((_change(a, b, count) for a, b in pairs), default=0.0)

    figure = moved(other)
    if figure <= ROUNDING or moved(few) > ROUNDING:  # or the model draws at random
        return 0.0, "", ()
    before, after = _by_layer(model, few), _by_layer(model, other)
    names = (
        name
        for name, value in before.items()
        if name in after and _change(value, after[name], count) > ROUNDING
    )
    return figure, next(names, ""), ()
