"""`list`, `show NAME` and `demo`: what the schemes are, and what they do."""

import argparse
import inspect

import rich.box
from rich.markup import escape
from rich.table import Table

from keras_inits import demo
from keras_inits._utils import extras
from keras_inits.cli import arguments as kinds
from keras_inits.cli import console
from keras_inits.cli.drawing import drawings
from keras_inits.initializers import descriptions, registry


def _one_line(text: str) -> str:
    return escape(" ".join(text.split()))


def list_schemes(arguments: argparse.Namespace) -> int:
    """Prints a table of every scheme, or of those that a word finds, by family."""
    wanted = registry.names()
    if arguments.word:
        wanted = descriptions.found(arguments.word)
        if not wanted:
            refusal = f"No scheme is found by {arguments.word!r}. Try 'relu' or 'lstm'."
            return console.refused(ValueError(refusal))
    table = Table(
        title="Schemes, by the string to type in a layer", box=rich.box.SIMPLE
    )
    table.add_column("kernel_initializer=", no_wrap=True)
    table.add_column("What it is", ratio=1)
    table.add_column("Formula", ratio=1)
    for family, names in descriptions.by_family().items():
        names = [name for name in names if name in wanted]
        if names:
            table.add_section()
            table.add_row(f"[bold]{family}")
        for name in names:
            parts = descriptions.sections(registry.scheme(name))
            texts = (_one_line(parts.get(one, "")) for one in ("", "Formula"))
            table.add_row(f'"{descriptions.layer_string(name)}"', *texts)
    console.out().print(table)
    return 0


def show_scheme(arguments: argparse.Namespace) -> int:
    """Prints one scheme: formula, arguments, reference, a line to paste."""
    try:
        cls = registry.scheme(arguments.name)
    except ValueError as error:
        return console.refused(error)
    name = arguments.name.removeprefix(f"{registry.PACKAGE}>")
    parts = descriptions.sections(cls)
    listed = inspect.cleandoc("\n" + parts.get("Args", "none"))
    shown = {
        "Use for": _one_line(parts.get("Use for", "")),
        "Formula": _one_line(parts.get("Formula", "none stated")),
        "Arguments": escape(listed),
        "Reference": _one_line(parts.get("Reference", "none")),
        "Needs": ", ".join(cls.needs),
        "Usage": escape(descriptions.usage(name)),
        "With arguments": escape(descriptions.usage_with_arguments(name)),
    }
    table = Table(box=None, show_header=False, padding=(0, 2, 1, 0))
    for heading, text in shown.items():
        if text:
            table.add_row(f"[bold]{heading}", text)
    out = console.out()
    out.print(f"[bold]{name}[/]: {_one_line(parts[''])}\n")
    out.print(table)
    for drawing in drawings(name):
        out.print(drawing)
    return 0


def run_demo(arguments: argparse.Namespace) -> int:
    """Trains two networks from eight starts, and checks the saved models."""
    try:
        return demo.run(arguments.out, arguments.seed, arguments.epochs, console.out())
    except extras.MissingExtra as error:
        return console.refused(error)


def add_commands(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
) -> None:
    """Adds the commands of this module to the command line."""
    command = commands.add_parser("list", help="every scheme, with its formula")
    command.add_argument(
        "word",
        metavar="WORD",
        nargs="?",
        help="part of a name, a word about it, or another framework's name",
    )
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
        "--seed", type=kinds.seed, default=0, help="of weights and batches (default: 0)"
    )
    command.add_argument(
        "--epochs",
        type=kinds.count,
        default=10,
        help="per network (default: %(default)s)",
    )
    command.set_defaults(run=run_demo)
