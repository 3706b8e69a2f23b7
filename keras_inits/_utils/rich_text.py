"""Rich's tables and the like, as plain text and as a notebook's HTML."""

import io
from typing import Any

from rich.console import Console


def as_text(renderable: Any, width: int) -> str:
    """What rich prints where there is no terminal.

    Args:
        renderable: What to print.
        width: Columns.
    """
    file = io.StringIO()
    # In a notebook rich would show it, and give nothing back.
    console = Console(file=file, width=width, color_system=None, force_jupyter=False)
    console.print(renderable)
    return file.getvalue()


class Printed:
    """Prints as rich shows it: as wide as need be, and in a notebook as HTML."""

    def __str__(self) -> str:
        lines = as_text(self, width=10_000).splitlines()  # text goes into files, too
        return "\n".join(line.rstrip() for line in lines)

    def _repr_html_(self) -> str:
        return as_html(self, width=200)


def as_html(renderable: Any, width: int) -> str:
    """What rich prints, in colours, as HTML for a notebook.

    Args:
        renderable: What to print.
        width: Columns.
    """
    console = Console(file=io.StringIO(), record=True, width=width, force_jupyter=False)
    console.print(renderable)
    style = "font-family: monospace; white-space: pre; overflow-x: auto"
    code = f'<pre style="{style}">{{code}}</pre>'
    return console.export_html(inline_styles=True, code_format=code)
