"""Recipes of language models: ends of branches each by their own block, or zero."""

import math
from typing import Any

from keras_inits.graph.layer_defaults import LayerDefaults
from keras_inits.graph.residual import FARTHEST
from keras_inits.initializers import (
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    Zeros,
)
from keras_inits.models.recipes.fits import (
    branch_of,
    own_factors,
    read,
    refusal,
    rows,
    tied_notes,
    width,
)
from keras_inits.models.recipes.language import checked_stddev
from keras_inits.models.recipes.parts import ENDS, Anatomy, Part, Place
from keras_inits.models.recipes.recipe import Recipe

__all__ = ["llama_depth", "nanochat"]

OVER_OWN = "1/√(2l)"


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

    Examples:
    >>> import keras, keras_inits
    >>> x = inputs = keras.Input((24,))
    >>> for _ in range(2):
    ...     y = keras.layers.Dense(80, "gelu")(keras.layers.LayerNormalization()(x))
    ...     x = x + keras.layers.Dense(24)(y)
    >>> model = keras.Model(inputs, x)
    >>> rules = keras_inits.recipes.llama_depth(model)
    >>> [round(rules[f"dense[{n}]/kernel"].stddev, 4) for n in range(4)]
    [0.02, 0.0141, 0.02, 0.01]

    Reference: AllenAI's OLMo-core, `transformer/init.py`; torchtitan's Llama has the
    same factor.
    """
    stddev = checked_stddev("stddev", stddev)
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
    notes = [*own_factors(found), *tied_notes(found)]
    return Recipe("llama_depth", found, given, notes)


def _fan_in(place: Place) -> float:
    return place.info.weight.geometry.fans(place.info.shape)[0]


def nanochat(model: Any) -> Recipe:
    """nanochat's start: uniform kernels, branches that end in zeros.

    Formula: query, key and value U(±sqrt(3 / d)); first kernels of MLPs 0.4 of that;
    last kernels of branches 0; embeddings N(0, 0.8²), but those that are added to
    values as values are; head N(0, 0.001²), d the kernel's inputs.

    What the author's model has and no layer of Keras is left to a rule of your own:
    gates on values U(0, 0.02); scalars, which start where their layer starts them,
    there from 1.15 to 1.05 on the stream and from 0.20 to 0.05 on its embeddings.

    Args:
        model: A built model with residual branches, some of which attend, an embedding
            and a head of its own.

    Returns:
        A `Recipe`, rules for `initialize`.

    Raises:
        ValueError: As `gpt2`; if no branch attends, or there is no embedding, or no
            head apart from it.

    Examples:
    >>> import keras, keras_inits
    >>> tokens = keras.Input((5,), dtype="int32")
    >>> x = keras.layers.Embedding(50, 24)(tokens)
    >>> y = keras.layers.LayerNormalization()(x)
    >>> x = x + keras.layers.MultiHeadAttention(3, 8)(y, y)
    >>> model = keras.Model(tokens, keras.layers.Dense(50, name="head")(x))
    >>> rules = keras_inits.recipes.nanochat(model)
    >>> rules["multi_head_attention[0]/attention_output/kernel"], rules["head/kernel"]
    (Zeros(), RandomNormal(stddev=0.001))

    Reference: Karpathy (2025), nanochat, `gpt.py` as of July 2026.
    """
    found = read("nanochat", model, attends=True)
    if found.tied or not found.of(Part.HEAD) or not found.of(Part.EMBEDDING):
        tied = f"{min(found.tied)!r} is both" if found.tied else "one is missing"
        raise refusal(
            "nanochat",
            f"it wants an embedding and a head of unequal scale, and {tied}",
            "Use recipes.gpt2, which gives both the same.",
        )

    for place in found.of(Part.SCALAR):
        if isinstance(LayerDefaults().start(place.info), Zeros):
            raise refusal(
                "nanochat",
                f"{place.info.path!r} multiplies a branch and starts at zero, as the "
                "branch's last kernel does, so that neither would ever move",
                "Start it at one, or see recipes.rezero.",
            )

    def bound(factor: float) -> Any:
        def uniform(place: Place) -> RandomUniform:
            own = factor * math.sqrt(3 / _fan_in(place))
            return RandomUniform(-own, own)

        return uniform

    def table(place: Place) -> Any:
        if _feeds_stream(found, place):
            return RandomNormal(stddev=0.8)
        own = math.sqrt(3 / width("nanochat", found))
        return RandomUniform(-own, own)

    laws = {
        **dict.fromkeys(ENDS, Zeros()),
        **dict.fromkeys((Part.FIRST, Part.GATE, Part.MIDDLE), bound(0.4)),
        Part.EMBEDDING: table,
        Part.POSITION: RandomNormal(stddev=0.8),
        Part.HEAD: RandomNormal(stddev=0.001),
    }
    given = rows(found, laws, bound(1.0), dict.fromkeys(ENDS, "0 at the end"))
    return Recipe("nanochat", found, given)


def _feeds_stream(found: Anatomy, place: Place) -> bool:
    """Whether what an embedding gives is before the first branch of a stream."""
    made = found.made_with(place)
    starts = (branch.shortcut for branch in found.branches if branch.place == 0)
    return any(
        not made.isdisjoint(found.behind.distances(start, FARTHEST)) for start in starts
    )
