"""Writes the page of evidence from the committed results of `benchmarks/`.

`site(folder)` is called whenever the site is built. Every figure on the page is read
from `benchmarks/results/*.json`: none is typed here.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import evidence_plots

RESULTS = Path(__file__).parents[1] / "benchmarks" / "results"
VERDICT = {True: "passes", False: "does not pass"}
STARTS = {
    "own": "its own start",
    "auto": '`initialize(model, "auto")`',
    "layer": "`calibrate`, layers",
    "unit": "`calibrate`, units",
    "auto+unit": '`initialize(model, "auto")`, then `calibrate`, units',
    "fixes": "the fix that `diagnose` names",
}


def text(value: Any) -> str:
    """A figure, or a list of them, as it stands on the page."""
    if isinstance(value, list):
        return ", ".join(map(text, value))
    if value is None:
        return "not finite"
    if isinstance(value, float):
        return f"{value:.3g}" if value < 1e6 else f"{value:.1e}"
    return str(value)


def cell(value: Any) -> str:
    """A figure or words in a table."""
    return text(value).replace("|", "\\|").replace("*", "\\*")


def table(head: list[str], rows: list[list[Any]], words: int = 1) -> str:
    """A table whose first columns are words and whose others are figures."""
    line = ["---"] * words + ["---:"] * (len(head) - words)
    lines = [head, line, *([cell(one) for one in row] for row in rows)]
    return "\n".join(f"| {' | '.join(one)} |" for one in lines)


def figures(found: dict[str, Any]) -> str:
    """All figures of a claim as a table."""
    inner = list(found.values())
    if all(isinstance(one, dict) and one.keys() == inner[0].keys() for one in inner):
        rows = [[name, *one.values()] for name, one in found.items()]
        return table(["of", *inner[0]], rows)
    rows = []
    for name, one in found.items():
        parts = one.items() if isinstance(one, dict) else [("", one)]
        rows += [[f"{name}, {part}" if part else name, each] for part, each in parts]
    return table(["figure", "measured"], rows)


def source(paper: str) -> str:
    """A paper's name, with a link where arXiv has it."""
    return re.sub(
        r"\b(\d{4}\.\d{4,5})\b", r"[arXiv \1](https://arxiv.org/abs/\1)", paper
    )


def heading(one: dict[str, Any]) -> str:
    """The title of a claim."""
    return f"{one['paper'].split(',')[0]}: {one['name'].replace('_', ' ')}"


def anchor(title: str) -> str:
    """What a link to a heading is called."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def ratio(one: dict[str, Any]) -> Any:
    """Ours over the paper's, where the paper has the figure."""
    return one["ours"] / one["expected"] if one["expected"] else "none"


def picture(plot: dict[str, Any], folder: Path, name: str) -> Iterator[str]:
    """Writes a plot and gives the lines that show it."""
    arms = ", ".join(plot["values"])
    along = f" along {plot['along']}" if "along" in plot else ""
    for theme, file in zip(
        ("light", "dark"), evidence_plots.draw(plot, folder, name), strict=True
    ):
        yield f"```{{image}} {file}\n:class: only-{theme}"
        yield f":alt: {plot['of']}{along}, for {arms}\n```\n"


def claim(one: dict[str, Any], folder: Path) -> Iterator[str]:
    """The section of one claim."""
    yield f"### {heading(one)}\n"
    yield f"**Published** ({source(one['paper'])}): {one['published']}\n"
    yield f"**Measured here**: {one['setting']}.\n"
    yield f"**Rule**: {one['rule']}. It **{VERDICT[one['passed']]}**.\n"
    expected = one["expected"]
    quantity = one["quantity"]
    has = f"the paper's {text(expected)}, ratio {text(ratio(one))}"
    has = "the paper has no figure for it" if expected is None else has
    yield f"**Figure**: {quantity}: here {text(one['ours'])}; {has}.\n"
    if one["tried"]:
        yield f"**Tried**: {one['tried']}\n"
    yield from picture(one["plot"], folder, one["name"])
    yield figures(one["figures"]) + "\n"
    yield f"```bash\npython benchmarks/claims.py --only {one['name']}\n```\n"


def claims(result: dict[str, Any], folder: Path) -> Iterator[str]:
    """Overview and sections of the papers' claims."""
    found = result["claims"]
    passed = sum(one["passed"] for one in found)
    yield "## Claims of papers\n"
    yield (
        f"{passed} of {len(found)} pass. Networks and data are smaller than the "
        "papers': mostly images of handwritten digits from scikit-learn. A rule, set "
        "for that size, says when a claim passes; what does not pass stays here. The "
        "ratio is our figure over the paper's, where the paper has one for the "
        "quantity.\n"
    )
    rows = []
    for one in found:
        link = f"[{heading(one)}](#{anchor(heading(one))})"
        published = "none" if one["expected"] is None else one["expected"]
        words = [link, VERDICT[one["passed"]], one["quantity"]]
        rows.append([*words, published, one["ours"], ratio(one)])
    head = ["claim", "verdict", "figure", "published", "here", "ratio"]
    yield table(head, rows, words=3) + "\n"
    yield f"All of them, on {machine(result)}:\n"
    yield "```bash\npython benchmarks/claims.py\n```\n"
    for one in found:
        yield from claim(one, folder)


def machine(result: dict[str, Any]) -> str:
    """Where a result was measured."""
    versions, where = result["versions"], result["machine"]
    backends = ("keras", "tensorflow", "jax", "torch")
    told = ", ".join(f"{name} {versions[name]}" for name in backends)
    return f"{where['processor']}, {where['cores']} cores, {told}"


def equal_weights(result: dict[str, Any], folder: Path) -> Iterator[str]:
    """One seed on every backend and number of devices."""
    yield "## One seed, the same weights everywhere\n"
    yield (
        "Ours. Every random scheme as the weight of a layer, and three models by "
        f'`initialize(model, "auto", seed={result["seed"]})`, drawn in a process for '
        f"each backend and number of devices, and compared with {result['first']}, bit "
        "by bit. Beside them what Keras's own initializers draw from that seed, and "
        "the models as Keras builds them after `keras.utils.set_random_seed`.\n"
    )
    groups = list(next(iter(result["places"].values())))[1:]
    rows, off = [], set()
    plot: dict[str, Any] = {}
    for place, found in result["places"].items():
        row = [place]
        for group in groups:
            one = found[group]
            row.append(f"{one['bit-equal']} of {one['tensors']}")
            if "Keras" not in group:
                row.append(one["largest difference"])
            share = one["bit-equal"] / one["tensors"]
            plot.setdefault(place, {})[group] = share
            if "Keras" not in group:
                off |= set(one["not bit-equal"])
        row.append(found["cut over devices"])
        rows.append(row)
    yield from picture(
        {"kind": "bars", "of": "share bit-equal", "log": False, "values": plot},
        folder,
        "equal_weights",
    )
    head = ["bit-equal to the first"]
    for group in groups:
        head += [group] if "Keras" in group else [group, "largest difference"]
    yield table([*head, "cut over devices"], rows) + "\n"
    names = ", ".join(f"`{name}`" for name in sorted(off))
    yield (
        f"Ours that are not bit-equal somewhere: {names or 'none'}. Differences are "
        "relative to the tensor's largest value. Constant tensors are not counted.\n"
    )
    yield "```bash\npython benchmarks/equal_weights.py\n```\n"


def trainability(
    result: dict[str, Any], told: dict[str, Any], folder: Path
) -> Iterator[str]:
    """How many random networks learn."""
    arms = result["arms"]
    networks = max(arm["networks"] for arm in arms.values())
    yield f"## How many of {networks} random networks learn\n"
    yield (
        "Ours. Networks of random kind, depth, width, activation and normalization, "
        f"some with a mistake in their start, trained on digits for {result['steps']} "
        "steps, from each of several starts; figures are networks.\n"
    )
    plot = {STARTS[name].replace("`", ""): arm["percent"] for name, arm in arms.items()}
    yield from picture(
        {"kind": "bars", "of": "percent that learn", "log": False, "values": plot},
        folder,
        "trainability",
    )
    kinds = list(next(iter(arms.values()))["kinds"])
    rows = []
    for name, arm in arms.items():
        row = [STARTS[name], f"{arm['learn']} of {arm['networks']}", arm["percent"]]
        found = [arm["kinds"][kind] for kind in kinds if kind in arm["kinds"]]
        row += [f"{one['learn']} of {one['networks']}" for one in found]
        rows.append([*row, len(arm["learned before, not now"])])
    last = "learned from their own start, not from this"
    yield table(["start", "learn", "percent", *kinds, last], rows) + "\n"
    yield (
        f"Does `diagnose` foretell it? On {told['networks']} further networks, by its "
        "verdict on their own start:\n"
    )
    rows = [[name, *one.values()] for name, one in told["verdicts"].items()]
    yield table(["verdict", "networks", "learn"], rows) + "\n"
    yield (
        "```bash\npython benchmarks/trainability.py\npython benchmarks/foretelling.py"
        "\n```\n"
    )


def ratios(found: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[list[str], Any]]:
    """All ratios of a result, with where in it they stand."""
    for name, one in found.items() if isinstance(found, dict) else ():
        if name == "ratio":
            yield list(path), one
        elif name == "ratios":
            yield from (([*path, peer], value) for peer, value in one.items())
        else:
            yield from ratios(one, (*path, name))


SPEED = {
    "sampling": "Drawing single tensors: the peer's time over ours",
    "building": "First build of whole models: ours over Keras's initializers",
    "initializing": "`initialize`: its time over that of Keras's build",
    "diagnosing": "`diagnose`: its time and memory over those of a training step",
    "calibrating": "`calibrate`: its time and memory over those of a pass",
}


def speed(results: Path, folder: Path) -> Iterator[str]:
    """Ratios of times: the least, the median and the largest of each benchmark."""
    yield "## Speed\n"
    rows = []
    for name, what in SPEED.items():
        result = json.loads((results / f"{name}.json").read_text("utf-8"))
        groups: dict[str, list[float]] = {}
        for path, value in ratios(result["backends"]):
            last = path[-1] if name == "sampling" else path[0]
            if "memory fill" not in path and value is not None:
                groups.setdefault(last, []).append(value)
        for group, found in groups.items():
            found = sorted(found)
            middle = found[len(found) // 2]
            rows.append([what, f"{group}", found[0], middle, found[-1]])
    head = ["benchmark", "against or on", "least", "middle", "largest"]
    yield table(head, rows, words=2) + "\n"
    if (folder / "speed.md").exists():
        yield "Each case, with its times: [Speed](../speed.md).\n"


def page(folder: Path, results: Path = RESULTS) -> str:
    """The page's text; plots are written beside it, into `folder/evidence`."""
    below = folder / "evidence"
    below.mkdir(parents=True, exist_ok=True)

    def read(name: str) -> Any:
        return json.loads((results / f"{name}.json").read_text("utf-8"))

    lines = [
        "# Evidence\n",
        "What papers claim of initialization, what this library claims of itself, and "
        "what came out when we measured it. Every figure is read from a result file in "
        "`benchmarks/results/`, and the command that wrote it stands beside it.\n",
        *claims(read("claims"), below),
        *equal_weights(read("equal_weights"), below),
        *trainability(read("trainability"), read("foretelling"), below),
        *speed(results, folder),
    ]
    return "\n".join(lines)


def site(folder: Path) -> None:
    """Writes `folder/evidence/index.md` and its plots."""
    written = page(folder)
    (folder / "evidence" / "index.md").write_text(written, encoding="utf-8")
