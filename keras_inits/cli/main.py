"""The whole command line: which command runs, and with which exit code.

A command is a function from parsed arguments to an exit code: 0 for success, 1 for a
check that failed, 2 for a request that cannot be met, with the reason on stderr.
"""

import argparse
from collections.abc import Sequence

from keras_inits.cli import initializers, models, saved


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line; each command sets `run`."""
    top = argparse.ArgumentParser(
        prog="python -m keras_inits", description="Weight initializers for Keras."
    )
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    initializers.add_commands(commands)
    models.add_commands(commands)
    saved.add_commands(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
        argv: Arguments after the program's name; None for those of the process.

    Returns:
        The exit code.
    """
    arguments = parser().parse_args(argv)
    code: int = arguments.run(arguments)
    return code
