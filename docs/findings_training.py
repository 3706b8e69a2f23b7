"""Trains every faulty program of `kinds.toml`: `python docs/findings_training.py`.

Writes `kinds_trained.json`, from which the pages say what became of the loss. Takes
minutes, and so is run by hand, when a program changes.
"""

import json
import math
from pathlib import Path
from typing import Any
from unittest import mock

import keras
import numpy as np

import findings

PATH = Path(__file__).parent / "kinds_trained.json"
EPOCHS = 60


def given(kind: str) -> dict[str, Any]:
    """What the faulty program of a kind hands to `diagnose`."""
    with mock.patch("keras_inits.diagnose") as diagnose:
        findings.run(kind, findings.FAULTY)
    (args, options) = diagnose.call_args
    return {**dict(zip(("model", "x", "y"), args, strict=False)), **options}


def accuracy(model: Any, x: Any, y: Any) -> tuple[float, float] | None:
    """Of a model of classes: what is right, and what the most frequent one would be."""
    outputs = model(keras.ops.convert_to_tensor(x), training=False)
    if isinstance(outputs, list) or y.dtype.kind != "i":
        return None
    scores = keras.ops.convert_to_numpy(outputs)
    several = scores.shape[1] > 1
    guessed = scores.argmax(axis=1) if several else scores[:, 0] > 0.5
    return float(np.mean(guessed == y)), float(np.bincount(y).max() / len(y))


def trained(kind: str) -> dict[str, Any]:
    """Losses of the first and the last epoch and the accuracy, or the error."""
    case = given(kind)
    model, x, y, weight = case["model"], case["x"], case.get("y"), None
    if isinstance(x, list) and isinstance(x[0], tuple):
        x, y, weight = x[0]
    model.jit_compile = False
    size = case.get("batch_size", 32)
    options = {"batch_size": size, "epochs": EPOCHS, "verbose": 0}
    try:
        losses = model.fit(x, y, sample_weight=weight, **options).history["loss"]
    except Exception as error:
        return {"error": type(error).__name__}
    found = {"losses": [float(f"{losses[n]:.4g}") for n in (0, -1)]}
    right = accuracy(model, x, np.asarray(y)) if isinstance(y, np.ndarray) else None
    if right is not None:
        found["accuracy"] = [round(part, 2) for part in right]
    if not all(map(math.isfinite, found["losses"])):
        found["losses"] = [str(value) for value in found["losses"]]
    return found


if __name__ == "__main__":
    measured = {kind: trained(kind) for kind in findings.KINDS}
    PATH.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
