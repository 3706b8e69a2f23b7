"""Recipes of residual networks that nothing normalizes, or that start as identities."""

from typing import Any

from keras_inits.initializers import Fixup, HeFanIn, Ones, XavierUniform, Zeros
from keras_inits.initializers import TFixup as TFixupKernels
from keras_inits.models.recipes.fits import (
    branch_of,
    read,
    refusal,
    refuse_fused,
    refuse_norms,
    rows,
)
from keras_inits.models.recipes.parts import (
    ATTENDING,
    ENDS,
    OF_MLP,
    Anatomy,
    Part,
    Place,
)
from keras_inits.models.recipes.recipe import Recipe
from keras_inits.models.recipes.zero_factors import zero_rows
from keras_inits.models.rules import AUTO

__all__ = ["fixup", "rezero", "t_fixup"]

ZERO = "0 at the end"


def fixup(model: Any, negative_slope: float = 0.0) -> Recipe:
    """Residual networks of any depth without normalization: Fixup.

    Formula: last kernels of branches and heads 0; the others of a branch N(0, 2 / ((1 +
    a²) fan_in)) times N^(-1 / (2 m - 2)), N the branches of the network, m the kernels
    of the branch, a the slope; kernels outside of branches He's.

    The paper's scalars, a multiplier and biases in each branch, are the model's own to
    have: 1 and 0 at the start, trained at a tenth of the rate.

    Args:
        model: A built model with residual branches that neither normalize nor attend.
        negative_slope: Of leaky ReLU, which no graph tells in numbers; finite float.

    Returns:
        A `Recipe`, rules for `initialize`.

    Raises:
        ValueError: If the model is not built, has no residual branches or one whose
            last kernel was not found; if one attends or is normalized.

    Examples:
    >>> import keras, keras_inits
    >>> x = inputs = keras.Input((24,))
    >>> for _ in range(16):
    ...     x = x + keras.layers.Dense(24)(keras.layers.Dense(32, "relu")(x))
    >>> model = keras.Model(inputs, keras.layers.Dense(10, name="end")(x))
    >>> rules = keras_inits.recipes.fixup(model)
    >>> rules["dense[0]/kernel"], rules["dense[1]/kernel"], rules["end/kernel"]
    (Fixup(branches=16), Zeros(), Zeros())

    Reference: Zhang, Dauphin, Ma (2019), "Fixup Initialization: Residual Learning
    Without Normalization", arXiv 1901.09321.
    """
    found = read("fixup", model)
    if found.of(*ATTENDING):
        path = found.of(*ATTENDING)[0].info.path
        raise refusal(
            "fixup", f"{path!r} attends", "For Transformers use recipes.t_fixup."
        )
    refuse_norms("fixup", found)

    def inner(place: Place) -> Fixup:
        kernels = branch_of(place).kernels
        return Fixup(len(found.branches), max(2, kernels), negative_slope)

    laws = {
        **dict.fromkeys((Part.FIRST, Part.GATE, Part.MIDDLE, Part.ROUTER), inner),
        Part.LAST: Zeros(),
        Part.HEAD: Zeros(),
        Part.SCALAR: Ones(),  # at zero, beside a kernel of zeros, neither would move
        Part.EMBEDDING: AUTO,
        Part.POSITION: AUTO,
    }
    default = HeFanIn(negative_slope)
    given = rows(found, laws, default, {Part.LAST: ZERO})
    notes = (
        []
        if found.of(Part.SCALAR)
        else [
            "The paper has a trained multiplier and biases in each branch, which this "
            "model does not have."
        ]
    )
    return Recipe("fixup", found, given, notes)


def rezero(model: Any) -> Recipe:
    """Branches that start at zero by a trained factor: ReZero, SkipInit, zero gamma.

    Formula: on each path through a branch the last factor is 0: a weight that the
    branch is multiplied by, or the gain of a normalization after its last kernel.
    Other factors of the branch are not 0: of two zeros in a row none would ever get a
    gradient. Kernels are left to "auto".

    Args:
        model: A built model with residual branches, each with a factor or a last gain
            on each of its paths.

    Returns:
        A `Recipe`, rules for `initialize`.

    Raises:
        ValueError: If the model is not built, has no residual branches, or one with a
            path without a factor and a last gain, or with the same factor twice.

    Examples:
    >>> import keras, keras_inits
    >>> x = inputs = keras.Input((24,))
    >>> y = keras.layers.Dense(24, "relu")(x)
    >>> model = keras.Model(inputs, x + keras.layers.BatchNormalization(name="last")(y))
    >>> keras_inits.recipes.rezero(model)["last/gamma"]
    Zeros()

    Reference: Bachlechner et al. (2020), "ReZero is All You Need", arXiv 2003.04887;
    De, Smith (2020), arXiv 2002.10444; Goyal et al. (2017), arXiv 1706.02677.
    """
    found = read("rezero", model)
    return Recipe(
        "rezero", found, [*rows(found, {}, AUTO), *zero_rows("rezero", found)]
    )


def t_fixup(model: Any) -> Recipe:
    """Transformers without normalization and warm-up: T-Fixup.

    Formula: values, outputs and kernels of MLPs Xavier's uniform times 0.67 N^(-1/4) in
    an encoder of N blocks, (9 M)^(-1/4) in a decoder of M; embeddings N(0, 1 / d) times
    (9 N)^(-1/4) or (9 M)^(-1/4); queries, keys and the rest Xavier's uniform.

    A stream that attends to another is a decoder's; one that attends to itself alone,
    as a language model's, has two branches a block and gets an encoder's factor.

    Args:
        model: A built Transformer in which nothing is normalized.

    Returns:
        A `Recipe`, rules for `initialize`.

    Raises:
        ValueError: If the model is not built, has no residual branches or none that
            attends; if something is normalized; if one kernel is query and value.

    Examples:
    >>> import keras, keras_inits
    >>> x = inputs = keras.Input((5, 24))
    >>> for _ in range(2):
    ...     x = x + keras.layers.MultiHeadAttention(3, 8)(x, x)
    >>> model = keras.Model(inputs, x)
    >>> rules = keras_inits.recipes.t_fixup(model)
    >>> rules["multi_head_attention[1]/value/kernel"]
    TFixup(part='encoder', layers=2)

    Reference: Huang, Pérez, Ba, Volkovs (2020), "Improving Transformer Optimization
    Through Better Initialization", ICML.
    """
    found = read("t_fixup", model, attends=True)
    refuse_norms("t_fixup", found)
    refuse_fused("t_fixup", found)
    sides = sides_of(found)

    def scaled(place: Place) -> TFixupKernels:
        branch = branch_of(place)
        return TFixupKernels(sides[branch.stream], layers=found.blocks(branch))

    def table(place: Place) -> TFixupKernels:
        stream = stream_of(found, place)
        part = {"encoder": "source", "decoder": "target"}[sides[stream]]
        blocks = max(b.block for b in found.branches if b.stream == stream)
        return TFixupKernels(f"{part}_embedding", layers=blocks)

    laws = {
        **dict.fromkeys((*OF_MLP, Part.VALUE, *ENDS), scaled),
        **dict.fromkeys((Part.EMBEDDING, Part.POSITION), table),
    }
    depths = dict.fromkeys((*OF_MLP, Part.VALUE, *ENDS), "N^(-1/4)")
    return Recipe("t_fixup", found, rows(found, laws, XavierUniform(), depths))


def sides_of(found: Anatomy) -> dict[int, str]:
    """Of each stream whether it is a "decoder"'s, which attends to another."""
    crossing = {b.stream for b in found.branches if b.kind == "cross-attention"}
    return {
        b.stream: "decoder" if b.stream in crossing else "encoder"
        for b in found.branches
    }


def stream_of(found: Anatomy, place: Place) -> int:
    """The stream that an embedding leads to; the first, if the graph does not tell."""
    made = found.made_with(place)
    for branch in found.branches:
        if not made.isdisjoint(found.behind.distances(branch.shortcut, 0)):
            return branch.stream
    return found.branches[0].stream
