"""A model as a graph: its operations, and the tensors between them."""

from typing import Any, NamedTuple

import keras


class Step(NamedTuple):
    """Something that happens to a signal.

    Attributes:
        operation: The layer or operation; None where a tensor is only handed on.
        inputs: Identities of the symbolic tensors that come in.
        outputs: Identities of those that go out.
        variables: The weights that take part.
        arguments: Positional and keyword arguments, with the symbolic tensors.
        closed: Whether layers with weights are inside that could not be read.
    """

    operation: Any
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    variables: tuple[Any, ...] = ()
    arguments: tuple[Any, Any] = ((), {})
    closed: bool = False

    @property
    def name(self) -> str:
        """The operation's class."""
        return type(self.operation).__name__


class Graph:
    """The steps of a model, and who makes and takes each tensor.

    Attributes:
        steps: All steps.
        outputs: Identities of the tensors that leave the model.
        inputs: Those that enter a model whose code was read, in the flat order of what
            it is given; empty of a Functional model, which keeps its own.
    """

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.outputs: set[int] = set()
        self.inputs: tuple[int, ...] = ()
        self._numbers: dict[int, int] = {}
        self._takers: dict[int, list[Step]] = {}
        self._makers: dict[int, list[Step]] = {}
        self._counts: set[int] = set()
        self.exits: dict[int, Any] = {}  # what `elementwise.exits` has found
        self._alive: list[Any] = []  # an identity is unique as long as its owner lives

    def add(self, step: Step, *tensors: Any) -> None:
        """Appends a step, and keeps the tensors that go in and out alive."""
        self._numbers[id(step)] = len(self.steps)
        self.steps.append(step)
        self._alive += [step.operation, *tensors]
        for tensor in tensors:
            if not keras.backend.is_float_dtype(tensor.dtype):
                self._counts.add(id(tensor))
        if step.inputs and not step.variables and not self.signals(step):
            self._counts.update(step.outputs)  # made of masks and indices only
        for tensor in dict.fromkeys(step.inputs):
            self._takers.setdefault(tensor, []).append(step)
        for tensor in dict.fromkeys(step.outputs):
            self._makers.setdefault(tensor, []).append(step)

    def number(self, step: Step) -> int:
        """Where a step stands in `steps`."""
        return self._numbers[id(step)]

    def is_signal(self, tensor: int) -> bool:
        """Whether a tensor has real numbers; masks, indices and counts have not."""
        return tensor not in self._counts

    def signals(self, step: Step) -> list[int]:
        """The tensors of real numbers that come into a step, each once."""
        return [x for x in dict.fromkeys(step.inputs) if self.is_signal(x)]

    def consumers(self, tensor: int) -> list[Step]:
        """The steps that a tensor goes into."""
        return self._takers.get(tensor, [])

    def makers(self, tensor: int) -> list[Step]:
        """The steps that a tensor comes from; several where a layer is shared."""
        return self._makers.get(tensor, [])
