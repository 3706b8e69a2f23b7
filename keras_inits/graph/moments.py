"""Mean and variance of the signals in a model whose kernels keep the variance.

Inputs, and what kernels and normalizations give, have mean 0 and variance 1. An
activation of such a signal is integrated numerically; what carries signals on (pooling,
dropout, joining, products, averages) changes moments by the rules of independent
signals. The neighbours that an average takes are no independent signals: its variance
is taken to be theirs.

Of ReLU and its like only the second moment counts, as in He's rule: their mean is
taken to be 0, and their variance the second moment.
"""

import collections
import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_inits._utils.compiled import compiled
from keras_inits.geometry.gains import normal_nodes
from keras_inits.geometry.roles import Role
from keras_inits.graph import elementwise
from keras_inits.graph.consumers import own_activation
from keras_inits.graph.graph import Graph, Step
from keras_inits.graph.normalizations import is_normalizing
from keras_inits.graph.residual import Backwards, backwards
from keras_inits.graph.weights import WeightInfo

MOVERS = {"Cast", "ExpandDims", "Flatten", "GetItem", "Identity", "Permute"}
MOVERS |= {"RepeatVector", "Reshape", "Squeeze", "Transpose"}
AVERAGES = {"Mean", "AveragePool"}
for _dimensions in ("1D", "2D", "3D"):
    MOVERS |= {name + _dimensions for name in ("Cropping", "UpSampling", "ZeroPadding")}
    AVERAGES |= {f"AveragePooling{_dimensions}", f"GlobalAveragePooling{_dimensions}"}
    AVERAGES |= {f"AdaptiveAveragePooling{_dimensions}"}
CARRIERS = MOVERS | {"Masking", "Swapaxes"}
JOINS = {"Concatenate", "Stack"}
NOISES = {"GaussianNoise", "GaussianDropout"}


class Moments(NamedTuple):
    """Mean and variance of a signal's values.

    Attributes:
        mean: Over units and samples.
        variance: The same.
        source: The activation whose mean it is; empty for none.
    """

    mean: float
    variance: float
    source: str = ""

    @property
    def square(self) -> float:
        """The second moment."""
        return self.mean**2 + self.variance

    @property
    def share(self) -> float:
        """How much of the second moment is the mean's."""
        return self.mean**2 / self.square if self.square else 0.0


STANDARD = Moments(0.0, 1.0)


def through(
    function: Callable[[Any], Any], mean: float = 0.0, variance: float = 1.0
) -> Moments | None:
    """Moments of a function of a normal signal; None if they are not finite."""
    z, mass = normal_nodes()
    given = (mean + math.sqrt(variance) * z).astype("float32")
    with np.errstate(all="ignore"):
        # Layers want rows, and may change their shape.
        result = compiled(function)(keras.ops.convert_to_tensor(given[None]))
        values = keras.ops.convert_to_numpy(result).astype("float64").ravel()
        if values.size != mass.size:
            return None
        first = float(np.sum(mass * values))
        spread = float(np.sum(mass * (values - first) ** 2))
    finite = math.isfinite(first) and math.isfinite(spread)
    return Moments(first, spread) if finite else None


def is_like_relu(function: Callable[[Any], Any]) -> bool:
    """Whether a function is linear on both sides of zero, and zero there."""
    below, half, zero, above, twice = elementwise.values_at(
        function, (-2.0, -1.0, 0.0, 1.0, 2.0)
    )
    close = functools.partial(math.isclose, rel_tol=1e-5, abs_tol=1e-6)
    return close(zero, 0) and close(below, 2 * half) and close(twice, 2 * above)


class _Reader:
    """Works out moments from the inputs on."""

    def __init__(self, graph: Graph, infos: list[WeightInfo]) -> None:
        self.graph = graph
        self.behind: Backwards = backwards(graph, infos)
        self.embeddings = {
            id(p.variable) for p in infos if p.weight.role == Role.EMBEDDING
        }
        self.found: dict[int, Moments | None] = {}
        self._cache: dict[Any, Moments | None] = {}

    def activated(
        self, function: Callable[[Any], Any], name: str, given: Moments
    ) -> Moments | None:
        """Moments of an activation of a signal."""
        try:
            values = elementwise.values(function)
        except Exception:  # a function that insists on shapes
            return None
        if (line := None if name else elementwise.line(values)) is not None:
            slope, offset = line  # of a mean that is of what was before
            moved = slope * given.mean + offset, slope**2 * given.variance
            return Moments(*moved, given.source)
        key = (values.tobytes(), name, given)
        if key not in self._cache:
            found = through(function, given.mean, given.variance)
            if found is not None and is_like_relu(function):
                found = Moments(0.0, found.square)
            elif found is not None:
                found = found._replace(source=name)
            self._cache[key] = found
        return self._cache[key]

    def run(self) -> dict[int, Moments | None]:
        """The moments of all tensors that can be followed, by identity."""
        made = {x for step in self.graph.steps for x in step.outputs}
        taken = {x for step in self.graph.steps for x in self.graph.signals(step)}
        ready = collections.deque[int]()
        for tensor in taken - made:
            self.tell(tensor, STANDARD, ready)
        waiting = list(self.graph.steps)
        while True:
            self.carry(ready)
            rest = []
            for step in waiting:
                signals = self.graph.signals(step)
                if all(x in self.found for x in signals) or self.starts(step):
                    self.make(step, [self.found.get(x) for x in signals], ready)
                    self.carry(ready)
                else:
                    rest.append(step)
            if len(rest) == len(waiting):
                return self.found
            waiting = rest

    def tell(
        self, tensor: int, moments: Moments | None, ready: collections.deque[int]
    ) -> None:
        if tensor not in self.found:
            self.found[tensor] = moments
            ready.append(tensor)

    def carry(self, ready: collections.deque[int]) -> None:
        """Follows signals through elementwise functions of them, as a whole."""
        while ready:
            tensor = ready.popleft()
            given = self.found[tensor]
            if given is None:
                continue
            for exit_ in elementwise.exits(self.graph, tensor):
                if exit_.tensor in self.found:
                    continue
                name = ", ".join(exit_.names)
                self.found[exit_.tensor] = self.activated(exit_.function, name, given)

    def starts(self, step: Step) -> bool:
        """Whether what a step gives does not depend on what it is given."""
        has_kernel = self.behind.is_kernel(step)
        return (has_kernel and not step.closed) or is_normalizing(step)

    def make(
        self, step: Step, given: list[Moments | None], ready: collections.deque[int]
    ) -> None:
        """The moments of what a step gives, if another step has not told them."""
        result = self.result(step, given)
        for output in step.outputs:
            self.tell(output, result, ready)

    def result(self, step: Step, given: list[Moments | None]) -> Moments | None:
        name = step.name
        if is_normalizing(step):
            return STANDARD
        if isinstance(step.operation, keras.layers.RNN) or step.closed:
            return None
        if self.behind.is_kernel(step):
            if any(id(v) in self.embeddings for v in step.variables):
                return STANDARD
            own = own_activation(step.operation)
            if own is None:
                return STANDARD
            if not elementwise.is_elementwise(own):
                return None
            return self.activated(own, getattr(own, "__name__", name.lower()), STANDARD)
        known = [moments for moments in given if moments is not None]
        if not known or len(known) < len(given):
            return None
        return combined(step, known)


def combined(step: Step, given: list[Moments]) -> Moments | None:
    """What an operation without weights makes of independent signals."""
    name, first = step.name, given[0]
    source = next((one.source for one in given if one.source), "")
    mean = sum(one.mean for one in given)
    if len(given) == 1:
        if step.operation is None or name in CARRIERS | AVERAGES | NOISES:
            return first
        if name in elementwise.DROPOUTS:
            kept = 1 - float(getattr(step.operation, "rate", 0.0))
            variance = first.square / kept - first.mean**2 if kept else 0.0
            return Moments(first.mean, variance, source)
        return _largest(step, first)
    if name in ("Add", "Subtract"):
        mean = mean if name == "Add" else given[0].mean - given[1].mean
        return Moments(mean, sum(one.variance for one in given), source)
    if name == "Average":
        count = len(given)
        variance = sum(one.variance for one in given) / count**2
        return Moments(mean / count, variance, source)
    if name in JOINS:
        mean /= len(given)
        square = sum(one.square for one in given) / len(given)
        return Moments(mean, square - mean**2, source)
    if name == "Multiply":
        means = math.prod(one.mean for one in given)
        squares = math.prod(one.square for one in given)
        return Moments(means, squares - means**2, source)
    return None


def _largest(step: Step, given: Moments) -> Moments | None:
    """The largest of n normal values, of a pooling."""
    size = getattr(step.operation, "pool_size", None)
    if not step.name.startswith("MaxPool") or size is None:
        return None
    sizes = size if isinstance(size, tuple | list) else (size,)
    count = math.prod(sizes)
    z, mass = normal_nodes()
    below = np.cumsum(mass)
    density = mass * count * below ** (count - 1)
    density /= density.sum()
    first = float(np.sum(density * z))
    spread = float(np.sum(density * (z - first) ** 2))
    std = math.sqrt(given.variance)
    if not given.source:  # of what is centred, or like ReLU: its second moment counts
        return Moments(0.0, given.square)
    return Moments(given.mean + std * first, given.variance * spread, given.source)


def kernel_inputs(graph: Graph, infos: list[WeightInfo]) -> dict[str, Moments | None]:
    """The moments of what each kernel is given, by its path.

    Args:
        graph: Of the model.
        infos: Its weights.

    Returns:
        None for what cannot be followed; kernels that the graph does not show are
        missing.
    """
    moments = _Reader(graph, infos).run()
    paths = {id(p.variable): p.path for p in infos if p.weight.role == Role.KERNEL}
    result: dict[str, Moments | None] = {}
    for step in graph.steps:
        signals = graph.signals(step)
        for path in (paths[id(v)] for v in step.variables if id(v) in paths):
            if signals:
                result.setdefault(path, moments.get(signals[0]))
    return result
