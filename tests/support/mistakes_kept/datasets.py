"""Data for the programs, drawn from a seed: tables, images, sequences, tokens."""

import numpy as np
from sklearn.datasets import load_digits


def standardized(x):
    """Columns of mean 0 and variance 1."""
    return ((x - x.mean(0)) / x.std(0)).astype("float32")


def digits(seed, rows=192):
    """Images (rows, 8, 8, 1) of 0 to 16, and which of ten digits they show."""
    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(images))[:rows]
    return images[order].reshape(-1, 8, 8, 1).astype("float32"), labels[order]


def rings(seed, rows=192, columns=2):
    """A standard normal table, and which half of its rows (rows, 1) lies outside."""
    x = np.random.default_rng(seed).standard_normal((rows, columns), "float32")
    size = (x**2).sum(1, keepdims=True)
    return x, (size > np.median(size)).astype("float32")


def clusters(seed, rows=192, columns=8, classes=4):
    """A table of noisy clusters, and which of them each row is from."""
    random = np.random.default_rng(seed)
    y = random.permutation(np.arange(rows) % classes)
    centers = 1.5 * random.standard_normal((classes, columns))
    return standardized(centers[y] + random.standard_normal((rows, columns))), y


def surface(seed, rows=192, columns=5):
    """A standard normal table, and standardized values (rows, 1) of a smooth map."""
    random = np.random.default_rng(seed)
    x = random.standard_normal((rows, columns), "float32")
    y = np.sin(1.5 * x[:, 0]) + x[:, 1] * x[:, 2] / 2 + x[:, 3] / 2
    return x, standardized(y[:, None])


def waves(seed, rows=128, steps=24, classes=3, channels=1):
    """Noisy sines (rows, steps, channels), and which of the frequencies they have."""
    random = np.random.default_rng(seed)
    y = random.permutation(np.arange(rows) % classes)
    phase = random.uniform(0, 2 * np.pi, (rows, 1, channels))
    turns = (1 + 2 * y[:, None, None]) * np.arange(steps)[:, None] / steps
    x = np.sqrt(2) * np.sin(2 * np.pi * turns + phase)
    return (x + 0.2 * random.standard_normal(x.shape)).astype("float32"), y


def sums(seed, rows=128, steps=10, channels=2):
    """Sequences of standard normals, and the running means of the first channel.

    The means (rows, steps, 1) forget by half at every step, and are standardized.
    """
    x = np.random.default_rng(seed).standard_normal((rows, steps, channels), "float32")
    y, state = [], np.zeros((rows, 1))
    for step in range(steps):
        state = 0.5 * state + x[:, step, :1]
        y.append(state)
    return x, (np.stack(y, 1) / 1.15).astype("float32")


def sentences(seed, rows=128, length=12, vocabulary=40, classes=2):
    """Ids from 0 to `vocabulary` − 1; two words in three are from the class's own."""
    random = np.random.default_rng(seed)
    y = random.permutation(np.arange(rows) % classes)
    own = random.integers(0, vocabulary // classes, (rows, length)) * classes
    own = own + y[:, None]
    other = random.integers(0, vocabulary, (rows, length))
    return np.where(random.random((rows, length)) < 0.67, own, other).astype("int32"), y


def bars(seed, rows=96, side=16):
    """Noisy images of a bright rectangle, and its mask, both (rows, side, side, 1)."""
    random = np.random.default_rng(seed)
    top, left = random.integers(1, side // 2, (2, rows, 1, 1))
    high, wide = random.integers(4, side // 2, (2, rows, 1, 1))
    i, j = np.arange(side)[:, None], np.arange(side)
    inside = (i >= top) & (i < top + high) & (j >= left) & (j < left + wide)
    mask = inside[..., None].astype("float32")
    noise = random.standard_normal(mask.shape)
    return (2 * mask - 0.4 + 0.4 * noise).astype("float32"), mask


def one_hot(labels, classes):
    """Rows of zeros with a one each."""
    return np.eye(classes, dtype="float32")[labels]


def tags(seed, rows=160, columns=8, classes=5):
    """A standard normal table, and `classes` labels of 0 or 1 for each row."""
    random = np.random.default_rng(seed)
    x = random.standard_normal((rows, columns), "float32")
    y = x @ random.standard_normal((columns, classes)) + 0.3 * x[:, :1] ** 2 > 0.2
    return x, y.astype("float32")
