"""The whole table of networks known to be unhealthy or healthy."""

from support.diagnosed import (
    healthy_by_the_book,  # noqa: F401 - puts its networks into the table
    healthy_likenesses,  # noqa: F401
    healthy_networks,  # noqa: F401
    unhealthy_by_the_book,  # noqa: F401
    unhealthy_networks,  # noqa: F401
)
from support.diagnosed.examples import STEP
from support.diagnosed.networks import CASES

__all__ = ["CASES", "STEP"]
