"""`diagnose FILE` and `initialize FILE`: saved models, judged and repaired.

A file of a model can come from anywhere. It is opened in Keras's safe mode, and only
if it is a `.keras` file on this machine: nothing in it is run.
"""

import argparse
import contextlib
import pathlib
import sys
import zipfile
from typing import Any

import numpy as np

from keras_inits._utils import atomic_file, extras
from keras_inits.cli import arguments as kinds
from keras_inits.cli import console

FAIL_ON = {"error": ("error",), "warning": ("error", "warning")}


class Refusal(Exception):
    """A request that cannot be met; the text says why."""


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def load(path: str, *, compiled: bool) -> Any:
    """Opens a saved model without running anything that is in it.

    Args:
        path: A `.keras` file.
        compiled: Whether the loss and the optimizer are opened, too.

    Raises:
        Refusal: If that cannot be done, or would run code from the file.
    """
    import keras

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
            f"{path}: Keras cannot open it: {_first_line(error)} A model of classes "
            "of your own has to be opened in Python, where they are imported."
        ) from error


def data(path: str | None) -> tuple[Any, Any]:
    """The arrays of an `.npz` file: x and y, or inputs by their names and y.

    Raises:
        Refusal: If it cannot be read, or holds objects rather than numbers.
    """
    if path is None:
        return None, None
    try:
        with np.load(path, allow_pickle=False) as archive:
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError("a single array: name it, by np.savez(path, x=...)")
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, AttributeError, zipfile.BadZipFile) as error:
        reason = "there is no such file" if not pathlib.Path(path).exists() else error
        raise Refusal(f"{path}: not data: {reason}.") from error
    y = arrays.pop("y", None)
    if not arrays:
        raise Refusal(
            f"{path}: no input in it, only {'y' if y is not None else 'nothing'}. "
            "Write np.savez(path, x=x, y=y), or one array for each name of an input."
        )
    return (arrays["x"] if set(arrays) == {"x"} else arrays), y


def _diagnosis(arguments: argparse.Namespace) -> Any:
    from keras_inits.diagnosis import diagnose
    from keras_inits.diagnosis.show import page

    if arguments.html:
        page.require()
        _check_folder(arguments.html)
    x, y = data(arguments.data)
    model = load(arguments.model, compiled=y is not None)
    try:
        return diagnose(model, x, y, batches=arguments.batches, seed=arguments.seed)
    except ValueError as error:
        raise Refusal(f"{arguments.model}: {error}") from error


def _check_folder(path: str) -> None:
    folder = pathlib.Path(path).resolve().parent
    if not folder.is_dir():
        raise Refusal(f"{path}: there is no folder {folder}. Make it first.")


def diagnose_model(arguments: argparse.Namespace) -> int:
    """Prints what the weights of a saved model do to signals and gradients."""
    try:
        diagnosis = _diagnosis(arguments)
        if arguments.html:
            diagnosis.to_html(arguments.html)
    except (Refusal, extras.MissingExtra, OSError) as error:
        return console.refused(error)
    if arguments.json:
        print(diagnosis.to_json())
    else:
        console.out().print(diagnosis)
    if arguments.html:
        print(f"Page: {pathlib.Path(arguments.html).resolve()}", file=sys.stderr)
    grave = FAIL_ON.get(arguments.fail_on, ())
    return int(any(finding.severity in grave for finding in diagnosis.findings))


def initialize_model(arguments: argparse.Namespace) -> int:
    """Writes a copy of a saved model with new weights."""
    from keras_inits.models.initialize import initialize

    out = pathlib.Path(arguments.out)
    try:
        if out.suffix != ".keras":
            raise Refusal(f"--out must end in .keras. Received: {arguments.out}.")
        if out.exists() and not arguments.force:
            raise Refusal(
                f"{arguments.out}: there is such a file. Type --force to replace it."
            )
        _check_folder(arguments.out)
        model = load(arguments.model, compiled=True)
        try:
            report = initialize(model, arguments.rules, arguments.seed)
        except ValueError as error:
            raise Refusal(f"{arguments.model}: {error}") from error
        atomic_file.write(out, model.save)
    except (Refusal, OSError) as error:
        return console.refused(error)
    console.out().print(report)
    print(f"Model: {out.resolve()}")
    return 0


def add_commands(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
) -> None:
    """Adds the commands of this module to the command line."""
    command = commands.add_parser(
        "diagnose",
        help="what the weights of a saved model do to signals and gradients",
        description="Runs a saved model forward and backward on a batch, and says what "
        "is wrong with its weights. Exit code: 0; with --fail-on, 1 if there are such "
        "findings; 2 if it cannot be done.",
    )
    command.add_argument("model", metavar="MODEL.keras")
    command.add_argument(
        "--data",
        metavar="FILE.npz",
        help="arrays x and y, or inputs by their names and y (default: white noise)",
    )
    command.add_argument(
        "--batches", type=kinds.count, default=1, help="of 32 samples (default: 1)"
    )
    command.add_argument(
        "--seed", type=kinds.seed, default=0, help="of the noise (default: 0)"
    )
    command.add_argument("--html", metavar="FILE", help="write a page to look at, too")
    command.add_argument(
        "--json", action="store_true", help="print every figure as JSON"
    )
    command.add_argument(
        "--fail-on",
        choices=list(FAIL_ON),
        help="exit with 1 if there are findings of this severity, or a graver one",
    )
    command.set_defaults(run=diagnose_model)

    command = commands.add_parser(
        "initialize",
        help="give a saved model new weights, each at the scale that is right",
        description="Opens a saved model, draws all its weights anew, and writes it to "
        "another file.",
    )
    command.add_argument("model", metavar="MODEL.keras")
    command.add_argument(
        "--rules",
        metavar="NAME",
        default="auto",
        help="a scheme for all kernels, or auto: by what follows each (default: auto)",
    )
    command.add_argument(
        "--seed", type=kinds.seed, default=0, help="of the weights (default: 0)"
    )
    command.add_argument(
        "--out", metavar="NEW.keras", required=True, help="file of the new model"
    )
    command.add_argument("--force", action="store_true", help="replace --out")
    command.set_defaults(run=initialize_model)
