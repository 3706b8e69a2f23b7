"""What reports made by hand say of data, by the figure that a finding rests on."""

import dataclasses

from keras_inits.diagnosis.classes import ClassRecord
from keras_inits.diagnosis.features import FeatureRecord
from keras_inits.diagnosis.modes import DropoutRecord


def feature(**changed):
    """An input of sixteen features that a kernel takes, as it should be."""
    sound = FeatureRecord(
        name="input",
        number=0,
        dtype="float32",
        shape=(64, 16),
        image=False,
        takers=("dense_0",),
        scalings=(),
        scaled=False,
        normalized=False,
        absorbed=False,
        trained=True,
        given_rms=1.0,
        mean=0.0,
        std=1.0,
        rms=1.0,
        low=-3.0,
        high=3.0,
        zero=0.0,
        features=16,
        constant=0,
        constant_zero=0,
        repeated=0,
        ratio=1.0,
        extremes=(0, 1),
        non_finite=0.0,
        bad=(),
        bad_count=0,
        padding=None,
        masked=None,
        ids=(),
    )
    return {"features": (dataclasses.replace(sound, **changed),)}


def labels(positives, total=10_000, guess=0.5):
    """Binary labels, and what the head's bias makes of them."""
    counts = (total * (1 - positives), total * positives)
    one = ClassRecord(
        output=0,
        kind="sigmoid",
        single=True,
        counts=counts,
        samples=total,
        bias="dense[1]/bias",
        owner="dense_1",
        guess=(1 - guess, guess),
    )
    return {"classes": (one,)}


def dropout(rate, kept):
    return {"dropouts": (DropoutRecord("dropout", rate, kept),)}


OF_DATA = {  # kind: changes of a report by a figure, figures and their severities
    "data not standardized": (
        lambda v: feature(rms=v, given_rms=v),
        [
            *[(5e-3, "warning"), (0.03, "info"), (0.04, "info"), (0.06, None)],
            *[(18, None), (25, "info"), (45, "info"), (60, "warning")],
        ],
    ),
    "data not standardized, mostly zero": (
        lambda v: feature(rms=v, given_rms=v, zero=1 - v**2),
        [(1e-3, None), (0.03, None)],
    ),
    "data not standardized, scaled by the model": (
        lambda v: feature(rms=120.0, given_rms=v, scaled=True),
        [(5e-3, "warning"), (0.5, None), (60, "warning")],
    ),
    "data not standardized, normalized by the model": (
        lambda v: feature(rms=v, normalized=True),
        [(1e-3, None), (1e6, None)],
    ),
    "data not standardized, normalized behind a kernel": (
        lambda v: feature(rms=v, absorbed=True),
        [(1e-3, "info"), (1e6, "info")],
    ),
    "features of unequal size": (
        lambda v: feature(ratio=v),
        [(800, None), (1300, "warning"), (1e6, "warning")],
    ),
    "constant feature": (
        lambda v: feature(constant=round(16 * v)),
        [(0.25, "info"), (0.4, "info"), (0.6, "warning")],
    ),
    "constant feature, rare words": (
        lambda v: feature(constant=12, constant_zero=12, zero=v),
        [(0.76, "warning"), (0.95, "info")],
    ),
    "duplicated features": (
        lambda v: feature(repeated=round(16 * v)),
        [(0.25, "info"), (0.4, "info"), (0.6, "warning")],
    ),
    "all samples masked": (
        lambda v: feature(padding=v),
        [(0.3, None), (0.7, "info"), (1.0, "error")],
    ),
    "class imbalance": (
        labels,
        [(0.02, "warning"), (0.04, "warning"), (0.07, "info"), (0.15, None)],
    ),
    "class imbalance, of few labels": (
        lambda v: labels(v, total=20),
        [(0.05, "info")],
    ),
    "class imbalance, in the head's bias": (
        lambda v: labels(0.02, guess=v),
        [(0.02, None), (0.1, None), (0.4, "warning")],
    ),
    "dropout too high": (
        lambda v: dropout(0.5, v),
        [(0.125, None), (0.06, "info"), (0.04, "warning"), (5e-3, "error")],
    ),
    "dropout too high, by its rate": (
        lambda v: dropout(v, 0.2),
        [(0.5, None), (0.85, None), (0.95, "warning")],
    ),
    "samples mixed": (
        lambda v: {"mixed": (v, "layer")},
        [(0.0, None), (0.01, "warning")],
    ),
}
