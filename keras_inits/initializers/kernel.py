"""`KernelInitializer`: the base of schemes that need to know what a kernel connects."""

import dataclasses
from typing import Any, ClassVar, Self

import keras

from keras_inits.geometry import Fans, Geometry
from keras_inits.initializers.base import Initializer

GEOMETRY = {field.name: field.default for field in dataclasses.fields(Geometry)}
DEFAULT_GEOMETRY = Geometry()


class KernelInitializer(Initializer, keras.initializers.VarianceScaling):
    """Base of schemes that need to know what a kernel connects.

    Keras 3.15 tells that, for the kernels of EinsumDense and of attention, only to
    instances of its own `VarianceScaling`; hence the second base, of which nothing is
    used. It lists an axis that inputs and outputs share among the outputs; name it in
    `batch_axes`.

    Args:
        seed: As in `Initializer`.
        input_axes: This and all that follow: as in `VarianceScaling`.

    Raises:
        ValueError: At construction, if an argument is not of its kind, or only one of
            the first two axes is given.

    Examples:
    A std that falls with fan_in itself, not with its root:

    >>> import keras_inits
    >>> class Shy(keras_inits.KernelInitializer):
    ...     def entry_distribution(self, shape):
    ...         return keras_inits.sampling.normal(0.0, 1 / self.fans(shape).fan_in)
    >>> Shy(groups=4).expected_std((5, 5, 4, 64))  # fan_in 5 * 5 * 4
    0.01
    >>> Shy(groups=4).geometry.parts
    4
    """

    _passed_on: ClassVar = {"seed": None, **GEOMETRY}
    _added: ClassVar = GEOMETRY
    _renamed: ClassVar = {"layout": "kernel_format"}

    def __init__(
        self,
        seed: Any = None,
        input_axes: Any = None,
        output_axes: Any = None,
        batch_axes: Any = None,
        kernel_format: str = "default",
        groups: int = 1,
        gates: int = 1,
        stride: int = 1,
    ) -> None:
        Initializer.__init__(self, seed)
        geometry = Geometry(
            input_axes, output_axes, batch_axes, kernel_format, groups, gates, stride
        )
        for name in GEOMETRY:
            setattr(self, name, getattr(geometry, name))

    @property
    def geometry(self) -> Geometry:
        """How the axes of a kernel take part in the linear map."""
        own = {name: getattr(self, name) for name in GEOMETRY}
        return DEFAULT_GEOMETRY if own == GEOMETRY else Geometry(**own)

    def fans(self, shape: tuple[int, ...]) -> Fans:
        """Fans of a kernel of this shape, in this scheme's geometry."""
        return self.geometry.fans(shape)

    def with_geometry(self, geometry: Geometry) -> Self:
        """The same scheme for kernels of another geometry.

        Args:
            geometry: Takes the place of this scheme's own, whole.

        Returns:
            A new initializer with the same other arguments. A seed generator is
            shared: a draw of either advances it.

        Examples:
        >>> import keras_inits
        >>> he = keras_inits.HeFanIn(seed=7)
        >>> he.with_geometry(keras_inits.Geometry(kernel_format="depthwise"))
        HeFanIn(seed=7, kernel_format='depthwise')
        """
        other: Self = object.__new__(type(self))
        other.__dict__ = dict(self.__dict__)
        for name in GEOMETRY:
            setattr(other, name, getattr(geometry, name))
        return other

    def _with_added(self, added: dict[str, Any]) -> Self:
        return self.with_geometry(dataclasses.replace(self.geometry, **added))
