"""Adjusts what "auto" chooses: to residual streams, and means that outweigh spreads."""

from collections.abc import Callable
from typing import Any, NamedTuple

from keras_inits import sampling
from keras_inits._utils.host_array import rms, to_numpy
from keras_inits.geometry.roles import Role
from keras_inits.graph.moments import Moments, is_like_relu, through
from keras_inits.graph.streams import Streams
from keras_inits.graph.weights import WeightInfo
from keras_inits.initializers import CenteredVarianceScaling, VarianceScaling
from keras_inits.initializers.base import Initializer

# Of the second moment, from which a signal is mostly its mean: ReLU's mean has 0.32 of
# it, that of exp 0.37, softplus 0.71, a sigmoid 0.85. Half the spread is what He's
# rule lives with.
MOSTLY_MEAN = 1 / 3
SIGNAL = 1.0  # std of pre-activations that "auto" aims at
FEWEST = 8  # weights of a unit of which one direction can be given up
DIGITS = 6  # of scales


class Choice(NamedTuple):
    """A scheme for one weight.

    Attributes:
        scheme: Without a seed, and without the weight's geometry.
        why: What it was chosen for, such as "relu follows".
        note: What else there is to say; empty if nothing.
    """

    scheme: Initializer
    why: str
    note: str = ""


def is_mostly_mean(function: Callable[[Any], Any]) -> bool:
    """Whether the mean of an activation of z ~ N(0, 1) outweighs its spread."""
    moments = None if is_like_relu(function) else through(function)
    return moments is not None and moments.share > MOSTLY_MEAN


def _scaled(scheme: Initializer, factor: float, centered: bool) -> Initializer | None:
    """A scheme of another variance; None if it is none of a variance by fans."""
    if not isinstance(scheme, VarianceScaling):
        return None
    if factor == 1 and not centered:
        return scheme
    # Rounded, so that backends whose functions differ in the last bit draw the same.
    scale = float(f"{scheme.scale * factor:.{DIGITS}g}")
    kind = CenteredVarianceScaling if centered else VarianceScaling
    return kind(scale, scheme.mode, scheme.distribution)


def adjusted(
    info: WeightInfo, choice: Choice, found: Streams, given: Moments | None
) -> Choice:
    """A choice for the stream and the mean that a kernel takes and adds to."""
    factor, whys = 1.0, [choice.why]
    if (count := found.ends.get(info.path, 1)) > 1:
        factor /= count
        whys.append(f"ends one of {count} branches of a stream: variance / {count}")
    if info.path in found.taken:
        added, total = found.taken[info.path]
        variance = 1 + added / total
        factor /= variance
        whys.append(f"takes a stream of variance {variance:.3g}")
    geometry = info.weight.geometry
    inputs = geometry.fans(info.shape).fan_in
    is_open = inputs >= FEWEST and geometry.kernel_format != "depthwise"
    centered = given is not None and given.share > MOSTLY_MEAN and is_open
    if centered:
        assert given is not None
        factor /= given.variance
        whys.append(f"the mean of {given.source} is taken off")
    scheme = _scaled(choice.scheme, factor, centered)
    if scheme is None or len(whys) == 1:
        return choice
    return choice._replace(scheme=scheme, why="; ".join(whys))


def outweighing(info: WeightInfo, start: Any) -> str:
    """A note on a bias whose start outweighs the signal that it is added to.

    Args:
        info: A weight.
        start: What it starts with; an initializer.
    """
    is_bias = info.weight.role == Role.BIAS and isinstance(start, Initializer)
    is_known = not info.weight.note and has_kernel(info.layer)
    if not is_bias or not is_known or start.is_random:
        return ""
    values = start.drawn(info.shape, "float32", sampling.Key(0, 0))
    size = rms(to_numpy(values))
    if size <= SIGNAL:
        return ""
    return f"outweighs its signal: {size:.3g} beside a std of about 1"


def has_kernel(layer: Any) -> bool:
    """Whether a layer has weights of more than one axis, as kernels have."""
    return any(len(v.shape) > 1 for v in layer.trainable_variables)
