"""The command line: `python -m keras_inits list`, `show NAME`, `demo`.

A command is a function from parsed arguments to an exit code: 0 for success, 1 for a
check that failed, 2 for a request that cannot be met, with the reason on stderr.
"""

import argparse
import inspect
import sys
from collections.abc import Sequence

import rich.box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from keras_inits import descriptions, registry

PIPED_WIDTH = 120  # columns where the output is no terminal


def _console() -> Console:
    console = Console(highlight=False)
    return (
        console if console.is_terminal else Console(width=PIPED_WIDTH, highlight=False)
    )


def _one_line(text: str) -> str:
    return escape(" ".join(text.split()))


def list_schemes(_: argparse.Namespace) -> int:
    """Prints a table of every scheme."""
    table = Table(
        title="Schemes, by the string to type in a layer", box=rich.box.SIMPLE
    )
    table.add_column("kernel_initializer=", no_wrap=True)
    table.add_column("What it is", ratio=1)
    table.add_column("Formula", ratio=1)
    for name in registry.names():
        parts = descriptions.sections(registry.scheme(name))
        formula = _one_line(parts.get("Formula", ""))
        table.add_row(
            f'"{descriptions.layer_string(name)}"', _one_line(parts[""]), formula
        )
    _console().print(table)
    return 0


def show_scheme(arguments: argparse.Namespace) -> int:
    """Prints one scheme: formula, arguments, reference, a line to paste."""
    try:
        cls = registry.scheme(arguments.name)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    name = arguments.name.removeprefix(f"{registry.PACKAGE}>")
    parts = descriptions.sections(cls)
    listed = inspect.cleandoc("\n" + parts.get("Args", "none"))
    shown = {
        "Formula": _one_line(parts.get("Formula", "none stated")),
        "Arguments": escape(listed),
        "Reference": _one_line(parts.get("Reference", "none")),
        "Usage": escape(descriptions.usage(name)),
        "With arguments": escape(descriptions.usage_with_arguments(name)),
    }
    table = Table(box=None, show_header=False, padding=(0, 2, 1, 0))
    for heading, text in shown.items():
        if text:
            table.add_row(f"[bold]{heading}", text)
    console = _console()
    console.print(f"[bold]{name}[/]: {_one_line(parts[''])}\n")
    console.print(table)
    return 0


def run_demo(arguments: argparse.Namespace) -> int:
    """Trains two networks from eight starts, and checks the saved models."""
    from keras_inits import demo

    try:
        return demo.run(arguments.out, arguments.seed, arguments.epochs, _console())
    except demo.MissingExtra as error:
        print(error, file=sys.stderr)
        return 2


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"must be an integer >= 1, not {text}")
    return count


def _seed(text: str) -> int:
    seed = int(text)
    if not 0 <= seed < 2**32:
        raise argparse.ArgumentTypeError(f"must be in 0 ... 2**32 - 1, not {text}")
    return seed


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line; each command sets `run`."""
    top = argparse.ArgumentParser(
        prog="python -m keras_inits", description="Weight initializers for Keras."
    )
    commands = top.add_subparsers(metavar="COMMAND", required=True)

    command = commands.add_parser("list", help="every scheme, with its formula")
    command.set_defaults(run=list_schemes)

    command = commands.add_parser(
        "show", help="one scheme: formula, arguments, reference, usage"
    )
    command.add_argument("name", metavar="NAME", help="for example he_fan_in")
    command.set_defaults(run=show_scheme)

    command = commands.add_parser(
        "demo",
        help="train two networks on handwritten digits from eight starts",
        description="Trains a ReLU and a tanh network on handwritten digits from eight "
        "starts each, prints what came of it, saves and reopens every model and draws "
        "a picture.",
    )
    command.add_argument(
        "--out",
        metavar="DIR",
        default="keras_inits_demo",
        help="folder of the models and the picture (default: %(default)s)",
    )
    command.add_argument(
        "--seed", type=_seed, default=0, help="of weights and batches (default: 0)"
    )
    command.add_argument(
        "--epochs", type=_count, default=10, help="per network (default: %(default)s)"
    )
    command.set_defaults(run=run_demo)
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
