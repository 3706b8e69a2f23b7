"""The whole table of networks known to be unhealthy or healthy."""

import keras

from support.diagnosed import (
    healthy_by_the_book,  # noqa: F401 - puts its networks into the table
    healthy_likenesses,  # noqa: F401
    healthy_networks,  # noqa: F401
    unhealthy_by_the_book,  # noqa: F401
    unhealthy_networks,  # noqa: F401
)
from support.diagnosed.networks import CASES

__all__ = ["CASES", "STEP"]

# JAX compiles every network anew, which takes seconds: a part of the table there.
STEP = 5 if keras.backend.backend() == "jax" else 1
