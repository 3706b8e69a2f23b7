"""What is wrong with samples and labels: masks, token ids, mixing, rare classes."""

import math
from collections.abc import Sequence

from keras_inits.diagnosis import thresholds as limits
from keras_inits.diagnosis.classes import ClassRecord
from keras_inits.diagnosis.features import FeatureRecord
from keras_inits.diagnosis.findings import fixes
from keras_inits.diagnosis.report import ERROR, INFO, WARNING, Finding, Report
from keras_inits.diagnosis.wording import number, percent
from keras_inits.graph.heads import SIGMOID

Found = list[tuple[int, Finding]]
MOST_LABELS = 64  # whose biases are written one by one
ONE_SIDED = 1.28  # standard deviations: nine tenths of a normal distribution are below


def out_of_range(diagnosis: Report) -> Found:
    """Token ids that an embedding has no row for."""
    findings: Found = []
    for feature in diagnosis.features:
        for ids in feature.ids:
            if not ids.beyond:
                continue
            at = next((r for r in diagnosis.records if r.name == ids.layer), None)
            cause = "some backends raise, others return zeros, nan or another row"
            if ids.low == 1 and ids.high == ids.rows:
                cause += "; ids that start at 1 need one row more"
            lines = [ids.code.format(rows=max(ids.high, ids.high - ids.low) + 1)]
            if ids.low < 0:
                count = len(diagnosis.features)
                moved = "# make its ids start at 0"
                if ids.whole:
                    moved = fixes.changed(feature.number, count, f"{{}} + {-ids.low}")
                lines = [moved] + lines * (ids.high - ids.low >= ids.rows)
            finding = Finding(
                "token ids out of range",
                ERROR,
                ids.layer,
                ids.beyond,
                f"{feature.name!r} has ids from {ids.low} to {ids.high}, and the "
                f"embedding {ids.layer!r} has rows 0 to {ids.rows - 1}",
                cause,
                "\n".join(lines),
            )
            findings.append((at.index if at else -1, finding))
    return findings


def masked(diagnosis: Report) -> Found:
    """Samples that a mask or a weight of zero leaves nothing of."""
    if diagnosis.weightless:
        finding = Finding(
            "all samples masked",
            ERROR,
            "",
            1.0,
            "every sample has a weight of zero, and so is the loss",
            "sample_weight or class_weight leaves nothing to learn from",
            "sample_weight = None",
        )
        return [(-1, finding)]
    findings: Found = []
    for feature in diagnosis.features:
        part = feature.padding
        if part is None or part < limits.PADDING_INFO:
            continue
        severity = ERROR if part == 1 else INFO
        finding = Finding(
            "all samples masked",
            severity,
            feature.name,
            part,
            f"{percent(part)} of the samples of {feature.name!r} are masked from end "
            "to end",
            "all their steps are padding: the layers behind see nothing of them",
            _unpadded(diagnosis, feature),
        )
        findings.append((-1, finding))
    return findings


def _unpadded(diagnosis: Report, feature: FeatureRecord) -> str:
    """The samples that have a step; where there is none, no code makes one."""
    if feature.padding == 1 or len(diagnosis.features) > 1 or feature.masked is None:
        return (
            "# pad with a value that real steps do not have: "
            "keras.layers.Masking(mask_value=-1.0), or ids of real tokens from 1 on"
        )
    return (
        f"keep = (x != {feature.masked:g}).reshape(len(x), -1).any(1); "
        "x, y = x[keep], y[keep]"
    )


def mixed(diagnosis: Report) -> Found:
    """Samples of a batch that influence each other."""
    figure, name = diagnosis.mixed
    if not figure:
        return []
    at = next((r.index for r in diagnosis.records if r.name == name), -1)
    where = f", from {name!r} on" if name else ""
    finding = Finding(
        "samples mixed",
        WARNING,
        name,
        figure,
        "what the model says of a sample depends on the others in the batch: another "
        f"first sample moves it by {number(figure)} of its size{where}",
        "an operation over axis 0, such as a softmax, mean or reshape, takes the axis "
        "of samples for another",
        f"{code} = -1"
        if (code := diagnosis.reached.get(name, "")).endswith(".axis")
        else "# use the last axis, or that of steps: axis=-1 or axis=1 in place of "
        "axis=0",
    )
    return [(at, finding)]


def _rare(record: ClassRecord) -> tuple[int, float, float] | None:
    """The rarest class that occurs, its part, and what equal odds cost, in nats."""
    total = sum(record.counts)
    shares = [count / total for count in record.counts] if total > 0 else []
    present = [(share, n) for n, share in enumerate(shares) if share > 0]
    if len(present) < 2:
        return None
    share, rarest = min(present)
    cost = _nats(shares, record.guess)
    return rarest, share * len(shares) / 2, cost


def _nats(shares: Sequence[float], guess: Sequence[float]) -> float:
    """What a guess costs more than the true frequencies, in nats."""
    return sum(
        p * math.log(p / max(q, 1e-12))
        for p, q in zip(shares, guess, strict=True)
        if p > 0
    )


def _sure(share: float, samples: int) -> bool:
    """Whether a class is rare in all data like these (Wilson's upper limit)."""
    z = ONE_SIDED
    n = max(1, samples)
    middle = share + z * z / (2 * n)
    spread = z * math.sqrt(share * (1 - min(share, 1)) / n + z * z / (4 * n * n))
    return (middle + spread) / (1 + z * z / n) <= 2 * limits.RARE_WARNING


def imbalanced(diagnosis: Report) -> Found:
    """Rare classes, and a head that starts at equal odds."""
    findings: Found = []
    for record in diagnosis.classes:
        findings += _rare_labels(record)
        # Tokens and pixels are rare by their nature.
        found = _rare(record) if record.single else None
        if found is None:
            continue
        rarest, share, cost = found
        if share >= limits.RARE_INFO or cost < limits.RARE_NATS:
            continue
        sure = share <= limits.RARE_WARNING and _sure(share, record.samples)
        part = record.counts[rarest] / sum(record.counts)
        finding = Finding(
            "class imbalance",
            WARNING if sure else INFO,
            record.owner,
            part,
            f"class {rarest} has {part:.2%} of the labels, and the head starts at "
            f"{record.guess[rarest]:.2%}",
            f"its bias costs {number(cost)} nats a sample until it has moved to the "
            "classes' frequencies, which the first steps go to",
            _prior(record),
        )
        findings.append((-1, finding))
    return findings


def _rare_labels(record: ClassRecord) -> Found:
    """Several labels a sample, most of them rare, and a head at equal odds.

    A warning where for at least half of them there would be one of that label alone.
    """
    samples = record.samples // max(1, len(record.several))
    rare = [
        (p, q, cost)
        for p, q in record.several
        if 0 < p < limits.RARE_INFO
        and (cost := _nats((1 - p, p), (1 - q, q))) >= limits.RARE_NATS
    ]
    if not rare:
        return []
    sure = [p for p, *_ in rare if p <= limits.RARE_WARNING and _sure(p, samples)]
    least = min(rare)
    finding = Finding(
        "class imbalance",
        WARNING if 2 * len(sure) >= len(record.several) else INFO,
        record.owner,
        least[0],
        f"{len(rare)} of {len(record.several)} labels are rare: {least[0]:.2%} of the "
        f"samples have the rarest, and the head starts at {least[1]:.2%}",
        f"its biases cost {number(sum(cost for *_, cost in rare))} nats a sample until "
        "they have moved to the labels' frequencies, which the first steps go to",
        _priors(record, samples),
    )
    return [(-1, finding)]


def _priors(record: ClassRecord, samples: int) -> str:
    """Each bias of the head set to the frequency of its label."""
    shares = [(p * samples + 1) / (samples + 2) for p, _ in record.several]
    logits = ", ".join(f"{math.log(p / (1 - p)):.3g}" for p in shares)
    scheme = f"keras.initializers.Constant([{logits}])"
    if len(shares) > MOST_LABELS:
        scheme = f"keras_inits.PriorBias(prior={sum(shares) / len(shares):.3g})"
    if record.bias is None:
        return f"# give the head a bias: bias_initializer={scheme}"
    return fixes.initialize({(record.bias,): scheme}, only=True)


def _prior(record: ClassRecord) -> str:
    """The head's bias set to the classes' frequencies."""
    total = sum(record.counts)
    if record.kind == SIGMOID:
        scheme = f"keras_inits.PriorBias(prior={record.counts[1] / total:.3g})"
    else:
        counts = ", ".join(f"{count:g}" for count in record.counts)
        smoothing = ", smoothing=1.0" if 0 in record.counts else ""
        scheme = (
            f'keras_inits.PriorBias(counts=[{counts}], activation="softmax"{smoothing})'
        )
    if record.bias is None:
        return f"# give the head a bias: bias_initializer={scheme}"
    return fixes.initialize({(record.bias,): scheme}, only=True)
