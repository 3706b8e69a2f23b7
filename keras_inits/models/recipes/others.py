"""Recipes for vision's attention, and for learning rates that carry over widths."""

import math
from typing import Any

from keras_inits import sampling
from keras_inits._utils import checks
from keras_inits.geometry.roles import KERNEL_ROLES
from keras_inits.initializers import (
    Identity,
    Mimetic,
    Orthogonal,
    Spectral,
    StandardNormal,
)
from keras_inits.models.recipes.fits import (
    branch_of,
    read,
    refusal,
    refuse_fused,
    rows,
    tied_notes,
)
from keras_inits.models.recipes.parts import Part, Place
from keras_inits.models.recipes.recipe import Recipe
from keras_inits.models.recipes.roles import anatomy
from keras_inits.models.rules import AUTO

__all__ = ["conditioned_attention", "mimetic", "spectral"]

PARTS = {
    Part.QUERY: "query",
    Part.KEY: "key",
    Part.VALUE: "value",
    Part.ATTENTION_OUTPUT: "output",
}


def mimetic(model: Any, seed: int, heads: int | None = None) -> Recipe:
    """Attention that starts with the patterns of trained attention.

    Formula: for each head, query keyᵀ is the best approximation of rank k of 0.7 Z +
    0.7 I; value output, over all heads, 0.4 Z - 0.4 I; Z of N(0, 1 / d), d the
    features, k those of a head. Other kernels are left to "auto".

    Args:
        model: A built Transformer that attends to itself.
        seed: Int: the kernels of a layer come from one draw, each layer's from its own.
        heads: Of attention made of kernels of two axes, whose shapes do not tell it;
            int, >= 1. None for attention of Keras's, which has an axis of heads.

    Returns:
        A `Recipe`, rules for `initialize`.

    Raises:
        ValueError: If the model is not built, or no branch attends; if `seed` is no
            int; if keys and queries have unequal shapes, or one kernel is both; if
            `heads` is missing, or does not divide the features.

    Examples:
    >>> import keras, keras_inits
    >>> x = inputs = keras.Input((5, 24))
    >>> for _ in range(2):
    ...     y = keras.layers.LayerNormalization()(x)
    ...     x = x + keras.layers.MultiHeadAttention(3, 8)(y, y)
    >>> model = keras.Model(inputs, x)
    >>> rules = keras_inits.recipes.mimetic(model, seed=0)
    >>> name = "multi_head_attention[1]/{}/kernel"
    >>> [rules[name.format(one)].part for one in ("query", "key")]
    ['query', 'key']

    Reference: Trockman, Kolter (2023), "Mimetic Initialization of Self-Attention
    Layers", arXiv 2305.09828.
    """
    checks.whole(
        "seed",
        seed,
        minimum=0,
        meaning="what makes the kernels of a layer match",
        instead="For example seed=0.",
    )
    found = read("mimetic", model, attends=True)
    refuse_fused("mimetic", found)
    _check_shapes(found, heads)

    def kernel(place: Place) -> Any:
        branch = branch_of(place)
        if branch.kind == "cross-attention":
            return AUTO
        key = sampling.key_from_seed(seed, (), f"mimetic {branch.number}")
        own = (key.k0 << 32 | key.k1) >> 1
        own_heads = heads if len(place.info.shape) == 2 else None
        return Mimetic(PARTS[place.part], heads=own_heads, seed=own)

    return Recipe("mimetic", found, rows(found, dict.fromkeys(PARTS, kernel), AUTO))


def _check_shapes(found: Any, heads: int | None) -> None:
    """Refuses attention whose halves cannot match.

    Raises:
        ValueError: If there is any.
    """
    kernels: dict[int, dict[Part, Place]] = {}  # by the number of the branch
    for place in found.of(*PARTS):
        if place.branch:
            kernels.setdefault(place.branch.number, {})[place.part] = place
    for branch in found.branches:
        if branch.kind != "attention":
            continue
        own = kernels.get(branch.number, {})
        if len(own) < len(PARTS):
            lack = next(part for part in PARTS if part not in own)
            raise refusal(
                "mimetic",
                f"branch {branch.number + 1} has no kernel that is its {lack} alone",
                "It fills query, key, value and output of each attention layer.",
            )
        query, key = own[Part.QUERY].info, own[Part.KEY].info
        if query.shape != key.shape:
            raise refusal(
                "mimetic",
                f"{query.path!r} has shape {query.shape} and {key.path!r} {key.shape}",
                "It needs as many heads of keys as of queries.",
            )
        features = math.prod(query.shape[1:])
        if features != query.shape[0]:
            raise refusal(
                "mimetic",
                f"{query.path!r} has {features} outputs for {query.shape[0]} features",
                "It needs heads times key_dim to be the features of the stream.",
            )
        if len(query.shape) == 2 and (heads is None or features % heads):
            raise refusal(
                "mimetic",
                f"the shape of {query.path!r} does not tell its heads",
                f"Pass heads=..., which divides {features}.",
            )


def conditioned_attention(model: Any) -> Recipe:
    """Attention whose first derivative is well conditioned.

    Formula: queries and keys semi-orthogonal, values the identity, cut to their shape;
    all singular values of each are 1. Other kernels are left to "auto".

    Args:
        model: A built Transformer.

    Returns:
        A `Recipe`, rules for `initialize`.

    Raises:
        ValueError: If the model is not built, or no branch attends; if one kernel is
            query or key and value.

    Examples:
    >>> import keras, keras_inits
    >>> x = inputs = keras.Input((5, 24))
    >>> model = keras.Model(inputs, x + keras.layers.MultiHeadAttention(3, 8)(x, x))
    >>> rules = keras_inits.recipes.conditioned_attention(model)
    >>> name = "multi_head_attention[0]/{}/kernel"
    >>> [rules[name.format(one)] for one in ("query", "key", "value")]
    [Orthogonal(), Orthogonal(), Identity()]

    Reference: "Conditioned Initialization for Attention" (2026), ICLR.
    """
    found = read("conditioned_attention", model, attends=True)
    refuse_fused("conditioned_attention", found)
    laws = {Part.QUERY: Orthogonal(), Part.KEY: Orthogonal(), Part.VALUE: Identity()}
    return Recipe("conditioned_attention", found, rows(found, laws, AUTO))


def spectral(model: Any) -> Recipe:
    """Kernels whose norm is right at every width: the spectral condition.

    Formula: N(0, s²), s = min(1, sqrt(fan_out / fan_in)) / sqrt(fan_in); embeddings and
    positions N(0, 1). It is the start of the maximal update parametrization; its other
    half is a learning rate that goes with fan_out / fan_in for each kernel.

    Args:
        model: Built; no residual branches are needed.

    Returns:
        A `Recipe`, rules for `initialize`.

    Raises:
        ValueError: If the model is not built, or has no kernels.

    Examples:
    >>> import keras, keras_inits
    >>> x = inputs = keras.Input((24,))
    >>> for _ in range(2):
    ...     y = keras.layers.Dense(80, "gelu")(keras.layers.LayerNormalization()(x))
    ...     x = x + keras.layers.Dense(24)(y)
    >>> model = keras.Model(inputs, x)
    >>> rules = keras_inits.recipes.spectral(model)
    >>> rules["dense[0]/kernel"]
    Spectral()

    Reference: Yang, Simon, Bernstein (2023), "A Spectral Condition for Feature
    Learning", arXiv 2310.17813.
    """
    found = anatomy(model)
    if not any(p.info.weight.role in KERNEL_ROLES for p in found.places.values()):
        raise refusal("spectral", "it has no kernels", "Nothing is to be set.")
    laws = dict.fromkeys((Part.EMBEDDING, Part.POSITION), StandardNormal())
    note = "Its other half: a learning rate that goes with fan_out / fan_in."
    notes = [note, *tied_notes(found)]
    return Recipe("spectral", found, rows(found, laws, Spectral()), notes)
