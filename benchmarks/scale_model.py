"""The model of `scale.py`: a decoder-only Transformer of any size."""

import contextlib
import math
from typing import Any, NamedTuple

import common

CONTEXT = 1024  # positions, as GPT-2 has them


class Size(NamedTuple):
    """A Transformer.

    Attributes:
        width: Of the residual stream; a multiple of 64, the width of a head.
        depth: Blocks of attention and of a feed-forward layer four times as wide.
        vocabulary: Tokens.
    """

    width: int
    depth: int
    vocabulary: int

    @property
    def parameters(self) -> int:
        """How many numbers the weights hold."""
        return sum(map(math.prod, shapes(self)))


SIZES = {
    "quick": Size(64, 1, 96),
    "1M": Size(128, 4, 1024),
    "10M": Size(256, 8, 16384),
    "124M": Size(768, 12, 50264),  # GPT-2, its vocabulary rounded up
    "1B": Size(2048, 18, 50264),
    "2B": Size(2560, 24, 50264),
    "5B": Size(4096, 24, 50264),
}


def shapes(size: Size) -> list[tuple[int, ...]]:
    """The shapes of all weights."""
    width, heads = size.width, size.width // 64
    into, out = (width, heads, 64), (heads, 64, width)
    block = [(width,)] * 2 + [into, (heads, 64)] * 3 + [out, (width,)]
    block += [(width,)] * 2 + [(width, 4 * width), (4 * width,)]
    block += [(4 * width, width), (width,)]
    ends = [(size.vocabulary, width), (CONTEXT, width)]
    return ends + block * size.depth + [(width,)] * 2


def build(size: Size, scheme: str) -> Any:
    """The model, its embeddings and kernels drawn by one scheme.

    Args:
        size: How large.
        scheme: Name of an initializer, as layers take it.
    """
    import keras

    layers, width = keras.layers, size.width
    tokens = keras.Input((CONTEXT,), dtype="int32")
    embedding = layers.ReversibleEmbedding(
        size.vocabulary, width, embeddings_initializer=scheme, name="tokens"
    )
    places = layers.Embedding(CONTEXT, width, scheme, name="places")
    place = keras.ops.cumsum(keras.ops.ones_like(tokens), axis=1) - 1
    x = embedding(tokens) + places(place)
    for block in range(size.depth):
        y = layers.LayerNormalization()(x)
        attention = layers.MultiHeadAttention(
            width // 64, 64, kernel_initializer=scheme, name=f"attention_{block}"
        )
        x = x + attention(y, y, use_causal_mask=True)
        y = layers.LayerNormalization()(x)
        wide = layers.Dense(
            4 * width, "gelu", kernel_initializer=scheme, name=f"wide_{block}"
        )
        narrow = layers.Dense(width, kernel_initializer=scheme, name=f"narrow_{block}")
        x = x + narrow(wide(y))
    logits = embedding(layers.LayerNormalization()(x), reverse=True)
    return keras.Model(tokens, logits)


def scope(devices: int) -> Any:
    """A context in which a model's weights are cut over devices; none for one."""
    if devices == 1:
        return contextlib.nullcontext()
    import keras

    mesh = keras.distribution.DeviceMesh((1, devices), ("batch", "model"))
    layout = keras.distribution.LayoutMap(mesh)
    layout["tokens/embeddings"] = ("model", None)
    layout["places/embeddings"] = ("model", None)
    layout["attention_.*/(query|key|value)/kernel"] = ("model", None, None)
    layout["attention_.*/attention_output/kernel"] = (None, None, "model")
    layout["wide_.*/kernel"] = (None, "model")
    layout["narrow_.*/kernel"] = ("model", None)
    parallel = keras.distribution.ModelParallel(
        layout_map=layout, batch_dim_name="batch"
    )
    return parallel.scope()


def wait(model: Any) -> None:
    """Returns once all weights have their values."""
    for weight in model.weights:
        common.wait(weight.value)
