"""`blocks`: a tensor put together of parts, each drawn as if it were the whole."""

from typing import Any, Self

import keras

from keras_inits import sampling
from keras_inits._utils import checks
from keras_inits._utils.keras_private import current_stream
from keras_inits._utils.types import Layout, Shape, Tensor
from keras_inits.initializers.arguments import check_dtype, check_shape
from keras_inits.initializers.base import Initializer
from keras_inits.initializers.registry import register
from keras_inits.initializers.wrappers.base import (
    Outer,
    drawn_by,
    is_random,
    resolved,
    seed_of,
    told,
)

__all__ = ["Blocks", "blocks"]


@register("blocks")
class Blocks(Outer):
    """Kernels fused side by side, such as query, key and value in one.

    Formula: along one axis, parts that are each drawn with their own shape, fans and
    stream.

    Use for: kernels that hold several maps side by side, such as a fused query, key
    and value, each of which should start with its own fans. For gates of one scheme
    `per_gate` is enough.

    Args:
        initializer: What fills every part, a name, an initializer or its config; or a
            list with one for each.
        parts: Number of equal parts; int, >= 1, for one initializer.
        sizes: Their sizes along the axis, for a list; ints, >= 0.
        axis: The axis that is cut; int.

    Raises:
        ValueError: At construction, if arguments do not fit together; when called, if
            the parts do not fill the axis.

    Examples:
    Fans are those of one part of three:

    >>> import keras_inits
    >>> fused = keras_inits.blocks("xavier_uniform", parts=3)
    >>> round(fused.expected_std((64, 3 * 64)), 4)
    0.125

    Reference: Chen, Xie, He (2021), "An Empirical Study of Training Self-Supervised
    Vision Transformers", arXiv 2104.02057, whose fused kernel starts so.
    """

    usage_arguments = 'initializer="he_fan_in", parts=4'

    def __init__(
        self,
        initializer: Any,
        parts: int | None = None,
        sizes: list[int] | None = None,
        axis: int = -1,
    ) -> None:
        several = isinstance(initializer, list | tuple)
        if several != (sizes is not None) or several == (parts is not None):
            raise ValueError(
                "One initializer is cut into equal `parts`, a list into `sizes`. "
                f"Received: initializer={initializer!r}, parts={parts!r}, "
                f"sizes={sizes!r}. For example blocks('he_fan_in', parts=3)."
            )
        if not several:
            parts = checks.whole(
                "parts",
                parts,
                meaning="the number of equal parts",
                instead="For query, key and value use parts=3.",
            )
        given = list(initializer) if several else [initializer]
        if sizes is not None:
            sizes = [
                checks.whole(
                    "sizes",
                    size,
                    minimum=0,
                    meaning="the sizes of the parts",
                    instead="For example sizes=[64, 64, 32].",
                )
                for size in sizes
            ]
            if len(sizes) != len(given) or not sizes:
                raise ValueError(
                    "`sizes` has one size for each initializer. Received: "
                    f"{len(given)} initializers, sizes={sizes}. Give as many of both."
                )
        if not hasattr(axis, "__index__") or isinstance(axis, bool):
            raise ValueError(
                "`axis` is the axis that is cut and must be an int. Received: "
                f"axis={axis!r}. For the last axis use axis=-1."
            )
        self.inner = [resolved(one) for one in given]
        named = [
            one if isinstance(one, str) else inner
            for one, inner in zip(given, self.inner, strict=True)
        ]
        self.initializer = named if several else named[0]
        self.parts, self.sizes, self.axis = parts, sizes, int(axis)
        self.is_random = any(is_random(inner) for inner in self.inner)
        seeds = [seed_of(inner) for inner in self.inner if is_random(inner)]
        super().__init__(seeds[0] if seeds else None)

    def _held(self) -> Any:
        return self.inner[0]

    def _with_added(self, added: dict[str, Any]) -> Self:
        other = self._copy()
        other.inner = [told(inner, added) for inner in self.inner]
        if any(
            new is not old for new, old in zip(other.inner, self.inner, strict=True)
        ):
            several = self.sizes is not None
            other.initializer = other.inner if several else other.inner[0]
        return other

    def _shapes(self, shape: Shape) -> list[Shape]:
        """The shapes of the parts."""
        if not -len(shape) <= self.axis < len(shape):
            raise ValueError(
                "`axis` must be one of the tensor's. Received: "
                f"axis={self.axis} for shape={shape}. For the last one use axis=-1."
            )
        axis = self.axis % len(shape)
        size = shape[axis]
        if self.parts is not None and size % self.parts == 0:
            sizes = [size // self.parts] * self.parts
        else:
            sizes = self.sizes or []
        if sum(sizes) != size or not sizes:
            raise ValueError(
                "The parts must fill the axis. Received: "
                f"parts={self.parts}, sizes={self.sizes} for axis {axis} of "
                f"shape={shape}. Use parts that divide {size}, or sizes that add up to "
                "it."
            )
        return [(*shape[:axis], n, *shape[axis + 1 :]) for n in sizes]

    def expected_std(self, shape: Shape) -> float | None:
        inner, part = self.inner[0], self._shapes(shape)[0]
        if self.sizes is None and isinstance(inner, Initializer):
            return inner.expected_std(part)
        return None

    def __call__(self, shape: Any, dtype: Any = None, layout: Layout = None) -> Any:
        shape, dtype = check_shape(shape), check_dtype(dtype, self)
        keys = [
            sampling.key_from_seed(seed_of(inner), shape, current_stream())
            if is_random(inner)
            else sampling.Key(0, 0)
            for inner in self.inner
        ]
        return self._together(shape, dtype, keys, layout)

    def compute(
        self, shape: Shape, dtype: str, key: sampling.Key, layout: Layout
    ) -> Tensor:
        return self._together(shape, dtype, [key] * len(self.inner), layout)

    def _together(
        self, shape: Shape, dtype: str, keys: list[sampling.Key], layout: Layout
    ) -> Tensor:
        shapes = self._shapes(shape)
        one = len(self.inner) == 1
        drawn = [
            drawn_by(
                self.inner[0 if one else number],
                part,
                "float32",
                sampling.substream(keys[0 if one else number], "block", number),
            )
            for number, part in enumerate(shapes)
        ]
        whole = keras.ops.concatenate(drawn, axis=self.axis)
        return sampling.finished(whole, dtype, layout)


def blocks(
    initializer: Any,
    parts: int | None = None,
    sizes: list[int] | None = None,
    axis: int = -1,
) -> Blocks:
    """A scheme that draws parts of a fused tensor one by one.

    Args:
        initializer: What fills every part, or a list with one for each.
        parts: Number of equal parts, for one initializer.
        sizes: Sizes of the parts, for a list.
        axis: The axis that is cut.

    Raises:
        ValueError: If arguments do not fit together.

    Examples:
    >>> import keras_inits
    >>> keras_inits.blocks(["he_fan_in", "zeros"], sizes=[30, 2])
    Blocks(initializer=['he_fan_in', 'zeros'], sizes=[30, 2])
    """
    return Blocks(initializer, parts, sizes, axis)
