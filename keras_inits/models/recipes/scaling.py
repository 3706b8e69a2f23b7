"""The recipe of a model beside its base: what each weight starts with, its rates."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import keras

from keras_inits.geometry.roles import KERNEL_ROLES
from keras_inits.graph.weights import WeightInfo, layers_with_paths
from keras_inits.models.multipliers import Multiplier
from keras_inits.models.plan import DEFAULT, OWN
from keras_inits.models.recipes.fits import refusal
from keras_inits.models.recipes.growth import SAME, Growth, Kind
from keras_inits.models.recipes.laws import Law, width_law
from keras_inits.models.recipes.parts import TOGETHER, Anatomy, Part, Place
from keras_inits.models.recipes.recipe import NUMBER, Row
from keras_inits.models.recipes.scaled_recipe import ScaledRecipe
from keras_inits.models.recipes.starts import scaled_scheme, tasks

OPTIMIZERS = {"adam": "Adam and its like", "sgd": "SGD"}
ATTENTIONS = tuple(
    cls
    for name in ("MultiHeadAttention", "GroupQueryAttention")
    if (cls := getattr(keras.layers, name, None)) is not None
)


class Pair(NamedTuple):
    """A model beside its base.

    Attributes:
        recipe: Its name, for errors.
        model: To be set.
        base: The smaller one.
        found: What is in the model.
        base_found: What is in the base.
        partners: By path in the model, the weight of the base.
        grown: By path, how each weight grows.
    """

    recipe: str
    model: Any
    base: Any
    found: Anatomy
    base_found: Anatomy
    partners: Mapping[str, WeightInfo]
    grown: Mapping[str, Growth]


def check_ends(pair: Pair) -> None:
    """Refuses models whose inputs or predictions differ.

    Raises:
        ValueError: If they do.
    """
    shapes = [getattr(one, "input_shape", None) for one in (pair.model, pair.base)]
    if shapes[0] != shapes[1]:
        raise refusal(
            pair.recipe,
            f"it takes inputs of shape {shapes[0]}, and the base {shapes[1]}",
            SAME,
        )
    for place in pair.found.of(Part.HEAD):
        own = pair.grown[place.info.path]
        if own.out != 1:
            raise refusal(
                pair.recipe,
                f"{place.info.path!r} makes {own.out:.4g} times as many predictions as "
                "in the base",
                SAME,
            )


def _has_equal_heads(pair: Pair, info: WeightInfo) -> bool:
    """Whether a kernel has an axis of heads, and more of them, but none larger."""
    cut = isinstance(info.layer, keras.layers.EinsumDense) and len(info.shape) == 3
    return cut and info.shape[-1] == pair.partners[info.path].shape[-1]


def _queries(pair: Pair) -> tuple[dict[str, float], list[str]]:
    """Factors for queries whose keys grow, so that scores go with 1 / size; and notes.

    Keras divides by the root of the size; a query smaller by the root of its growth
    makes up for the rest. Of attention by other layers the division is not known.
    """
    layers = [p for p, x in layers_with_paths(pair.model) if isinstance(x, ATTENTIONS)]
    factors: dict[str, float] = {}
    notes: list[str] = []
    for place in pair.found.of(Part.QUERY, *TOGETHER.values(), Part.FUSED):
        path, info = place.info.path, place.info
        if place.part in (Part.KEY, Part.VALUE, Part.KEY_VALUE):
            continue
        if any(path.startswith(f"{layer}/") for layer in layers):
            size = info.shape[-1] / pair.partners[path].shape[-1]
            if place.part == Part.QUERY and size != 1:
                own = [
                    p.info.path
                    for p in pair.found.places.values()
                    if p.info.layer is info.layer
                ]
                factors |= dict.fromkeys(own, size**-0.5)
                notes.append(
                    "Keras divides the scores of attention by the root of key_dim, muP "
                    f"by key_dim: queries are multiplied by {size**-0.5:.4g} in std "
                    "and rate."
                )
        elif pair.grown[path].out != 1 and not _has_equal_heads(pair, info):
            shown = NUMBER.sub("*", path)
            notes.append(
                f"How the scores of {shown!r} are scaled is not known: if each head "
                "grows, divide them by its size, not by the root of it."
            )
    return factors, list(dict.fromkeys(notes))


def _check_paths(recipe: str, places: Mapping[str, Place], given: Any) -> None:
    """Refuses variables of one path that want different multipliers.

    Raises:
        ValueError: If there are any.
    """
    seen: dict[str, str] = {}
    for path, one in given.items():
        other = seen.setdefault(places[path].info.variable.path, path)
        if given[other] != one:
            raise refusal(
                recipe,
                f"{path!r} and {other!r} are one path to Keras, "
                f"{places[path].info.variable.path!r}, and want unequal learning rates",
                "Give their layers unequal names.",
            )


def _outputs(pair: Pair, table: int) -> dict[str, float]:
    """By path of a head, what its predictions are to be multiplied by."""
    found = {}
    for path, grown in pair.grown.items():
        if table == 8 and grown.kind == Kind.OUTPUT:
            found[path] = 1 / grown.into
        if path in pair.found.tied:
            found[path] = 1 / grown.out
    return {path: factor for path, factor in found.items() if factor != 1}


def _rows(pair: Pair, laws: Mapping[str, Law], start: Any, moved: Any) -> list[Row]:
    """What each weight starts with.

    Args:
        pair: The models.
        laws: By path.
        start: What the base starts with.
        moved: Paths of weights, kernels or not, whose start a factor changes.
    """
    own, base = tasks(pair.model, start, None), tasks(pair.base, start, "*")
    rows = []
    for path, place in pair.found.places.items():
        task = own.get(path)
        is_kernel = place.info.weight.role in KERNEL_ROLES
        is_scaled = is_kernel or path in moved
        if task is None or (not is_scaled and task.rule in (OWN, DEFAULT)):
            continue
        factor = laws[path].std if is_scaled else 1.0
        beside = base[pair.partners[path].path]
        scheme = scaled_scheme(pair.recipe, task, beside, factor)
        if is_kernel or task.rule not in (OWN, DEFAULT) or scheme is not task.scheme:
            rows.append(Row(place, scheme))
    return rows


def scaled(
    pair: Pair,
    table: int,
    optimizer: str,
    start: Any,
    finish: Callable[[str, Law], Law],
    moved: Any = (),
    notes: Iterable[str] = (),
) -> ScaledRecipe:
    """Rules and multipliers for a model beside its base.

    Args:
        pair: Both.
        table: Form of muP, 3 or 8.
        optimizer: "adam" or "sgd".
        start: What the base starts with.
        finish: From a path and the law of its width to the law.
        moved: Paths of weights, kernels or not, whose start `finish` scales.
        notes: Sentences on what a person should know.

    Raises:
        ValueError: If an embedding makes the predictions and the table is 3; if the std
            of a scheme is unknown, or two variables of one path want unequal rates.
    """
    found, recipe = pair.found, pair.recipe
    check_ends(pair)
    if found.tied and table == 3:
        raise refusal(
            recipe,
            f"{min(found.tied)!r} is embedding and head in one, and table 3 gives "
            "these unequal laws",
            "Use table=8, and multiply the predictions by what `outputs` then says.",
        )
    factors, said = _queries(pair)
    laws = {}
    for path, grown in pair.grown.items():
        law = width_law(grown, table, optimizer)
        laws[path] = finish(path, law.with_factor(factors.get(path, 1.0), optimizer))
    given = {
        path: Multiplier(*law[1:])
        for path, law in laws.items()
        if found.places[path].info.variable.trainable
    }
    _check_paths(recipe, found.places, given)
    outputs = _outputs(pair, table)
    said += [
        f"Multiply what {path!r} makes predictions of by {factor:.6g}, by "
        f"keras.layers.Rescaling({factor:.6g}) before it: else muP is not complete."
        for path, factor in outputs.items()
    ]
    said = [*notes, *said, f"Table {table}, for {OPTIMIZERS[optimizer]}."]
    rows = _rows(pair, laws, start, moved)
    return ScaledRecipe(
        recipe, found, rows, pair.grown, given, outputs, optimizer, said
    )
