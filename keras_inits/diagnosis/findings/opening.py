"""Weights that shut what is before them at the start, and open in the first step."""

from keras_inits.diagnosis.derived import head
from keras_inits.diagnosis.report import Report, WeightRecord
from keras_inits.geometry.roles import Role


def _added(weight: WeightRecord) -> bool:
    """Whether a weight is a bias by its name: what is added shuts nothing.

    A scalar or vector of another name may be the factor of a branch.
    """
    name = weight.name.rsplit("/", 1)[-1]
    is_bias = name in ("b", "beta", "bias") or name.endswith("_bias")
    return weight.role == Role.BIAS and is_bias


def opening(diagnosis: Report) -> list[str]:
    """Weights that are zero and get a gradient: they open after the first step.

    So does a head whose units have the same weights: a softmax does not see what they
    give to all classes alike, but each of them gets a gradient of its own.
    """
    heads = {diagnosis.records[index].name for index in head(diagnosis)}
    return [
        w.name
        for w in diagnosis.weights
        if ((w.zero and not _added(w)) or (w.equal and w.owner in heads))
        and w.gradient is not None
        and w.gradient.rms > 0
    ]
