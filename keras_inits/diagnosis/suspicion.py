"""Which data may be to blame for what weights seem to do."""

from keras_inits.diagnosis import thresholds as limits
from keras_inits.diagnosis.features import FeatureRecord
from keras_inits.diagnosis.report import LayerRecord, Report

# Between these sizes data do not explain what weights seem to do; outside it is tried.
UNIT = (0.3, 3.0)
NORMALIZATIONS = ("BatchNormalization", "LayerNormalization")


def size(feature: FeatureRecord) -> float:
    """Size of what the first kernel is given, zeros left aside where it is small.

    One-hot rows and bags of words are small only because most of them is zero.
    """
    given = feature.rms
    if feature.scaled and feature.given_rms is not None:
        given = feature.given_rms
    sparse = max(1.0 - feature.zero, 1e-12) ** 0.5
    return given if given >= limits.DATA_SMALL else given / sparse


def is_raw(feature: FeatureRecord) -> bool:
    """Whether an input is anything but standardized, where that matters."""
    if feature.normalized or feature.ids or not feature.takers:
        return False
    uneven = feature.ratio is not None and feature.ratio >= limits.UNEVEN_WARNING
    return uneven or not UNIT[0] <= size(feature) <= UNIT[1]


def lonely(diagnosis: Report) -> list[LayerRecord]:
    """Normalizations that are given one value a feature, which they make zero."""
    trained = {w.path for w in diagnosis.weights if w.trainable}
    found = []
    for r in diagnosis.records:
        if r.layer not in NORMALIZATIONS or (
            r.weights and not trained.intersection(r.weights)
        ):
            continue
        shape = r.out.shape
        positions = 1
        for n in shape:
            positions *= n
        batch_wise = r.layer == "BatchNormalization"
        values = positions // max(1, r.out.units) if batch_wise else r.out.units
        if values == 1:
            found.append(r)
    return found


def any_of(diagnosis: Report) -> bool:
    """Whether anything about the data may explain what weights seem to do."""
    return (
        diagnosis.weightless
        or any(f.padding == 1.0 or is_raw(f) for f in diagnosis.features)
        or bool(lonely(diagnosis))
    )
