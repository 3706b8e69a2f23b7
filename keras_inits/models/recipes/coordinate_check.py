"""The coordinate check: whether activations keep their size over widths in training."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_inits._utils import checks
from keras_inits._utils.host_array import to_numpy
from keras_inits.graph.moments import MOVERS
from keras_inits.models.recipes.coordinates import CoordinateCheck
from keras_inits.signals import hooks
from keras_inits.signals.recorder import first_real

__all__ = ["coordinate_check"]


def _sizes(model: Any, x: Any) -> dict[str, float]:
    """The mean absolute output of each layer's last call, by path."""
    found: dict[str, float] = {}

    def watch(hooked: Any, args: Any, kwargs: Any, inner: Any, output: Any) -> Any:
        target = first_real(output)
        passes_on = type(hooked.layer).__name__ in MOVERS | hooks.NOISES
        if target is not None and not passes_on:
            size = keras.ops.mean(keras.ops.abs(keras.ops.cast(target, "float32")))
            found[hooked.path or hooked.name] = float(to_numpy(size))
        return output

    with hooks.watching(model, watch):
        model(keras.tree.map_structure(keras.ops.convert_to_tensor, x), training=False)
    return found


def _built(build: Callable[..., Any], width: int, seed: int | None) -> Any:
    """The model of a width.

    Raises:
        ValueError: If it is no compiled model.
    """
    model = build(width) if seed is None else build(width, seed)
    ready = isinstance(model, keras.Model) and getattr(model, "compiled", False)
    if not ready or model.optimizer is None:
        raise ValueError(
            "`build` makes a compiled model of a width. Received: "
            f"{type(model).__name__} from build({width}). Call "
            "model.compile(optimizer, loss) in it and return the model."
        )
    return model


class _Run(NamedTuple):
    """What is seen of one model."""

    layers: tuple[str, ...]
    sizes: list[list[float]]
    losses: list[float]


def _run(build: Any, width: int, seed: int | None, x: Any, y: Any, steps: int) -> _Run:
    """Trains one model."""
    model = _built(build, width, seed)
    seen, losses = [_sizes(model, x)], []
    for _ in range(steps):
        model.reset_metrics()  # Keras 3.12 would give the mean over all steps
        loss = model.train_on_batch(x, y)
        losses.append(float(np.asarray(loss[0] if isinstance(loss, list) else loss)))
        seen.append(_sizes(model, x))
    return _Run(tuple(seen[0]), [list(one.values()) for one in seen], losses)


def _seeds(seeds: Any) -> list[int | None]:
    """Seeds as they were given.

    Raises:
        ValueError: If there is none, or one is no int.
    """
    if seeds is None:
        return [None]
    found: list[int | None] = [
        checks.whole(
            "seeds", seed, minimum=0, meaning="a seed", instead="Use seeds=[0, 1, 2]."
        )
        for seed in seeds
    ]
    if not found:
        raise ValueError(
            "`seeds` are ints, one or more. Received: seeds=[]. Use seeds=[0, 1, 2]."
        )
    return found


def coordinate_check(
    build: Callable[..., Any],
    widths: Sequence[int],
    x: Any,
    y: Any,
    steps: int = 4,
    seeds: Sequence[int] | None = None,
) -> CoordinateCheck:
    """Trains a few steps at each width, and tells how large activations are.

    With muP every layer's output keeps its size whatever the width; where a multiplier
    is forgotten, the layers behind it grow.

    Args:
        build: From a width, and a seed if there are `seeds`, to a new compiled model.
        widths: Two or more ints, rising.
        x: Inputs of one batch, as for `train_on_batch`. 32 samples or more.
        y: Targets.
        steps: Int, >= 1: how often the batch is trained on.
        seeds: Ints for `build`, one or more: sizes and losses are means over them, for
            one narrow model says little. None: one model for each width.

    Returns:
        A `CoordinateCheck`, with `slopes()` and `plot()`.

    Raises:
        ValueError: If there are fewer than two widths, or they do not rise; if `build`
            gives no compiled model; if models have different layers.

    Examples:
    >>> import keras, keras_inits, numpy as np
    >>> def build(width):
    ...     hidden = keras.layers.Dense(width, "relu", name="hidden")
    ...     head = keras.layers.Dense(3, name="head")
    ...     model = keras.Sequential([keras.Input((5,)), hidden, head])
    ...     model.compile("sgd", "mse")
    ...     return model
    >>> x, y = np.ones((8, 5), "float32"), np.ones((8, 3), "float32")
    >>> check = keras_inits.recipes.coordinate_check(build, [8, 16], x, y, steps=2)
    >>> check.layers, check.sizes.shape
    (('hidden', 'head'), (2, 3, 2))

    Reference: Yang et al. (2022), arXiv 2203.03466, appendix D.1.
    """
    checks.whole("steps", steps, meaning="how often it trains", instead="Use steps=4.")
    listed = [
        checks.whole("widths", width, meaning="a width", instead="Use [64, 128, 256].")
        for width in widths
    ]
    if len(listed) < 2 or listed != sorted({*listed}):
        raise ValueError(
            "`widths` are two or more, and rise. Received: "
            f"widths={listed}. For example [64, 128, 256]."
        )
    runs = [
        [_run(build, width, seed, x, y, steps) for width in listed]
        for seed in _seeds(seeds)
    ]
    layers = runs[0][0].layers
    for number, run in ((n, run) for one in runs for n, run in enumerate(one)):
        if run.layers != layers:
            differs = sorted({*run.layers} ^ {*layers}) or ["their order"]
            raise ValueError(
                "`build` must make the same layers at each width. Received: "
                f"{differs[0]!r} at one of {listed[0]} and {listed[number]} only. Name "
                "layers without the width."
            )
    sizes = np.mean([[run.sizes for run in one] for one in runs], axis=0)
    losses = np.mean([[run.losses for run in one] for one in runs], axis=0)
    return CoordinateCheck(tuple(listed), layers, sizes, losses)
