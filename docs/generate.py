"""Writes the pages that are made of the code: `python docs/generate.py [--check]`.

`site` writes a page for each scheme and each public object into folders that git does
not keep; `docs/conf.py` calls it before Sphinx reads. The command writes the tables of
`names.md` and `large_models.md`, which are kept, for who reads the project without its
site.
"""

import argparse
import inspect
import sys
from pathlib import Path

import scale_tables
import scheme_pages
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
    return HEAD + "\n".join(map(row, scheme_pages.ours())) + "\n"


def written(page: str) -> str:
    """A page with the table in the place of the one that it has."""
    start = page.index("| name |")
    end = page.index("\n\n", start) + 1
    return page[:start] + table() + page[end:]


def site(folder: Path) -> None:
    """Writes `schemes/` and `api/`, with pictures, for Sphinx to read.

    Files whose text is the same stay untouched, so that a second build is quick.

    Args:
        folder: Where both go; normally `docs/`.
    """
    import api_pages
    import pictures  # which imports matplotlib

    pages = {"schemes/index.md": scheme_pages.index(), **api_pages.pages()}
    (folder / "schemes").mkdir(parents=True, exist_ok=True)
    (folder / "api").mkdir(exist_ok=True)
    for name in scheme_pages.ours():
        drawn = pictures.draw(name, folder / "schemes")
        pages[f"schemes/{name}.md"] = scheme_pages.page(name, drawn)
    for path, text in pages.items():
        file = folder / path
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


def main() -> int:
    """Writes the tables, or says whether they are as they should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    stale = 0
    for page, made in ((PAGE, written), (scale_tables.PAGE, scale_tables.written)):
        old = page.read_text(encoding="utf-8")
        new = made(old)
        if new != old and not check:
            page.write_text(new, encoding="utf-8")
        stale |= int(check and new != old)
    return stale


if __name__ == "__main__":
    sys.exit(main())
