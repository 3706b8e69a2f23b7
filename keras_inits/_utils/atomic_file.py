"""Atomic writing of files: under another name, then renamed."""

import os
import pathlib
from collections.abc import Callable
from typing import Any


def write(path: str | os.PathLike[str], writer: Callable[[Any], Any]) -> None:
    """Makes a file, or replaces it, in one step.

    Args:
        path: The file; its folder exists.
        writer: Writes the contents to the path it is given, which has the same suffix.

    Raises:
        Exception: Whatever `writer` raises; `path` is then as it was.
    """
    path = pathlib.Path(path)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        writer(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
