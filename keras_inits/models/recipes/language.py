"""Recipes of language models: one factor for all ends of branches."""

import math
from typing import Any

from keras_inits._utils import checks
from keras_inits.initializers import (
    RandomNormal,
    SmallInit,
    WangInit,
)
from keras_inits.models.recipes.fits import (
    branch_of,
    own_factors,
    read,
    rows,
    width,
)
from keras_inits.models.recipes.parts import ENDS, Part, Place
from keras_inits.models.recipes.recipe import Recipe

__all__ = ["gpt2", "small_wang"]

OVER_ALL = "1/√(2L)"
AT_ENDS = dict.fromkeys(ENDS, OVER_ALL)


def checked_stddev(name: str, value: Any) -> float:
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
    stddev = checked_stddev("stddev", stddev)
    own = stddev if position_stddev is None else position_stddev
    positions = RandomNormal(stddev=checked_stddev("position_stddev", own))
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

    Examples:
    >>> import keras, keras_inits
    >>> x = inputs = keras.Input((24,))
    >>> for _ in range(2):
    ...     y = keras.layers.Dense(80, "gelu")(keras.layers.LayerNormalization()(x))
    ...     x = x + keras.layers.Dense(24)(y)
    >>> model = keras.Model(inputs, x)
    >>> rules = keras_inits.recipes.small_wang(model)
    >>> rules["dense[0]/kernel"], rules["dense[1]/kernel"]
    (SmallInit(width=24.0), WangInit(layers=2, width=24.0))

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
