"""Where the commands print."""

import sys

from rich.console import Console

PIPED_WIDTH = 120  # columns where the output is no terminal


def out() -> Console:
    """Standard output, of a fixed width where it is no terminal."""
    console = Console(highlight=False)
    return (
        console if console.is_terminal else Console(width=PIPED_WIDTH, highlight=False)
    )


def refused(reason: object) -> int:
    """Says on standard error why a request cannot be met; gives its exit code, 2."""
    print(reason, file=sys.stderr)
    return 2
