"""Plain records of figures of one tensor and of one gradient."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class TensorStats:
    """Figures of one tensor, over all batches.

    Taken from at most `statistics.LIMIT` values of each batch, spread evenly over the
    positions; all other figures than `finite` are of those, and of finite values only.

    Attributes:
        shape: Shape in the first batch, axis of samples included.
        mean: Mean of all values.
        std: Standard deviation of all values.
        rms: Square root of the second moment.
        skew: Third standardized moment; 0 for a symmetric distribution.
        zero: Fraction of values that are exactly zero.
        saturated: Fraction of values where the activation is flat; None where the
            activation has no such part, or is not known.
        non_finite: Fraction of values that are infinite or not a number.
        finite: Whether every value of the whole tensor is finite.
        units: Size of the axis of units (channels).
        dead: Fraction of units that are zero for every sample and position seen.
        rank: Effective rank of the representation: the participation ratio
            (Σλ)²/Σλ² of the covariance's eigenvalues. None for a single row.
        rank_limit: The largest rank possible with the rows seen.
        correlation: Mean cosine between the representations of different samples.
            None for a single sample.
        difference: 1 − correlation, to full relative precision.
        histogram: Counts of values in equal bins.
        edges: Lower edge of the first and upper edge of the last bin.
        sums: Smallest and largest sum over the units, where all were looked at.
    """

    shape: tuple[int, ...]
    mean: float
    std: float
    rms: float
    skew: float
    zero: float
    saturated: float | None
    non_finite: float
    finite: bool
    units: int
    dead: float
    rank: float | None
    rank_limit: int
    correlation: float | None
    difference: float | None
    histogram: tuple[int, ...]
    edges: tuple[float, float]
    sums: tuple[float, float] | None = None

    @property
    def second_moment(self) -> float:
        """Mean of the squares."""
        return self.rms**2


@dataclasses.dataclass(frozen=True)
class GradientStats:
    """Figures of a gradient, over all batches.

    Attributes:
        mean: Mean of all values.
        std: Standard deviation of all values.
        rms: Square root of the second moment.
        norm: Euclidean norm of the whole tensor; root mean square over batches.
        zero: Fraction of values that are exactly zero.
        tiny: Fraction of the values, zeros aside, that are subnormal in `dtype` as
            they were computed (loss scale included).
        finite: Whether every value is finite.
        dtype: Type in which it was computed.
    """

    mean: float
    std: float
    rms: float
    norm: float
    zero: float
    tiny: float
    finite: bool
    dtype: str
