"""A batch of data with its faults mended: what would be found, were the data sound?"""

from typing import Any

import keras
import numpy as np

from keras_inits._utils.host_array import to_numpy
from keras_inits.diagnosis import suspicion
from keras_inits.diagnosis.report import Report
from keras_inits.signals import batches
from keras_inits.signals.batches import Batch

COPIES = 8  # of a single sample, with noise


def _host(x: Any) -> np.ndarray:
    return np.array(to_numpy(batches.to_tensor(x)))


def _standardized(values: np.ndarray) -> np.ndarray:
    values = values.astype("float32")
    std = values.std(0) if len(values) > 1 else values.std()
    mean = values.mean(0) if len(values) > 1 else values.mean()
    return (values - mean) / (std + 1e-12)


def _unmasked(values: np.ndarray, random: Any) -> np.ndarray:
    if values.dtype.kind in "iu":
        return np.maximum(values, 1)
    return random.standard_normal(values.shape).astype("float32")


def _repeated(values: np.ndarray, random: Any) -> np.ndarray:
    """Some copies of a single sample, each with noise of its size."""
    values = np.repeat(values, COPIES, axis=0)
    if values.dtype.kind != "f":
        return values
    size = max(float(np.sqrt(np.mean(values**2))), 1e-6)
    noise = random.standard_normal(values.shape)
    return (values + size * noise).astype(values.dtype)


def mended(diagnosis: Report, batch: Batch | None) -> Any:
    """The batch without what is wrong with its data, as (x, y, weights).

    Args:
        diagnosis: Of the batch.
        batch: As the passes ran it.

    Returns:
        None where nothing is wrong that a batch could show.
    """
    if batch is None or not suspicion.any_of(diagnosis):
        return None
    random = np.random.default_rng(0)
    flat = [_host(x) for x in keras.tree.flatten(batch.x)]
    for feature in diagnosis.features:
        values = flat[feature.number]
        if feature.padding == 1.0:
            values = _unmasked(values, random)
        if suspicion.is_raw(feature):
            if feature.scaled and feature.given_rms:
                values = values.astype("float32") / feature.given_rms
            else:
                values = _standardized(values)
        flat[feature.number] = values
    y, weight = batch.y, batch.weight
    if diagnosis.weightless:
        weight = keras.tree.map_structure(lambda w: np.ones_like(_host(w)), weight)
    if suspicion.lonely(diagnosis) and len(flat[0]) == 1:
        flat = [_repeated(values, random) for values in flat]
        y, weight = (
            keras.tree.map_structure(
                lambda a: None if a is None else np.repeat(_host(a), COPIES, axis=0),
                part,
            )
            for part in (y, weight)
        )
    x = keras.tree.pack_sequence_as(batch.x, flat)
    return (x,) if y is None else (x, y, weight)
