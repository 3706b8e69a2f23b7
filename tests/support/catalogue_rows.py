"""What rows of examples of the catalogue are made of."""

import dataclasses
import math

import numpy as np

from support.distributions import Normal, Truncated, Uniform


@dataclasses.dataclass(frozen=True)
class Spread:
    """Finite entries, of a std within five parts in a hundred; None for any."""

    std: float | None = None

    def complaints(self, sample, epsilon=2**-24):
        """What is wrong with a tensor."""
        found = [] if np.isfinite(sample).all() else ["values that are not finite"]
        if self.std is not None and not abs(sample.std() / self.std - 1) < 0.05:
            found.append(f"std {sample.std():.4g} for {self.std:.4g}")
        return found


class Missing:
    """Every entry NaN."""

    std = None

    def complaints(self, sample, epsilon=2**-24):
        """What is wrong with a tensor."""
        return [] if np.isnan(sample).all() else ["values that are numbers"]


def of(distribution):
    """Whatever the fans."""
    return lambda i, o: distribution


def spread(std=None):
    """A std that depends on the fans, or on nothing."""
    return (lambda i, o: Spread(std(i, o))) if callable(std) else of(Spread(std))


def normal(std):
    """N(0, std²), the std a function of the fans."""
    return lambda i, o: Normal(0.0, std(i, o))


def uniform(bound):
    """U(±bound), the bound a function of the fans."""
    return lambda i, o: Uniform(-bound(i, o), bound(i, o))


CONV, CONV_SMALL = (3, 3, 40, 456), (3, 3, 4, 8)
MATRIX, SMALL = (90, 364), (6, 8)
STATE, STATE_SMALL = (64, 64), (6, 6)
GATES, GATES_SMALL = (1200,), (24,)
TABLE, TABLE_SMALL = (200, 64), (9, 4)
HEADS, HEADS_SMALL = (64, 4, 16), (8, 4, 2)
TRUNCATED = Truncated(0.0, 0.02, 2.0)


def fans(shape):
    """Fans of a kernel (*window, inputs, outputs), or twice a vector's length."""
    if len(shape) < 2:
        return (shape[0], shape[0])
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]


def rows(shape, small, *cases):
    """Cases (arguments, distribution of fans) on one shape."""
    return [(arguments, law, shape, fans(shape), small) for arguments, law in cases]


ANY = spread()
