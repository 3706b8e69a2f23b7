"""A page for each scheme, made from its class, and their index by family."""

import math
import re
from pathlib import Path

import keras_inits
from docstrings import TITLES, directive, prose, sections, signature
from keras_inits.initializers import descriptions, registry
from other_names import OTHER_NAMES

FOLDER = Path(__file__).parent
ORDER = ("Use for", "Formula", "Args", "Call arguments", "Attributes", "Raises")


def ours() -> list[str]:
    """The names of the package's own schemes."""
    return [
        name
        for name in keras_inits.names()
        if registry.scheme(name).__module__.startswith("keras_inits.")
    ]


def properties() -> dict[str, list[list[str]]]:
    """From a scheme's name to the rows of `properties.md`: what tests measure of it."""
    text = (FOLDER / "properties.md").read_text(encoding="utf-8")
    found: dict[str, list[list[str]]] = {}
    for name, *cells in re.findall(
        r"^\| `(\w+)` \| (.+) \| (.+) \| (.+) \| (.+) \|$", text, re.M
    ):
        found.setdefault(name, []).append(cells)
    return found


def typed(name: str) -> str:
    """The code to paste, and the same with an argument."""
    lines = [
        "import keras",
        "import keras_inits",
        "",
        f"layer = {descriptions.usage(name)}",
    ]
    if "Variable" in lines[-1]:
        lines[-1] = lines[-1].replace("layer", "variable", 1)
    given = descriptions.usage_with_arguments(name)
    if given and given not in lines[-1]:
        lines.append(f"scheme = {given}  # with arguments")
    return "```python\n" + "\n".join(lines) + "\n```"


def _std(name: str) -> str:
    scheme = descriptions.example_scheme(name)
    shape = scheme.example_shape
    expected, drawn = scheme.expected_std(shape), descriptions.example(name).std()
    if expected is None or not math.isfinite(expected):
        return ""
    text = f"For the shape `{shape}` the std of its entries is {expected:.4g}"
    if not scheme.is_random:
        return text + "."
    return f"{text} by the formula (`expected_std`), and {drawn:.4g} drawn with seed 7."


def _elsewhere(name: str) -> str:
    titles = {"torch": "PyTorch", "jax": "JAX", "keras": "Keras"}
    found = OTHER_NAMES.get(name, {})
    lines = [
        f"- {titles.get(framework, framework)}: `{there}`"
        for framework, there in found.items()
    ]
    words = [f"`{w}`" for w, names in descriptions.ELSEWHERE.items() if name in names]
    if words:
        lines.append(
            f"- `python -m keras_inits list` finds it by {', '.join(words)} too"
        )
    return "\n".join(lines)


def _measured(name: str) -> str:
    lines = [
        f"- {prose(what)}: {figure}, where at most {allowed} is allowed; "
        f"a wrong law nearby has {twin}"
        for what, figure, allowed, twin in properties().get(name, [])
    ]
    return "\n".join(lines)


def page(name: str, drawn: dict[str, str]) -> str:
    """The page of a scheme.

    Args:
        name: Of the scheme.
        drawn: From each of its pictures to what it shows, in words.
    """
    cls = registry.scheme(name)
    first, *rest = sections(cls)
    text = [f"# {name}", first[1], typed(name)]
    text.append("\n".join(f"![{alt}]({file})" for file, alt in drawn.items()))
    parts: dict[str, str] = {}
    heading = ""
    for title, body in rest:  # prose without a heading follows what stands before it
        heading = title or heading
        parts[heading] = "\n\n".join(filter(None, [parts.get(heading), body]))
    text.append(parts.pop("", ""))
    for heading in ORDER[:2]:
        if heading in parts:
            text += [f"## {TITLES.get(heading, heading)}", parts.pop(heading)]
    text.append(_std(name))
    body = []
    for heading in ORDER[2:]:
        if heading in parts:
            body += [f"**{TITLES.get(heading, heading)}**", parts.pop(heading)]
    head = f"keras_inits.{cls.__name__}{signature(cls)}"
    text += ["## Class", directive("class", head, "\n\n".join(body))]
    text += ["## Example", parts.pop("Examples")]
    for title, found in (
        ("In other frameworks", _elsewhere(name)),
        ("What tests measure", _measured(name)),
        ("Source", parts.pop("Reference")),
    ):
        text += [f"## {title}", found] if found else []
    assert not parts, (name, list(parts))
    return "\n\n".join(filter(None, text)) + "\n"


def index() -> str:
    """All schemes by family, with a sentence each."""
    text = [
        "# Schemes",
        f"{len(ours())} schemes by family. Each page has the string to type, when to "
        "use it, the formula, pictures and an example. "
        "[How to choose](../choosing.md) leads from a layer and its activation to a "
        "scheme; [the table of names](../names.md) has all on one page.",
    ]
    for family, names in descriptions.by_family().items():
        here = [name for name in names if name in ours()]
        if not here:
            continue
        text.append(f"## {family.capitalize()}")
        rows = [(n, descriptions.sections(registry.scheme(n))[""]) for n in here]
        text.append("\n".join(f"- [`{n}`]({n}.md): {prose(said)}" for n, said in rows))
    text.append("\n".join(["```{toctree}", ":hidden:", "", *ours(), "```"]))
    return "\n\n".join(text) + "\n"
