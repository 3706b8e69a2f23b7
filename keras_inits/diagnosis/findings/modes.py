"""Modes: normalizations of one value or by other data, dropout that leaves little."""

import math

from keras_inits.diagnosis import suspicion
from keras_inits.diagnosis import thresholds as limits
from keras_inits.diagnosis.report import ERROR, INFO, WARNING, Finding, Report
from keras_inits.diagnosis.wording import number, quoted
from keras_inits.geometry.roles import Role
from keras_inits.signals.batches import NOISE

USUAL = 0.5  # of the signal, what fixes leave: as one layer of the usual rate does

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


def _wanted(diagnosis: Report, paths: tuple[str, ...]) -> float:
    """Root mean square of what a normalization by the batch's statistics gives."""
    own = {w.role: w.rms for w in diagnosis.weights if w.path in paths}
    return math.hypot(own.get(Role.GAIN, 1.0), own.get(Role.BIAS, 0.0))


def moving(diagnosis: Report) -> Found:
    """Normalizations by moving statistics that are not those of such data."""
    if diagnosis.data == NOISE:
        return []
    bad = []
    for record in diagnosis.records:
        wanted = _wanted(diagnosis, record.weights)
        if not record.moving or record.normalized or not wanted:
            continue
        figure = record.out.rms / wanted
        if figure > 0 and not limits.MOVING_SMALL <= figure <= limits.MOVING_LARGE:
            bad.append((record, figure))
    if not bad:
        return []
    first, figure = bad[0]
    others = f" (and {len(bad) - 1} others)" if len(bad) > 1 else ""
    frozen = {w.path for w in diagnosis.weights if not w.trainable}
    codes = [diagnosis.reached.get(record.name) for record, _ in bad]
    fix = "# call it with training=True, or give it data like those of its statistics"
    if all(codes) and all(frozen.issuperset(r.weights) for r, _ in bad):
        fix = "; ".join(f"{code} = True" for code in dict.fromkeys(codes))
        fix += "  # or give it data like those that its statistics are of"
    finding = Finding(
        "statistics of other data",
        WARNING,
        first.name,
        figure,
        f"{first.name!r}{others} normalizes by moving statistics, and gives "
        f"{number(figure)} times the size that the batch's own would give",
        "it is frozen or called with training=False, and its statistics are those that "
        "it started with, or of data of another scale",
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
        _lower(diagnosis),
    )
    return [(-1, finding)]


def _lower(diagnosis: Report) -> str:
    """Rates by which enough is left, were all dropout on one way."""
    usual = 1 - USUAL ** (1 / len(diagnosis.dropouts))
    lines = [
        f"{diagnosis.reached[d.name]} = {min(d.rate, usual):.2g}"
        for d in diagnosis.dropouts
        if d.name in diagnosis.reached
    ]
    if len(lines) < len(diagnosis.dropouts):  # inside recurrent layers or attention
        return f"# dropout of {usual:.2g} at most in each of these layers"
    return "; ".join(lines)
