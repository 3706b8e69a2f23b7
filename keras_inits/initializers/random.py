"""Uniform, normal and truncated normal initializers with a std that the user states."""

from typing import Any

from keras_inits import sampling
from keras_inits._utils import checks
from keras_inits.initializers.base import Initializer
from keras_inits.initializers.registry import register

__all__ = ["RandomNormal", "RandomUniform", "StandardNormal", "TruncatedNormal"]


def _stddev(stddev: Any) -> float:
    return checks.number(
        "stddev",
        stddev,
        minimum=0,
        meaning="the standard deviation",
        instead="For example stddev=0.05.",
    )


def _mean(mean: Any) -> float:
    return checks.number(
        "mean", mean, meaning="the mean", instead="For example mean=0.0."
    )


@register("random_uniform")
class RandomUniform(Initializer):
    """Uniform between two bounds, whatever the shape: for embeddings, say.

    Formula: w ~ U(minval, maxval), neither bound included; std is
    (maxval - minval) / sqrt(12).

    Use for: weights with prescribed bounds, and embeddings. For kernels of deep
    networks the bounds should follow the fans: use `variance_scaling`.

    Args:
        minval: Lower bound; finite float.
        maxval: Upper bound; float, > minval.
        seed: As in `Initializer`.

    Raises:
        ValueError: At construction, if a bound is not finite or they are not in order.

    Examples:
    >>> import keras, keras_inits
    >>> kernel = keras_inits.RandomUniform(-0.1, 0.1, seed=7)((300, 400))
    >>> round(float(keras.ops.max(kernel)), 3), round(float(keras.ops.std(kernel)), 3)
    (0.1, 0.058)

    Reference: LeCun, Bottou, Orr, Müller (1998), "Efficient BackProp", sec. 4.6.
    """

    family = "random"

    def __init__(
        self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None
    ) -> None:
        super().__init__(seed)
        advice = "For a constant use Constant(value)."
        self.minval = checks.number(
            "minval", minval, meaning="the lower bound", instead=advice
        )
        self.maxval = checks.number(
            "maxval",
            maxval,
            above=self.minval,
            meaning="the upper bound, minval the lower one,",
            instead=advice,
        )

    def entry_distribution(self, shape: tuple[int, ...]) -> sampling.Distribution:
        return sampling.uniform(self.minval, self.maxval)


@register("random_normal")
class RandomNormal(Initializer):
    """Normal with a given std, whatever the shape: for embeddings, say.

    Formula: w ~ N(mean, stddev²), not truncated.

    Use for: weights whose std a paper prescribes, and embeddings. For kernels of
    deep networks the std should follow the fans: use `variance_scaling`.

    Args:
        mean: Finite float.
        stddev: Finite float, >= 0.
        seed: As in `Initializer`.

    Raises:
        ValueError: At construction, if an argument is out of range.

    Examples:
    >>> import keras, keras_inits
    >>> table = keras_inits.RandomNormal(stddev=0.02, seed=7)((1000, 64))
    >>> round(float(keras.ops.std(table)), 3)
    0.02

    Reference: Radford et al. (2019), "Language Models are Unsupervised Multitask
    Learners", whose stddev is 0.02.
    """

    family = "random"

    def __init__(
        self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None
    ) -> None:
        super().__init__(seed)
        self.mean, self.stddev = _mean(mean), _stddev(stddev)

    def entry_distribution(self, shape: tuple[int, ...]) -> sampling.Distribution:
        return sampling.normal(self.mean, self.stddev)


@register("standard_normal")
class StandardNormal(Initializer):
    """The standard normal: for embeddings that are scaled later.

    It is far too wide for the kernels of a deep network.

    Formula: w ~ N(0, 1), not truncated.

    Use for: embeddings that the model scales itself, such as T5's. For a kernel it
    is too large by the root of fan_in: use `lecun_normal`.

    Args:
        seed: As in `Initializer`.

    Raises:
        ValueError: As in `Initializer`.

    Examples:
    As a kernel it multiplies the signal's std by the square root of fan_in:

    >>> import keras, keras_inits
    >>> kernel = keras_inits.StandardNormal(seed=7)((400, 2000))
    >>> outputs = keras.ops.matmul(keras.ops.ones((1, 400)), kernel)
    >>> round(float(keras.ops.std(outputs)))
    20

    Reference: Raffel et al. (2020), "Exploring the Limits of Transfer Learning with a
    Unified Text-to-Text Transformer", arXiv 1910.10683, for embeddings.
    """

    family = "random"

    def __init__(self, seed: Any = None) -> None:
        super().__init__(seed)

    def entry_distribution(self, shape: tuple[int, ...]) -> sampling.Distribution:
        return sampling.normal(0.0, 1.0)


@register("truncated_normal")
class TruncatedNormal(Initializer):
    """Normal without its tails: for the weights of Transformers such as BERT.

    Formula: w ~ N(mean, stddev²) given |w - mean| <= bound * stddev. The std of what is
    drawn is smaller than `stddev`: 0.8796 of it for bound=2.

    Use for: Transformers whose paper prescribes a std, without values far out. For
    a variance that follows the fans use `variance_scaling` with this distribution.

    Args:
        mean: Finite float.
        stddev: Std before the tails are cut; finite float, >= 0.
        bound: Where they are cut, in units of `stddev`; finite float, > 0. Every value
            is inside, in every dtype.
        seed: As in `Initializer`.

    Raises:
        ValueError: At construction, if an argument is out of range.

    Examples:
    >>> import keras, keras_inits
    >>> kernel = keras_inits.TruncatedNormal(stddev=0.02, seed=7)((300, 400))
    >>> round(float(keras.ops.max(kernel)), 4), round(float(keras.ops.std(kernel)), 4)
    (0.04, 0.0176)

    Reference: Devlin et al. (2019), "BERT", arXiv 1810.04805 (stddev 0.02, bound 2);
    the bound in units of the std is TensorFlow's meaning, PyTorch's is absolute.
    """

    family = "random"

    def __init__(
        self,
        mean: float = 0.0,
        stddev: float = 0.05,
        bound: float = 2.0,
        seed: Any = None,
    ) -> None:
        super().__init__(seed)
        self.mean, self.stddev = _mean(mean), _stddev(stddev)
        self.bound = checks.number(
            "bound",
            bound,
            above=0,
            meaning="where the tails are cut, in units of stddev,",
            instead="For no truncation use RandomNormal(mean, stddev).",
        )

    def entry_distribution(self, shape: tuple[int, ...]) -> sampling.Distribution:
        return sampling.truncated_normal(self.mean, self.stddev, self.bound)
