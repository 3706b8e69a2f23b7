"""Opens what a user names: a saved model, data, the folder of a file to write.

A model's file can come from anywhere. It is opened in Keras's safe mode, and only if it
is a `.keras` file on this machine: no code in it is run.
"""

import contextlib
import pathlib
import sys
import zipfile
from typing import Any

import keras
import numpy as np

from keras_inits.files import portable
from keras_inits.initializers.registry import PACKAGE


class Refusal(Exception):
    """A request that cannot be met; the text says why."""


def model(path: str, *, compiled: bool) -> Any:
    """Opens a saved model without running any code that is in it.

    Args:
        path: A `.keras` file.
        compiled: Whether the loss and the optimizer are opened, too.

    Raises:
        Refusal: If that cannot be done, or would run code from the file.
    """
    file = pathlib.Path(path)
    if not file.is_file():
        raise Refusal(f"{path}: there is no such file.")
    if file.suffix != ".keras" or not zipfile.is_zipfile(file):
        raise Refusal(
            f"{path}: not a .keras file. Save the model by model.save('model.keras')."
        )
    try:
        with contextlib.redirect_stdout(sys.stderr):
            return keras.saving.load_model(file, compile=compiled, safe_mode=True)
    except Exception as error:  # of Keras, or of any reader of a broken file
        text = str(error)
        if "safe_mode" in text or "unsafe deserialization" in text:
            raise Refusal(
                f"{path}: opening it would run code that is in the file, such as that "
                "of a Lambda layer, and this command never does. In Python, and only "
                "if you trust the file: keras.saving.load_model(path, safe_mode=False)."
            ) from error
        raise Refusal(
            f"{path}: Keras cannot open it: {_first_line(error)} {_needs(file)}"
        ) from error


def _needs(file: pathlib.Path) -> str:
    """What to type to open a file, by the packages that it names."""
    try:
        found = [name for name in portable.packages(file) if name != PACKAGE]
    except (OSError, ValueError):  # a damaged one: Keras has said so
        found = []
    if not found:
        return (
            "A model of classes of your own has to be opened in Python, where they "
            "are imported."
        )
    return (
        f"It has classes of {', '.join(found)}. In Python, import what defines them: "
        f"import {', '.join(found)}; then keras.saving.load_model(path)."
    )


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def data(path: str | None) -> tuple[Any, Any, Any]:
    """The arrays of an `.npz` file: x or inputs by their names, y, sample_weight.

    Raises:
        Refusal: If it cannot be read, or holds objects rather than numbers.
    """
    if path is None:
        return None, None, None
    try:
        with np.load(path, allow_pickle=False) as archive:
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError("a single array: name it, by np.savez(path, x=...)")
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, AttributeError, zipfile.BadZipFile) as error:
        reason = "there is no such file" if not pathlib.Path(path).exists() else error
        raise Refusal(f"{path}: not data: {reason}.") from error
    y, weight = arrays.pop("y", None), arrays.pop("sample_weight", None)
    if not arrays:
        raise Refusal(
            f"{path}: no input in it, only {'y' if y is not None else 'nothing'}. "
            "Write np.savez(path, x=x, y=y), or one array for each name of an input."
        )
    return (arrays["x"] if set(arrays) == {"x"} else arrays), y, weight


def check_folder(path: str) -> None:
    """Checks that the folder of a file to write is there.

    Raises:
        Refusal: If it is not.
    """
    folder = pathlib.Path(path).resolve().parent
    if not folder.is_dir():
        raise Refusal(f"{path}: there is no folder {folder}. Make it first.")
