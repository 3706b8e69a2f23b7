"""Writes what the pages say of every scheme: `python docs/generate.py [--check]`.

The table of `names.md` is made of names, signatures and docstrings; a test compares it.
"""

import argparse
import inspect
import sys
from pathlib import Path

import keras_inits
from keras_inits.initializers import descriptions, registry

PAGE = Path(__file__).parent / "names.md"
HEAD = "| name | type in a layer | class | formula | what it is |\n"
HEAD += "|---|---|---|---|---|\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _class(cls: type) -> str:
    """A class with its own arguments and their defaults, without seed and geometry."""
    shown = []
    for parameter in inspect.signature(cls).parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD or parameter.name == "seed":
            break  # what follows is the geometry's
        needed = parameter.default is parameter.empty
        name = parameter.name
        shown.append(name if needed else f"{name}={parameter.default!r}")
    return f"{cls.__name__}({', '.join(shown)})" if shown else cls.__name__


def row(name: str) -> str:
    """The line of a scheme in the table."""
    cls = registry.scheme(name)
    parts = descriptions.sections(cls)
    typed = f'"{descriptions.layer_string(name)}"'
    if cls.usage_arguments:
        typed = descriptions.usage_with_arguments(name)
    code = [f"`{name}`", f"`{typed}`", f"`{_class(cls)}`"]
    return "| " + " | ".join([*code, _cell(parts["Formula"]), _cell(parts[""])]) + " |"


def table() -> str:
    """The table of all schemes of the package."""
    ours = [
        name
        for name in keras_inits.names()
        if registry.scheme(name).__module__.startswith("keras_inits.")
    ]
    return HEAD + "\n".join(map(row, ours)) + "\n"


def written(page: str) -> str:
    """A page with the table in the place of the one that it has."""
    start = page.index("| name |")
    end = page.index("\n\n", start) + 1
    return page[:start] + table() + page[end:]


def main() -> int:
    """Writes the page, or says whether it is as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    page = PAGE.read_text(encoding="utf-8")
    found = written(page)
    if found != page and not check:
        PAGE.write_text(found, encoding="utf-8")
    return int(check and found != page)


if __name__ == "__main__":
    sys.exit(main())
