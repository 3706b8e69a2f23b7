"""`diagnose FILE` and `initialize FILE`: a saved model, judged or given new weights."""

import argparse
import pathlib
import sys

from keras_inits._utils import atomic_file, extras
from keras_inits.cli import arguments as kinds
from keras_inits.cli import console, files
from keras_inits.cli.files import Refusal
from keras_inits.diagnosis import Diagnosis, diagnose
from keras_inits.diagnosis.show import page
from keras_inits.models.initialize import initialize

FAIL_ON = {"error": ("error",), "warning": ("error", "warning")}


def _diagnosis(arguments: argparse.Namespace) -> Diagnosis:
    if arguments.html:
        page.require()
        files.check_folder(arguments.html)
    x, y, weight = files.data(arguments.data)
    model = files.model(arguments.model, compiled=y is not None)
    try:
        return diagnose(
            model,
            x,
            y,
            sample_weight=weight,
            batches=arguments.batches,
            seed=arguments.seed,
        )
    except ValueError as error:
        raise Refusal(f"{arguments.model}: {error}") from error


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
    failing = FAIL_ON.get(arguments.fail_on, ())
    return int(any(finding.severity in failing for finding in diagnosis.findings))


def initialize_model(arguments: argparse.Namespace) -> int:
    """Writes a copy of a saved model with new weights."""
    out = pathlib.Path(arguments.out)
    try:
        if out.suffix != ".keras":
            raise Refusal(f"--out must end in .keras. Received: {arguments.out}.")
        if out.exists() and not arguments.overwrite:
            raise Refusal(
                f"{arguments.out}: there is such a file. To replace it, type "
                "--overwrite."
            )
        files.check_folder(arguments.out)
        model = files.model(arguments.model, compiled=True)
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
        help="arrays x, y and sample_weight, or inputs by their names in place of x "
        "(default: white noise)",
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
        help="exit with 1 if there are findings of this severity, or of a worse one",
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
    command.add_argument("--overwrite", action="store_true", help="replace --out")
    command.set_defaults(run=initialize_model)
