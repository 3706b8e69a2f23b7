"""What only training minds: normalizations of one value, dropout that leaves little."""

from keras_inits.diagnosis import suspicion
from keras_inits.diagnosis import thresholds as limits
from keras_inits.diagnosis.report import ERROR, INFO, WARNING, Finding, Report
from keras_inits.diagnosis.wording import number, quoted

Found = list[tuple[int, Finding]]


def lonely(diagnosis: Report) -> Found:
    """Normalizations that are given one value a feature, which they make zero."""
    found = suspicion.lonely(diagnosis)
    if not found:
        return []
    first = found[0]
    batch_wise = first.layer == "BatchNormalization"
    fix = "batch_size = 32" if batch_wise else "# normalize a layer of several units"
    cause = "a value minus its own mean is zero"
    if batch_wise:
        cause += (
            "; batches of one sample need keras.layers.LayerNormalization() or "
            "keras.layers.GroupNormalization()"
        )
    finding = Finding(
        "batch of one",
        ERROR,
        first.name,
        float(len(found)),
        f"{quoted([r.name for r in found])} normalize one value a "
        f"{'feature' if batch_wise else 'sample'}, and return the same for all data",
        cause,
        fix,
    )
    return [(first.index, finding)]


def dropped(diagnosis: Report) -> Found:
    """Dropout that leaves little of the signal."""
    bad = [
        d
        for d in diagnosis.dropouts
        if d.rate >= limits.RATE_WARNING or d.kept <= limits.KEPT_INFO
    ]
    if not bad:
        return []
    worst = min(bad, key=lambda d: d.kept)
    highest = max(d.rate for d in bad)
    level = INFO
    if worst.kept <= limits.KEPT_WARNING or highest >= limits.RATE_WARNING:
        level = ERROR if worst.kept <= limits.KEPT_ERROR else WARNING
    finding = Finding(
        "dropout too high",
        level,
        worst.name,
        worst.kept,
        f"{worst.name!r} drops {worst.rate:.0%}, and {number(worst.kept)} of the "
        "signal's variance is left behind it",
        "the rest is noise of dropout, which differs at every step",
        f"# keras.layers.Dropout({0.5 if highest > 0.5 else 0.2}), and fewer of them",
    )
    return [(-1, finding)]
