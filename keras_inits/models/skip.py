"""`skip` and `missing`: weights that nobody draws, and those that nobody then set."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import keras

from keras_inits._utils import variable_starts
from keras_inits.graph.weights import weights_of
from keras_inits.initializers.base import Initializer

CONSTANT = (
    *(keras.initializers.Zeros, keras.initializers.Ones),
    *(keras.initializers.Constant, keras.initializers.Identity),
)
QUANTIZED = ("int8", "uint8")  # other integers are counters, indices and seeds


def _draws_nothing(initializer: Any) -> bool:
    if isinstance(initializer, Initializer):
        return not initializer.is_random
    return isinstance(initializer, CONSTANT)


def _start(variable: Any, initializer: Any, fill: Callable[[Any], None]) -> None:
    """Fills a new variable without drawing, and marks it."""
    dtype = keras.backend.standardize_dtype(variable.dtype)
    is_weight = keras.backend.is_float_dtype(dtype) or dtype.startswith("complex")
    if not is_weight and dtype not in QUANTIZED:
        fill(initializer)
        return
    start = initializer
    if is_weight and not _draws_nothing(initializer):
        start = keras.initializers.Zeros()
    fill(start)
    variable_starts.put_mark(variable, variable_starts.SkipMark(variable, start))


@contextlib.contextmanager
def skip() -> Iterator[None]:
    """Context in which models are built without drawing weights, to load them after.

    Whatever would be drawn, by this package's initializers, Keras's or a function, is
    zero; constants (zeros of biases, ones of gains and moving variances) are what they
    are. Seeds and integer counters start as ever. Then load the weights, and
    `keras_inits.missing(model)` names those that nothing has set.

    It holds for what this thread builds inside: layers that get their weights at their
    first call, such as those of a `Sequential` without an input, draw if that call
    comes later. It can be nested, and ends with an exception as without.

    Examples:
    >>> import keras, keras_inits
    >>> with keras_inits.skip():
    ...     model = keras.Sequential([
    ...         keras.Input((4,)),
    ...         keras.layers.Dense(3, name="body"),
    ...         keras.layers.Dense(2, name="head"),
    ...     ])
    >>> model.get_layer("body").set_weights([keras.ops.ones((4, 3)), keras.ops.ones(3)])
    >>> keras_inits.missing(model)
    ['head/kernel', 'head/bias']
    >>> report = keras_inits.initialize(model, only=keras_inits.missing(model), seed=7)
    >>> keras_inits.missing(model)
    []
    """
    with variable_starts.starting_variables(_start):
        yield


def missing(model: keras.Model) -> list[str]:
    """The weights of a model that was built inside `skip` that nothing has set since.

    A weight is set by all that assigns it: `load_weights`, `set_weights`,
    `variable.assign`, `keras_inits.initialize`, training. Weights that a partial load
    leaves out (`skip_mismatch=True`, the new head of a preset) stay missing. Moving
    statistics count, for at mean 0 and variance 1 they normalize nothing.

    What does not go through Keras is seen by its values: a checkpoint of TensorFlow's,
    `load_state_dict` and optimizers of PyTorch's. So a weight that one of them sets to
    the very values that it starts with, such as a bias of zeros, still counts as
    missing.
    Not seen are layers that are not built, and the optimizer's state. A copy of the
    model, or its file, holds the values that it has, and nothing of it is missing.

    Args:
        model: Built.

    Returns:
        Their paths, as in the report of `initialize`, in the model's order. An empty
        list if all are set, or none was built inside `skip`.

    Raises:
        ValueError: If the model is not built.

    Examples:
    >>> import keras, keras_inits
    >>> with keras_inits.skip():
    ...     norm = keras.layers.BatchNormalization()
    ...     norm.build((None, 4))
    >>> _ = norm.gamma.assign(keras.ops.ones(4))
    >>> keras_inits.missing(norm)
    ['beta', 'moving_mean', 'moving_variance']
    """
    marks = (
        (info.path, variable_starts.mark_of(info.variable))
        for info in weights_of(model)
    )
    return [path for path, mark in marks if mark is not None and mark.still_holds()]
