"""What the first step of the compiled optimizer does."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class StepRecord:
    """One step of the optimizer on the first batch, as it would be.

    Losses are of that batch as the pass has it: by its own statistics, without dropout.

    Attributes:
        optimizer: Name of the optimizer's class; of a wrapped one, of what is inside.
        learning_rate: The rate of the step; of a schedule, at the present step; of
            several optimizers, the largest.
        scheduled: Whether a schedule or a function gives the rate.
        loss: Before the step.
        loss_after: After it.
        loss_after_tenth: After a tenth of the way; None where the whole way lowers the
            loss, and so the tenth was not tried.
        predicted: Change of the loss to first order: Σ gradient · update.
        ratios: Of each trainable weight that gets a gradient (path, root mean square of
            the update, root mean square of the weight).
        gradient_norm: Norm of all gradients together, before clipping.
        clipped: Norm after clipping by that before it; 1 where nothing is clipped.
        tried: Other rates, and the loss after a step at each: smaller ones where the
            loss rises, a larger one where the step is too small to matter.
    """

    optimizer: str
    learning_rate: float
    scheduled: bool
    loss: float
    loss_after: float
    loss_after_tenth: float | None
    predicted: float
    ratios: tuple[tuple[str, float, float], ...]
    gradient_norm: float
    clipped: float
    tried: tuple[tuple[float, float], ...] = ()

    @property
    def better(self) -> tuple[float, float] | None:
        """Of the other rates the one with the lowest loss, if that is below `loss`."""
        lower = [pair for pair in self.tried if pair[1] < self.loss]
        return min(lower, key=lambda pair: pair[1]) if lower else None
