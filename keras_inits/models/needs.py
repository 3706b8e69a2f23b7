"""What schemes need that no shape tells, and a model does: depth, place and pairs."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import keras

from keras_inits import sampling
from keras_inits.geometry.roles import KERNEL_ROLES
from keras_inits.graph.residual import branches_before
from keras_inits.graph.trace import trace
from keras_inits.graph.weights import WeightInfo
from keras_inits.initializers import registry
from keras_inits.initializers.arguments import required
from keras_inits.initializers.base import Initializer

COUNTED = {"layers", "layer", "branches", "depth"}
PARTS = {  # Keras's names of attention's layers
    "query": "query",
    "key": "key",
    "value": "value",
    "attention_output": "output",
}
PER_BLOCK = 2  # branches of a Transformer's block: attention and MLP


class Needy(NamedTuple):
    """A scheme whose arguments are counted in the model.

    Attributes:
        cls: The class; every argument without a default is one of its `needs`.
    """

    cls: type[Initializer]

    def __repr__(self) -> str:
        return self.cls.__name__


def is_countable(cls: Any) -> bool:
    """Whether a class lacks nothing but what is counted here."""
    if not (isinstance(cls, type) and issubclass(cls, Initializer)):
        return False
    missing = set(required(cls))
    if "pair" in cls.needs:
        return missing == {"part"}
    return bool(missing) and missing <= set(cls.needs) & COUNTED


def _paired(info: WeightInfo, cls: Any, seed: int) -> Initializer | None:
    """A kernel of an attention layer with the seed of that layer; None of others."""
    part = PARTS.get(info.layer.name)
    attention = next(
        (
            one
            for one in reversed(info.parents)
            if isinstance(one, keras.layers.MultiHeadAttention)
        ),
        None,
    )
    if part is None or attention is None:
        return None
    place = info.path.rpartition(f"/{info.layer.name}/")[0]
    key = sampling.key_from_seed(seed, (), f"pair {place}")
    paired: Initializer = cls(part, seed=(key.k0 << 32 | key.k1) >> 1)
    return paired


def pairs(
    infos: list[WeightInfo], needy: Iterable[tuple[str, Needy]], seed: int
) -> tuple[dict[str, Initializer], dict[str, str], list[str]]:
    """The kernels of attention layers that come from one draw, layer by layer.

    Args:
        infos: The model's weights.
        needy: Paths, and what their rule names.
        seed: The model's.

    Returns:
        As `filled`.
    """
    by_path = {info.path: info for info in infos}
    schemes: dict[str, Initializer] = {}
    problems: list[str] = []
    for path, (cls,) in needy:
        scheme = _paired(by_path[path], cls, seed)
        if scheme is None:
            name = registry.name_of(cls)
            problems.append(
                f"{cls.__name__} fills query, key, value and output of an attention "
                f"layer, which {path!r} is not. Give it to these alone, as in "
                f"{{keras.layers.MultiHeadAttention: {name!r}, '*': 'auto'}}."
            )
        else:
            schemes[path] = scheme
    return schemes, dict.fromkeys(schemes, "one draw for a layer's pairs"), problems


def filled(
    model: keras.Model,
    infos: list[WeightInfo],
    needy: list[tuple[str, Needy]],
    seed: int,
) -> tuple[dict[str, Initializer], dict[str, str], list[str]]:
    """The schemes of a model's weights, with the arguments that the model tells.

    Args:
        model: Built.
        infos: Its weights.
        needy: Paths, and what their rule names.
        seed: The model's.

    Returns:
        From path to scheme, and to the reason; and sentences on what was not found.
    """
    paired = [one for one in needy if "pair" in one[1].cls.needs]
    schemes, whys, problems = pairs(infos, paired, seed)
    counted = _counted(model, infos, [one for one in needy if one not in paired])
    return schemes | counted[0], whys | counted[1], problems + counted[2]


def _counted(
    model: keras.Model, infos: list[WeightInfo], needy: list[tuple[str, Needy]]
) -> tuple[dict[str, Initializer], dict[str, str], list[str]]:
    """What is counted in the graph, as `filled` returns it."""
    if not needy:
        return {}, {}, []
    before, branches = branches_before(trace(model), infos)
    kernels = {info.path for info in infos if info.weight.role in KERNEL_ROLES}
    blocks = -(-branches // PER_BLOCK)
    schemes: dict[str, Initializer] = {}
    whys: dict[str, str] = {}
    problems: dict[str, None] = {}
    for path, (cls,) in needy:
        name, wanted = cls.__name__, required(cls)
        place = before.get(path) if path in kernels else 0
        if not branches or (place is None and "layer" in wanted):
            shown = ", ".join(f"{one}=..." for one in wanted)
            problems[
                f"{name} needs {' and '.join(wanted)}, and no residual branches were "
                f"found for {path!r}. Type keras_inits.{name}({shown})."
            ] = None
            continue
        block = min((place or 0) // PER_BLOCK + 1, blocks)
        counted = {
            "layers": blocks,
            "depth": blocks,
            "branches": branches,
            "layer": block,
        }
        schemes[path] = cls(**{one: counted[one] for one in wanted})
        whys[path] = f"{branches} residual branches, two to a block"
    return schemes, whys, list(problems)
