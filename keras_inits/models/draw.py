"""Draws each weight of a model, from one seed and the weight's path."""

import hashlib
import math
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_inits import sampling
from keras_inits._utils.progress import progress
from keras_inits._utils.tensor_std import tensor_std
from keras_inits._utils.types import Seed
from keras_inits.graph.weights import WeightInfo
from keras_inits.initializers.arguments import check_seed
from keras_inits.initializers.base import Initializer
from keras_inits.models import in_step
from keras_inits.models.plan import Task, refuse


class Drawn(NamedTuple):
    """A weight's new values.

    Attributes:
        task: The weight and its scheme.
        values: The tensor.
        std: Standard deviation of the values; None if that is unknown.
        note: Whether another weight has the same values.
    """

    task: Task
    values: Any
    std: float | None
    note: str


def model_seed(seed: Seed) -> int:
    """The seed that names all weights of a model; a fresh one for None.

    Raises:
        ValueError: If it is no int and not None.
    """
    if isinstance(seed, keras.random.SeedGenerator):
        raise ValueError(
            "`seed` names the whole of a model's weights and must be an integer or "
            f"None. Received: seed={seed!r}. For other weights at each call use None."
        )
    checked = check_seed(seed)
    return random.getrandbits(63) if checked is None else int(checked)


def layout_of(variable: keras.Variable) -> Any:
    """The sharding of a variable on JAX, as its array has it; None elsewhere."""
    if getattr(variable, "_layout", None) is None:
        return None
    return getattr(variable.value, "sharding", None)


def _seeded(initializer: Any, seed: int, info: WeightInfo) -> Any:
    """A foreign initializer with a seed of this place's own, where it has one.

    Keras's draw the same at every call: two kernels of one shape would be equal.
    """
    if not isinstance(initializer, keras.initializers.Initializer):
        return initializer  # a function: who knows
    config = initializer.get_config()
    own = config.get("seed", "none")
    if own is not None and not isinstance(own, int):
        return initializer  # it takes no seed, or has a generator, which advances
    key = sampling.key_from_seed(seed if own is None else own, info.shape, info.path)
    return initializer.from_config(config | {"seed": key.k0 >> 1})


def _tensor(task: Task, seed: int) -> Any:
    """The tensor that a weight gets.

    Args:
        task: The weight and its scheme.
        seed: The model's. A scheme that has a seed of its own keeps it.

    Raises:
        ValueError: If the scheme cannot fill the shape, or fills another.
    """
    info, scheme = task.info, task.filled_by
    dtype = keras.backend.standardize_dtype(info.variable.dtype)
    if isinstance(scheme, Initializer):
        key = sampling.Key(0, 0)
        if scheme.is_random:
            own = getattr(scheme, "seed", None)
            own = seed if own is None else own
            key = sampling.key_from_seed(own, info.shape, info.path)
        return scheme.compute(info.shape, dtype, key, layout_of(info.variable))
    values = _seeded(scheme, seed, info)(info.shape, dtype=dtype)
    values = keras.ops.convert_to_tensor(values, dtype=dtype)
    if tuple(values.shape) != info.shape:
        raise ValueError(
            "An initializer must fill the shape it is asked for. Received: a tensor of "
            f"shape {tuple(values.shape)} for shape={info.shape}."
        )
    return values


def _check_finite(std: float | None) -> None:
    if std is not None and not np.isfinite(std):
        raise ValueError(
            "Weights must be finite. Received: values that are not, or overflow their "
            "type. Use a smaller scale, or a wider dtype."
        )


def _repeats(
    task: Task, values: Any, std: float | None, first: dict[bytes, str]
) -> str:
    """A note on a foreign initializer that has drawn the same values before.

    Args:
        task: The weight and its scheme.
        values: What was drawn.
        std: Their standard deviation.
        first: From content to the path that had it first; grows.
    """
    if isinstance(task.filled_by, Initializer) or not std:
        return ""
    array = np.ascontiguousarray(keras.ops.convert_to_numpy(values))
    digest = hashlib.blake2b(array.tobytes() + str(array.shape).encode()).digest()
    path = first.setdefault(digest, task.info.path)
    return "" if path == task.info.path else f"the same values as {path}"


def _is_a_user_s(scheme: Any) -> bool:
    """Whether a scheme's code is neither this package's nor Keras's."""
    ours = f"{Initializer.__module__.partition('.')[0]}.", "keras."
    return _is_function(scheme) or not type(scheme).__module__.startswith(ours)


def _is_function(scheme: Any) -> bool:
    """Whether it is anybody's function, which may look at the model itself."""
    return not isinstance(scheme, Initializer | keras.initializers.Initializer)


def _checked(values: Any) -> tuple[Any, float | None]:
    """What a weight gets, and its standard deviation, if it is finite."""
    std = tensor_std(values)
    _check_finite(std)
    return values, std


def _sentence(task: Task, error: Exception) -> str:
    kind = "" if isinstance(error, ValueError) else type(error).__name__
    text = " ".join(filter(None, [kind, str(error)]))
    return f"{task.info.path!r}: {text}"


class _Draws:
    """Draws of a model's weights, one at a time."""

    def __init__(self, tasks: Sequence[Task], seed: int) -> None:
        self.tasks, self.seed = tasks, seed
        self.problems: list[str] = []
        self.cause: Exception | None = None
        self.first: dict[bytes, str] = {}
        self.early: dict[int, Any] = {}  # tensors by their tasks' id; None: it failed

    def draw(self, task: Task) -> Drawn | None:
        """A weight's new values; None if there is a problem, which is kept."""
        known = id(task) in self.early
        values = self.early.pop(id(task)) if known else self._tensor(task)
        # A backend may compute later, and so fail where the values are first looked at.
        checked = None if values is None else self._attempt(task, _checked, values)
        if checked is None:
            return None
        values, std = checked
        return Drawn(task, values, std, _repeats(task, values, std, self.first))

    def _tensor(self, task: Task) -> Any:
        """What a weight's scheme draws; None if that fails."""
        return self._attempt(task, _tensor, task, self.seed)

    def _attempt(
        self, task: Task, function: Callable[..., Any], *arguments: Any
    ) -> Any:
        """What a function returns; None if it fails, which is kept."""
        try:
            return function(*arguments)
        except MemoryError:
            raise
        except Exception as error:  # anybody's initializer
            self._keep(task, error)
            return None

    def _keep(self, task: Task, error: Exception) -> None:
        self.cause = self.cause or error
        self.problems.append(_sentence(task, error))

    def _refuse(self) -> None:
        try:
            refuse(self.problems)
        except ValueError as error:
            raise error from self.cause

    def draw_early(self, is_early: Callable[[Any], bool]) -> None:
        """Draws the tensors of some schemes before all others."""
        for task in self.tasks:
            if is_early(task.filled_by) and id(task) not in self.early:
                self.early[id(task)] = self._tensor(task)

    def draw_users(self) -> list[Any]:
        """The tensors of users' schemes, which may fail in one process alone.

        Raises:
            ValueError: With the problems of all of them, if there are any.
        """
        self.draw_early(_is_a_user_s)
        self._refuse()
        return list(self.early.values())

    def __iter__(self) -> Iterator[Drawn]:
        sizes = [1 + math.prod(task.info.shape) for task in self.tasks]
        with progress("drawing weights", sum(sizes)) as advance:
            self.draw_early(_is_function)  # which see the model as it was
            for task, size in zip(self.tasks, sizes, strict=True):
                one = self.draw(task)
                if one is not None and not self.problems:
                    yield one
                one = None  # before the next one is drawn
                advance(size)
        self._refuse()


def draw_each(tasks: Sequence[Task], seed: int) -> Iterator[Drawn]:
    """The tensors of all weights, one at a time, in their order.

    Nothing here holds a tensor that was given away, so that a caller who writes each
    needs room for one. Functions, which may look at the model, are called before the
    first is given.

    Args:
        tasks: The weights and their schemes.
        seed: The model's.

    Raises:
        ValueError: After the last, with the problems of all weights, if there are any:
            a scheme cannot fill a shape, fails, or draws what is not finite. What was
            given before must then be taken back.
    """
    return iter(_Draws(tasks, seed))


def draw_all(
    tasks: Sequence[Task], seed: int, model: Any = None, name: str = ""
) -> list[Drawn]:
    """The tensors of all weights, in their order, as `draw_each` draws them.

    Args:
        tasks: The weights and their schemes.
        seed: The model's.
        model: If several processes share it, they first draw what users' schemes draw,
            and compare it: what they draw after that takes all of them.
        name: Of the public function.

    Raises:
        ValueError: As `draw_each`; in all processes, if a user's scheme fails in one,
            or draws other values in it.
    """
    draws = _Draws(tasks, seed)
    if in_step.is_shared(model):
        in_step.agreed(model, name, draws.draw_users, lambda tensors: tensors)
    return list(draws)
