"""Names for types that Keras and its backends leave open."""

from typing import Any, TypeAlias

import keras

Shape: TypeAlias = tuple[int, ...]
Tensor: TypeAlias = Any  # of the backend: tensorflow.Tensor, jax.Array, torch.Tensor
Layout: TypeAlias = Any  # None, or a sharding that the JAX backend asks for
Seed: TypeAlias = int | keras.random.SeedGenerator | None
