"""Writes what the pages say of every scheme: `python docs/generate.py [--check]`.

The table of `names.md`, and a page for each family in `catalogue/`, are made of names,
signatures and docstrings; a test compares them. `pictures.py` draws the pictures.
"""

import argparse
import inspect
import sys
from pathlib import Path

import keras_inits
from keras_inits.initializers import descriptions, registry

PAGE = Path(__file__).parent / "names.md"
CATALOGUE = Path(__file__).parent / "catalogue"
IMPORTS = "```python\nimport keras\nimport keras_inits\n```"
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
    return HEAD + "\n".join(map(row, _ours())) + "\n"


def written(page: str) -> str:
    """A page with the table in the place of the one that it has."""
    start = page.index("| name |")
    end = page.index("\n\n", start) + 1
    return page[:start] + table() + page[end:]


def _ours() -> list[str]:
    return [
        name
        for name in keras_inits.names()
        if registry.scheme(name).__module__.startswith("keras_inits.")
    ]


def _arguments(text: str) -> str:
    """The arguments of a docstring as a list."""
    lines = inspect.cleandoc("\n" + text).splitlines()
    joined: list[str] = []
    for line in lines:
        if line.startswith(" ") and joined:
            joined[-1] += " " + line.strip()
        elif line:
            joined.append(line)
    return "\n".join(f"- `{one.replace(': ', '`: ', 1)}" for one in joined)


def entry(name: str) -> str:
    """What a family's page says of a scheme."""
    cls = registry.scheme(name)
    parts = descriptions.sections(cls)
    text = [f"## `{name}`", parts[""]]
    if (CATALOGUE / f"{name}.png").exists():
        text.append(f"![{name}]({name}.png)")
    text.append("Formula: " + " ".join(parts["Formula"].split()))
    if "Args" in parts:
        text.append(_arguments(parts["Args"]))
    text.append(f"```python\n{descriptions.usage(name)}\n```")
    text.append("Source: " + " ".join(parts["Reference"].split()))
    return "\n\n".join(text)


def pages() -> dict[Path, str]:
    """Every page of a family, and its index."""
    ours = _ours()
    found = {}
    index = [
        "# The catalogue",
        "Every scheme, by family; pictures are of width 64. What tests measure of "
        "each, and of a wrong law beside it, is in [properties](../properties.md).",
        "",
    ]
    for family, names in descriptions.by_family().items():
        here = [name for name in names if name in ours]
        if not here:
            continue
        path = CATALOGUE / f"{family.replace(' ', '_')}.md"
        text = "\n\n".join([f"# {family.capitalize()}", IMPORTS, *map(entry, here)])
        found[path] = text + "\n"
        listed = ", ".join(f"`{name}`" for name in here)
        index.append(f"- [{family}]({path.name}): {listed}")
    found[CATALOGUE / "index.md"] = (
        "\n\n".join(index[:2]) + "\n\n" + "\n".join(index[3:]) + "\n"
    )
    return found


def main() -> int:
    """Writes the pages, or says whether they are as they should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    CATALOGUE.mkdir(exist_ok=True)
    wanted = {PAGE: written(PAGE.read_text(encoding="utf-8")), **pages()}
    changed = [
        path
        for path, text in wanted.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    if not check:
        for path in changed:
            path.write_text(wanted[path], encoding="utf-8")
    return int(check and bool(changed))


if __name__ == "__main__":
    sys.exit(main())
