"""How width changes a weight's start and steps: muP's tables."""

from typing import NamedTuple

from keras_inits.models.recipes.growth import Growth, Kind


class Law(NamedTuple):
    """What a weight's start, and the optimizer's numbers, are multiplied by.

    Attributes:
        std: Over that of the base.
        rate: Over the base's learning rate.
        decay: Over the base's weight decay.
        epsilon: Over the base's, where steps are Adam's.
    """

    std: float
    rate: float
    decay: float
    epsilon: float

    def with_factor(self, factor: float, optimizer: str) -> "Law":
        """The same function, a factor of the signal moved into the weight.

        The gradient is then divided by it.
        """
        power = 2 if optimizer == "sgd" else 1
        return Law(
            self.std * factor,
            self.rate * factor**power,
            self.decay / factor**power,
            self.epsilon / factor,
        )


def width_law(grown: Growth, table: int, optimizer: str) -> Law:
    """Tables 3 and 8 of muP's paper, a kernel's sides counted each by itself.

    Gradients shrink with the units that share the effect on a prediction, so epsilon
    does by a weight's outputs.
    """
    is_output = grown.kind == Kind.OUTPUT
    std = grown.into ** -(1.0 if is_output else 0.5)
    rate = 1 / grown.into
    if optimizer == "sgd":
        rate *= grown.out
    law = Law(std, rate, 1 / rate, 1 / grown.out)
    if not is_output or table == 3:
        return law
    # Table 8: as if the predictions were multiplied by 1 / into.
    return law.with_factor(grown.into, optimizer)
