"""Runs the demo: trains, saves, prints, draws, and opens the saved models again."""

import os
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Sequence

import numpy as np
import rich.box
from rich.console import Console
from rich.progress import track
from rich.table import Table

from keras_inits._utils import atomic_file, extras
from keras_inits.demo import training
from keras_inits.demo.training import CHANCE, DEPTH, NETWORKS, STARTS, WIDTH, Run
from keras_inits.diagnosis.wording import number

EXTRAS = ("sklearn", "matplotlib")
COLOURS = {"healthy": "green", "suspicious": "yellow", "unhealthy": "red"}
REOPEN = """
import sys, keras, keras_inits, numpy as np
answers, x, *models = sys.argv[1:]
loaded = [keras.saving.load_model(path) for path in models]
np.save(answers, [keras.ops.convert_to_numpy(m(np.load(x))) for m in loaded])
"""


def run(out: str | os.PathLike[str], seed: int, epochs: int, console: Console) -> int:
    """Trains two networks from eight starts each, and shows what became of them.

    Args:
        out: Folder of the models and the picture; made where it does not exist.
        seed: Of the weights and the split; int in 0 ... 2**32 - 1.
        epochs: Passes over the training digits per network; int, >= 1.
        console: Where to print.

    Returns:
        1 if a saved model predicts something else in a fresh process, else 0.
    """
    extras.require("The demo", EXTRAS, "demo")
    from keras_inits.demo import picture

    folder = pathlib.Path(out).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    data = training.digits(seed)
    work, total = training.every_run(data, seed, epochs), len(NETWORKS) * len(STARTS)
    title = f"training {total} networks"
    runs = list(track(work, title, total, console=console, transient=True))
    for one in runs:
        atomic_file.write(folder / one.file, one.model.save)
    atomic_file.write(folder / "picture.png", picture.figure(runs).savefig)
    console.print(table(runs))
    console.print(
        f"{DEPTH} hidden layers of {WIDTH} units, {len(data[0])} digits, {epochs} "
        "epochs, the same batches for all.\nThe verdict before training is that of "
        "`keras_inits.diagnose(model, x, y)`.\nA network that does not know has loss "
        f"ln 10 = {CHANCE:.2f}; halved: the epoch's mean is below half of it."
    )
    wrong = changed(runs, folder, data[2])
    words = f"{len(wrong)} of {total} models do not predict what they did: {wrong}"
    words = words if wrong else f"all {total} models predict what they did."
    console.print(f"Reopened in a fresh process: {words}")
    console.print(f"Models: {total} files *.keras in {folder}")
    console.print(f"Picture: {folder / 'picture.png'}")
    return 1 if wrong else 0


def table(runs: Sequence[Run]) -> Table:
    """The table of all runs: each start, its verdict, and what became of it."""
    after = "Halved\nin epoch", "Held-out\naccuracy"
    shown = Table("Start", box=rich.box.SIMPLE)
    for heading in ("Start\nloss", "Std,\nlayer 1", f"Std,\nlayer {DEPTH}", *after):
        shown.add_column(heading, justify="right")
    shown.add_column("Verdict before training")
    for place, one in enumerate(runs):
        if place % len(STARTS) == 0:
            shown.add_row(f"\n[bold]{NETWORKS[one.activation]}")
        verdict, records = one.diagnosis.verdict, one.diagnosis.records
        figures = one.losses[0], records[0].out.std, records[DEPTH - 1].out.std
        cells = *map(number, figures), one.halved, f"{one.accuracy:.1%}"
        words = ": ".join(filter(None, [verdict, ", ".join(one.kinds)]))
        shown.add_row(one.start, *cells, f"[{COLOURS[verdict]}]{words}")
    return shown


def changed(runs: Sequence[Run], folder: pathlib.Path, x: np.ndarray) -> list[str]:
    """Files of models that predict something else in a fresh process than here."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    files = [str(folder / one.file) for one in runs]
    with tempfile.TemporaryDirectory() as temporary:
        answers, given = f"{temporary}/answers.npy", f"{temporary}/x.npy"
        np.save(given, x)
        command = [sys.executable, "-c", REOPEN, answers, given, *files]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode:
            print(done.stderr, file=sys.stderr)
            return [one.file for one in runs]
        pairs = zip(runs, np.load(answers), strict=True)
    return [one.file for one, found in pairs if not same(one.logits, found)]


def same(expected: np.ndarray, found: np.ndarray) -> bool:
    """Whether predictions agree but for rounding: threads add in any order."""
    largest = np.max(np.abs(expected), where=np.isfinite(expected), initial=0.0)
    return np.allclose(found, expected, 0, 1e-5 * largest, equal_nan=True)
