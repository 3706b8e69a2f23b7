"""The words for what weights are in a model, and where they stand."""

import enum
from typing import NamedTuple

from keras_inits.geometry.roles import KERNEL_ROLES
from keras_inits.graph.graph import Graph
from keras_inits.graph.residual import Backwards
from keras_inits.graph.weights import WeightInfo
from keras_inits.models.recipes.branch import Branch


class Part(enum.StrEnum):
    """What a weight is for in a model; equal to its name."""

    QUERY = "query"
    KEY = "key"
    VALUE = "value"
    QUERY_KEY = "query and key"  # one kernel for both
    KEY_VALUE = "key and value"
    FUSED = "query, key and value"
    ATTENTION_OUTPUT = "attention output"
    FIRST = "first of branch"  # of an MLP, or of convolutions
    GATE = "gate"
    MIDDLE = "middle of branch"
    LAST = "last of branch"
    ROUTER = "router"  # of experts
    EMBEDDING = "embedding"
    POSITION = "position"
    HEAD = "head"
    KERNEL = "kernel"  # any other
    PRE_NORM = "gain before branch"
    INNER_NORM = "gain in branch"
    POST_NORM = "gain after branch"
    GAIN = "gain"
    SCALAR = "branch scalar"
    BIAS = "bias"
    OTHER = "other"

    __repr__ = str.__repr__


ATTENDING = (
    *(Part.QUERY, Part.KEY, Part.VALUE, Part.QUERY_KEY, Part.KEY_VALUE, Part.FUSED),
    Part.ATTENTION_OUTPUT,
)
ENDS = (Part.ATTENTION_OUTPUT, Part.LAST)
OF_MLP = (Part.FIRST, Part.GATE, Part.MIDDLE, Part.LAST)
TOGETHER = {
    frozenset({"query"}): Part.QUERY,
    frozenset({"key"}): Part.KEY,
    frozenset({"value"}): Part.VALUE,
    frozenset({"query", "key"}): Part.QUERY_KEY,
    frozenset({"key", "value"}): Part.KEY_VALUE,
}


class Place(NamedTuple):
    """A weight's place in a model.

    Attributes:
        info: The weight.
        part: What it is for.
        branch: The residual branch that it is in; None outside of all.
    """

    info: WeightInfo
    part: Part
    branch: Branch | None = None

    @property
    def is_kernel(self) -> bool:
        """Whether it is a kernel, an embedding or a LoRA factor."""
        return self.info.weight.role in KERNEL_ROLES


class Anatomy(NamedTuple):
    """What a recipe knows of a model.

    Attributes:
        places: Of each weight, by its path.
        branches: The residual branches, in order.
        tied: Paths of embeddings that make the predictions, too.
        graph: Of the model.
        behind: The same against its direction.
    """

    places: dict[str, Place]
    branches: list[Branch]
    tied: frozenset[str]
    graph: Graph
    behind: Backwards

    def of(self, *parts: Part) -> list[Place]:
        """The weights of some parts, in the model's order."""
        return [place for place in self.places.values() if place.part in parts]

    def made_with(self, place: Place) -> set[int]:
        """Identities of the tensors that steps with a weight give."""
        variable = place.info.variable
        own = (s for s in self.graph.steps if any(v is variable for v in s.variables))
        return {tensor for step in own for tensor in step.outputs}

    def in_stream(self, branch: Branch) -> int:
        """How many branches are added to the stream of one."""
        return sum(one.stream == branch.stream for one in self.branches)

    def blocks(self, branch: Branch | None = None) -> int:
        """How many blocks a branch's stream has; the most of all streams for None."""
        own = [
            one.block
            for one in self.branches
            if branch is None or one.stream == branch.stream
        ]
        return max(own, default=0)
