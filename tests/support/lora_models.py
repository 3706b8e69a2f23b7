"""Models with LoRA, and what is in them."""

import keras
import numpy as np

from keras_inits.graph.weights import weights_of

layers = keras.layers
RANK, ALPHA = 4, 6
TOKENS = np.random.default_rng(0).integers(0, 11, (20, 6))


def enabled(model, rank=RANK, alpha=ALPHA):
    """The model with LoRA in every layer that has it."""
    for layer in model._flatten_layers():
        if hasattr(layer, "enable_lora"):
            layer.enable_lora(rank, lora_alpha=alpha)
    return model


def every_layer():
    """A table, attention, a convolution and a dense layer, of unequal axes."""
    keras.utils.set_random_seed(0)
    tokens = keras.Input((6,), dtype="int32")
    x = layers.Embedding(11, 8)(tokens)
    x = x + layers.MultiHeadAttention(2, 5)(x, x)
    x = layers.Conv1D(7, 3, padding="causal")(x)
    return keras.Model(tokens, layers.Dense(9, name="last")(x[:, -1]))


def outputs(model, x=TOKENS):
    return keras.ops.convert_to_numpy(model(x))


def dense(inputs=8, units=6, rank=RANK, alpha=ALPHA, **arguments):
    """A model of one dense layer, and that layer with LoRA."""
    keras.utils.set_random_seed(0)
    layer = layers.Dense(units, **arguments)
    model = keras.Sequential([keras.Input((inputs,)), layer])
    layer.enable_lora(rank, lora_alpha=alpha)
    return model, layer


def arrays(layer):
    """A, B, and the frozen kernel."""
    found = layer.lora_kernel_a, layer.lora_kernel_b, layer._kernel
    return [keras.ops.convert_to_numpy(x).astype("float64") for x in found]


def by_name(model):
    return {p.path: keras.ops.convert_to_numpy(p.variable) for p in weights_of(model)}
