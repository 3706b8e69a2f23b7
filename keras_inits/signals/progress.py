"""A line on the terminal while a long diagnosis runs; nothing for a short one."""

import time
from typing import Any, Self

from rich.console import Console
from rich.status import Status

PATIENCE = 1.0  # seconds before anything is shown


class Progress:
    """Context that counts what has been measured, and shows it once a second is over.

    Shown on standard error, and only if that is a terminal.

    Args:
        name: What is diagnosed.
    """

    def __init__(self, name: str) -> None:
        self.name, self.count = name, 0
        self.console = Console(stderr=True)
        self.status: Any = None

    def __enter__(self) -> Self:
        self.start = time.monotonic()
        return self

    def tick(self) -> None:
        """Another tensor has been measured."""
        self.count += 1
        if time.monotonic() - self.start < PATIENCE or not self.console.is_terminal:
            return
        text = f"diagnosing {self.name}: {self.count} tensors measured"
        if self.status is None:
            self.status = Status(text, console=self.console)
            self.status.start()
        self.status.update(text)

    def __exit__(self, *exception: object) -> None:
        if self.status is not None:
            self.status.stop()
