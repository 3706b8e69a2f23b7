"""The values that one step of an optimizer would give to variables, none of them moved.

A copy of the optimizer, made from its configuration, steps on copies of the variables.
A few variables at a time, each with slots of its own, so that no second set of slots
is held. What a step is: gradients accumulated before it are taken to be of equal
batches, averages of weights are left out, and a schedule is asked for the present rate.
"""

import collections
import contextlib
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

import keras

from keras_inits._utils.keras_private import is_of_keras, movers, undecayed
from keras_inits._utils.types import Tensor

PART = 8  # of all values, at most one part more than needed is copied at a time
LEAST = 2**20  # values for which it is not worth to go on with another copy
# What a copy leaves out, so that it moves the variables in the first step it takes.
LEFT_OUT = {
    "gradient_accumulation_steps": None,
    "use_ema": False,
    "ema_overwrite_frequency": None,
    "loss_scale_factor": None,
    "global_clipnorm": None,  # needs all gradients: `clipped` does it
}


def stepping(optimizer: Any) -> Any:
    """The optimizer that does the steps of one that may wrap another."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def rate(optimizer: Any, variables: Sequence[Any]) -> float:
    """The present learning rate: of a schedule, at the present step.

    Where several optimizers move the variables, the largest of theirs.
    """
    rates = [one.learning_rate for one in movers(optimizer, variables)]
    tensors = [keras.ops.convert_to_tensor(one) for one in rates]
    return max(float(keras.ops.convert_to_numpy(x)) for x in tensors)


def is_scheduled(optimizer: Any, variables: Sequence[Any]) -> bool:
    """Whether a schedule or a function gives a rate."""
    held = [one._learning_rate for one in movers(optimizer, variables)]
    return not all(hasattr(one, "assign") for one in held)


def clipping(optimizer: Any, norm: float) -> float:
    """What `global_clipnorm` multiplies gradients of this norm by."""
    limit = getattr(optimizer, "global_clipnorm", None)
    if not limit or (getattr(optimizer, "clipnorm", None) or 0) > 0 or norm <= limit:
        return 1.0  # Keras clips in one way, that of single norms first
    return float(limit) / norm


def _copy(optimizer: Any, learning_rate: float) -> Any:
    # Of a stand-in with a plain rate: that of a function may not be written down.
    told = object.__new__(type(optimizer))
    told.__dict__.update(vars(optimizer), _learning_rate=learning_rate)
    config = type(optimizer).get_config(told)
    config |= {name: value for name, value in LEFT_OUT.items() if name in config}
    config["learning_rate"] = learning_rate
    return type(optimizer).from_config(config)


def _stand_in(variable: Any) -> Any:
    """A variable of the same name and value, which optimizers treat alike."""
    with contextlib.ExitStack() as stack:
        for scope in variable.path.split("/")[:-1]:
            stack.enter_context(keras.name_scope(scope))
        value = keras.ops.convert_to_tensor(variable.value)
        if keras.backend.backend() != "jax":  # others keep and change what they get
            value = keras.ops.copy(value)
        made: Any = keras.Variable(value, dtype=variable.dtype, name=variable.name)
    if variable.constraint is not None:
        made.constraint = variable.constraint
    return made


def _key(slot: Any) -> str:
    """The name of an optimizer's variable, without the number of a default name."""
    return slot.name if len(slot.shape) else re.sub(r"_\d+$", "", slot.name)


class _Slots:
    """The present values of an optimizer's own variables, by name."""

    def __init__(self, optimizer: Any) -> None:
        self.optimizer = optimizer
        self.known: dict[str, collections.deque[Any]] = {}
        for slot in optimizer.variables if optimizer.built else ():
            self.known.setdefault(_key(slot), collections.deque()).append(slot)

    def fill(self, copy: Any) -> None:
        """Gives a copy that was built for some of the variables their values."""
        copy.iterations.assign(self.optimizer.iterations)
        if not self.known:
            return
        for slot in copy.variables:
            if slot is copy.iterations or slot.name == "learning_rate":
                continue
            if slot.name == copy.iterations.name:  # of an optimizer inside
                slot.assign(self.optimizer.iterations)
                continue
            found = self.known[_key(slot)]
            # Of variables with one name, in the order of the variables.
            slot.assign((found.popleft() if len(found) > 1 else found[0]).value)


def _parts(optimizer: Any, variables: Sequence[Any]) -> Iterator[list[int]]:
    """Numbers of the variables that one copy steps for."""
    sizes = [math.prod(variable.shape) for variable in variables]
    # An optimizer that is not Keras's may look at all gradients together.
    alone = is_of_keras(type(optimizer))
    limit = max(LEAST, sum(sizes) // PART) if alone else math.inf
    part: list[int] = []
    held = 0
    for number, size in enumerate(sizes):
        if part and held + size > limit:
            yield part
            part, held = [], 0
        part.append(number)
        held += size
    if part:
        yield part


def new_values(
    optimizer: Any,
    variables: Sequence[Any],
    gradients: Sequence[Tensor | None],
    divisor: float,
    learning_rate: float,
) -> Iterator[tuple[int, Tensor]]:
    """The variables' values after one step.

    Args:
        optimizer: From `stepping`; it is only read.
        variables: What it would be given.
        gradients: Of the variables; None where there is none.
        divisor: What the gradients are divided by first.
        learning_rate: Of the step; `rate(optimizer, variables)` for its own. Where
            several optimizers move the variables, all of theirs change alike.

    Yields:
        Number of a variable, and its value after the step, for those that have a
        gradient.

    Raises:
        Exception: What the optimizer raises where it cannot be copied.
    """
    own = movers(optimizer, variables)
    if all(one is optimizer for one in own):
        yield from _of_one(optimizer, variables, gradients, divisor, learning_rate)
        return
    factor = learning_rate / (rate(optimizer, variables) or 1.0)
    for member in {id(one): one for one in own}.values():
        if getattr(member, "global_clipnorm", None):
            raise ValueError("global_clipnorm of one of several optimizers")
        numbers = [number for number, one in enumerate(own) if one is member]
        few = [variables[number] for number in numbers]
        part = [gradients[number] for number in numbers]
        reduced = rate(member, few) * factor
        for number, value in _of_one(member, few, part, divisor, reduced):
            yield numbers[number], value


def _of_one(
    optimizer: Any,
    variables: Sequence[Any],
    gradients: Sequence[Tensor | None],
    divisor: float,
    learning_rate: float,
) -> Iterator[tuple[int, Tensor]]:
    """`new_values` of an optimizer that moves all of the variables itself."""
    slots = _Slots(optimizer)
    keys, pattern = undecayed(optimizer, variables)
    for part in _parts(optimizer, variables):
        copy = _copy(optimizer, learning_rate)
        stand_ins = {number: _stand_in(variables[number]) for number in part}
        kept = [made for number, made in stand_ins.items() if number in keys]
        if kept or pattern:
            copy.exclude_from_weight_decay(kept, [pattern] if pattern else None)
        copy.build(list(stand_ins.values()))
        slots.fill(copy)
        moved = [number for number in part if gradients[number] is not None]
        if not moved:
            continue
        given: list[Any] = [gradients[number] for number in moved]
        if divisor != 1:
            given = [keras.ops.divide(gradient, divisor) for gradient in given]
        copy.apply(given, [stand_ins[number] for number in moved])
        del copy, given
        for number in moved:
            yield number, keras.ops.convert_to_tensor(stand_ins.pop(number).value)
