"""Whether saved models open tomorrow: predictions from a process that knows nothing.

The process runs `reopen.py`, which imports Keras and this package and nothing else.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Mapping

import numpy as np

SCRIPT = pathlib.Path(__file__).with_name("reopen.py")
PACKAGES = SCRIPT.parents[2]  # where keras_inits lies, installed or not
TOLERANCE = 1e-5  # of the largest logit; threads may add in another order


def predictions(
    models: Mapping[str, pathlib.Path], x: np.ndarray
) -> tuple[dict[str, np.ndarray], str]:
    """What saved models predict in a fresh process, one for all of them.

    Args:
        models: Files in Keras's format, by any key.
        x: Examples.

    Returns:
        The predictions of each model that opened, by its key; and what the process
        complained of, empty where every one opened.
    """
    python_path = os.environ.get("PYTHONPATH")
    paths = [str(PACKAGES), *([python_path] if python_path else [])]
    with tempfile.TemporaryDirectory() as folder:
        np.save(pathlib.Path(folder, "examples.npy"), x)
        files = [str(path.resolve()) for path in models.values()]
        process = subprocess.run(
            [sys.executable, "-P", str(SCRIPT), folder, *files],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            capture_output=True,
            text=True,
        )
        written = {
            key: pathlib.Path(folder, f"{number}.npy")
            for number, key in enumerate(models)
        }
        found = {key: np.load(path) for key, path in written.items() if path.exists()}
        return found, process.stderr if process.returncode else ""


def differing(
    expected: Mapping[str, np.ndarray], actual: Mapping[str, np.ndarray]
) -> list[str]:
    """The keys under which predictions are not equal.

    Args:
        expected: Predictions before saving.
        actual: Predictions after loading.

    Returns:
        Keys that are missing, or whose predictions differ in shape, in where they are
        not finite, or by more than 1e-5 of the largest one.
    """
    return [
        key
        for key, predicted in expected.items()
        if key not in actual or not _equal(predicted, actual[key])
    ]


def _equal(expected: np.ndarray, actual: np.ndarray) -> bool:
    if expected.shape != actual.shape:
        return False
    finite = np.abs(expected[np.isfinite(expected)]).astype("float64")
    allowed = TOLERANCE * finite.max(initial=0.0)
    return np.allclose(actual, expected, rtol=0, atol=allowed, equal_nan=True)


def sentence(keys: list[str], count: int) -> str:
    """The finding in words.

    Args:
        keys: What `differing` returned.
        count: How many models were reopened.
    """
    if keys:
        return (
            f"Reopened in a fresh process: {len(keys)} of {count} models predict "
            f"something else than before they were saved: {', '.join(keys)}"
        )
    return f"Reopened in a fresh process: all {count} models predict what they did."
