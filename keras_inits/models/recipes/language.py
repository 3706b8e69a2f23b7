"""Recipes of language models that normalize before each branch."""

import math
from typing import Any

from keras_inits._utils import checks
from keras_inits.initializers import (
    Constant,
    RandomNormal,
    RandomUniform,
    SmallInit,
    TruncatedNormal,
    WangInit,
    Zeros,
)
from keras_inits.models.recipes.fits import (
    branch_of,
    own_factors,
    read,
    refusal,
    rows,
    width,
)
from keras_inits.models.recipes.parts import ENDS, Part, Place
from keras_inits.models.recipes.recipe import Recipe
from keras_inits.models.rules import AUTO

__all__ = ["gpt2", "layernorm_scaling", "llama_depth", "nanochat", "small_wang"]

OVER_ALL, OVER_OWN, LAYER = "1/√(2L)", "1/√(2l)", "1/√l"
AT_ENDS = dict.fromkeys(ENDS, OVER_ALL)


def _stddev(name: str, value: Any) -> float:
    return checks.number(
        name, value, above=0, meaning="a std", instead=f"For example {name}=0.02."
    )


def gpt2(
    model: Any, stddev: float = 0.02, position_stddev: float | None = None
) -> Recipe:
    """GPT-2's start: one std for all, smaller where branches end.

    Formula: kernels and embeddings N(0, stddev²); positions N(0, position_stddev²); the
    last kernel of each branch N(0, stddev² / (2 L)), 2 L the branches that are added to
    its stream. Biases start where their layer starts them.

    Args:
        model: A built model with residual branches.
        stddev: Float, > 0.
        position_stddev: Of learned positions; float, > 0. None: as `stddev`, which is
            what Hugging Face does; OpenAI's own code has 0.01.

    Returns:
        A `Recipe`, rules for `initialize`.

    Raises:
        ValueError: If the model is not built, has no residual branches, or one whose
            last kernel was not found; if a std is out of range.

    Examples:
    >>> import keras, keras_inits
    >>> x = inputs = keras.Input((5, 24))
    >>> for _ in range(2):
    ...     x = x + keras.layers.MultiHeadAttention(3, 8)(x, x)
    ...     x = x + keras.layers.Dense(24)(keras.layers.Dense(80, "gelu")(x))
    >>> model = keras.Model(inputs, x)
    >>> rules = keras_inits.recipes.gpt2(model)
    >>> rules["multi_head_attention[1]/attention_output/kernel"]
    RandomNormal(stddev=0.01)
    >>> report = keras_inits.initialize(model, rules, seed=0)

    Reference: Radford et al. (2019), "Language Models are Unsupervised Multitask
    Learners", sec. 2.3.
    """
    stddev = _stddev("stddev", stddev)
    own = stddev if position_stddev is None else position_stddev
    positions = RandomNormal(stddev=_stddev("position_stddev", own))
    found = read("gpt2", model)

    def end(place: Place) -> RandomNormal:
        return RandomNormal(
            stddev=stddev / math.sqrt(found.in_stream(branch_of(place)))
        )

    laws = {Part.POSITION: positions, **dict.fromkeys(ENDS, end)}
    given = rows(found, laws, RandomNormal(stddev=stddev), AT_ENDS)
    return Recipe("gpt2", found, given, own_factors(found))


def small_wang(model: Any) -> Recipe:
    """GPT-NeoX's start: SmallInit for all, Wang's where branches end.

    Formula: N(0, 2 / (5 d)); the last kernel of each branch N(0, (2 / (L sqrt(d)))²), d
    the features of the stream and L its blocks.

    Args:
        model: A built model with residual branches of one width.

    Returns:
        A `Recipe`, rules for `initialize`.

    Raises:
        ValueError: As `gpt2`, and if branches differ in width.

    Reference: Black et al. (2022), "GPT-NeoX-20B", arXiv 2204.06745; Nguyen, Salazar
    (2019), "Transformers without Tears", arXiv 1910.05895.
    """
    found = read("small_wang", model)
    features = width("small_wang", found)

    def end(place: Place) -> WangInit:
        return WangInit(layers=found.blocks(branch_of(place)), width=features)

    laws = dict.fromkeys(ENDS, end)
    given = rows(found, laws, SmallInit(width=features), dict.fromkeys(ENDS, "2/L"))
    return Recipe("small_wang", found, given, own_factors(found))


def llama_depth(model: Any, stddev: float = 0.02) -> Recipe:
    """OLMo's `llama_depth`: each block's last kernels smaller than those before it.

    Formula: kernels N(0, stddev²) cut at 3 std; outputs of attention, last kernels of
    MLPs, and of gated ones the first kernel that is not the gate, over sqrt(2 l), l the
    block from 1; embeddings N(0, 1); head N(0, 1 / d) cut at 3 std.

    Args:
        model: A built model with residual branches.
        stddev: Float, > 0.

    Returns:
        A `Recipe`, rules for `initialize`.

    Raises:
        ValueError: As `gpt2`.

    Reference: AllenAI's OLMo-core, `transformer/init.py`; torchtitan's Llama has the
    same factor.
    """
    stddev = _stddev("stddev", stddev)
    found = read("llama_depth", model)
    gated = {branch_of(place).number for place in found.of(Part.GATE)}

    def end(place: Place) -> TruncatedNormal:
        own = stddev / math.sqrt(2 * branch_of(place).block)
        return TruncatedNormal(stddev=own, bound=3.0)

    def first(place: Place) -> TruncatedNormal:
        is_gated = branch_of(place).number in gated
        return end(place) if is_gated else TruncatedNormal(stddev=stddev, bound=3.0)

    def head(place: Place) -> TruncatedNormal:
        return TruncatedNormal(stddev=_fan_in(place) ** -0.5, bound=3.0)

    laws = {
        **dict.fromkeys(ENDS, end),
        Part.FIRST: first,
        Part.HEAD: head,
        Part.EMBEDDING: RandomNormal(stddev=1.0),
    }
    default = TruncatedNormal(stddev=stddev, bound=3.0)
    given = rows(found, laws, default, dict.fromkeys(ENDS, OVER_OWN))
    return Recipe("llama_depth", found, given, own_factors(found))


def _fan_in(place: Place) -> float:
    return place.info.weight.geometry.fans(place.info.shape)[0]


def nanochat(model: Any) -> Recipe:
    """nanochat's start: uniform kernels, branches that end in zeros.

    Formula: query, key and value U(±sqrt(3 / d)); first kernels of MLPs 0.4 of that;
    last kernels of branches 0; embeddings N(0, 0.8²); head N(0, 0.001²), d the kernel's
    inputs. Scalars of the residual stream, where a model has them, start where their
    layer starts them.

    Args:
        model: A built model with residual branches, some of which attend, an embedding
            and a head of its own.

    Returns:
        A `Recipe`, rules for `initialize`.

    Raises:
        ValueError: As `gpt2`; if no branch attends, or there is no embedding, or no
            head apart from it.

    Reference: Karpathy (2025), nanochat, `gpt.py`.
    """
    found = read("nanochat", model, attends=True)
    if found.tied or not found.of(Part.HEAD) or not found.of(Part.EMBEDDING):
        tied = f"{min(found.tied)!r} is both" if found.tied else "one is missing"
        raise refusal(
            "nanochat",
            f"it wants an embedding and a head of unequal scale, and {tied}",
            "Use recipes.gpt2, which gives both the same.",
        )

    def bound(factor: float) -> Any:
        def uniform(place: Place) -> RandomUniform:
            own = factor * math.sqrt(3 / _fan_in(place))
            return RandomUniform(-own, own)

        return uniform

    laws = {
        **dict.fromkeys(ENDS, Zeros()),
        **dict.fromkeys((Part.FIRST, Part.GATE, Part.MIDDLE), bound(0.4)),
        Part.EMBEDDING: RandomNormal(stddev=0.8),
        Part.POSITION: RandomNormal(stddev=0.8),
        Part.HEAD: RandomNormal(stddev=0.001),
    }
    given = rows(found, laws, bound(1.0), dict.fromkeys(ENDS, "0 at the end"))
    return Recipe("nanochat", found, given)


def layernorm_scaling(model: Any) -> Recipe:
    """Gains that shrink with the block, so that deep blocks learn: LayerNorm Scaling.

    Formula: the gain of each normalization before a branch is 1 / sqrt(l), l the block
    from 1; kernels are left to "auto".

    In the paper the factor is fixed; here it is where the gain starts, and is trained.
    Its authors do without the factor 1 / sqrt(2 L) of GPT-2: `|` with a recipe that has
    one warns.

    Args:
        model: A built model with residual branches that normalize first.

    Returns:
        A `Recipe`, rules for `initialize`.

    Raises:
        ValueError: As `gpt2`; if a branch has no gain before it.

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

    def gain(place: Place) -> Constant:
        return Constant(branch_of(place).block ** -0.5)

    given = rows(found, {Part.PRE_NORM: gain}, AUTO, {Part.PRE_NORM: LAYER})
    return Recipe("layernorm_scaling", found, given)


def _shares(branches: Any, branch: Any, scaled: set[int]) -> bool:
    """Whether a branch takes the normalization of another of its sum."""
    return any(b.sum is branch.sum and b.number in scaled for b in branches)
