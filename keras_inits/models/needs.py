"""What schemes need that no shape tells, and a model's graph does: depth and place."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import keras

from keras_inits.geometry.roles import KERNEL_ROLES
from keras_inits.graph.residual import branches_before
from keras_inits.graph.trace import trace
from keras_inits.graph.weights import WeightInfo
from keras_inits.initializers.arguments import required
from keras_inits.initializers.base import Initializer

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
    return bool(missing) and missing <= set(cls.needs) & {
        *("layers", "layer", "branches", "depth"),
    }


def filled(
    model: keras.Model, infos: list[WeightInfo], needy: Iterable[tuple[str, Needy]]
) -> tuple[dict[str, Initializer], dict[str, str], list[str]]:
    """The schemes of a model's weights, with the arguments that its graph tells.

    Args:
        model: Built.
        infos: Its weights.
        needy: Paths, and what their rule names.

    Returns:
        From path to scheme, and to the reason; and sentences on what was not found.
    """
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
