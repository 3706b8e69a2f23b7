"""How well a model learned: 0 for the best constant guess, 1 for a perfect one."""

import keras
import numpy as np


def _flat(predictions):
    if predictions.ndim == 1:  # a column that was squeezed
        predictions = predictions[:, None]
    return predictions.reshape(-1, predictions.shape[-1])


def classes(predictions, y):
    """From the share of rows whose largest output is the label's."""
    if y.shape == predictions.shape:
        y = y.argmax(-1)
    labels = np.asarray(y).reshape(-1).astype(int)
    values, counts = np.unique(labels, return_counts=True)
    guess = counts.max() / counts.sum()
    right = np.mean(_flat(predictions).argmax(-1) == labels)
    return 0.0 if len(values) == 1 else (right - guess) / (1 - guess)


def yes(predictions, y):
    """From the share of right answers; a probability says yes from 1/2, a logit from 0.

    Labels are 0 or 1, or −1 or 1.
    """
    logits = predictions.min() < 0 or predictions.max() > 1
    said = _flat(predictions) > (0.0 if logits else 0.5)
    told = np.asarray(y).reshape(said.shape) > (0.0 if np.min(y) < 0 else 0.5)
    guess = np.maximum(told.mean(0), 1 - told.mean(0)).mean()
    return 0.0 if guess == 1 else (np.mean(said == told) - guess) / (1 - guess)


def values(predictions, y):
    """The share of the variance that is explained."""
    y = np.asarray(y, "float64")
    if y.ndim < predictions.ndim:
        y = y.reshape(y.shape + (1,) * (predictions.ndim - y.ndim))
    return 1 - np.mean((predictions - y) ** 2) / max(np.var(y), 1e-12)


SCORES = {"classes": classes, "yes": yes, "values": values}


def _score(name, predictions, y):
    predictions = np.asarray(predictions, "float64")
    if not np.isfinite(predictions).all():
        return float("nan")
    return float((SCORES[name] if isinstance(name, str) else name)(predictions, y))


def _loss(model, x, y, extra):
    weight = extra.get("sample_weight")
    loss = model.evaluate(x, y, sample_weight=weight, verbose=0, batch_size=64)
    return float(np.ravel(loss)[0])


def trained(made, score, epochs, batch_size):
    """Trains a program's model and returns its skill; a text if `fit` raises.

    With the score "loss" it is the share by which training lowers the loss.
    """
    model, x, y, extra = made
    try:
        before = _loss(model, x, y, extra) if score == "loss" else None
        model.fit(x, y, epochs=epochs, batch_size=batch_size, verbose=0, **extra)
        if before is not None:
            return 1 - _loss(model, x, y, extra) / before
        predictions = model.predict(x, batch_size=32, verbose=0)
    except Exception as error:  # whatever the backend makes of a mistake
        return type(error).__name__
    if not isinstance(score, dict | list):
        return _score(score, predictions, y)
    keys = list(score) if isinstance(score, dict) else range(len(score))
    return min(_score(score[k], predictions[k], y[k]) for k in keys)


def shown(skill):
    """A skill for a table, cut at −9.99; nan stays nan."""
    return skill if isinstance(skill, str) else f"{max(skill, -9.99):.2f}"


def backend():
    """The backend's name."""
    return keras.backend.backend()
