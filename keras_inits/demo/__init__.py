"""What a start does: two networks, eight starts, real digits, and the saved models.

`python -m keras_inits demo` is `run`.
"""

import os
import pathlib
import sys

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from keras_inits._utils import atomic_file, extras

EXTRAS = ("sklearn", "matplotlib")


def run(
    out: str | os.PathLike[str], seed: int, epochs: int, console: Console | None = None
) -> int:
    """Trains, judges, saves, reopens and draws.

    Args:
        out: Folder of the models and the picture; made where it does not exist.
        seed: Of the weights, the batches and the split; int in 0 ... 2**32 - 1.
        epochs: Passes over the training digits per network; int, >= 1.
        console: Where to print; by default standard output.

    Returns:
        0 if every saved model predicts in a fresh process what it predicted here,
        else 1.

    Raises:
        MissingExtra: If scikit-learn or matplotlib is not installed.
    """
    extras.require("The demo", EXTRAS, "demo")
    from keras_inits.demo import digits, picture, reload, table, train

    console = console or Console()
    folder = pathlib.Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    data = digits.load(seed)
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("starting", total=None)

        def report(description: str, done: int, total: int) -> None:
            progress.update(task, description=description, completed=done, total=total)

        runs = train.every_run(data, seed, epochs, report)
        progress.update(task, description="saving", total=None)
        models = {run.key: folder / f"{run.key}.keras" for run in runs}
        for one in runs:
            atomic_file.write(models[one.key], one.model.save)
        progress.update(task, description="reopening in a fresh process")
        expected = {run.key: run.predictions for run in runs}
        actual, complaint = reload.predictions(models, data.x_test)
        progress.update(task, description="drawing")
        atomic_file.write(
            folder / "picture.png", picture.figure(runs, data.classes).savefig
        )

    console.print(table.of(runs, data, epochs))
    differing = reload.differing(expected, actual)
    if complaint:
        print(complaint, file=sys.stderr)
    console.print(reload.sentence(differing, len(runs)))
    console.print(f"Models: {len(models)} files *.keras in {folder.resolve()}")
    console.print(f"Picture: {(folder / 'picture.png').resolve()}")
    return 1 if differing else 0
