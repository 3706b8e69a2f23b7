"""A page for each public object that is no scheme, and the index of the whole API."""

import contextlib
import inspect
import io
import os
from typing import Any
from unittest import mock

import keras_inits
from docstrings import described, directive, linked, page_of, prose, signature
from keras_inits import cli
from keras_inits.cli import console
from keras_inits.cli.main import parser
from keras_inits.diagnosis import report
from keras_inits.diagnosis.show.compare import Comparison
from keras_inits.initializers import registry
from keras_inits.models.report import InitializedWeight, KeptWeight

GROUPS = {  # names that are in none come last
    "By name": ("get", "names", "gain", "register", "replacing_builtins"),
    "Schemes around others": (
        *("blocks", "masked", "per_gate", "scaled"),
        *("from_array", "from_function", "allow_functions"),
    ),
    "Whole models": (
        *("initialize", "recommend", "recipes", "calibrate", "InitializationReport"),
        *("skip", "missing", "fingerprint"),
        *("lora", "grow_embedding", "inherit", "grow", "scaled_optimizer"),
    ),
    "Diagnosis": ("diagnose", "Diagnosis", "DiagnosisCallback", "duplicates"),
    "What a kernel connects": (
        *("fans", "Fans", "Geometry", "Weight", "WeightInfo", "register_geometry"),
    ),
    "Files": ("portable",),
    "Schemes of your own": ("Initializer", "KernelInitializer", "sampling"),
}
PUBLIC = "keras_inits", "keras_inits.recipes", "keras_inits.sampling"  # modules
INSIDE = {  # what the attributes of a class consist of, on the same page
    "Diagnosis": (
        *(report.Finding, report.LayerRecord, report.WeightRecord),
        *(report.TensorStats, report.GradientStats, report.OutputRecord),
        *(report.FeatureRecord, report.ClassRecord, report.DropoutRecord),
        *(report.StepRecord, Comparison),
    ),
    "InitializationReport": (InitializedWeight, KeptWeight),
}
MADE = {"Diagnosis", "InitializationReport", "WeightInfo"}  # by functions, not by users
COMMANDS = (("list", "msra"), ("show", "he_fan_in"))  # whose output is shown


def others() -> dict[str, Any]:
    """The public objects that are no schemes, by name."""
    found = {name: getattr(keras_inits, name) for name in keras_inits.__all__}
    schemes = set(registry._schemes.values())
    return {
        n: o for n, o in found.items() if not inspect.isclass(o) or o not in schemes
    }


def _owners(cls: type) -> list[type]:
    """A class and those above it that this package wrote and that have no page."""
    return [
        owner
        for owner in cls.__mro__
        if owner.__module__.startswith("keras_inits.")
        if owner is cls or page_of(owner.__name__) is None
    ]


def members(cls: type) -> dict[str, Any]:
    """The public methods and properties that a class's page describes."""
    found: dict[str, Any] = {}
    for owner in _owners(cls):
        found = {**vars(owner), **found}
    return {
        name: member
        for name, member in found.items()
        if isinstance(member, property | classmethod) or inspect.isfunction(member)
        if not name.startswith(("_", "on_"))  # Keras calls `on_...`
    }


def _entry(name: str, found: Any, module: str) -> str:
    """What stands on a page of a function or a class with its methods."""
    head = f"{module}.{name}"
    if name not in MADE and module in PUBLIC:
        head += signature(found)
    if not inspect.isclass(found):
        return directive("function", head, described(found))
    body = [described(owner) for owner in _owners(found)]
    for member, one in members(found).items():
        if isinstance(one, property):
            body.append(directive("property", member, described(one)))
            continue
        function = getattr(found, member)
        entry = member + signature(function)
        body.append(directive("method", entry, described(function)))
    above = [linked(f"`{b.__name__}`") for b in found.__bases__ if page_of(b.__name__)]
    if above:
        body.insert(1, f"It has all methods of {' and '.join(above)}, too.")
    return directive("class", head, "\n\n".join(body), outer=True)


def _module(name: str, found: Any) -> str:
    """The page of a module, with all that it has."""
    path = f"keras_inits.{name}"
    entries = [_entry(one, getattr(found, one), path) for one in found.__all__]
    head = f"```{{py:module}} {path}\n```"
    return "\n\n".join([f"# {name}", head, described(found), *entries]) + "\n"


def command_line() -> str:
    """The page of `python -m keras_inits`: help, and examples with their output."""
    text = ["# Command line", "`keras-inits` and `python -m keras_inits` are the same."]
    narrow = mock.patch.object(console, "PIPED_WIDTH", 88)
    with narrow, mock.patch.dict(os.environ, {"COLUMNS": "88"}):
        for command in COMMANDS:
            with contextlib.redirect_stdout(io.StringIO()) as shown:
                cli.main(command)
            lines = [
                line.rstrip() for line in shown.getvalue().strip("\n").splitlines()
            ]
            typed = f"$ keras-inits {' '.join(command)}"
            text.append("\n".join(["```console", typed, *lines, "```"]))
        (commands,) = parser()._subparsers._group_actions  # type: ignore[union-attr]
        for name, command in commands.choices.items():  # type: ignore[union-attr]
            text += [f"## {name}", f"```text\n{command.format_help().strip()}\n```"]
    return "\n\n".join(text) + "\n"


def pages() -> dict[str, str]:
    """Every page, by its path from `docs/`. Names that differ in case share one."""
    found: dict[str, str] = {}
    for name, one in sorted(others().items(), key=lambda pair: (pair[0].lower(), pair)):
        path = f"api/{name.lower()}.md"
        if path not in found:
            found[path] = f"# {name}\n"
        if inspect.ismodule(one):
            found[path] = _module(name, one)
            continue
        found[path] += f"\n{_entry(name, one, 'keras_inits')}\n"
        inside = INSIDE.get(name, ())
        found[path] += "\n## What it consists of\n" if inside else ""
        for part in inside:
            found[path] += f"\n{_entry(part.__name__, part, part.__module__)}\n"
    found["api/command_line.md"] = command_line()
    return {"api/index.md": index(sorted(found)), **found}


def index(paths: list[str]) -> str:
    """The whole API, by what it is for; schemes lead to their own pages."""
    here = others()
    grouped = {name for names in GROUPS.values() for name in names}
    rest = tuple(name for name in here if name not in grouped)
    text = ["# API", "Every public name of `keras_inits`, from its docstring."]
    for title, names in {**GROUPS, "More": rest}.items():
        rows = [
            f"- {linked(f'`{name}`')}: {prose(_first(here[name]))}"
            for name in names
            if name in here
        ]
        text += [f"## {title}", "\n".join(rows)] if rows else []
    text += ["## Command line", "- [`keras-inits`](command_line.md): all from a shell"]
    schemes = sorted(set(keras_inits.__all__) - set(here))
    text += ["## Schemes", ", ".join(linked(f"`{name}`") for name in schemes)]
    names = [path.removeprefix("api/").removesuffix(".md") for path in paths]
    text.append("\n".join(["```{toctree}", ":hidden:", "", *names, "```"]))
    return "\n\n".join(text) + "\n"


def _first(documented: Any) -> str:
    return (inspect.getdoc(documented) or "").partition("\n\n")[0]
