"""`icnr`: copies of a smaller kernel, for sub-pixel convolutions without artefacts."""

from typing import Any

import keras

from keras_inits import sampling
from keras_inits._utils import checks
from keras_inits._utils.types import Layout, Seed, Shape, Tensor
from keras_inits.initializers.registry import register
from keras_inits.initializers.wrappers.base import Wrapper

__all__ = ["Icnr"]


@register("icnr")
class Icnr(Wrapper):
    """Sub-pixel convolutions that start as nearest-neighbour upsampling.

    A bias that is not constant has to be copied alike.

    Formula: a kernel of out / scale^rank outputs, drawn by `initializer` with its own
    fans, copied scale^rank times: one after the other for Keras's `depth_to_space`,
    each output next to its copies for PyTorch's `PixelShuffle`.

    Use for: the convolution before `depth_to_space`, against checkerboards. Its
    bias has to be constant, or to be copied in the same way. For transposed
    convolutions use `bilinear_upsampling`.

    Args:
        initializer: What draws the smaller kernel: a name, an initializer or its
            config.
        scale: By how much the image grows along each axis; int, >= 1.
        channel_order: "keras" or "torch".
        seed: As in `Initializer`; None for the scheme's own.

    Raises:
        ValueError: At construction, if an argument is out of range; when called, if
            the kernel has no window, or scale^rank does not divide its outputs.

    Examples:
    >>> import keras, keras_inits, numpy as np
    >>> kernel = keras_inits.Icnr(scale=2, seed=7)((3, 5, 4))
    >>> kernel = keras.ops.convert_to_numpy(kernel)
    >>> float(np.abs(kernel[..., :2] - kernel[..., 2:]).max())
    0.0

    Reference: Aitken et al. (2017), "Checkerboard artifact free sub-pixel convolution",
    arXiv 1707.02937.
    """

    example_shape = (3, 3, 8, 8)
    usage = "keras.layers.Conv2D(64, 3, padding='same', kernel_initializer={})"
    family = "structure"

    def __init__(
        self,
        initializer: Any = "he_fan_in",
        scale: int = 2,
        channel_order: str = "keras",
        seed: Seed = None,
    ) -> None:
        super().__init__(initializer, seed)
        self.scale = checks.whole(
            "scale",
            scale,
            meaning="the growth along each axis",
            instead="For images twice as large use scale=2.",
        )
        self.channel_order = checks.choice(
            "channel_order", channel_order, ["keras", "torch"], meaning="whose it is"
        )

    def _part(self, shape: Shape) -> tuple[Shape, int]:
        """Shape of the smaller kernel, and the number of copies."""
        copies = self.scale ** (len(shape) - 2)
        if len(shape) < 3 or shape[-1] % copies:
            raise ValueError(
                "Copies need a window, and outputs that scale^rank divides. Received: "
                f"scale={self.scale} for shape={shape}. Use (3, 3, 32, "
                f"{64 * self.scale**2})."
            )
        return (*shape[:-1], shape[-1] // copies), copies

    def expected_std(self, shape: Shape) -> float | None:
        return self.inner_std(self._part(shape)[0])

    def compute(
        self, shape: Shape, dtype: str, key: sampling.Key, layout: Layout
    ) -> Tensor:
        part, copies = self._part(shape)
        drawn = self.block(part, "float32", key)
        if self.channel_order == "keras":
            whole = keras.ops.concatenate([drawn] * copies, axis=-1)
        else:
            whole = keras.ops.reshape(keras.ops.stack([drawn] * copies, axis=-1), shape)
        return sampling.finished(whole, dtype, layout)
