"""Records a sample of every output and gradient of a pass.

A probe is an identity put behind a layer's output: forwards it takes a sample of the
values, backwards one of the gradient. On TensorFlow and PyTorch both are figures at
once, and nothing is kept; under `jax.jit` the samples are results of the compiled step:
those of gradients as "gradients" by dummy arguments, which the backward rule of the
identity fills with them.
"""

import contextlib
import dataclasses
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from keras_inits._utils.host_array import all_finite, numpy_view, to_numpy
from keras_inits._utils.types import Args, Tensor
from keras_inits.signals import hooks
from keras_inits.signals.hooks import Hooked
from keras_inits.signals.saturation import one_hot_rows, saturated_gates
from keras_inits.signals.statistics import GradientTally, Tally, pick

CALLS = 16  # of one layer in one pass that are recorded: loops may make thousands


@dataclasses.dataclass
class Entry:
    """What is collected of one call of a layer, over all batches."""

    hooked: Hooked
    call: int
    activation: str | None
    dtype: str
    parents: tuple[int, ...]
    input_parent: int | None
    moving: bool = False  # a batch normalization, by its moving statistics
    pre: Tally | None = None
    out: Tally | None = None
    gradient: GradientTally | None = None
    input_rms: list[float] = dataclasses.field(default_factory=list)
    gates: list[float] = dataclasses.field(default_factory=list)
    driven: list[float] = dataclasses.field(default_factory=list)
    attention: list[float] = dataclasses.field(default_factory=list)


# A sample and whether the whole tensor is finite, as they leave the device.
Seen = tuple[Any, Any]


def look(x: Tensor, channels_first: bool = False) -> Seen:
    """A sample of a tensor, and whether all of it is finite."""
    x = numpy_view(x)
    if isinstance(x, np.ndarray):
        return pick(x, channels_first), all_finite(x)
    return pick(x, channels_first), keras.ops.all(keras.ops.isfinite(x))


def on_host(seen: Seen) -> tuple[np.ndarray, bool]:
    """The same as NumPy has it."""
    sample, finite = seen
    return to_numpy(sample), bool(
        finite if isinstance(finite, bool) else to_numpy(finite)
    )


def is_real(x: Tensor) -> bool:
    """Whether something is a tensor of real numbers, of known shape."""
    if not keras.ops.is_tensor(x) or getattr(x, "sparse", False):
        return False
    dtype = keras.backend.standardize_dtype(x.dtype)
    known = x.shape is not None and all(isinstance(n, int) for n in tuple(x.shape))
    return known and keras.backend.is_float_dtype(dtype) and 0 not in tuple(x.shape)


def repeats(tensor: Tensor) -> bool:
    """Whether all rows of a tensor, two or more, are equal."""
    shape = () if tensor is None or tensor.shape is None else tuple(tensor.shape)
    known = bool(shape) and all(isinstance(size, int) for size in shape)
    if getattr(tensor, "sparse", False) or not known or shape[0] < 2:
        return False
    return bool(to_numpy(tensor == tensor[:1]).all())


def first_real(structure: Any) -> Any:
    """The first tensor of real numbers in a structure; None if there is none."""
    return next((x for x in keras.tree.flatten(structure) if is_real(x)), None)


class Recorder:
    """Collects an entry for every call of a layer.

    Args:
        attach: Puts a probe behind a tensor: from (tensor, index, whether channels
            come first) to the tensor to go on with. The engine of the backend.
        visible: Whether what is computed now belongs to the pass itself, and not to a
            loop or a compiled function inside it.
        tick: Called after each entry, for the display of progress.

    Attributes:
        entries: Of all batches so far.
        looks: Of this pass: by (index, "pre" | "out" | "input" | "gates" |
            "attention") what was
            seen.
    """

    def __init__(
        self,
        attach: Callable[[Any, int, bool], Any],
        visible: Callable[[], bool],
        tick: Callable[[], None] = lambda: None,
    ) -> None:
        self.attach, self.visible, self.tick = attach, visible, tick
        self.entries: list[Entry] = []
        self.skipped: set[str] = set()
        self.eager = True
        self.rests = False
        self.start()

    def start(self) -> None:
        """Begins a pass."""
        self.looks: dict[tuple[int, str], Any] = {}
        self.calls: dict[int, int] = {}
        self.makers: dict[int, tuple[Any, tuple[int, ...]]] = {}
        self.count = 0

    @contextlib.contextmanager
    def resting(self) -> Iterator[None]:
        """Context in which calls are not recorded."""
        self.rests = True
        try:
            yield
        finally:
            self.rests = False

    def makers_of(self, structure: Any) -> tuple[int, ...]:
        """Indices of the entries that tensors come from."""
        found: dict[int, None] = {}
        for x in keras.tree.flatten(structure):
            reference, indices = self.makers.get(id(x), (None, ()))
            if reference is not None and reference() is x:
                found.update(dict.fromkeys(indices))
        return tuple(found)

    def remember(self, structure: Any, indices: tuple[int, ...]) -> None:
        """Notes which entries tensors come from."""
        for x in keras.tree.flatten(structure):
            if keras.ops.is_tensor(x):
                self.makers[id(x)] = (weakref.ref(x), indices)

    def watch(
        self,
        hooked: Hooked,
        args: Args,
        kwargs: dict[str, Any],
        inner: hooks.Inner,
        output: Tensor,
    ) -> Any:
        """Records a call; a `hooks.Watcher`."""
        if self.rests:
            return output
        kind = type(hooked.layer).__name__
        parents = self.makers_of((args, kwargs))
        if kind in hooks.MOVERS or kind in hooks.NOISES:
            self.remember(output, parents)
            return output
        target = first_real(output)
        call = self.calls.get(id(hooked.layer), 0)
        self.calls[id(hooked.layer)] = call + 1
        if target is None or not self.visible() or call >= CALLS:
            self.skipped.add(hooked.name)
            return output
        index = self.count
        self.count += 1
        inside = hooked.block and any(
            target is x for x in keras.tree.flatten((args, kwargs))
        )
        channels_first = getattr(hooked.layer, "data_format", None) == "channels_first"
        given = first_real((args, kwargs))
        if index == len(self.entries):
            self.entries.append(self._entry(hooked, call, parents, target, given))
            if isinstance(hooked.layer, keras.layers.BatchNormalization):
                in_training = kwargs.get("training") and hooked.layer.trainable
                self.entries[index].moving = not in_training
        entry = self.entries[index]
        if is_real(inner.before):
            self._see(index, "pre", inner.before, channels_first)
        self._see(index, "out", target, channels_first)
        if entry.input_parent is None and is_real(given):
            self._see(index, "input", given, channels_first)
        found = saturated_gates(hooked.layer, given, output)
        if found is not None:
            self._see(index, "gates", found, False)
        if inner.scored is not None and all(is_real(x) for x in inner.scored):
            self._see(index, "attention", one_hot_rows(*inner.scored), False)
        probed = target if inside else self.attach(target, index, channels_first)
        output = keras.tree.map_structure(
            lambda x: probed if x is target else x, output
        )
        self.remember(output, (index,))
        self.tick()
        return output

    def _entry(
        self, hooked: Hooked, call: int, parents: Any, target: Any, given: Any
    ) -> Entry:
        layer = hooked.layer
        function = layer.__dict__.get("activation")
        name = hooks.activation_name(function) if callable(function) else None
        if isinstance(layer, hooks.ACTIVATIONS) and function is None:
            name = type(layer).__name__.lower()
        if isinstance(layer, keras.layers.SimpleRNN):  # whose cell is not looked into
            name = hooks.activation_name(layer.activation)
            name = name if name == "tanh" else None
        maker = self.makers_of(given)
        dtype = keras.backend.standardize_dtype(target.dtype)
        single = maker[0] if len(maker) == 1 else None
        return Entry(hooked, call, name, dtype, parents, single)

    def _see(self, index: int, what: str, x: Tensor, channels_first: bool) -> None:
        seen = look(x, channels_first)
        shape = tuple(int(n) for n in x.shape)
        first = channels_first and len(shape) > 2
        units = shape[1 if first else -1] if shape else 1
        if self.eager:
            self.reduce(index, what, shape, units, on_host(seen))
        else:
            self.looks[index, what] = (shape, units, seen)

    def reduce(
        self,
        index: int,
        what: str,
        shape: tuple[int, ...],
        units: int,
        seen: tuple[np.ndarray, bool],
    ) -> None:
        """Turns a sample into figures."""
        entry, (sample, finite) = self.entries[index], seen
        values = sample.astype("float64")
        if what == "input":
            entry.input_rms.append(float(np.sqrt(np.mean(values**2))))
        elif what == "gates":
            entry.gates.append(float(values[..., 0].mean()))
            entry.driven.append(float(values[..., 1].mean()))
        elif what == "attention":
            entry.attention.append(float(values.mean()))
        else:
            tally = getattr(entry, what)
            if tally is None:
                name = entry.activation if what == "out" else None
                tally = Tally(shape, units, name)
                setattr(entry, what, tally)
            tally.add(sample, finite)

    def backward(
        self, index: int, size: int, seen: tuple[np.ndarray, bool], scale: float
    ) -> None:
        """Turns a sample of a gradient into figures."""
        entry = self.entries[index]
        if entry.gradient is None:
            entry.gradient = GradientTally(size, entry.dtype, scale)
        entry.gradient.add(*seen)
        self.tick()
