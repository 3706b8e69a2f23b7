"""Writes a page for every kind of finding into `kinds/`: `python docs/findings.py`.

`kinds.toml` has what a kind means and a small program with the fault. A line of it that
begins with "-" stands only in the faulty program, one with "+" only in the mended one.
Both are run here: what a page says of them, its picture too, is what came out.
"""

import dataclasses
import json
import tomllib
from pathlib import Path
from typing import Any

import keras

import findings_pictures as pictures
from keras_inits._utils import rich_text
from keras_inits.diagnosis import findings
from keras_inits.diagnosis.show import text

HERE = Path(__file__).parent
DATA: dict[str, Any] = tomllib.loads((HERE / "kinds.toml").read_text(encoding="utf-8"))
KINDS: dict[str, dict[str, Any]] = {
    kind: told for kind, told in DATA["kinds"].items() if kind in findings.KINDS
}
TRAINED: dict[str, Any] = json.loads((HERE / "kinds_trained.json").read_text("utf-8"))
COLUMNS = 78  # of what is printed, which fits a page
FAULTY, MENDED = "-", "+"


@dataclasses.dataclass(frozen=True)
class Run:
    """A program, and what came out.

    Attributes:
        code: Its text.
        marked: Numbers of the lines that the other program does not have, from 1.
        names: What it has made: `model`, `x`, `y`, `diagnosis`.
    """

    code: str
    marked: tuple[int, ...]
    names: dict[str, Any]

    @property
    def diagnosis(self) -> Any:
        return self.names["diagnosis"]

    @property
    def kinds(self) -> set[str]:
        """Kinds of its findings."""
        return {finding.kind for finding in self.diagnosis.findings}


def slug(kind: str) -> str:
    """A kind as the name of a file."""
    return kind.lower().replace(" ", "-")


def program(kind: str, sign: str) -> tuple[str, tuple[int, ...]]:
    """A program of a kind, and the numbers of its own lines.

    Args:
        kind: One of `KINDS`.
        sign: `FAULTY` or `MENDED`.
    """
    lines = [f"  {line}" for line in DATA["begin"].splitlines()]
    lines += KINDS[kind]["program"].splitlines()
    kept = [line for line in lines if line[:1] in ("", " ", sign)]
    own = tuple(n for n, line in enumerate(kept, 1) if line[:1] == sign)
    return "\n".join(line[2:] for line in kept) + "\n", own


def run(kind: str, sign: str) -> Run:
    """Runs a program of a kind."""
    keras.utils.clear_session(free_memory=False)  # counts layers from zero again
    code, marked = program(kind, sign)
    names: dict[str, Any] = {"__name__": "page"}
    exec(compile(code, f"{kind} {sign}", "exec"), names)
    return Run(code, marked, names)


def _code(one: Run) -> str:
    lines = ",".join(map(str, one.marked))
    marks = f":emphasize-lines: {lines}\n" if lines else ""
    return f"```{{code-block}} python\n{marks}\n{one.code}```"


def _said(one: Run) -> str:
    """What is printed of a diagnosis, without the table of layers."""
    said = rich_text.as_text(text.findings(one.diagnosis), COLUMNS)
    return "\n".join(line.rstrip() for line in said.rstrip().splitlines())


def _trained(kind: str) -> str:
    """What became of the faulty program's loss."""
    found = TRAINED[kind]
    if "error" in found:
        return f"The program below, trained by `fit`, ends with `{found['error']}`."
    first, last = found["losses"]
    words = f"Trained for 60 epochs, the program below has a loss of {first} in the "
    words += f"first epoch, and {last} in the last"
    if "accuracy" not in found:
        return f"{words}."
    right, most = found["accuracy"]
    return (
        f"{words}; {right:.0%} of the classes are right, where {most:.0%} are in one."
    )


def _after(kind: str, mended: Run) -> str:
    """What became of the finding."""
    if kind in mended.kinds:
        raise AssertionError(f"the mended program has it, too: {kind}")
    left = sorted(mended.kinds)
    words = (
        "Run when this page was written, the mended program has this finding no more"
    )
    words += f"; its verdict is {mended.diagnosis.verdict}."
    return words + (f" What is left: {', '.join(map(_link, left))}." if left else "")


def _link(kind: str) -> str:
    return f"[{kind}]({slug(kind)}.md)"


def _images(kind: str, alt: str) -> str:
    """The picture for the light, and the one for the dark."""
    return "\n\n".join(
        f"```{{image}} {slug(kind)}-{tone}.svg\n:alt: {alt}\n:class: only-{tone}\n```"
        for tone in pictures.TONES
    )


def page(kind: str, folder: Path) -> str:
    """Runs the programs of a kind, draws its picture, and says it all.

    Args:
        kind: One of `KINDS`.
        folder: Where the picture goes.
    """
    told = KINDS[kind]
    faulty, mended = run(kind, FAULTY), run(kind, MENDED)
    found = [f for f in faulty.diagnosis.findings if f.kind == kind]
    if not found:
        raise AssertionError(f"the faulty program does not have it: {kind}")
    alt = pictures.draw(told["picture"], found[0], faulty, mended, folder / slug(kind))
    others = sorted(faulty.kinds - {kind})
    also = [f"Found beside it: {', '.join(map(_link, others))}."] if others else []
    return "\n\n".join(
        [
            f"# {kind}",
            f"*{DATA['groups'][told['group']]}* · {found[0].severity} in this program",
            told["means"].strip(),
            f"**What you see.** {told['seen'].strip()}\n{_trained(kind)}",
            _images(kind, alt),
            alt,
            "## A program that has it",
            _code(faulty),
            "What `print(diagnosis)` says of it, without its table of layers:",
            f"```text\n{_said(faulty)}\n```",
            *also,
            "## Its fix",
            *([told["fix"].strip()] if "fix" in told else []),
            _code(mended),
            _after(kind, mended),
            "[All kinds of findings](index.md)",
        ]
    )


def index() -> str:
    """The page of all kinds: by what is seen in training, and by what is at fault."""
    parts = ["# Every kind of finding", DATA["index"].strip()]
    parts.append("## By what you see")
    rows = ["| what you see | what it may be |", "|---|---|"]
    for symptom, words in DATA["symptoms"].items():
        named = [kind for kind, told in KINDS.items() if symptom in told["symptoms"]]
        rows.append(f"| {words} | {', '.join(map(_link, named))} |")
    parts.append("\n".join(rows))
    for group, words in DATA["groups"].items():
        own = [kind for kind, told in KINDS.items() if told["group"] == group]
        listed = [f"- {_link(kind)}: {KINDS[kind]['short'].strip()}" for kind in own]
        parts += [f"## {words}", "\n".join(listed)]
    pages = "\n".join(map(slug, KINDS))
    parts.append(f"```{{toctree}}\n:hidden:\n\n{pages}\n```")
    return "\n\n".join(parts)


def _write(path: Path, words: str) -> None:
    """Writes what has changed: a site reads again what is new."""
    words += "\n"
    if not path.exists() or path.read_text(encoding="utf-8") != words:
        path.write_text(words, encoding="utf-8")


def site(folder: Path) -> None:
    """Writes `kinds/` into the folder of a site's pages.

    Args:
        folder: Folder of the pages; `kinds/` is made in it.
    """
    if missing := set(findings.KINDS) - set(KINDS):
        raise AssertionError(f"kinds.toml does not have {sorted(missing)}")
    own = Path(folder) / "kinds"
    own.mkdir(exist_ok=True)
    for kind in KINDS:
        _write(own / f"{slug(kind)}.md", page(kind, own))
    _write(own / "index.md", index())


if __name__ == "__main__":
    site(HERE)
