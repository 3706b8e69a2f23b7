"""`grow`: a wider model starts as copies of a small one's units, outputs unchanged."""

from typing import Any

import keras
import numpy as np

from keras_inits._utils import checks
from keras_inits._utils.keras_private import query_of
from keras_inits._utils.types import Seed
from keras_inits.geometry.roles import Role
from keras_inits.models.assign import all_or_nothing
from keras_inits.models.plan import refuse
from keras_inits.models.report import InitializationReport
from keras_inits.models.transfer.common import (
    as_stored,
    checked_seed,
    gaussian,
    on_host,
    row,
)
from keras_inits.models.transfer.matched import (
    Pair,
    check_ends,
    fixed_axes,
    left_alone,
    matched,
)
from keras_inits.models.transfer.tied import tied_scales
from keras_inits.signals import noise as white
from keras_inits.signals.batches import tensors

TOLERANCE = 1e-5  # of the outputs' size
LOW = 0.05  # the same, where outputs have few digits
NOISE = 0.01


def _problem(one: Pair) -> str:
    """Why a weight cannot become the larger one; "" if it can."""
    fixed = fixed_axes(one.to)
    for axis, sizes in enumerate(zip(one.to.shape, one.source.shape, strict=True)):
        large, small = sizes
        where = f"axis {axis} of {one.to.path!r}, {large} from {small}"
        if large % small:
            return f"Widths grow by whole factors. Received: {where}."
        if large != small and (
            axis in fixed or (one.is_head and _is_output(one, axis))
        ):
            return (
                "Windows, tables and predictions must have the same size in both "
                f"models. Received: {where}."
            )
    return ""


def _is_output(one: Pair, axis: int) -> bool:
    return axis == len(one.to.shape) - 1


def _copies(one: Pair) -> float:
    """How many copies of each input a kernel sums up."""
    if one.to.weight.role not in (Role.KERNEL, Role.RECURRENT):
        return 1.0
    fans = [p.weight.geometry.fans(p.shape).fan_in for p in (one.to, one.source)]
    return fans[0] / fans[1]


def _query_scale(one: Pair) -> float:
    """What keeps scores: a head m times as large sums m copies, and divides by √m."""
    around = one.to.parents[-1] if one.to.parents else None
    if query_of(around) is not one.to.layer:
        return 1.0
    return float(np.sqrt(one.source.shape[-1] / one.to.shape[-1]))


def _cancelling(one: Pair, noise: float, value: np.ndarray, seed: int) -> Any:
    """Noise on the weights of equal inputs that sums to zero over them."""
    inputs = one.to.weight.geometry.axes(one.to.shape)[0]
    grown = [a for a in inputs if one.to.shape[a] > one.source.shape[a]]
    if not noise or not grown:
        return 0.0
    axis, small = grown[0], one.source.shape[grown[0]]
    drawn = gaussian(seed, one.to.path, "noise", one.to.shape)
    split = (*drawn.shape[:axis], small, -1, *drawn.shape[axis + 1 :])
    drawn = drawn.reshape(split)
    drawn = drawn - drawn.mean(axis + 1, keepdims=True)
    return noise * value.std() * drawn.reshape(one.to.shape)


def _grown(one: Pair, noise: float, seed: int) -> np.ndarray:
    """A weight of the large model: neighbours are copies."""
    value = on_host(one.source.variable)
    for axis, size in enumerate(one.source.shape):
        # Neighbours, not one block behind the other: so Flatten, gates and groups
        # keep their order.
        value = np.repeat(value, one.to.shape[axis] // size, axis)
    copies = _copies(one)
    value = value / copies
    if copies > 1:
        value = value + _cancelling(one, noise, value, seed)
    return value * _query_scale(one)


def _outputs(model: keras.Model, x: Any) -> list[np.ndarray]:
    found = keras.tree.flatten(model(x, training=False))
    return [on_host(y) for y in found]


def _widened(y: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Outputs as copies side by side, where a model ends with a stream of features."""
    is_wider = y.ndim == len(shape) > 0 and y.size and shape[-1] % y.shape[-1] == 0
    return y.repeat(shape[-1] // y.shape[-1], -1) if is_wider else y


def _check(large: keras.Model, expected: list[np.ndarray], x: Any) -> None:
    """Refuses a model whose outputs are not the small one's.

    Raises:
        ValueError: If so; then nothing is written.
    """
    found = _outputs(large, x)
    expected = [_widened(b, a.shape) for a, b in zip(found, expected, strict=False)]
    same = [a.shape for a in found] == [b.shape for b in expected]
    low = keras.backend.standardize_dtype(large.compute_dtype) in (
        "float16",
        "bfloat16",
    )
    pairs = [(a, b) for a, b in zip(found, expected, strict=False) if same and a.size]
    # By NumPy, whose maxima are nan where a number is.
    error = np.max([np.abs(a - b).max() for a, b in pairs], initial=0.0)
    size = np.max([np.abs(b).max() for _, b in pairs], initial=0.0)
    if not same or not error <= (LOW if low else TOLERANCE) * max(1.0, size):
        what = f"differ by {error:.2g} of {size:.2g}" if same else "have other shapes"
        raise ValueError(
            "The wider model must compute what the small one does, and with copied "
            f"units it does not. Received: {large.name!r}, whose outputs {what}. That "
            "is so for positions that rotate within a larger head (add heads instead), "
            "for heads tied to a table behind an activation, for settings that differ "
            "in both models, and for layers that mix units in ways of their own. Where "
            "noise gives no numbers, pass data=. "
            "Nothing was written."
        )


def grow(
    large: keras.Model,
    from_small: keras.Model,
    *,
    noise: float = NOISE,
    data: Any = None,
    seed: Seed = None,
) -> InitializationReport:
    """Sets a wider model to a trained small one's function, by copying its units.

    A width that is m times as large holds m copies of each unit, side by side; kernels
    that sum over copies are divided by their number, and queries by √m where heads are
    m times as large. Both models then give the same outputs, which is checked on a
    batch; a model for which copies do not do that is refused. In front of a head that
    is tied to its table, the last normalization is divided by m. Of a model without a
    head, such as a backbone, the outputs are features, m copies of each.

    Equal copies get equal gradients, so noise breaks the tie: on the weights of copied
    inputs, it sums to zero over the copies, and leaves the outputs.

    Args:
        large: A built model, which is set.
        from_small: A built model of the same kind and depth, whose widths divide the
            large one's, which stays as it is.
        noise: Std of the noise, of that of each kernel; finite float >= 0. With 0,
            copies stay equal as long as training treats them alike.
        data: A batch of inputs for the check, as arrays; None for white noise.
        seed: Of the noise: int, or None for another one at each call.

    Returns:
        An `InitializationReport`.

    Raises:
        ValueError: With nothing written: layers do not match; a width is no multiple;
            inputs, outputs, windows or vocabularies differ in size; outputs differ by
            more than 1e-5 of their size.

    Examples:
    >>> import keras, keras_inits, numpy as np
    >>> def make(width):
    ...     hidden = [keras.layers.Dense(width, "relu") for _ in range(2)]
    ...     head = keras.layers.Dense(3, name="head")
    ...     return keras.Sequential([keras.Input((8,)), *hidden, head])
    >>> small, large = make(4), make(12)
    >>> report = keras_inits.grow(large, small, seed=7)
    >>> x = np.ones((2, 8), "float32")
    >>> outputs = [model.predict(x, verbose=0) for model in (large, small)]
    >>> bool(np.allclose(*outputs, atol=1e-5))
    True

    Reference: Chen et al. (2016), "Net2Net", arXiv 1511.05641; Samragh et al. (2024),
    "HyperCloning", arXiv 2409.12903.
    """
    used = checked_seed("grow", seed)
    noise = checks.number(
        "noise",
        noise,
        minimum=0,
        meaning="the std of what tells copies apart, of each kernel's",
        instead=f"Leave it out for {NOISE:g}.",
    )
    pairs = matched(large, from_small, same_depth=True)
    check_ends(large, from_small)
    problems = [_problem(one) for one in pairs]
    refuse([problem for problem in problems if problem])
    x = tensors(white.noise(from_small, used % 2**32)[0] if data is None else data)
    expected = _outputs(from_small, x)
    scales = tied_scales(large, pairs)
    stored, rows = [], []
    for one in pairs:
        scale = scales.get(one.to.path, 1.0)
        value = as_stored(one.to, _grown(one, noise, used) * scale)
        stored.append((one.to.variable, value))
        shapes = ["×".join(map(str, p.shape)) for p in (one.to, one.source)]
        copies = _copies(one)
        note = f"divided by {copies / scale:g}" if copies / scale > 1 else ""
        rows.append(row(one.to, value, "copies", "grow", " from ".join(shapes), note))
    with all_or_nothing() as write:
        for variable, value in stored:
            write(variable, value)
        _check(large, expected, x)
    left = left_alone(large, {}, {r.path for r in rows})
    return InitializationReport(rows, left, used if noise else None, [])
