"""The initializer of Keras's own that draws from a scheme's distribution.

A scheme's distribution is asked for in a few shapes. If it is the same in all, or its
variance is inverse to a fan as Keras counts it, Keras has an initializer for it. What
a scheme is called plays no role, so a scheme of the user's own is translated, too.
"""

import math
from typing import Any

import numpy as np

from keras_inits import sampling
from keras_inits._utils.types import Shape
from keras_inits.initializers.base import Initializer
from keras_inits.initializers.computed import Deterministic
from keras_inits.initializers.constants import Constant
from keras_inits.initializers.kernel import DEFAULT_GEOMETRY
from keras_inits.initializers.orthogonal.matrices import Orthogonal
from keras_inits.initializers.structure.others import Stft
from keras_inits.initializers.variance_scaling import VarianceScaling
from keras_inits.initializers.wrappers.values import FromArray

Config = dict[str, Any]
Law = tuple[str, Config]  # a class of `keras.initializers`, and its arguments

VECTORS: list[Shape] = [(8,), (24,), (120,)]
KERNELS: list[Shape] = [
    *((6, 10), (15, 4), (7, 7), (2, 12)),
    *((3, 4, 10), (5, 8, 6)),
    *((3, 2, 10, 4), (2, 5, 6, 14)),
    (2, 3, 2, 4, 10),
]
MOST_PARTS = 64  # groups times gates; shapes that they divide are drawn in
DIGITS = 12  # to which a scale that rounding errors blur is taken

NAMED = {  # members of Keras's variance scaling that have a name
    (2.0, "fan_in", "truncated_normal"): "HeNormal",
    (2.0, "fan_in", "uniform"): "HeUniform",
    (1.0, "fan_avg", "truncated_normal"): "GlorotNormal",
    (1.0, "fan_avg", "uniform"): "GlorotUniform",
    (1.0, "fan_in", "truncated_normal"): "LecunNormal",
    (1.0, "fan_in", "uniform"): "LecunUniform",
}
FAN_IN = {"HeNormal", "HeUniform", "LecunNormal", "LecunUniform"}
CONSTANT = {"Zeros", "Ones"}
WHATEVER_THE_SHAPE = {"Constant", "RandomNormal", "RandomUniform", "TruncatedNormal"}


def _fans(shape: Shape) -> tuple[int, int]:
    """As Keras counts them where it is told no axes."""
    if len(shape) < 2:
        return shape[0], shape[0]
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]


def _shapes(scheme: Initializer, is_bias: bool) -> list[list[Shape]]:
    """Shapes of what the scheme may fill, which its groups and gates divide.

    First all of them; then, of biases, vectors alone, and otherwise kernels alone, if
    the scheme is made for kernels of a kind.
    """
    geometry = getattr(scheme, "geometry", None)
    parts = 1 if geometry is None else geometry.parts
    if parts > MOST_PARTS:
        return []
    vectors, kernels = (
        [tuple(size * parts for size in shape) for shape in shapes]
        for shapes in (VECTORS, KERNELS)
    )
    for_a_kind = geometry not in (None, DEFAULT_GEOMETRY)
    narrower = [vectors] if is_bias else [kernels] if for_a_kind else []
    return [vectors + kernels, *narrower]


def _value(value: float) -> Law | None:
    if not math.isfinite(value):
        return None
    if value in (0, 1):
        return ("Ones" if value else "Zeros"), {}
    return "Constant", {"value": value}


def _drawn_anywhere(law: sampling.Distribution) -> Law | None:
    """Keras's own of a distribution that is the same in every shape."""
    if not law.scale:
        return _value(law.shift)
    if law.open_ends is not None:
        return "RandomUniform", dict(
            zip(("minval", "maxval"), law.open_ends, strict=True)
        )
    normal = {"mean": law.shift, "stddev": law.scale}
    return {math.inf: ("RandomNormal", normal), 2.0: ("TruncatedNormal", normal)}.get(
        law.bound
    )


def _scaled_by_fans(found: dict[Shape, sampling.Distribution]) -> Law | None:
    """Keras's own of distributions whose variance is inverse to a fan."""
    first = next(iter(found.values()))
    names = {math.inf: "untruncated_normal", 2.0: "truncated_normal"}
    kind = "uniform" if first.kind == "uniform" else names.get(first.bound)
    alike = {(law.kind, law.bound, law.shift) for law in found.values()}
    if kind is None or first.shift or len(alike) > 1:
        return None
    for mode, fan in {
        "fan_in": lambda fans: fans[0],
        "fan_out": lambda fans: fans[1],
        "fan_avg": lambda fans: (fans[0] + fans[1]) / 2,
    }.items():
        scales = [law.std**2 * fan(_fans(shape)) for shape, law in found.items()]
        if scales[0] > 0 and np.allclose(scales, scales[0], rtol=1e-9, atol=0):
            scale = float(f"{scales[0]:.{DIGITS}g}")
            if name := NAMED.get((scale, mode, kind)):
                return name, {}
            return "VarianceScaling", {
                "scale": scale,
                "mode": mode,
                "distribution": kind,
            }
    return None


def _independent(scheme: Initializer, shapes: list[Shape]) -> Law | None:
    """Keras's own of a scheme whose entries are independent draws."""
    plain = (Initializer.compute, VarianceScaling.compute)
    if type(scheme).compute not in plain:
        return None
    found = {}
    for shape in shapes:
        try:
            found[shape] = scheme.entry_distribution(shape)
        except ValueError:  # axes that a vector has not
            if len(shape) > 1:
                return None
    if not found:
        return None
    if len(set(found.values())) == 1:
        return _drawn_anywhere(next(iter(found.values())))
    return _scaled_by_fans(found)


def _fixed(scheme: Deterministic, shapes: list[Shape], is_matrix: bool) -> Law | None:
    """Keras's own of a scheme that draws nothing."""
    if isinstance(scheme, Stft):
        return "STFT", scheme.get_config()
    if isinstance(scheme, Constant) and isinstance(scheme.value, np.ndarray):
        array = {"value": scheme.value.tolist(), "dtype": scheme.value.dtype.name}
        if not scheme.value.size or not np.isfinite(scheme.value).all():
            return None
        return "Constant", {"value": {"class_name": "__numpy__", "config": array}}
    found = {}
    for shape in shapes:
        try:
            found[shape] = np.broadcast_to(scheme.values(shape), shape)
        except ValueError:  # no shape of the scheme's
            continue
    if not found:
        return None
    first = next(iter(found.values())).flat[0]
    if all((values == first).all() for values in found.values()):
        return _value(float(first))
    # Keras's fills matrices only, and stops the building of anything else.
    matrices = {shape: v for shape, v in found.items() if len(shape) == 2}
    gains = {v[0, 0] for v in matrices.values()}
    if is_matrix and len(gains) == 1:
        (gain,) = gains
        if all((v == gain * np.eye(*v.shape)).all() for v in matrices.values()):
            return "Identity", {"gain": float(gain)}
    return None


def law(scheme: Initializer, *, is_bias: bool, is_matrix: bool) -> Law | None:
    """The initializer of Keras's own that follows the distribution of a scheme.

    Args:
        scheme: Not a wrapper; its seed plays no role.
        is_bias: Whether it fills a bias, which has one axis.
        is_matrix: Whether what it fills is known to have two.

    Returns:
        The name of a class of `keras.initializers` and its arguments without a seed;
        None where Keras has none.

    Examples:
    >>> from keras_inits.files.laws import law
    >>> import keras_inits
    >>> law(keras_inits.HeFanIn(), is_bias=False, is_matrix=True)[1]["distribution"]
    'untruncated_normal'
    """
    if isinstance(scheme, FromArray):
        return None
    if isinstance(scheme, Orthogonal):
        ordinary = {**scheme.get_config(), "seed": None, "gain": 1.0}
        if is_bias or set(ordinary) != {"seed", "gain"}:
            return None
        return "Orthogonal", {"gain": scheme.gain}
    for shapes in _shapes(scheme, is_bias):
        try:
            if isinstance(scheme, Deterministic):
                found = _fixed(scheme, shapes, is_matrix)
            else:
                found = _independent(scheme, shapes)
        except Exception:  # of a scheme of the user's own, or numbers beyond float64
            return None
        if found is not None:
            return found
    return None


def law_of_each_gate(law: Law, *, is_bias: bool) -> bool:
    """Whether gates drawn one by one follow the same distribution as all at once."""
    name, arguments = law
    if name in CONSTANT:
        return True
    if name in WHATEVER_THE_SHAPE:
        return not isinstance(arguments.get("value"), dict)
    return not is_bias and (name in FAN_IN or arguments.get("mode") == "fan_in")
