"""What TensorFlow runs compiled in a pass: composed activations, and many alike layers.

Executed eagerly, a layer normalization is some twelve operations, and forty more on the
way back, each of which goes through all of its input: a function of TensorFlow's takes
a third of the time. A dense layer's takes two thirds, as the two products of its
gradient run at once.
"""

import functools
import json
from typing import Any

import keras
import tensorflow as tf

from keras_inits._utils.types import Function, Tensor

# Of one input, with nothing in them that is looked at or that training moves.
LAYERS = tuple(
    cls
    for name in (
        *("LayerNormalization", "RMSNormalization", "GroupNormalization"),
        *("Dense", "EinsumDense"),
    )
    if (cls := getattr(keras.layers, name, None)) is not None
)
# What a layer computes does not depend on these of its configuration.
ASIDE = ("name", "trainable", "_initializer", "_regularizer", "_constraint")

Pair = tuple[Any, Any]  # a function, and from (gradient by its output, *inputs) theirs


def _pair(function: Function, inputs: list[tf.TensorSpec], fuse: bool) -> Pair:
    def gradients(gradient: Tensor, *inputs: Any) -> Any:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(inputs)
            y = function(*inputs)
        return tape.gradient(y, inputs, gradient)

    def traced(function: Function, signature: list[tf.TensorSpec]) -> Any:
        how = tf.function(function, signature, autograph=False, jit_compile=fuse)
        return how.get_concrete_function()

    run = traced(function, inputs)
    output = tf.TensorSpec(run.structured_outputs.shape, run.structured_outputs.dtype)
    return run, traced(gradients, [output, *inputs])


@functools.lru_cache(maxsize=32)
def activation(function: Any, dtype: Any) -> Pair:
    """An elementwise activation and its gradient, each compiled into one loop.

    Args:
        function: From a tensor to one of its shape.
        dtype: TensorFlow's, of tensors with one axis.
    """
    return _pair(function, [tf.TensorSpec([None], dtype)], True)


@functools.lru_cache(maxsize=32)
def layer(cls: Any, config: str, shape: tuple[int, ...], dtype: Any) -> Pair:
    """What all layers of one configuration compute before their activation.

    Args:
        cls: One of `LAYERS`.
        config: From `configuration`.
        shape: Of the input, but for the batch.
        dtype: TensorFlow's, of the input and the variables, which follow the input.
    """
    alike = cls.from_config(json.loads(config))  # of its own: keeps no model alive
    alike.build((None, *shape))

    def run(x: Tensor, *values: Any) -> Any:
        with keras.StatelessScope(list(zip(alike.variables, values, strict=True))):
            return alike.call(x)

    shapes = [(None, *shape), *(tuple(v.shape) for v in alike.variables)]
    return _pair(run, [tf.TensorSpec(shape, dtype) for shape in shapes], False)


def configuration(layer: keras.layers.Layer) -> str | None:
    """What tells layers apart that compute different things before their activation.

    None for a layer that is not among `LAYERS`, and for one that is not plain: its
    dtypes are mixed, it is quantized or has adapters.
    """
    if type(layer) not in LAYERS or getattr(layer, "lora_enabled", False):
        return None
    if any(v.dtype != layer.compute_dtype for v in layer.variables):
        return None
    kept = {k: v for k, v in layer.get_config().items() if not k.endswith(ASIDE)}
    kept |= {"activation": None} if "activation" in kept else {}
    return json.dumps(kept, sort_keys=True)
