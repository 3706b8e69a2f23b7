"""Claims about recipes of deep Transformers before their first step: on the digits."""

import math
from typing import Any

import jax
import keras
import numpy as np
from claim import Measured, bars, claim, curves, rounded
from claims_transformers import tokens

import keras_inits
from keras_inits import recipes

DEPTHS = (4, 16, 64)


def transformer(blocks: int, width: int = 32) -> keras.Model:
    """A pre-norm encoder of 4 heads, from the digits' rows to each block's stream."""
    layers = keras.layers
    inputs = keras.Input((8, 8))
    streams = [layers.Dense(width, name="embedding")(inputs)]
    for _ in range(blocks):
        y = layers.LayerNormalization()(x := streams[-1])
        x = x + layers.MultiHeadAttention(4, width // 4)(y, y)
        y = layers.Dense(4 * width, "gelu")(layers.LayerNormalization()(x))
        streams.append(x + layers.Dense(width)(y))
    return keras.Model(inputs, streams)


def added(model: keras.Model) -> float:
    """Mean square of what all branches have added to the stream, on 32 digits."""
    first, *_, last = model(tokens(8)[0][:32])
    return float(((last - first) ** 2).mean())


def everywhere(rules: Any, scheme: Any) -> dict[Any, Any]:
    """A recipe with the scheme of its first kernels where it has factors of depth."""
    return dict.fromkeys(rules, scheme)


@claim(
    paper="Radford 2019, GPT-2",
    published="A factor 1/sqrt(N) on the weights of N residual layers accounts for the "
    "accumulation on the residual path with depth.",
    setting="pre-norm encoders of width 32, 4 heads, perceptron 128, on the digits' 8 "
    "rows of 8 pixels; mean square of what the branches of 4, 16 and 64 blocks add to "
    "the stream, all N(0, .02²), with the factor (recipes.gpt2) and without",
    rule="64 blocks / 4 blocks: with the factor in [1/1.5, 1.5], without > 10",
    quantity="with the factor, 64 blocks / 4 blocks",
)
def gpt2_depth(quick: bool) -> Measured:
    """What a stream gathers."""
    found: dict[str, list[float]] = {"with the factor": [], "without": []}
    depths = DEPTHS[:2] if quick else DEPTHS
    for blocks in depths:
        model = transformer(blocks)
        rules = recipes.gpt2(model)
        plain = everywhere(rules, keras_inits.RandomNormal(stddev=0.02))
        for name, one in zip(found, (rules, plain), strict=True):
            keras_inits.initialize(model, one, seed=0)
            found[name].append(added(model))
    kept, grown = (each[-1] / each[0] for each in found.values())
    plot = curves(found, "mean square added", "blocks", at=depths, log=True)
    figures = {name: by_blocks(depths, each) for name, each in found.items()}
    figures |= {"last / first, with": kept, "last / first, without": grown}
    passed = 1 / 1.5 <= kept <= 1.5 and grown > 10
    return Measured(rounded(figures, 3), passed, kept, plot)


def by_blocks(depths: Any, values: Any) -> dict[str, float]:
    """Values by the depth they belong to."""
    return {f"{n} blocks": one for n, one in zip(depths, values, strict=True)}


@claim(
    paper="Black 2022, 2204.06745",
    published="Wang's scheme, 2 / (L sqrt(d)), keeps activations from growing with "
    "depth and width.",
    setting="as gpt2_depth, recipes.small_wang, of width 32 and 128",
    rule="64 blocks < 4 blocks at both widths; width 128 / width 32 < 1.5 at each "
    "depth",
    quantity="64 blocks / 4 blocks, width 32",
)
def small_wang(quick: bool) -> Measured:
    """The start of GPT-NeoX."""
    depths = DEPTHS[:2] if quick else DEPTHS
    found: dict[str, list[float]] = {}
    for width in (32, 128):
        for blocks in depths:
            model = transformer(blocks, width)
            keras_inits.initialize(model, recipes.small_wang(model), seed=0)
            found.setdefault(f"width {width}", []).append(added(model))
    narrow, wide = (np.array(each) for each in found.values())
    passed = narrow[-1] < narrow[0] and wide[-1] < wide[0]
    passed &= bool((wide / narrow).max() < 1.5)
    plot = curves(found, "mean square added", "blocks", at=depths, log=True)
    figures = {name: by_blocks(depths, each) for name, each in found.items()}
    return Measured(rounded(figures, 3), passed, narrow[-1] / narrow[0], plot)


def from_identity(model: keras.Model, block: int) -> float:
    """How far the derivative of a block is from the identity, along a direction."""
    streams = model(tokens(8)[0][:32])
    own = keras.Model(model.outputs[block - 1], model.outputs[block])
    along = np.random.default_rng(0).normal(size=streams[0].shape).astype("float32")
    _, moved = jax.jvp(own, (streams[block - 1],), (along,))
    return float(math.sqrt(((moved - along) ** 2).mean() / (along**2).mean()))


SCALING = {
    "setting": "as gpt2_depth, 64 blocks, Xavier's uniform; gains 1, and 1/sqrt(l) in "
    "block l (recipes.layernorm_scaling); before the first step",
}


@claim(
    paper="Sun 2025, 2502.05795",
    published="LayerNorm scaled by 1/sqrt(l) keeps the variance of the outputs of deep "
    "blocks from exploding.",
    rule="variance after 64 blocks, plain / scaled > 5",
    quantity="variance after 64 blocks, plain / scaled",
    **SCALING,
)
def layernorm_scaling(quick: bool) -> Measured:
    """The variance along the stream."""
    found = {}
    for name, model in scaled_and_plain(quick):
        found[name] = [float(one.var()) for one in model(tokens(8)[0][:32])[1:]]
    plain, scaled = (each[-1] for each in found.values())
    figures = {name: {"first": one[0], "last": one[-1]} for name, one in found.items()}
    plot = curves(found, "variance of the stream", "block", log=True)
    return Measured(rounded(figures, 3), plain / scaled > 5, plain / scaled, plot)


@claim(
    paper="Sun 2025, 2502.05795",
    published="The growing variance makes the derivatives of deep pre-norm blocks near "
    "the identity, and LayerNorm scaled by 1/sqrt(l) mends that.",
    rule="distance of block 64's derivative from the identity, scaled / plain > 1",
    quantity="distance from the identity, scaled / plain",
    **SCALING,
)
def layernorm_scaling_identity(quick: bool) -> Measured:
    """Whether the last block does more than hand on."""
    found = {
        name: from_identity(model, len(model.outputs) - 1)
        for name, model in scaled_and_plain(quick)
    }
    plain, scaled = found.values()
    plot = {name: {"last block": one} for name, one in found.items()}
    return Measured(
        rounded(found, 3), scaled > plain, scaled / plain, bars(plot, "distance")
    )


def scaled_and_plain(quick: bool) -> Any:
    """Such a model started in both ways, one after the other."""
    model = transformer(8 if quick else 64)
    keras_inits.initialize(model, "xavier_uniform", seed=0)
    yield "plain", model
    rules = {
        path: scheme
        for path, scheme in recipes.layernorm_scaling(model).items()
        if scheme != "auto"
    }
    keras_inits.initialize(model, rules | {"*": "xavier_uniform"}, seed=0)
    yield "scaled", model
