"""Claims of papers on initialization, each beside the figure measured here.

Usage: `python benchmarks/claims.py [--only NAME ...] [--quick] [--output FILE]`. With
`--only`, what the file has of other claims stays in it.
Each claim is one function, registered by `claim.claim`, in one of `claims_*.py`; a rule
that stands beside the figures says whether it passes. What does not pass stays in the
table. Prints JSON, and a table to standard error. Runs on JAX.
"""

import argparse
import importlib
import json
import os
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import common
from claim import CLAIMS, Claim

PARTS = (
    "claims_start",
    "claims_calibrated",
    "claims_depth",
    "claims_scale",
    "claims_memory",
    "claims_functions",
    "claims_transformers",
    "claims_recipes",
    "claims_completep",
    "claims_transfer",
)


def text_of(figures: Any) -> str:
    """Figures as they stand in the table."""
    if isinstance(figures, dict):
        return "\n".join(f"{key}: {text_of(one)}" for key, one in figures.items())
    if isinstance(figures, list):
        return " / ".join(map(text_of, figures))
    return "not finite" if figures is None else str(figures)


def show(results: list[dict[str, Any]]) -> None:
    """Prints the table, to standard error: standard output is the JSON's."""
    from rich.console import Console
    from rich.table import Table

    passed = sum(one["passed"] for one in results)
    title = f"Claims of papers: {passed} of {len(results)} pass"
    table = Table(title=title, title_justify="left", show_lines=True)
    for column in ("claim", "published", "measured here", "passes if", "passed", "s"):
        table.add_column(column, justify="right" if column == "s" else "left")
    for one in results:
        table.add_row(
            f"{one['name']}\n{one['paper']}",
            "\n".join(filter(None, (one["published"], one["tried"]))),
            text_of(one["figures"]),
            one["rule"],
            "yes" if one["passed"] else "no",
            f"{one['seconds']:.0f}",
        )
    Console(stderr=True, width=140).print(table)


def load() -> dict[str, Claim]:
    """All claims by name."""
    for part in PARTS:
        importlib.import_module(part)
    return CLAIMS


def main() -> None:
    """Measures the claims that are asked for."""
    from rich.console import Console
    from rich.progress import track

    load()
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", help=f"of {', '.join(CLAIMS)}"
    )
    parser.add_argument("--output", type=Path, help="a file for the JSON")
    parser.add_argument("--quick", action="store_true", help="few steps: does it run?")
    options = parser.parse_args()
    if unknown := set(options.only or ()) - set(CLAIMS):
        parser.error(f"claims are {', '.join(CLAIMS)}; received {', '.join(unknown)}")
    result = common.header("claims", options.quick) | {"claims": []}
    if options.only and options.output and options.output.exists():
        result["claims"] = json.loads(options.output.read_text("utf-8"))["claims"]
    bar = Console(stderr=True)
    for name in track(options.only or list(CLAIMS), "claims", console=bar):
        found = {one["name"]: one for one in result["claims"]}
        found[name] = CLAIMS[name].run(options.quick)
        result["claims"] = [found[name] for name in CLAIMS if name in found]
        if options.output:
            common.write(options.output, result)
    show(result["claims"])
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
