"""What is known of each weight: its size, its true fans, and what was counted."""

import math
from typing import Any

import keras
import numpy as np

from keras_inits._utils.host_array import all_finite, numpy_view, to_numpy
from keras_inits._utils.layer_names import snake_case
from keras_inits.diagnosis.report import WeightRecord
from keras_inits.geometry import Fans, Geometry
from keras_inits.geometry.roles import KERNEL_ROLES, Role
from keras_inits.graph.weights import WeightInfo
from keras_inits.initializers.kernel import KernelInitializer
from keras_inits.initializers.variance_scaling import BOUND, MODES
from keras_inits.sampling import truncated_std
from keras_inits.signals.records import GradientStats
from keras_inits.signals.statistics import LIMIT, coprime_step
from keras_inits.signals.unit_hashes import (
    TOLERANCE,
    View,
    hashes,
    interchanged,
    twins,
)

OWN = 0.1  # by how much the log of a variance may miss that of the initializer
# Where distributions end, in standard deviations.
ENDS = {"uniform": math.sqrt(3), "truncated_normal": BOUND / truncated_std(BOUND)}


def view(info: WeightInfo) -> View | None:
    """How a kernel is hashed by units; None for what has none."""
    shape = tuple(info.variable.shape)
    is_map = info.weight.role in (Role.KERNEL, Role.RECURRENT)
    if not is_map or len(shape) < 2 or math.prod(shape) == 0:
        return None
    try:
        found = info.weight.geometry.matrix_view(shape)
    except ValueError:  # an axis is on both sides: no matrix
        return None
    order = (*found.rows, *found.batch, *found.columns)
    return View(order, math.prod(shape[axis] for axis in found.rows))


def initializer_of(info: WeightInfo) -> Any:
    """The initializer that a layer keeps for a weight; None if it has none."""
    name = info.variable.name
    candidates = [name, name.removesuffix("_kernel")]
    candidates += ["depthwise"] if name == "kernel" else []
    for candidate in candidates:
        found = getattr(info.layer, f"{candidate}_initializer", None)
        if found is not None:
            return found
    return None


def _candidates(info: WeightInfo, initializer: Any) -> list[Geometry]:
    """The ways in which an initializer may have counted a layer's kernel."""
    if isinstance(initializer, KernelInitializer):
        found = [initializer.geometry]
    elif isinstance(initializer, keras.initializers.VarianceScaling):
        sides = ("input_axes", "output_axes")
        inputs, outputs = (getattr(initializer, side, None) for side in sides)
        found = [Geometry(inputs, outputs)]
    else:
        return []
    if isinstance(info.layer, keras.layers.EinsumDense) and found[0] == Geometry():
        # Newer versions of Keras tell a copy of it the axes, shared ones as outputs.
        true = info.weight.geometry
        last = (*(true.batch_axes or ()), *(true.output_axes or ()))
        found.append(Geometry(true.input_axes, last))
    return found


def _counted(
    info: WeightInfo, initializer: Any, fans: Fans, values: np.ndarray, rms: float
) -> tuple[Fans | None, float | None]:
    """The fans that an initializer counted, and the error of the variance.

    The error is that of the values at hand: None unless they are of the size that the
    initializer draws, and end where it does. A scheme that makes kernels small for
    another reason, such as the depth, may meet the size by chance.
    """
    shape = tuple(info.variable.shape)
    scale, mode = (
        getattr(initializer, "scale", None),
        getattr(initializer, "mode", None),
    )
    candidates = _candidates(info, initializer)
    if mode not in MODES or not scale or not candidates or rms == 0:
        return (candidates[0].fans(shape) if candidates else None), None

    def miss(geometry: Geometry) -> float:
        drawn = float(scale) / MODES[mode](geometry.fans(shape))
        return abs(math.log(rms**2 / drawn))

    counted = min(candidates, key=miss)
    # Five standard errors of the variance of as many normal values.
    tolerance = OWN + 5 * math.sqrt(2 / math.prod(shape))
    std = math.sqrt(float(scale) / MODES[mode](counted.fans(shape)))
    ends = _ends_as(getattr(initializer, "distribution", ""), values / std)
    if (
        not ends
        or miss(counted) > tolerance
        or miss(counted) > miss(info.weight.geometry)
    ):
        return counted.fans(shape), None
    return counted.fans(shape), MODES[mode](fans) / MODES[mode](counted.fans(shape))


def _ends_as(distribution: str, values: np.ndarray) -> bool:
    """Whether values of std 1 end where a distribution does, if it has an end.

    At most half of what a normal distribution has farther out may be there: training
    moves some.
    """
    end = ENDS.get(distribution, math.inf)
    return bool(np.mean(np.abs(values) > end * 1.001) <= math.erfc(end / 2**0.5) / 2)


def sampled(value: Any) -> np.ndarray:
    """At most `LIMIT` evenly spaced entries of an array or tensor, float64."""
    step = coprime_step(math.prod(value.shape), LIMIT)
    if isinstance(value, np.ndarray):
        return value.reshape(-1)[::step].astype("float64")
    flat = keras.ops.reshape(value, (-1,))
    return to_numpy(flat[::step]).astype("float64")


def zero_and_finite(value: Any) -> tuple[bool, bool]:
    """Whether every entry is zero, and whether every entry is finite."""
    if isinstance(value, np.ndarray):
        return not value.any(), all_finite(value)
    ops = keras.ops
    return not bool(ops.any(ops.not_equal(value, 0))), bool(
        ops.all(ops.isfinite(value))
    )


def record(
    info: WeightInfo,
    owner: str,
    gradient: GradientStats | None,
    gradient_hashes: np.ndarray | None,
) -> WeightRecord:
    """All that is known of a weight.

    Args:
        info: Of the weight.
        owner: The name of its layer.
        gradient: Figures of its gradient.
        gradient_hashes: What `hashes` says of its gradient.
    """
    shape = tuple(int(n) for n in info.variable.shape)
    value = numpy_view(info.variable.value)  # once: reading takes longer than looking
    values = sampled(value)
    rms = float(np.sqrt(np.mean(values**2))) if values.size else 0.0
    is_kernel = info.weight.role in KERNEL_ROLES
    fans = info.weight.geometry.fans(shape) if is_kernel else None
    initializer = initializer_of(info)
    counted = error = None
    if fans and info.weight.role in (Role.KERNEL, Role.RECURRENT) and len(shape) > 1:
        counted, error = _counted(info, initializer, fans, values, rms)
    zero, finite = zero_and_finite(value)
    symmetric, equal = _symmetric(info, value, gradient_hashes)
    return WeightRecord(
        path=info.path,
        name=f"{owner}/{info.variable.name}",
        owner=owner,
        layer=type(info.layer).__name__,
        role=info.weight.role,
        shape=shape,
        trainable=bool(info.variable.trainable and info.layer.trainable),
        mean=float(values.mean()) if values.size else 0.0,
        std=float(values.std()) if values.size else 0.0,
        rms=rms,
        zero=zero,
        finite=finite,
        fans=None if fans is None else (float(fans[0]), float(fans[1])),
        counted=None if counted is None else (float(counted[0]), float(counted[1])),
        initializer=None if initializer is None else described(initializer),
        scale_error=error,
        symmetric=symmetric,
        gradient=gradient,
        equal=equal,
    )


def described(initializer: Any) -> str:
    """An initializer as a short name."""
    name = getattr(initializer, "__name__", type(initializer).__name__)
    return snake_case(str(name))


def _symmetric(
    info: WeightInfo, value: Any, gradient_hashes: np.ndarray | None
) -> tuple[int | None, bool]:
    """How many units stay equal to another, and whether all have the same weights."""
    how = view(info)
    if how is None or gradient_hashes is None:
        return None, False
    own = to_numpy(hashes(value, how))
    units = own.shape[1]
    equal = units > 1 and bool((np.ptp(own, 1) <= TOLERANCE * np.abs(own).max()).all())
    tables = [own, gradient_hashes]
    bias = getattr(info.layer, "bias", None)
    # A GRU has two biases a unit.
    if isinstance(bias, keras.Variable) and math.prod(bias.shape) % units == 0:
        tables.append(to_numpy(bias.value).reshape(-1, units))
    # A recurrent unit has two kernels, and is what both make it.
    for name in ("kernel", "recurrent_kernel"):
        other = getattr(info.layer, name, None)
        if not hasattr(info.layer, "recurrent_kernel") or other is info.variable:
            continue
        if isinstance(other, keras.Variable) and other.shape[-1] == units:
            rows = math.prod(other.shape[:-1])
            if name == "recurrent_kernel":
                tables.append(interchanged(to_numpy(other.value).reshape(rows, units)))
                continue
            order = tuple(range(len(other.shape)))
            tables.append(to_numpy(hashes(other.value, View(order, rows))))
    # A unit that is off is not the twin of another that happens to be off, too.
    off = own.any(0) & ~gradient_hashes.any(0)
    kept = slice(None) if off.all() else ~off
    return twins(*(table.astype("float64")[:, kept] for table in tables)), equal
