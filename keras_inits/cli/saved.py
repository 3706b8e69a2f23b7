"""`portable FILE` and `fingerprint FILE`: a saved model, rewritten or hashed."""

import argparse

from keras_inits.cli import console, files
from keras_inits.files.portable import portable
from keras_inits.graph.fingerprint import fingerprint


def make_portable(arguments: argparse.Namespace) -> int:
    """Writes a copy of a saved model with Keras's own initializers."""
    try:
        report = portable(
            arguments.source, arguments.target, overwrite=arguments.overwrite
        )
    except (ValueError, OSError) as error:
        return console.refused(_worded(error))
    console.out().print(report)
    return 0


def print_fingerprint(arguments: argparse.Namespace) -> int:
    """Prints the hash of the weights of a saved model."""
    try:
        found = fingerprint(files.model(arguments.model, compiled=False))
    except (files.Refusal, ValueError) as error:
        return console.refused(error)
    print(found)
    return 0


def _worded(error: Exception) -> str:
    """The reason, in the words of the command line."""
    return str(error).replace("use overwrite=True", "type --overwrite")


def add_commands(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
) -> None:
    """Adds the commands of this module to the command line."""
    command = commands.add_parser(
        "portable",
        help="make a saved model open where keras_inits is not installed",
        description="Writes a copy of a saved model in which the initializers of "
        "keras_inits are Keras's own, or zeros; its weights stay as they are. Exit "
        "code: 0; 2 if it cannot be done.",
    )
    command.add_argument("source", metavar="FILE", help=".keras, .h5, .hdf5 or .json")
    command.add_argument(
        "target",
        metavar="NEW",
        nargs="?",
        help="file of the copy (default: FILE itself, with --overwrite)",
    )
    command.add_argument(
        "--overwrite", action="store_true", help="replace a file that is there"
    )
    command.set_defaults(run=make_portable)

    command = commands.add_parser(
        "fingerprint",
        help="a short hash of the weights of a saved model",
        description="Prints what keras_inits.fingerprint(model) returns: the same for "
        "equal weights on every backend. Exit code: 0; 2 if it cannot be done.",
    )
    command.add_argument("model", metavar="MODEL.keras")
    command.set_defaults(run=print_fingerprint)
