"""CompleteP: rules and multipliers with which a shallow model's rates stay right."""

from typing import Any

from keras_inits._utils import checks
from keras_inits.models.plan import Task
from keras_inits.models.recipes.fits import read, refusal
from keras_inits.models.recipes.folding import factors
from keras_inits.models.recipes.growth import growth
from keras_inits.models.recipes.laws import Law
from keras_inits.models.recipes.pairing import Pairing, paired
from keras_inits.models.recipes.parts import Anatomy
from keras_inits.models.recipes.scaled_recipe import ScaledRecipe
from keras_inits.models.recipes.scaling import Pair, scaled
from keras_inits.models.recipes.starts import are_alike, tasks
from keras_inits.models.recipes.width import check_table
from keras_inits.models.rules import AUTO, label

__all__ = ["completep"]

NAME = "completep"


def _refuse_post_norm(found: Anatomy) -> None:
    """Refuses a stream that is normalized after its branches.

    Raises:
        ValueError: If one is.
    """
    for branch in found.branches:
        if branch.is_normalized_after:
            raise refusal(
                NAME,
                f"the sum of branch {branch.number + 1} of {len(found.branches)} "
                f"({branch.kind}) is normalized, which undoes a factor of all branches",
                "It is for pre-norm networks; for post-norm ones see recipes.deepnorm.",
            )


def _check_starts(pairing: Pairing, base: Any, start: Any) -> None:
    """Refuses a start that gives the base's blocks unequal schemes.

    Raises:
        ValueError: If there are any, where blocks are paired with the first.
    """
    if not pairing.twins:
        return
    given = tasks(base, start, "*")
    for path, twins in pairing.twins.items():
        for info in twins:
            one, other = given.get(path), given.get(info.path)
            if not are_alike(one, other):
                raise refusal(
                    NAME,
                    f"`start` gives {path!r} {_shown(one)}, and {info.path!r}, the "
                    f"same of another block, {_shown(other)}",
                    "Use a start in which all blocks are alike, such as recipes.gpt2.",
                )


def _shown(task: Task | None) -> str:
    """What a weight starts with, for errors."""
    if task is None:
        return "nothing"
    return f"{label(task.scheme)} of std {task.target_std}"


def _folded(
    found: Anatomy, base: Anatomy, pairing: Pairing, alpha: float
) -> dict[str, float]:
    """By path, the factors that go into the ends of branches."""
    given: dict[str, float] = {}
    for branch in found.branches:
        depth = pairing.depths[branch.stream]
        beside = pairing.branches[branch.number]
        given |= factors(NAME, (found, branch), (base, beside), depth**-alpha)
    return given


def completep(
    model: Any, base_model: Any, alpha: float = 1.0, table: int = 3, start: Any = AUTO
) -> ScaledRecipe:
    """CompleteP: one learning rate for every width and depth, with AdamW.

    Formula: m is a weight's inputs over the base's, n its outputs, k the blocks over
    the base's. What a branch adds is multiplied by k^(-alpha). Std as `mup`: 1 /
    sqrt(m), where only inputs grow 1 / m. Learning rate 1 / m, in branches times
    k^(alpha - 1), biases and gains (m = 1) included. Weight decay m. Adam's epsilon
    1 / n, in branches times k^(-alpha).

    No layer is added for the branch's factor c: it goes into the weights that end the
    branch, in std and learning rate times c, weight decay and epsilon over c. Adam
    and its like (AdamW, Nadam, Adamax, ScheduleFreeAdamW) then take the same steps,
    unless they clip gradients (which are 1 / c as large there); SGD, LAMB or Adafactor
    would not, and get no table here. A factor that the model has, by
    `keras.layers.Rescaling`, is counted, not doubled.

    Args:
        model: Built, with pre-norm residual branches, or ones without normalization:
            the latter are not in the paper, and "auto" starts their blocks unequally,
            so pass a `start` such as `recipes.gpt2`.
        base_model: Built by the same code, with another width, another number of
            blocks, or both. Where the number differs its blocks must be alike: each
            block of the model stands beside the first of the base.
        alpha: 0.5 to 1. The paper advises 1, with which every layer learns features.
        table: Of muP, 3 or 8: see `mup`. 8 for an embedding that makes the predictions.
        start: What the base starts with, as in `mup`; a factor for depth in it, such as
            GPT-2's, is the base's at every depth.

    Returns:
        A `Recipe` with `multipliers` for `scaled_optimizer`, of rate, decay, epsilon.

    Raises:
        ValueError: If the models differ in more than width and depth; if a sum is
            normalized, or something not linear follows a branch's last kernel; if that
            kernel is frozen or has a regularizer or a constraint; and as `mup`.

    Examples:
    >>> import keras, keras_inits
    >>> def build(blocks):
    ...     x = inputs = keras.Input((24,))
    ...     for n in range(blocks):
    ...         y = keras.layers.LayerNormalization(name=f"norm_{n}")(x)
    ...         y = keras.layers.Dense(80, "gelu", name=f"first_{n}")(y)
    ...         x = x + keras.layers.Dense(24, name=f"last_{n}")(y)
    ...     return keras.Model(inputs, keras.layers.Dense(3, name="head")(x))
    >>> model = build(8)
    >>> rules = keras_inits.recipes.completep(model, build(2))
    >>> {v.path: tuple(rules.multipliers.get(v.path, ())) for v in model.weights[2:5:2]}
    {'first_0/kernel': (1.0, 1.0, 0.25), 'last_0/kernel': (0.25, 4.0, 1.0)}
    >>> report = keras_inits.initialize(model, rules, seed=0)
    >>> adam = keras.optimizers.AdamW(1e-3)
    >>> model.compile(keras_inits.scaled_optimizer(adam, rules.multipliers), "mse")

    Reference: Dey et al. (2025), "Don't be lazy: CompleteP enables compute-efficient
    deep transformers", arXiv 2505.01618, table 1. The paper gives epsilon for weights
    in branches; for others it follows the size of the gradient here, too.
    """
    check_table(table)
    checks.number(
        "alpha",
        alpha,
        minimum=0.5,
        maximum=1,
        meaning="the power of the depth in a branch's factor",
        instead="Use alpha=1.0.",
    )
    found, base = read(NAME, model), read(NAME, base_model, is_base=True)
    _refuse_post_norm(found)
    pairing = paired(NAME, found, base)
    _check_starts(pairing, base_model, start)
    folded = _folded(found, base, pairing, alpha)
    stream = {one.number: one.stream for one in found.branches}

    def finish(path: str, law: Law) -> Law:
        number = pairing.owners.get(path)
        if number is not None:
            depth = pairing.depths[stream[number]]
            rate, epsilon = depth ** (alpha - 1), depth**-alpha
            law = law._replace(rate=law.rate * rate, epsilon=law.epsilon * epsilon)
        return law.with_factor(folded.get(path, 1.0), "adam")

    infos = {path: place.info for path, place in found.places.items()}
    grown = {p: growth(NAME, i, pairing.partners[p]) for p, i in infos.items()}
    pair = Pair(NAME, model, base_model, found, base, pairing.partners, grown)
    notes = [
        f"What branches add is multiplied by {factor:.4g}, in the weights at their "
        f"ends: gradients of these are {1 / factor:.4g} times as large, so do not clip."
        for factor in dict.fromkeys(round(one, 9) for one in folded.values())
    ]
    return scaled(pair, table, "adam", start, finish, frozenset(folded), notes)
