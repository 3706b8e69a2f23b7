"""Recipes for very deep Transformers whose normalizations stand in other places."""

import math
from typing import Any

from keras_inits.initializers import Deepnorm, EmbeddingNormal, SubLn, XavierNormal
from keras_inits.models.recipes.branches import (
    Branch,
    factor_of_stream,
    normalizes_last,
)
from keras_inits.models.recipes.fits import branch_of, read, refusal, refuse_fused, rows
from keras_inits.models.recipes.parts import ENDS, OF_MLP, Anatomy, Part, Place
from keras_inits.models.recipes.recipe import Recipe
from keras_inits.models.recipes.residual import sides_of

__all__ = ["deepnorm", "sub_ln"]

SCALED = (*OF_MLP, Part.VALUE, *ENDS)
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
    log(2 L) for L blocks of an encoder or a decoder; queries, keys, attention to
    another stream and the rest Xavier's normal; embeddings N(0, 1 / d).

    Args:
        model: A built Transformer whose branches normalize first, and again before
            their last kernel.

    Returns:
        A `Recipe`, rules for `initialize`.

    Raises:
        ValueError: If the model is not built, has no residual branches or none that
            attends; if a branch lacks one of its two normalizations; if one kernel is
            query and value.

    Reference: Wang et al. (2022), "Foundation Transformers", arXiv 2210.06423.
    """
    found = read("sub_ln", model, attends=True)
    refuse_fused("sub_ln", found)
    for branch in found.branches:
        ends_well = normalizes_last(found.graph, found.behind, branch)
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
    depths = dict.fromkeys(SCALED, "√log(2L)")
    return Recipe("sub_ln", found, rows(found, laws, XavierNormal(), depths))
