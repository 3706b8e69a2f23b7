"""Recipes for very deep Transformers that rest on where their normalizations stand."""

import math
from typing import Any

from keras_inits.graph.normalizations import added_to_one
from keras_inits.initializers import (
    Constant,
    Deepnorm,
    EmbeddingNormal,
    SubLn,
    XavierNormal,
)
from keras_inits.models.recipes.branch import Branch, normalizes_last
from keras_inits.models.recipes.branches import factor_of_stream
from keras_inits.models.recipes.fits import branch_of, read, refusal, refuse_fused, rows
from keras_inits.models.recipes.parts import ENDS, OF_MLP, Anatomy, Part, Place
from keras_inits.models.recipes.recipe import Recipe
from keras_inits.models.recipes.residual import sides_of
from keras_inits.models.rules import AUTO

__all__ = ["deepnorm", "layernorm_scaling", "sub_ln"]

SCALED = (*OF_MLP, Part.VALUE, *ENDS)
ONE = "√log(2L)"  # Sub-LN's factor, of an encoder or a decoder alone
BOTH = {"encoder": "√(log(3M) log(2N) / 3)", "decoder": "√log(3M)"}
LAYER = "1/√l"
CLOSE = 1e-3  # a factor that was typed with four digits is right


def _scheme(cls: Any, found: Anatomy, branch: Branch) -> Any:
    """DeepNorm's or Sub-LN's scheme for the kernels of a branch."""
    sides = sides_of(found)
    blocks = {
        side: max(b.block for b in found.branches if sides[b.stream] == side)
        for side in set(sides.values())
    }
    counts = {f"{side}_layers": count for side, count in blocks.items()}
    if len(blocks) == 1:
        (side,) = blocks
        return cls(side, **counts)
    return cls("encoder_decoder", part=sides[branch.stream], **counts)


def deepnorm(model: Any) -> Recipe:
    """Post-norm Transformers of a thousand layers: DeepNorm.

    Formula: values, outputs and kernels of MLPs N(0, 2 beta² / (fan_in + fan_out)),
    beta (8 N)^(-1/4) for N blocks of an encoder or a decoder; queries, keys and the
    rest Xavier's normal; embeddings N(0, 1 / d). The stream must be multiplied by alpha
    = (2 N)^(1/4) before each branch is added, and the sum normalized: the model is
    checked for both. For an encoder with a decoder see `keras_inits.Deepnorm`.

    Args:
        model: A built Transformer that normalizes after each sum.

    Returns:
        A `Recipe`, rules for `initialize`.

    Raises:
        ValueError: If the model is not built, has no residual branches or none that
            attends; if a sum is not normalized; if the stream is not multiplied by
            alpha: the error says by what it should be; if one kernel is query and
            value.

    Examples:
    >>> import keras, keras_inits
    >>> x = inputs = keras.Input((5, 24))
    >>> for _ in range(2):
    ...     y = keras.layers.MultiHeadAttention(3, 8)(x, x)
    ...     x = keras.layers.LayerNormalization()(x * 2**0.5 + y)
    >>> model = keras.Model(inputs, x)
    >>> rules = keras_inits.recipes.deepnorm(model)
    >>> rules["multi_head_attention[1]/value/kernel"].expected_std((24, 3, 8))
    0.04351941398892446

    Reference: Wang et al. (2022), "DeepNet: Scaling Transformers to 1,000 Layers",
    arXiv 2203.00555.
    """
    found = read("deepnorm", model, attends=True)
    refuse_fused("deepnorm", found)
    for branch in found.branches:
        where = f"branch {branch.number + 1} of {len(found.branches)} ({branch.kind})"
        if not branch.is_normalized_after:
            raise refusal(
                "deepnorm",
                f"the sum of {where} is not normalized",
                "It is for post-norm Transformers; for pre-norm ones use recipes.gpt2.",
            )
        alpha = _scheme(Deepnorm, found, branch).alpha
        own = factor_of_stream(found.graph, branch)
        if not math.isclose(own, alpha, rel_tol=CLOSE):
            raise refusal(
                "deepnorm",
                f"the stream that {where} is added to is multiplied by {own:.4g}, and "
                f"alpha is {alpha:.6g}",
                f"Add {alpha:.6g} * x and the branch, and then normalize.",
            )

    def scaled(place: Place) -> Any:
        return _scheme(Deepnorm, found, branch_of(place))

    laws = {
        **dict.fromkeys(SCALED, scaled),
        **dict.fromkeys((Part.EMBEDDING, Part.POSITION), EmbeddingNormal()),
    }
    depths = dict.fromkeys(SCALED, "DeepNorm's beta")
    return Recipe("deepnorm", found, rows(found, laws, XavierNormal(), depths))


def sub_ln(model: Any) -> Recipe:
    """Transformers with a second normalization in each branch: Sub-LN, Magneto.

    Formula: values, outputs and kernels of MLPs N(0, 2 g² / (fan_in + fan_out)), g² =
    log(2 L) for L blocks of an encoder or a decoder; with both, of N and M blocks,
    log(3 M) log(2 N) / 3 in the encoder and log(3 M) in the decoder. Queries, keys,
    attention to another stream and the rest Xavier's normal; embeddings N(0, 1 / d).

    Args:
        model: A built Transformer whose branches normalize first, and again before
            their last kernel; attention to another stream may do without the second.

    Returns:
        A `Recipe`, rules for `initialize`.

    Raises:
        ValueError: If the model is not built, has no residual branches or none that
            attends; if a branch lacks one of its two normalizations; if one kernel is
            query and value.

    Examples:
    >>> import keras, keras_inits
    >>> x = inputs = keras.Input((5, 24))
    >>> for _ in range(2):
    ...     y = keras.layers.LayerNormalization()(x)
    ...     y = keras.layers.MultiHeadAttention(3, 8)(y, y)
    ...     x = x + keras.layers.Dense(24)(keras.layers.LayerNormalization()(y))
    >>> model = keras.Model(inputs, x)
    >>> rules = keras_inits.recipes.sub_ln(model)
    >>> rules["multi_head_attention[1]/value/kernel"]
    SubLn(architecture='encoder', encoder_layers=2)

    Reference: Wang et al. (2022), "Foundation Transformers", arXiv 2210.06423.
    """
    found = read("sub_ln", model, attends=True)
    refuse_fused("sub_ln", found)
    for branch in found.branches:
        is_crossing = branch.kind == "cross-attention"  # kept at Xavier's scale
        ends_well = is_crossing or normalizes_last(found.graph, found.behind, branch)
        if not (branch.normalizes_first and ends_well):
            lack = "before its last" if branch.normalizes_first else "before its first"
            raise refusal(
                "sub_ln",
                f"branch {branch.number + 1} of {len(found.branches)} ({branch.kind}) "
                f"has no normalization {lack} kernel",
                "For Transformers with one normalization a branch use recipes.gpt2.",
            )

    def scaled(place: Place) -> Any:
        branch = branch_of(place)
        if branch.kind == "cross-attention":
            return XavierNormal()
        return _scheme(SubLn, found, branch)

    laws = {
        **dict.fromkeys(SCALED, scaled),
        **dict.fromkeys((Part.EMBEDDING, Part.POSITION), EmbeddingNormal()),
    }
    sides = sides_of(found)

    def depth(place: Place) -> str:
        branch = branch_of(place)
        if branch.kind == "cross-attention":
            return ""
        return ONE if len({*sides.values()}) == 1 else BOTH[sides[branch.stream]]

    depths = dict.fromkeys(SCALED, depth)
    return Recipe("sub_ln", found, rows(found, laws, XavierNormal(), depths))


def layernorm_scaling(model: Any) -> Recipe:
    """Gains that shrink with the block, so that deep blocks learn: LayerNorm Scaling.

    Formula: the gain of each normalization before a branch is 1 / sqrt(l), l the block
    from 1, and one less where its layer adds one to it, as Gemma's; kernels are left to
    "auto".

    In the paper the factor is fixed; here it is where the gain starts, and is trained.
    Its authors do without the factor 1 / sqrt(2 L) of GPT-2: `|` with a recipe that has
    one warns.

    Args:
        model: A built model with residual branches that normalize first.

    Returns:
        A `Recipe`, rules for `initialize`.

    Raises:
        ValueError: As `gpt2`; if a branch has no gain before it.

    Examples:
    >>> import keras, keras_inits
    >>> x = inputs = keras.Input((24,))
    >>> for _ in range(2):
    ...     y = keras.layers.Dense(80, "gelu")(keras.layers.LayerNormalization()(x))
    ...     x = x + keras.layers.Dense(24)(y)
    >>> model = keras.Model(inputs, x)
    >>> rules = keras_inits.recipes.layernorm_scaling(model)
    >>> [round(rules[f"layer_normalization[{n}]/gamma"].value, 3) for n in range(2)]
    [1.0, 0.707]

    Reference: Sun et al. (2025), "The Curse of Depth in Large Language Models", arXiv
    2502.05795.
    """
    found = read("layernorm_scaling", model)
    scaled = {branch_of(place).number for place in found.of(Part.PRE_NORM)}
    for branch in found.branches:
        if branch.number not in scaled and not _shares(found.branches, branch, scaled):
            raise refusal(
                "layernorm_scaling",
                f"branch {branch.number + 1} of {len(found.branches)} "
                f"({branch.kind}) has no gain before its first kernel",
                "It is for branches that normalize first, with a trained gain.",
            )

    less = added_to_one(found.graph)  # as in Gemma

    def gain(place: Place) -> Constant:
        own = branch_of(place).block ** -0.5
        return Constant(own - 1 if id(place.info.variable) in less else own)

    given = rows(found, {Part.PRE_NORM: gain}, AUTO, {Part.PRE_NORM: LAYER})
    return Recipe("layernorm_scaling", found, given)


def _shares(branches: Any, branch: Any, scaled: set[int]) -> bool:
    """Whether a branch takes the normalization of another of its sum."""
    return any(b.sum is branch.sum and b.number in scaled for b in branches)
