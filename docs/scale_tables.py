"""Writes the figures of `large_models.md` from `benchmarks/results/scale.json`.

`docs/generate.py` calls `written`; no figure of the page is typed.
"""

import json
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parent / "large_models.md"
RESULT = Path(__file__).parents[1] / "benchmarks" / "results" / "scale.json"
START, END = "<!-- written by docs/generate.py -->\n", "<!-- until here -->\n"
PARTS = ("build", "initialize")
PARAMETERS, DEVICES, BYTES = 70e9, 64, 2  # what is foretold


def _figure(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _way(found: dict[str, dict[str, Any]], case: dict[str, Any], way: str) -> Any:
    """The same case measured in another way; empty if it was not."""
    for one in found.values():
        if one["case"] == case | {"way": way}:
            return one
    return {}


def _row(found: dict[str, Any], one: dict[str, Any]) -> str:
    case = one["case"]
    where = case["backend"] + (f" on {case['devices']}" if case["devices"] > 1 else "")
    way = " (old values in a file)" if case["way"] == "file" else ""
    cells = [f"{one['parameters'] / 1e6:.4g} million, {case['dtype']}", where + way]
    each = "nanoseconds a parameter"
    for part in PARTS:
        cells.append(_figure(one["seconds"][part]["median"]))
        cells.append(_figure(one[each][part]))
        cells.append(_figure(one["memory by model"][part]))
    for other, part in (("keras", "build"), ("fill", "fill")):
        theirs = _way(found, case, other)
        cells.append(_figure(theirs.get(each, {}).get(part)))
    return "| " + " | ".join(cells) + " |"


def table(result: dict[str, Any]) -> str:
    """All models that were built and initialized."""
    found = result["cases"]
    head = ["parameters", "backend"]
    for part in PARTS:
        head += [f"{part}, s", "ns each", "memory × model"]
    head += ["Keras's build, ns each", "fill, ns each"]
    rows = [
        _row(found, one)
        for one in sorted(found.values(), key=lambda one: one["parameters"])
        if one["case"]["way"] in ("ours", "file")
    ]
    line = "|---|---|" + "---:|" * (len(head) - 2)
    return "\n".join([f"| {' | '.join(head)} |", line, *rows]) + "\n"


def foretold(result: dict[str, Any]) -> str:
    """What a much larger model would take on many devices."""
    many = [
        one
        for one in result["cases"].values()
        if one["case"]["devices"] > 1 and one["case"]["way"] == "file"
    ]
    if not many:
        return ""
    largest = max(many, key=lambda one: one["parameters"])
    case, share = largest["case"], PARAMETERS / DEVICES
    lines = []
    for part in PARTS:
        each = largest["nanoseconds a parameter"][part]
        memory = largest["memory by model"][part] * share * BYTES / 2**30
        lines.append(
            f"- `{part}`: {share / 1e9:.3g}·10⁹ parameters a device, "
            f"{share * each / 1e9:.2g} s at {each:.3g} ns each, "
            f"and at most {memory:.2g} GiB of its memory, "
            f"{largest['memory by model'][part]:.3g} times its share of the model.\n"
        )
    machine = result["machine"]
    return (
        f"From {largest['parameters'] / 1e9:.3g}·10⁹ parameters in {case['dtype']} on "
        f"{case['devices']} virtual devices of {machine['cores']} cores "
        f"({machine['processor']}):\n\n" + "".join(lines)
    )


def written(page: str) -> str:
    """The page with the figures of the results."""
    result = json.loads(RESULT.read_text("utf-8"))
    before, rest = page.split(START)
    _, after = rest.split(END)
    where, versions = result["machine"], result["versions"]
    told = ", ".join(
        f"{name} {versions[name]}" for name in ("tensorflow", "jax", "torch")
    )
    setting = f"{where['processor']}, {where['cores']} cores, {told}."
    blocks = [table(result), setting + "\n", foretold(result)]
    return before + START + "\n".join(filter(None, blocks)) + END + after
