"""The pages that `docs/` makes of the code: all are there, complete, and run."""

import importlib
import inspect
import re
import sys

import keras
import pytest

import keras_inits
from keras_inits import recipes, sampling
from keras_inits.initializers import descriptions
from support import fresh

DOCS = fresh.ROOT / "docs"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)(?:#[\w-]+)?\)")
ENTRY = re.compile(r"\{py:(?:class|function|module)\} keras_inits\.(\w+)[(\n]")
TITLES = "When to use it", "Formula", "Class", "Example", "Source"


@pytest.fixture(scope="module")
def modules():
    """The modules that write the pages, by name."""
    sys.path.insert(0, str(DOCS))
    names = ("api_pages", "docstrings", "generate", "pictures")
    names += ("recipe_pages", "scheme_pages")
    yield {name: importlib.import_module(name) for name in names}
    sys.path.remove(str(DOCS))


@pytest.fixture(scope="module")
def pages(modules):
    """Every page, by its path from `docs/`, without pictures."""
    schemes = modules["scheme_pages"]
    return {
        "schemes/index.md": schemes.index(),
        **{f"schemes/{name}.md": schemes.page(name, {}) for name in schemes.ours()},
        **modules["api_pages"].pages(),
    }


def test_the_table_of_names_is_what_the_code_says(modules):
    """`python docs/generate.py` writes it; twin: another formula is found."""
    fresh.python(DOCS / "generate.py", "--check")
    text = (DOCS / "names.md").read_text(encoding="utf-8")
    other = text.replace("N(0, 2 / ", "N(0, 3 / ")
    assert modules["generate"].written(other) == text != other


def test_every_public_name_has_one_page(pages):
    """By the entry that Sphinx's index takes."""
    found = sorted(name for text in pages.values() for name in ENTRY.findall(text))
    assert found == sorted(keras_inits.__all__)
    for module in (recipes, sampling):
        path = module.__name__.rpartition(".")[2]
        for name in module.__all__:
            assert f" keras_inits.{path}.{name}(" in pages[f"api/{path}.md"]


def test_every_page_is_in_an_index(pages):
    for folder in ("schemes", "api"):
        listed = pages[f"{folder}/index.md"].partition("{toctree}")[2].split()
        there = {f"{folder}/{name}.md" for name in listed}
        assert {path for path in pages if path.startswith(folder)} <= {
            f"{folder}/index.md",
            *there,
        }


def broken(pages):
    """Links to files that are neither generated nor in `docs/`."""
    return [
        (path, link)
        for path, text in pages.items()
        for link in LINK.findall(text)
        if re.sub(r"^\.\./", "", link) not in pages
        and f"{path.split('/')[0]}/{link}" not in pages
        and not (DOCS / "schemes" / link).resolve().is_file()
    ]


def test_every_link_leads_somewhere(pages):
    """Twin: one to nowhere is found."""
    assert sum(len(LINK.findall(text)) for text in pages.values()) > 300
    assert broken(pages) == []
    assert broken({"api/x.md": "[x](../api/y.md)"}) == [("api/x.md", "../api/y.md")]


def test_the_page_of_a_scheme_says_all(pages, modules):
    for name in modules["scheme_pages"].ours():
        text = pages[f"schemes/{name}.md"]
        assert [t for t in TITLES if f"\n## {t}\n\n" not in text] == [], name
        assert descriptions.usage(name) in text
        assert "```pycon\n>>> " in text


def test_the_code_of_every_page_runs(pages):
    ran = 0
    for text in pages.values():
        for code in BLOCK.findall(text):
            space = {}
            exec(code, space)
            held = space.get("layer", space.get("variable"))
            assert isinstance(held, keras.layers.Layer | keras.Variable)
            ran += 1
    assert ran == len([path for path in pages if path.startswith("schemes/")]) - 1


def without_example(objects, members):
    """Functions, classes and their members that no docstring shows at work.

    A member may be shown by the examples of its class.
    """
    lacking = []
    for name, one in objects.items():
        text = inspect.getdoc(one) or ""
        if ">>> " not in text:
            lacking.append(name)
        if inspect.isclass(one):
            shown = "\n".join(re.findall(r"^(?:>>>|\.\.\.) .*", text, re.MULTILINE))
            lacking += [
                f"{name}.{member}"
                for member, found in members(one).items()
                if ">>> " not in (inspect.getdoc(found) or "")
                and not re.search(rf"\b{member}\b", shown)
            ]
    return lacking


def test_every_public_object_has_an_example(modules):
    """Those run with the doctests; twin: one without is found."""
    pages = modules["api_pages"]
    objects = {n: o for n, o in pages.others().items() if not inspect.ismodule(o)}
    for module in (recipes, sampling):
        objects |= {name: getattr(module, name) for name in module.__all__}
    assert without_example(objects, pages.members) == []
    assert without_example({"f": lambda: None}, pages.members) == ["f"]


@pytest.mark.parametrize("name", ["he_fan_in", "delta_orthogonal", "chrono"])
def test_a_scheme_has_pictures_with_words(name, modules, tmp_path):
    said = modules["pictures"].draw(name, tmp_path)
    assert sorted(said) == sorted(path.name for path in tmp_path.iterdir())
    assert len(said) == (2 if name == "chrono" else 3)
    page = modules["scheme_pages"].page(name, said)
    for file, words in said.items():
        assert f"![{words}]({file})" in page
        assert re.search(r"\d", words)
        assert "<svg" in (tmp_path / file).read_text(encoding="utf-8")


def test_ten_orthogonal_layers_keep_a_signal_and_relu_halves_it(modules):
    """What the third picture shows."""
    sizes = modules["pictures"].rms("orthogonal")
    assert sizes["no activation"][-1] == pytest.approx(sizes["no activation"][0])
    assert sizes["ReLU"][1] == pytest.approx(0.5**0.5, rel=0.05)
    steps = modules["pictures"].rms("echo_state")["no activation"]
    assert steps[-1] < 0.9**9 * steps[0]


def test_every_recipe_has_a_row_and_a_page(modules, tmp_path):
    """The page of one, which shows its rules."""
    pages = modules["recipe_pages"]
    table = (DOCS / "recipes.md").read_text(encoding="utf-8")
    assert [name for name in pages.names() if f"| `{name}` |" not in table] == []
    found = pages.page("fixup", tmp_path)
    assert "Zeros()" in found
    assert "Fixup(branches=2)" in found
    assert "the recipe: the last branch adds 0 (rms)" in found
    assert "<svg" in (tmp_path / "fixup.svg").read_text(encoding="utf-8")
