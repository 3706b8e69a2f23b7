"""What a backend does for drawing; as it stands, for arrays of NumPy's."""

import keras
import numpy as np

from keras_inits._utils.types import Layout, Shape, Tensor
from keras_inits.sampling import bits
from keras_inits.sampling.arrays import to_array
from keras_inits.sampling.bits import Key
from keras_inits.sampling.distributions import Distribution
from keras_inits.sampling.engines.host import draw_on_host


class Engine:
    """Draws on the host and hands the array to the backend.

    Methods take and return what `sampling.draw`, `filled` and `finished` say. A backend
    overrides what it does in another way.
    """

    def is_tracing(self) -> bool:
        """Whether operations are being staged into a program."""
        return False

    def supported(self, dtype: str) -> str:
        """The type that this backend gives for `dtype`."""
        return dtype

    def adopt(self, array: np.ndarray) -> Tensor:
        """The tensor of a new host array, copied only where it must be.

        The array must not be written to afterwards.
        """
        return array

    def next_state(self, generator: keras.random.SeedGenerator) -> Tensor:
        """The generator's state, which advances."""
        return generator.next()

    def key_of_state(self, base: Key, state: Tensor) -> Key:
        """The key of a draw whose seed is a generator's state.

        Args:
            base: The key of all else that the draw depends on.
            state: Two words, as `next_state` gives them.
        """
        words = [int(word) & bits.WORD for word in keras.ops.convert_to_numpy(state)]
        return Key(*bits.threefry_of_ints(base, (words[0], words[1])))

    def draw(
        self,
        distribution: Distribution,
        shape: Shape,
        dtype: str,
        key: Key,
        layout: Layout = None,
    ) -> Tensor:
        """A tensor of independent entries."""
        array = draw_on_host(distribution, shape, self.supported(dtype), key)
        return self.adopt(array)

    def filled(
        self,
        value: float | np.ndarray,
        shape: Shape,
        dtype: str,
        layout: Layout = None,
    ) -> Tensor:
        """A constant tensor."""
        dtype = self.supported(dtype)
        if self.is_tracing():
            rounded = keras.ops.convert_to_tensor(to_array(np.asarray(value), dtype))
            return keras.ops.broadcast_to(rounded, shape)
        return self.adopt(to_array(np.broadcast_to(value, shape), dtype))

    def finished(
        self, tensor: Tensor | np.ndarray, dtype: str, layout: Layout = None
    ) -> Tensor:
        """A computed tensor, rounded to the dtype."""
        dtype = self.supported(dtype)
        if isinstance(tensor, np.ndarray):
            return self.adopt(to_array(tensor, dtype, owned=True))
        return keras.ops.cast(tensor, dtype)
