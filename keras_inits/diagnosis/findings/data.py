"""What is wrong with the data: their sizes, features that say nothing, targets."""

import math

from keras_inits.diagnosis import suspicion
from keras_inits.diagnosis import thresholds as limits
from keras_inits.diagnosis.features import FeatureRecord
from keras_inits.diagnosis.findings import fixes
from keras_inits.diagnosis.report import ERROR, INFO, WARNING, Finding, Report
from keras_inits.diagnosis.wording import number, percent, quoted

Found = list[tuple[int, Finding]]
FEWEST = 8  # rows by which features are told apart
PICTURE = 255.0  # the largest of a picture's numbers as files have them


def _places(places: tuple[int, ...], count: int) -> str:
    """Features by their places, of many the first."""
    shown = ", ".join(map(str, places))
    word = "feature" if count == 1 else "features"
    return f"{word} {shown}" + (
        f" and {count - len(places)} more" * (count > len(places))
    )


def non_finite(diagnosis: Report) -> Found:
    """Infinities and nan in the data."""
    bad = [r.name for r in diagnosis.inputs if not r.out.finite]
    records = [f for f in diagnosis.features if f.non_finite > 0]
    names = list(dict.fromkeys([*bad, *(f.name for f in records)]))
    if not names:
        return []
    where = ""
    if records and records[0].features > records[0].bad_count:
        first = records[0]
        where = f", in {_places(first.bad, first.bad_count)} on the last axis"
    finding = Finding(
        "not finite",
        ERROR,
        names[0],
        records[0].non_finite if records else 1.0,
        f"the data are not finite: {quoted(names)}{where}",
        "nan or infinity in x",
        fixes.finite(records[0] if records else None, len(diagnosis.features)),
    )
    return [(0, finding)]


def unscaled(diagnosis: Report, feature: FeatureRecord) -> Finding:
    """What is said of an input that is far from unit size, for information."""
    size = suspicion.size(feature)
    cause = "initializers and learning rates are made for data of mean 0 and variance 1"
    picture = feature.low >= 0 and 1 < feature.high <= PICTURE and feature.image
    message = f"{feature.name!r} has root mean square {number(feature.rms)}"
    if picture:
        message += f", numbers from {feature.low:g} to {feature.high:g}"
    count = len(diagnosis.features)
    if feature.scaled and feature.scalings:
        message += (
            f", and {number(size)} behind {quoted(feature.scalings)} of the model's"
        )
        cause += "; the model scales them, and they may be scaled already"
        fix = fixes.changed(feature.number, count, f"{{}} / {size:.2g}")
    elif picture:
        fix = fixes.changed(feature.number, count, "{} / 255.0")
        fix += "  # or keras.layers.Rescaling(1 / 255) as the model's first layer"
    else:
        fix = fixes.standardized(feature.number, count)
    return Finding(
        "data not standardized", INFO, feature.name, size, message, cause, fix
    )


def sizes(diagnosis: Report) -> Found:
    """Data that are not standardized where a kernel takes them."""
    findings: Found = []
    for feature in diagnosis.features:
        size = suspicion.size(feature)
        standard = limits.DATA_SMALL <= size <= limits.DATA_LARGE
        known = feature.takers and not feature.normalized and not feature.ids
        if standard or size == 0 or not math.isfinite(size) or not known:
            continue
        far = not limits.DATA_TINY <= size <= limits.DATA_HUGE
        finding = unscaled(diagnosis, feature)
        if far and feature.trained and not feature.absorbed:
            finding = _as_severe(finding, WARNING)
        findings.append((-1, finding))
    if diagnosis.alike and not any(f.padding == 1 for f in diagnosis.features):
        finding = Finding(
            "data all the same",
            WARNING,
            "",
            1.0,
            "all samples of a batch are equal",
            "x repeats one sample, or what makes it is broken; correlations and dead "
            "units cannot be judged by one sample",
            "# pass a batch of different samples",
        )
        findings.append((-1, finding))
    return findings


def _as_severe(finding: Finding, severity: str) -> Finding:
    return Finding(**{**vars(finding), "severity": severity})


def _told(diagnosis: Report) -> list[FeatureRecord]:
    """Inputs of several features and enough rows, which kernels take."""
    return [
        f
        for f in diagnosis.features
        if f.takers
        and not f.ids
        and f.features > 1
        and f.shape[0] >= FEWEST
        and not diagnosis.alike
    ]


def _is_mask(feature: FeatureRecord) -> bool:
    """Whether an input holds zeros and ones as whole numbers, as masks do."""
    whole = feature.dtype == "bool" or "int" in feature.dtype
    return whole and feature.low >= 0 and feature.high <= 1


def uneven(diagnosis: Report) -> Found:
    """Features of which some are far larger than others."""
    findings: Found = []
    for f in _told(diagnosis):
        if f.ratio is None or f.extremes is None or f.image or f.normalized:
            continue
        if f.ratio < limits.UNEVEN_WARNING:
            continue
        small, large = f.extremes
        finding = Finding(
            "features of unequal size",
            WARNING if f.trained else INFO,
            f.name,
            f.ratio,
            f"feature {large} of {f.name!r} is {number(f.ratio)} times as large as "
            f"feature {small}",
            "what a kernel makes of them is decided by the largest alone, and one "
            "learning rate cannot fit both",
            fixes.standardized(f.number, len(diagnosis.features)),
        )
        findings.append((-1, finding))
    return findings


def constant(diagnosis: Report) -> Found:
    """Features that have one value."""
    findings: Found = []
    for f in _told(diagnosis):
        if not f.constant or _is_mask(f):
            continue
        part = f.constant / f.features
        # Rare words, classes and corners of pictures are zero in all rows at hand.
        varying = f.features - f.constant
        filled = (1 - f.zero) * f.features / max(1, varying)
        sparse = f.constant_zero == f.constant and filled < 0.5
        much = part >= limits.CONSTANT_WARNING and not sparse and not f.image
        finding = Finding(
            "constant feature",
            WARNING if much else INFO,
            f.name,
            part,
            f"{f.constant} of {f.features} features of {f.name!r} have one value in "
            f"all {f.shape[0]} samples seen",
            "a feature that does not vary says nothing; to its kernel it is a bias",
            fixes.kept(f, len(diagnosis.features), "{}.std(0) > 0"),
        )
        findings.append((-1, finding))
    return findings


def duplicated(diagnosis: Report) -> Found:
    """Features that repeat others."""
    findings: Found = []
    for f in _told(diagnosis):
        if not f.repeated:
            continue
        part = f.repeated / f.features
        much = part >= limits.REPEATED_WARNING and len(f.shape) == 2
        finding = Finding(
            "duplicated features",
            WARNING if much else INFO,
            f.name,
            part,
            f"{f.repeated} of {f.features} features of {f.name!r} repeat another, but "
            f"for their size and sign ({percent(part)})",
            "they add nothing, and count as often as they are repeated",
            fixes.kept(
                f,
                len(diagnosis.features),
                "~np.triu(abs(np.corrcoef({}, rowvar=False)) > 1 - 1e-6, 1).any(0)",
            ),
        )
        findings.append((-1, finding))
    return findings


def targets(diagnosis: Report) -> Found:
    """Targets that are far from the size of outputs."""
    taken = {parent for record in diagnosis.records for parent in record.parents}
    ends = [r.out.rms for r in diagnosis.records if r.index not in taken]
    reach = limits.TARGETS_WARNING * max([1.0, *ends])
    findings: Found = []
    for size in diagnosis.targets:
        standard = limits.DATA_SMALL <= size <= limits.DATA_LARGE
        if standard or size == 0 or not math.isfinite(size):
            continue
        finding = Finding(
            "targets not standardized",
            WARNING if size >= reach or size <= limits.TARGETS_TINY else INFO,
            "",
            size,
            f"the targets have root mean square {number(size)}, the outputs "
            f"{number(max(ends, default=0.0))}",
            "outputs begin at about unit size, and a step of training moves them by "
            "a part of that",
            "y = (y - y.mean()) / y.std()",
        )
        findings.append((-1, finding))
    return findings
