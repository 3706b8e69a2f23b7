"""`inherit`: a small model starts from evenly spaced units of a larger one."""

from collections.abc import Sequence

import keras
import numpy as np

from keras_inits.geometry.roles import KERNEL_ROLES, Role
from keras_inits.models.assign import all_or_nothing
from keras_inits.models.plan import refuse
from keras_inits.models.report import InitializationReport
from keras_inits.models.transfer.common import as_stored, checked_seed, on_host, row
from keras_inits.models.transfer.matched import (
    Pair,
    check_ends,
    fixed_axes,
    gates_of,
    left_alone,
    matched,
)

Sizes = tuple[int, int]


def evenly(large: int, small: int) -> np.ndarray:
    """Evenly spaced indices: one choice for each pair of sizes."""
    if large % small == 0:
        return np.arange(0, large, large // small)
    return np.round(np.linspace(0, large - 1, small)).astype(int)


def _widths(pairs: Sequence[Pair]) -> set[Sizes]:
    """The sizes, of the small and the large model, of what kernels give."""
    found = set()
    for one in pairs:
        if one.to.weight.role not in KERNEL_ROLES:
            continue
        geometry = one.to.weight.geometry
        for axis in geometry.axes(one.to.shape)[1]:
            gates = geometry.gates if axis == len(one.to.shape) - 1 else 1
            sizes = one.to.shape[axis], one.source.shape[axis]
            found.add((sizes[0] // gates, sizes[1] // gates))
    return found


def _problem(one: Pair, widths: set[Sizes], gates: int) -> str:
    """Why a weight cannot be taken from the larger one's; "" if it can."""
    strides = {large // small for small, large in widths if large % small == 0}
    for axis, sizes in enumerate(zip(one.to.shape, one.source.shape, strict=True)):
        small, large = sizes
        if small == large:
            continue
        where = f"axis {axis} of {one.to.path!r}, {small} of {large}"
        if small > large:
            return f"A model inherits from a larger one. Received: {where}."
        if axis in fixed_axes(one.to):
            return (
                "Windows and tables must have the same size in both models. "
                f"Received: {where}."
            )
        divides = large % small == 0 and large // small in strides
        if not divides and (gates > 1 or sizes not in widths):
            return (
                "Sizes that are made of several widths, as behind Flatten, by joining "
                "or by gates, must be the same fraction of the large model's as these "
                f"are, with no remainder. Received: {where}."
            )
    return ""


def _other_heads(pairs: Sequence[Pair]) -> set[int]:
    """The layers that predict other things than the large model's."""
    return {
        id(one.to.layer)
        for one in pairs
        if one.is_head
        and one.to.weight.role == Role.KERNEL
        and one.to.shape[-1] != one.source.shape[-1]
    }


def inherit(small: keras.Model, from_large: keras.Model) -> InitializationReport:
    """Sets a model's weights to evenly spaced ones of a larger, trained model.

    Of each axis, every (D/d)-th entry is taken, where D is the large model's size and d
    the small one's; where d does not divide D, d entries from the first to the last.
    The choice depends on both sizes alone, so a unit's incoming and outgoing weights,
    bias and normalization belong together, along residual streams too.

    Layers match in order and by kind; of a deeper model the first blocks count, and
    what follows the last block. A head with another number of outputs keeps what it
    has, and the report says so.

    Args:
        small: A built model, which is set.
        from_large: A built model of the same kind, no narrower and no shallower, which
            stays as it is.

    Returns:
        An `InitializationReport`.

    Raises:
        ValueError: With nothing written: layers do not match; an axis is larger in the
            small model; inputs, windows or vocabularies differ in size; a size behind
            Flatten, or of gates, is not the same fraction as the widths that make it.

    Examples:
    >>> import keras, keras_inits
    >>> def make(*widths):
    ...     hidden = [keras.layers.Dense(n, "relu") for n in widths]
    ...     head = keras.layers.Dense(3, name="head")
    ...     return keras.Sequential([keras.Input((8,)), *hidden, head])
    >>> small, large = make(4, 4), make(16, 16, 16)
    >>> report = keras_inits.inherit(small, large)
    >>> [(row.path, row.why) for row in report.rows][:3]
    [('dense[0]/kernel', '8×4 of 8×16'), ('dense[0]/bias', '4 of 16'),
     ('dense[1]/kernel', '4×4 of 16×16')]
    >>> kernels = [model.get_weights()[2] for model in (small, large)]
    >>> bool((kernels[0] == kernels[1][::4, ::4]).all())
    True

    Reference: Xu et al. (2024), "Initializing Models with Larger Ones", arXiv
    2311.18823.
    """
    checked_seed("inherit", 0)
    pairs = matched(small, from_large, same_depth=False)
    check_ends(small, from_large)
    other = _other_heads(pairs)
    chosen = [one for one in pairs if id(one.to.layer) not in other]
    widths, gates = _widths(chosen), gates_of(chosen)
    problems = [_problem(one, widths, gates.get(id(one.to.layer), 1)) for one in chosen]
    refuse([problem for problem in problems if problem])
    stored, rows = [], []
    for one in chosen:
        sizes = zip(one.source.shape, one.to.shape, strict=True)
        picked = np.ix_(*(evenly(a, b) for a, b in sizes))
        value = as_stored(one.to, on_host(one.source.variable)[picked])
        stored.append((one.to.variable, value))
        shapes = ["×".join(map(str, p.shape)) for p in (one.to, one.source)]
        why = " of ".join(shapes)
        note = "" if one.to.path == one.source.path else f"from {one.source.path}"
        rows.append(row(one.to, value, "evenly spaced", "inherit", why, note))
    with all_or_nothing() as write:
        for variable, value in stored:
            write(variable, value)
    whys = {
        one.to.path: f"predicts other things than {one.source.path!r}"
        for one in pairs
        if id(one.to.layer) in other
    }
    left = left_alone(small, whys, {r.path for r in rows})
    return InitializationReport(rows, left, None, [])
