"""Runs a layer's code on symbolic tensors, which have a shape and no values.

Keras builds Functional models so. Of a layer inside a layer it would remember one
closed call; here such layers are open: their code runs, too.
"""

import contextlib
import math
import threading
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from keras_inits._utils.keras_private import calls_between
from keras_inits._utils.types import Args, Kwargs, Tensor
from keras_inits.graph.weights import children, own_variables

OWN_LAYERS = "keras.src.layers."  # where Keras keeps layers whose meaning is known
BATCH = 2  # what an unknown size is taken for on the axis of examples
LARGEST = 2**20  # numbers that a layer is tried on
CLOSE = 0.02  # what the epsilon of a normalization leaves of an input's scale


def symbolic(arguments: Any) -> list[Any]:
    """The symbolic tensors in nested arguments."""
    flat = keras.tree.flatten(arguments)
    return [x for x in flat if isinstance(x, keras.KerasTensor)]


def replaced(arguments: Any, tensors: dict[int, Any]) -> Any:
    """Nested arguments with others for the tensors of these identities."""
    return keras.tree.map_structure(lambda x: tensors.get(id(x), x), arguments)


def of_size(tensor: Tensor, size: int | None) -> Any:
    """A symbolic tensor like another, unknown sizes given; None leaves them."""
    shape = list(tensor.shape)
    if size is not None:
        first = BATCH if shape and shape[0] is None else None
        shape = [size if n is None else n for n in shape]
        shape[:1] = [first or n for n in shape[:1]]
    return keras.KerasTensor(shape, dtype=tensor.dtype)


def stored_ends(layer: keras.layers.Layer) -> tuple[list[Any], list[Any]] | None:
    """Symbolic inputs and outputs of a Functional model; None for any other layer."""
    if not isinstance(layer, keras.Model):
        return None
    try:
        inputs, outputs = list(layer.inputs), list(layer.outputs)
    except (AttributeError, TypeError):
        return None
    known = all(hasattr(x, "_keras_history") for x in [*inputs, *outputs])
    return (inputs, outputs) if known and inputs else None


def is_known(layer: keras.layers.Layer) -> bool:
    """Whether a layer is a step of its own: Keras's, without layers inside."""
    if not isinstance(layer, keras.layers.Layer):
        return True
    if isinstance(layer, keras.layers.RNN):
        layer = layer.cell
    is_own = type(layer).call.__module__.startswith(OWN_LAYERS)
    is_lambda = isinstance(layer, keras.layers.Lambda)
    return is_own and not is_lambda and not children(layer)


def normalizes(layer: keras.layers.Layer, args: Args, kwargs: Kwargs) -> bool:
    """Whether a layer without kernels gives the same for an input 16 times as large."""
    given = symbolic((args, kwargs))
    has_kernel = any(v.trainable and len(v.shape) > 1 for v in layer.variables)
    if len(given) != 1 or has_kernel or children(layer):
        return False
    draws = _drawn(given[0])
    if draws is None:
        return False
    once, more = (_called(layer, args, kwargs, x) for x in (draws, 16 * draws))
    if once is None or more is None or not once.any():  # times a weight of zero
        return False
    return once.shape == draws.shape and np.allclose(once, more, CLOSE, CLOSE)


def vanishes_at_zero(layer: keras.layers.Layer, args: Args, kwargs: Kwargs) -> bool:
    """Whether a layer gives zeros where its weights are zero; so, if not known.

    A gain that is added to one, as in Gemma, is not: it is off at -1.
    """
    given = symbolic((args, kwargs))
    draws = _drawn(given[0]) if len(given) == 1 else None
    if draws is None:
        return True
    zeros = [(v, keras.ops.zeros_like(v.value)) for v in layer.trainable_variables]
    with keras.StatelessScope(zeros):
        result = _called(layer, args, kwargs, draws)
    return result is None or not result.any()


def _drawn(tensor: Any) -> np.ndarray | None:
    """Random numbers of a symbolic tensor's shape; None if they are no real ones."""
    shape = [BATCH if n is None else n for n in tensor.shape]
    is_real = keras.backend.is_float_dtype(tensor.dtype)
    if not shape or math.prod(shape) > LARGEST or not is_real:
        return None
    return np.random.Generator(np.random.PCG64(0)).standard_normal(shape, "float32")


def _called(layer: Any, args: Args, kwargs: Kwargs, x: np.ndarray) -> Any:
    """What a layer makes of numbers in place of its one symbolic tensor, or None."""
    (given,) = symbolic((args, kwargs))
    filled = replaced((args, kwargs), {id(given): keras.ops.convert_to_tensor(x)})
    try:
        result = keras.ops.convert_to_numpy(layer.call(*filled[0], **filled[1]))
    except Exception:  # the code wants other values
        return None
    return np.asarray(result, "float32")


def is_step(layer: keras.layers.Layer, args: Args, kwargs: Kwargs) -> bool:
    """Whether a call of a layer says enough as it stands."""
    return is_known(layer) or normalizes(layer, args, kwargs)


def _shows_kernels(layer: keras.layers.Layer, arguments: Any, outputs: Tensor) -> bool:
    """Whether a layer without layers inside is seen to use its own kernels."""
    own = [v for v in own_variables(layer) if v.trainable and len(v.shape) > 1]
    if not own or children(layer):
        return True
    used = {
        id(x)
        for node in calls_between(symbolic(arguments), symbolic(outputs))
        for x in keras.tree.flatten((node.arguments.args, node.arguments.kwargs))
        if isinstance(x, keras.Variable)
    }
    return all(id(v) in used for v in own)


def _code(layer: keras.layers.Layer, args: Args, kwargs: Kwargs) -> Any:
    """What a layer's own code makes of symbolic tensors."""
    if isinstance(layer, keras.layers.TimeDistributed):
        # The same layer for every step: one will do.
        return layer.layer(symbolic((args, kwargs))[0][:, 0])
    if isinstance(layer, keras.layers.RNN):
        first = symbolic((args, kwargs))[0]
        sizes = keras.tree.flatten(layer.state_size)
        states = [keras.KerasTensor((first.shape[0], n)) for n in sizes]
        return layer.cell(first[:, 0], states)
    if isinstance(layer, keras.layers.SpectralNormalization):
        return layer.layer(*args)
    return layer.call(*args, **kwargs)


def _refuse_unbuilt(layer: keras.layers.Layer) -> None:
    """Keras would build the layer, for sizes that are not the model's."""
    if not layer.built and type(layer).build is not keras.layers.Layer.build:
        raise ValueError(f"{layer.name!r} is not built.")


@contextlib.contextmanager
def _inner_layers_open() -> Iterator[None]:
    """Context in which symbolic calls of layers run their code, in this thread."""
    owner, plain = threading.get_ident(), keras.layers.Layer.__call__

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if threading.get_ident() != owner or not symbolic((args, kwargs)):
            return plain(self, *args, **kwargs)
        _refuse_unbuilt(self)
        if not is_step(self, args, kwargs) and stored_ends(self) is None:
            with contextlib.suppress(Exception):
                outputs = _code(self, args, kwargs)
                if _shows_kernels(self, (args, kwargs), outputs):
                    return outputs
        return plain(self, *args, **kwargs)

    keras.layers.Layer.__call__ = call
    try:
        yield
    finally:
        keras.layers.Layer.__call__ = plain


def outputs_of(
    layer: keras.layers.Layer, args: Args, kwargs: Kwargs
) -> list[Any] | None:
    """Symbolic outputs of a built layer's code; none where it cannot be read.

    None means that it was read and hides what it does with its kernels.

    To be called in a `keras.StatelessScope`. The calls that Keras records on the inner
    layers are the caller's to take away.
    """
    try:
        _refuse_unbuilt(layer)
        with _inner_layers_open():
            outputs = _code(layer, args, kwargs)
    except Exception:  # whatever a person's code does with a tensor of no value
        return []
    shown = _shows_kernels(layer, (args, kwargs), outputs)
    return symbolic(outputs) if shown else None
