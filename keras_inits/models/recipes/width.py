"""muP: rules and multipliers with which a small model's rates stay right."""

from typing import Any

from keras_inits._utils import checks
from keras_inits.models.recipes.fits import base_anatomy, refusal
from keras_inits.models.recipes.growth import check_equal, growth
from keras_inits.models.recipes.parts import Anatomy
from keras_inits.models.recipes.roles import anatomy
from keras_inits.models.recipes.scaled_recipe import ScaledRecipe
from keras_inits.models.recipes.scaling import OPTIMIZERS, Pair, scaled
from keras_inits.models.rules import AUTO

__all__ = ["mup"]

TABLES = (3, 8)


def check_table(table: Any) -> None:
    """Refuses what is no form of the parametrization.

    Raises:
        ValueError: If it is none.
    """
    if table not in TABLES or isinstance(table, bool):
        raise ValueError(
            "`table` is the paper's form of the parametrization, 3 or 8. "
            f"Received: table={table!r}. Use table=3."
        )


def _check_depth(found: Anatomy, base: Anatomy) -> None:
    """Refuses two models whose blocks differ in number, in words of their own.

    Raises:
        ValueError: If they do.
    """
    own, its = found.blocks(), base.blocks()
    if own != its and len(found.places) != len(base.places):
        raise refusal(
            "mup",
            f"it has {own} blocks, the base {its}, and mup is for widths alone",
            "Use recipes.completep for width and depth.",
        )


def mup(
    model: Any,
    base_model: Any,
    table: int = 3,
    optimizer: str = "adam",
    start: Any = AUTO,
) -> ScaledRecipe:
    """The maximal update parametrization: a small model's learning rate stays right.

    Formula: m is a weight's inputs over the base's, n its outputs. Std over the base's:
    1 / sqrt(m), where only inputs grow 1 / m. Learning rate: Adam 1 / m, SGD n / m.
    Weight decay 1 over the learning rate's, so that their product stays. Biases and
    gains have m = 1. Table 8: where only inputs grow, std 1, Adam 1, SGD m, and the
    predictions are to be multiplied by 1 / m.

    At the base's width all multipliers are 1, and the model starts as `start` says.
    Queries of `MultiHeadAttention` whose key_dim grows k times get another 1 / sqrt(k),
    since muP's scores go with 1 / key_dim and Keras's with 1 / sqrt(key_dim).

    Args:
        model: Built.
        base_model: Built by the same code, with another width: inputs, predictions,
            depth, windows and vocabulary are the same.
        table: 3 or 8 of the paper, one parametrization in two forms. 8 is for an
            embedding that makes the predictions, too, and needs them multiplied:
            `outputs` has the factor of each head.
        optimizer: "adam" for steps that do not depend on the gradient's size (Adam,
            AdamW, Nadam, RMSprop, Adagrad, Lion), "sgd" for those that are
            proportional to it.
        start: What the base starts with: "auto", a function from a model to rules such
            as `recipes.gpt2`, or rules.

    Returns:
        A `Recipe` with `multipliers` for `scaled_optimizer`. A kernel whose scheme
        in `start` would have another std than muP's gets a normal one.

    Raises:
        ValueError: If the models differ in more than width; if an embedding makes the
            predictions and table is 3; if an argument is not one of those above, or the
            std of a scheme is unknown.

    Examples:
    >>> import keras, keras_inits
    >>> def build(width):
    ...     layers = [keras.layers.Dense(width, "relu") for _ in range(2)]
    ...     head = keras.layers.Dense(3, name="head")
    ...     return keras.Sequential([keras.Input((5,)), *layers, head])
    >>> model = build(64)
    >>> rules = keras_inits.recipes.mup(model, build(16))
    >>> [rules.multipliers[v.path].short() for v in model.trainable_variables[2::2]]
    [(0.25, 4.0), (0.25, 4.0)]
    >>> report = keras_inits.initialize(model, rules, seed=0)
    >>> adam = keras.optimizers.Adam(1e-3)
    >>> model.compile(keras_inits.scaled_optimizer(adam, rules.multipliers), "mse")

    Reference: Yang et al. (2022), "Tensor Programs V: Tuning Large Neural Networks via
    Zero-Shot Hyperparameter Transfer", arXiv 2203.03466, tables 3 and 8.
    """
    check_table(table)
    checks.choice("optimizer", optimizer, OPTIMIZERS, meaning="the kind of the steps")
    found, base = anatomy(model), base_anatomy(base_model)
    infos = [place.info for place in found.places.values()]
    partners = {path: place.info for path, place in base.places.items()}
    _check_depth(found, base)
    check_equal("mup", infos, list(partners.values()))
    grown = {i.path: growth("mup", i, partners[i.path]) for i in infos}
    pair = Pair("mup", model, base_model, found, base, partners, grown)

    def without_epsilon(path: str, law: Any) -> Any:
        return law._replace(epsilon=1.0)

    return scaled(pair, table, optimizer, start, without_epsilon)
