"""Names for types that Keras and its backends leave open."""

from collections.abc import Callable
from typing import Any, TypeAlias

import keras

Shape: TypeAlias = tuple[int, ...]
Tensor: TypeAlias = Any  # of the backend: tensorflow.Tensor, jax.Array, torch.Tensor
Layout: TypeAlias = Any  # None, or a sharding that the JAX backend asks for
Seed: TypeAlias = int | keras.random.SeedGenerator | None
Args: TypeAlias = tuple[Any, ...]  # what a call is given by position
Kwargs: TypeAlias = dict[str, Any]  # and by name
Function: TypeAlias = Callable[..., Any]  # that the caller or Keras brings along
