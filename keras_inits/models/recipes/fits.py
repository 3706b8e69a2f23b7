"""Whether a model is of the kind that a recipe is for, and refusals in words."""

import inspect
from collections.abc import Mapping
from typing import Any

import keras

from keras_inits.geometry.roles import Role
from keras_inits.graph.layer_defaults import LayerDefaults
from keras_inits.graph.normalizations import is_normalizing
from keras_inits.initializers import Ones
from keras_inits.models.recipes.branch import Branch
from keras_inits.models.recipes.parts import ATTENDING, ENDS, Anatomy, Part, Place
from keras_inits.models.recipes.recipe import Row
from keras_inits.models.recipes.roles import anatomy
from keras_inits.models.rules import AUTO

Law = Any  # an initializer, "auto", or a function of a Place that gives one


def refusal(recipe: str, why: str, instead: str, of: str = "model") -> ValueError:
    """The error of a recipe that does not fit a model, or the base beside it."""
    return ValueError(f"recipes.{recipe} does not fit this {of}: {why}. {instead}")


def base_anatomy(base_model: Any) -> Anatomy:
    """What is in a base.

    Raises:
        ValueError: If it is no model or not built, of the argument `base_model`.
    """
    try:
        return anatomy(base_model)
    except ValueError as error:
        said = str(error).replace("`model`", "`base_model`")
        said = said.replace("Received: model=", "Received: base_model=")
        raise ValueError(said) from None


def read(
    recipe: str, model: Any, attends: bool = False, is_base: bool = False
) -> Anatomy:
    """A model with residual branches, each of which ends in a kernel that was found.

    Args:
        recipe: Its name, for errors.
        model: Built.
        attends: Whether attention and an MLP are wanted, too.
        is_base: Whether it is the base beside another, for errors.

    Raises:
        ValueError: If the model has no branch, or one whose last kernel is unclear.
    """
    found = base_anatomy(model) if is_base else anatomy(model)
    of = "base_model" if is_base else "model"
    if not found.branches:
        raise refusal(
            recipe,
            "no residual branches were found in its graph",
            "Use rules='auto', or name the kernels: {'head': 'zeros', '*': 'auto'}."
            if not is_base
            else "The base is the same code at another width or number of blocks.",
            of,
        )
    ended = {id(place.info.variable) for place in found.of(*ENDS)}
    for branch in found.branches:  # a shared kernel may end several
        if not any(id(v) in ended for v in found.behind.last(branch.end, set())):
            raise refusal(
                recipe,
                f"the last kernel of branch {branch.number + 1} of "
                f"{len(found.branches)} ({branch.kind}) was not found",
                "Say by register_geometry what the weights of its layers are.",
                of,
            )
    if attends and not any(p.branch for p in found.of(Part.ATTENTION_OUTPUT)):
        raise refusal(
            recipe,
            f"none of its {len(found.branches)} branches attends with kernels",
            "It is for Transformers; for other residual networks see recipes.fixup.",
        )
    return found


def refuse_fused(recipe: str, found: Anatomy) -> None:
    """Refuses kernels of which one part wants another law than the rest.

    Raises:
        ValueError: If there are any.
    """
    fused = found.of(Part.FUSED, Part.KEY_VALUE)
    if fused:
        path = fused[0].info.path
        raise refusal(
            recipe,
            f"{path!r} is {fused[0].part} in one, and values want another scale",
            "Use separate kernels, or keras_inits.blocks in a rule of your own.",
        )


def refuse_norms(recipe: str, found: Anatomy) -> None:
    """Refuses a model that normalizes, for recipes that do without.

    Normalized embeddings, and a last normalization before the head, count as well; a
    layer that standardizes data by statistics of its own does not.

    Raises:
        ValueError: If something in it normalizes.
    """
    paths = {id(p.info.variable): p.info.path for p in found.places.values()}
    for step in found.graph.steps:
        if isinstance(step.operation, keras.layers.Normalization):
            continue
        if is_normalizing(step):
            own = [paths[id(v)] for v in step.variables if id(v) in paths]
            name = own[0] if own else getattr(step.operation, "name", step.name)
            raise refusal(
                recipe,
                f"{name!r} normalizes, and the recipe is for networks without "
                "normalization",
                "Take the normalizations out, or use recipes.gpt2.",
            )


def rows(
    found: Anatomy,
    laws: Mapping[Part, Law],
    default: Law,
    depths: Mapping[Part, Any] | None = None,
) -> list[Row]:
    """What each kernel gets, and every other weight that a law is about.

    Args:
        found: The model.
        laws: By part.
        default: For kernels of no such part.
        depths: The depth's factor in the laws of these parts, in words, or a function
            of a Place that gives them.
    """
    result = []
    for place in found.places.values():
        law = laws.get(place.part, default if place.is_kernel else None)
        if place.part in ATTENDING and not place.branch:
            law = default  # attention that is added to no stream, such as a pooling
        if place.info.weight.role == Role.LORA_A:
            law = AUTO
        if law is None:
            continue
        scheme = law(place) if inspect.isfunction(law) else law
        depth = (depths or {}).get(place.part, "") if place.branch else ""
        depth = depth(place) if inspect.isfunction(depth) else depth
        result.append(Row(place, scheme, depth if scheme != AUTO else ""))
    return result


def own_factors(found: Anatomy) -> list[str]:
    """A note where the model itself starts its branches small."""
    defaults = LayerDefaults()
    for place in found.of(Part.SCALAR):
        start = defaults.start(place.info)
        if start is not None and not isinstance(start, Ones):
            return [
                "Two factors for the depth on one branch: the model multiplies it by "
                f"{place.info.path!r}, which starts with {start!r}. One is enough."
            ]
    return []


def tied_notes(found: Anatomy) -> list[str]:
    """A note where one table is embedding and head, which want unequal scales."""
    return [
        f"{path!r} is embedding and head in one, and gets the embedding's scale: its "
        "first predictions are as large as the root of its width."
        for path in sorted(found.tied)[:1]
    ]


def width(recipe: str, found: Anatomy) -> int:
    """Features of the residual stream: what the ends of branches give.

    Raises:
        ValueError: If they differ.
    """
    widths = {
        int(p.info.weight.geometry.fans(p.info.shape)[1])
        for p in found.of(*ENDS)
        if p.branch
    }
    if len(widths) > 1:
        raise refusal(
            recipe,
            f"its branches have {', '.join(map(str, sorted(widths)))} features",
            "It is for a stream of one width.",
        )
    return widths.pop()


def branch_of(place: Place) -> Branch:
    """The branch of a weight that is in one."""
    assert place.branch is not None
    return place.branch
