"""The page of `examples/`: its README, and every program below it."""

import re
from pathlib import Path

EXAMPLES = Path(__file__).parent.parent / "examples"


def page() -> str:
    """The text of the page; links to programs lead to their place below."""
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    programs = re.findall(r"\[`(\w+\.py)`\]\(\1\)", text)
    text = re.sub(r"\]\((\w+)\.py\)", r"](#\1)", text)
    for program in programs:
        code = (EXAMPLES / program).read_text(encoding="utf-8")
        anchor = program.removesuffix(".py")
        text += f"\n({anchor})=\n\n## {program}\n\n```python\n{code}```\n"
    return text


def site(folder: Path) -> None:
    """Writes the page."""
    (folder / "examples").mkdir(exist_ok=True)
    (folder / "examples" / "index.md").write_text(page(), encoding="utf-8")
