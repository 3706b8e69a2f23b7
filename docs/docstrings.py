"""Docstrings as Markdown: what the pages of schemes and of the API are made of."""

import inspect
import re
from collections.abc import Container
from typing import Any

import keras_inits
from keras_inits import recipes, sampling
from keras_inits.initializers import registry

SECTION = re.compile(r"^([A-Z][a-z]+(?: [a-z]+)?):(?:\s|$)")
TITLES = {"Args": "Arguments", "Reference": "Source", "Use for": "When to use it"}
LISTS = {"Args", "Attributes", "Call arguments", "Raises"}
SPECIAL = re.compile(r"([*_<\[\]\\])")


def page_of(name: str) -> str | None:
    """Where a public name is described, from `docs/`; None if it is none."""
    if name not in keras_inits.__all__:
        return None
    found = getattr(keras_inits, name)
    if found in registry._schemes.values():
        return f"schemes/{registry.name_of(found)}.md"
    return f"api/{name.lower()}.md"


def linked(code: str, own: Container[str] = ()) -> str:
    """A name in backticks, as a link if it is public and has a page.

    Args:
        code: The name, in backticks.
        own: Names that mean something else here: arguments, for example.
    """
    name = code.strip("`").removeprefix("keras_inits.").removesuffix("()")
    if name in own:
        return code
    page = page_of(name)
    if page is None and name in registry.names():
        page = f"schemes/{name}.md"
    return f"[{code}](../{page})" if page else code


def prose(text: str, own: Container[str] = ()) -> str:
    """A paragraph of plain text with code in backticks, as Markdown on one line."""
    parts = re.split(r"(`[^`]+`)", " ".join(text.split()))
    return "".join(
        linked(part, own) if part.startswith("`") else SPECIAL.sub(r"\\\1", part)
        for part in parts
    )


def items(text: str, own: Container[str] = ()) -> str:
    """The arguments, attributes or errors of a docstring, as a list."""
    joined: list[str] = []
    for line in inspect.cleandoc("\n" + text).splitlines():
        if line.lstrip().startswith("- ") or (line and not line.startswith(" ")):
            joined.append(line)
        elif line:
            joined[-1] += " " + line.strip()
    shown = []
    for one in joined:
        name, _, meaning = one.partition(": ")
        if one.startswith(" "):  # a list among the meanings
            shown.append(f"  - {prose(one.strip()[2:], own)}")
        elif meaning:
            shown.append(f"- `{name}`: {prose(meaning, own)}")
        else:
            shown.append(f"- {prose(name, own)}")
    return "\n".join(shown)


def examples(text: str) -> str:
    """Prose and prompts, the prompts with their output as blocks of code."""
    shown = []
    for paragraph in re.split(r"\n\s*\n", inspect.cleandoc("\n" + text)):
        if paragraph.startswith(">>>"):
            shown.append(f"```pycon\n{paragraph}\n```")
        else:
            shown.append(prose(paragraph))
    return "\n\n".join(shown).replace("\n```\n\n```pycon\n", "\n")


def sections(documented: Any) -> list[tuple[str, str]]:
    """A docstring's parts in their order: heading and Markdown; "" for plain prose."""
    own = set(inspect.signature(documented).parameters if callable(documented) else ())
    module = inspect.getmodule(documented)
    for one in (recipes, sampling):  # where `truncated_normal` is no scheme
        if module is not None and module.__name__.startswith(one.__name__):
            own |= set(one.__all__)
    parts: list[list[str]] = []
    for paragraph in re.split(r"\n\s*\n", inspect.getdoc(documented) or ""):
        match = SECTION.match(paragraph)
        inside = bool(parts) and parts[-1][0] == "Examples"
        if match:
            parts.append([match[1], paragraph[match.end(1) + 1 :].strip("\n")])
        elif parts and (inside or (paragraph.startswith(" ") and parts[-1][0])):
            parts[-1][1] += "\n\n" + paragraph
        elif paragraph.startswith(">>>"):
            parts.append(["Examples", paragraph])
        else:
            parts.append(["", paragraph])
    return [(heading, _markdown(heading, body, own)) for heading, body in parts]


def _markdown(heading: str, body: str, own: Container[str]) -> str:
    if heading == "Examples":
        return examples(body)
    if heading in LISTS:
        return items(body, own)
    body = body.strip()
    if heading == "Use for":  # which speaks of other schemes
        return prose(body[0].upper() + body[1:])
    return prose(body, own)


def described(documented: Any) -> str:
    """A whole docstring as Markdown, its headings in bold: for inside a directive."""
    text = []
    for heading, body in sections(documented):
        title = TITLES.get(heading, heading)
        text += [f"**{title}**", body] if heading else [body]
    return "\n\n".join(text)


def signature(function: Any) -> str:
    """Its arguments and their defaults, without types and without `self`."""
    found = inspect.signature(function)
    shown = [
        parameter.replace(annotation=parameter.empty)
        for parameter in found.parameters.values()
        if parameter.name != "self"
    ]
    empty = inspect.Signature.empty
    return str(found.replace(parameters=shown, return_annotation=empty))


def directive(kind: str, head: str, body: str, outer: bool = False) -> str:
    """An entry of Sphinx's Python domain: found by its name, and by other projects.

    Args:
        kind: Such as "function".
        head: Its name and arguments.
        body: What stands in it, as Markdown.
        outer: Whether there are such entries in it.
    """
    fence = "`" * (6 if outer else 5)
    return f"{fence}{{py:{kind}}} {head}\n\n{body}\n{fence}"
