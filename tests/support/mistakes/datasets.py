"""Small data for the programs: standardized, balanced, 64 to 256 rows."""

import functools

import numpy as np
from sklearn.datasets import load_digits


def _standard(values):
    return ((values - values.mean(0)) / values.std(0)).astype("float32")


def tabular(seed, rows=192, features=8):
    """Independent columns and a curved function of them, both standardized."""
    draw = np.random.default_rng(seed)
    x = _standard(draw.normal(size=(rows, features)))
    weights = draw.choice([-1.0, 1.0], size=features)
    return x, _standard(x @ weights + 1.5 * np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2])


def two_classes(seed, rows=192, features=8):
    """Columns and 0 or 1 for each row, half of them 1."""
    x, target = tabular(seed, rows, features)
    return x, (target > np.median(target)).astype("float32")


def several_tags(seed, rows=192, features=8, tags=5):
    """Columns and five labels for each row, any number of them true."""
    draw = np.random.default_rng(seed)
    x = _standard(draw.normal(size=(rows, features)))
    return x, (x @ draw.normal(size=(features, tags)) > 0).astype("float32")


@functools.cache
def _digits():
    images, labels = load_digits(return_X_y=True)
    return images.astype("float32"), labels.astype("int32")


def raw_digits(seed, rows=192):
    """Images (8, 8, 1) with values from 0 to 255, and their labels."""
    images, labels = _digits()
    chosen = np.random.default_rng(seed).permutation(len(labels))[:rows]
    images = np.round(images[chosen] * 255 / 16).reshape(-1, 8, 8, 1)
    return images.astype("float32"), labels[chosen]


def digit_images(seed, rows=192):
    """Images (8, 8, 1) of mean 0 and std 1, and their labels."""
    images, labels = raw_digits(seed, rows)
    return (images - images.mean()) / images.std(), labels


def digits(seed, rows=192):
    """The images as rows of 64."""
    images, labels = digit_images(seed, rows)
    return images.reshape(-1, 64), labels


def one_hot(labels, classes):
    return np.eye(classes, dtype="float32")[labels]


def waves(seed, rows=128, steps=20):
    """Sequences (steps, 2) of three frequencies, each of them a class."""
    draw = np.random.default_rng(seed)
    labels = draw.permutation(np.arange(rows) % 3).astype("int32")
    phase = draw.uniform(0, 2 * np.pi, (rows, 1))
    angle = (0.3 + 0.5 * labels[:, None]) * np.arange(steps) + phase
    x = np.stack([np.sin(angle), np.cos(angle)], -1)
    return (x * 1.3 + draw.normal(0, 0.3, x.shape)).astype("float32"), labels


def rising(seed, rows=128, steps=16):
    """Sequences (steps, 1), and a mean that weighs late steps more."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(rows, steps, 1)).astype("float32")
    return x, _standard(x[..., 0] @ np.linspace(0, 1, steps) ** 2)


def reviews(seed, rows=160, steps=16, words=50):
    """Token ids from 1, and whether the good words (below 10) outnumber the bad."""
    draw = np.random.default_rng(seed)
    labels = draw.permutation(np.arange(rows) % 2).astype("float32")
    ids = draw.integers(20, words, (rows, steps))
    moods = draw.integers(0, 9, (rows, 5)) + np.where(labels == 1, 1, 10)[:, None]
    places = draw.permuted(np.tile(np.arange(steps), (rows, 1)), axis=1)[:, :5]
    np.put_along_axis(ids, places, moods, axis=1)
    return ids.astype("int32"), labels


def squares(seed, rows=64, size=16):
    """Noisy images (size, size, 1) with a bright square, and masks of the square."""
    draw = np.random.default_rng(seed)
    mask = np.zeros((rows, size, size, 1), "float32")
    for one, (top, left) in zip(
        mask, draw.integers(0, size - 8, (rows, 2)), strict=True
    ):
        one[top : top + 8, left : left + 8] = 1
    noisy = mask + draw.normal(0, 0.4, mask.shape)
    return ((noisy - noisy.mean()) / noisy.std()).astype("float32"), mask
