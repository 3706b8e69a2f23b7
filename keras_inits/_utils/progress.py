"""A progress bar on standard error for work that takes more than a second."""

import contextlib
import importlib.util
import time
from collections.abc import Callable, Iterator
from typing import Any

PATIENCE = 1.0  # seconds


@contextlib.contextmanager
def progress(
    title: str, total: float | None = None
) -> Iterator[Callable[[float], None]]:
    """Context that gives a function to call with the work just done.

    The bar appears once a second has passed, where standard error is a terminal or a
    notebook with ipywidgets, and is gone at the end.

    Args:
        title: Before the bar.
        total: All of the work; None if that is not known.
    """
    begin, done = time.monotonic(), 0.0
    bar: Any = None

    def advance(work: float) -> None:
        nonlocal bar, done
        done += work
        if bar is None and time.monotonic() - begin > PATIENCE:
            from rich.console import Console
            from rich.progress import Progress

            console = Console(stderr=True)
            # Without ipywidgets rich warns in a notebook at every refresh.
            live = importlib.util.find_spec("ipywidgets") is not None
            hidden = not (console.is_terminal or (console.is_jupyter and live))
            bar = Progress(console=console, transient=True, disable=hidden)
            bar.add_task(title, total=total)
            bar.start()
        if bar is not None:
            bar.update(bar.task_ids[0], completed=done)

    try:
        yield advance
    finally:
        if bar is not None:
            bar.stop()
