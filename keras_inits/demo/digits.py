"""The 1,797 handwritten digits of scikit-learn, centred and split."""

import dataclasses

import numpy as np

HELD_OUT = 360  # a fifth


@dataclasses.dataclass(frozen=True)
class Digits:
    """Images as rows of 64 pixels, and the digits they show.

    Pixels have the training set's mean image taken off and are divided by the std of
    all pixels, so that a first layer gets signals of mean 0 and variance 1 on average.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    classes: int = 10


def load(seed: int) -> Digits:
    """The digits, shuffled and split.

    Args:
        seed: Decides which are held out; int, >= 0.

    Returns:
        1,437 digits for training and 360 held out.
    """
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(pixels))
    pixels, labels = pixels[order], labels[order].astype("int32")
    train = pixels[HELD_OUT:]
    pixels = ((pixels - train.mean(axis=0)) / train.std()).astype("float32")
    return Digits(
        pixels[HELD_OUT:], labels[HELD_OUT:], pixels[:HELD_OUT], labels[:HELD_OUT]
    )
