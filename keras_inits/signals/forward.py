"""Runs a batch through a model, forward alone, and lets a caller set weights meanwhile.

As the pass reaches a layer, a function of the caller's sees what the layer computes and
may give it other weights, with which the pass goes on. The model itself does not
change: weights, statistics, seeds and flags are as before.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras

from keras_inits._utils.types import Args, Kwargs
from keras_inits.signals import engines, hooks
from keras_inits.signals.hooks import Hooked
from keras_inits.signals.random_state import unchanged_randomness
from keras_inits.signals.refusals import refused_batch
from keras_inits.signals.threads import numpy_on_one_thread


class Visit:
    """A layer that a forward pass has reached, and has not computed yet.

    Attributes:
        name: Names of the layer from the model down, joined by "/".
        layer: The layer.
        args: What it is called with.
        kwargs: Its keywords.
        output: What the layer gives, where the caller knows; None to have it computed.
    """

    def __init__(
        self,
        hooked: Hooked,
        args: Args,
        kwargs: Kwargs,
        compute: Callable[[Any], Any],
        activation: Callable[[Any], Any] | None,
    ) -> None:
        self.name, self.layer = hooked.name, hooked.layer
        self.args, self.kwargs = args, kwargs
        self._compute, self._activation = compute, activation
        self.assigned: dict[int, tuple[Any, Any]] = {}
        self.output: Any = None

    def pre_activation(self, x: Any = None) -> Any:
        """What the layer's activation is given, with the weights as they are now.

        The output, where the layer has no activation.

        Args:
            x: Taken for the layer's first argument; None for what it is called with.
        """
        return self._compute(x)

    def activated(self, x: Any) -> Any:
        """What the layer's activation makes of something; the same without one."""
        return x if self._activation is None else self._activation(x)

    def of(self, layer: keras.layers.Layer, x: Any) -> "Visit":
        """A visit of a layer inside this one, which calls it with parts of `x`."""

        def compute(other: Any) -> Any:
            attributes = layer.__dict__
            function = attributes.get("activation")
            if function is not None:
                attributes["activation"] = keras.activations.linear
            try:
                return layer.call(x if other is None else other)
            finally:
                if function is not None:
                    attributes["activation"] = function

        inner = Visit(
            Hooked(self.name, self.name, layer, False), (x,), {}, compute, None
        )
        inner.assigned = self.assigned
        return inner

    def assign(self, variable: keras.Variable, value: Any) -> None:
        """Gives a variable another value, for this and all that is computed later."""
        # Kept as it is: read again, it would have the type of the layer's products.
        value = keras.ops.convert_to_tensor(value, dtype=variable.dtype)
        variable.assign(value)
        self.assigned[id(variable)] = (variable, value)


def forward(
    model: keras.Model,
    x: Any,
    reached: Callable[[Visit], None],
    start: Sequence[tuple[Any, Any]] = (),
    every_call: bool = False,
) -> list[tuple[Any, Any]]:
    """One forward pass in which a caller may change weights as layers are reached.

    Normalizations use the batch's own statistics, and dropout and noise are off.

    Args:
        model: A built model.
        x: Inputs, tensors of the backend.
        reached: Called with a `Visit` before each layer that has no layers inside, at
            its first call.
        start: Variables, and the values that they have from the beginning.
        every_call: Whether `reached` is called at later calls of a shared layer, too.

    Returns:
        The variables that were assigned and their new values, those of `start` first,
        the others in the order of their assignment. The model itself is as before.

    Raises:
        ValueError: If the model cannot run on `x`.
    """
    assigned = {id(variable): (variable, value) for variable, value in start}
    seen: set[int] = set()
    own: list[BaseException] = []

    def enter(
        hooked: Hooked,
        args: Args,
        kwargs: Kwargs,
        compute: Callable[[Any], Any],
        activation: Callable[[Any], Any] | None,
    ) -> Any:
        if hooked.block or (id(hooked.layer) in seen and not every_call):
            return None
        seen.add(id(hooked.layer))
        visit = Visit(hooked, args, kwargs, compute, activation)
        try:
            reached(visit)
        except BaseException as error:
            own.append(error)
            raise
        assigned.update(visit.assigned)
        return visit.output

    with (
        unchanged_randomness(),
        numpy_on_one_thread(),
        hooks.watching(model, enter=enter),
        keras.StatelessScope(list(start)),
        engines.no_gradient(),
    ):
        try:
            model(x, training=True)
        except Exception as error:
            if own:  # what the caller said, without Keras's frame around it
                raise own[0] from None
            raise refused_batch(error, x, "") from error
    return list(assigned.values())
