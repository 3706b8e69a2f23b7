"""Figures of the columns of a table: which are constant, alike, or of other sizes."""

import math
from typing import Any

import numpy as np

NUMBERS = 2**19  # that are looked at
COLUMNS = 2**14  # features that are compared with each other
ALIKE = 1e-3  # by which features of unit variance may differ and repeat each other
LISTED = 8  # columns that are named


def _columns(values: np.ndarray, channels_first: bool) -> np.ndarray:
    """(observations, features), float64, nan where a number is not finite."""
    if values.ndim < 2:
        values = values.reshape(-1, 1)
    elif channels_first and values.ndim > 2:
        values = np.moveaxis(values, 1, -1)
    flat = values.reshape(-1, values.shape[-1])
    if flat.shape[1] and flat.size > NUMBERS:
        flat = flat[:: math.ceil(flat.size / NUMBERS)]
    flat = flat.astype("float64")
    return np.where(np.isfinite(flat), flat, np.nan)


def _repeats(columns: np.ndarray) -> int:
    """How many columns repeat another, but for size and sign."""
    columns = columns[:, :COLUMNS]
    centred = columns - columns.mean(0)
    unit = centred / np.maximum(np.linalg.norm(centred, axis=0), 1e-300)
    places = np.abs(unit).argmax(0)
    unit = unit * np.sign(unit[places, np.arange(unit.shape[1])])
    weights = np.random.default_rng(0).standard_normal(len(unit))
    along = weights @ unit
    order = np.argsort(along)
    near = np.diff(along[order]) < ALIKE * 0.1 * np.linalg.norm(weights)
    pairs = np.flatnonzero(near)
    apart = np.abs(unit[:, order[pairs]] - unit[:, order[pairs + 1]]).max(0, initial=0)
    # The same place of the largest entry, as its sign was made positive there.
    return int(np.count_nonzero(apart < ALIKE / math.sqrt(len(unit))))


def figures(values: np.ndarray, channels_first: bool) -> dict[str, Any]:
    """What the numbers of an input say."""
    columns = _columns(values, channels_first)
    bad = np.isnan(columns)
    known = np.where(bad, 0.0, columns)
    total = max(1, int((~bad).sum()))
    mean = float(known.sum() / total)
    rms = math.sqrt(float((known**2).sum()) / total)
    low = np.where(bad, np.inf, columns).min(0, initial=np.inf)
    high = np.where(bad, -np.inf, columns).max(0, initial=-np.inf)
    is_constant = low == high  # of features without a number they are infinite
    is_two = ((columns == low) | (columns == high) | bad).all(0)  # indicators
    nonzero = np.maximum((known != 0).sum(0), 1)
    sizes = np.sqrt((known**2).sum(0) / nonzero)
    varied = np.flatnonzero(~is_two & (sizes > 0))
    clean = varied[~bad[:, varied].any(0)]
    places = np.flatnonzero(bad.any(0))
    smallest = largest = 0
    if len(varied):
        smallest = int(varied[sizes[varied].argmin()])
        largest = int(varied[sizes[varied].argmax()])
    seen = low[np.isfinite(low)], high[np.isfinite(high)]
    return {
        "mean": mean,
        "std": math.sqrt(max(0.0, rms**2 - mean**2)),
        "rms": rms,
        "low": float(seen[0].min(initial=np.inf)) if len(seen[0]) else math.nan,
        "high": float(seen[1].max(initial=-np.inf)) if len(seen[1]) else math.nan,
        "zero": float(((known == 0) & ~bad).sum() / total),
        "features": int(columns.shape[1]),
        "constant": int(is_constant.sum()),
        "constant_zero": int((is_constant & (low == 0)).sum()),
        "repeated": _repeats(columns[:, clean]) if len(columns) > 2 else 0,
        "ratio": float(sizes[largest] / sizes[smallest]) if len(varied) > 1 else None,
        "extremes": (smallest, largest) if len(varied) > 1 else None,
        "non_finite": float(bad.mean()) if bad.size else 0.0,
        "bad": tuple(int(place) for place in places[:LISTED]),
        "bad_count": len(places),
    }
