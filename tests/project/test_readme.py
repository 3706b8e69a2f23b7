"""The README is complete, and what it shows works as it stands there."""

import configparser
import re

import keras
import pytest

import keras_inits
from keras_inits.initializers import registry
from support import fresh

README = (fresh.ROOT / "README.md").read_text(encoding="utf-8")
NAMES = (fresh.ROOT / "docs" / "names.md").read_text(encoding="utf-8")


def blocks(language, text=README):
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def section(title):
    """What stands under a heading."""
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(text):
    """The rows of a table's body, as lists of cells."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def listed(text):
    """The names that a table's first column has."""
    return [row[0].strip("`") for row in rows(text)]


def shipped():
    """The names of the package's own schemes; other tests register more."""
    schemes = {name: registry.scheme(name) for name in keras_inits.names()}
    return [
        n for n, cls in schemes.items() if cls.__module__.startswith("keras_inits.")
    ]


def documented(text):
    """The names that stand there as code, by themselves or after `keras_inits.`."""
    code = "\n".join(blocks("python", text))
    found = set(re.findall(r"\bkeras_inits\.(\w+)", code))
    for names in re.findall(r"^from keras_inits import (.+)$", code, re.MULTILINE):
        found |= set(re.findall(r"\w+", names))
    return found | set(re.findall(r"`(?:keras_inits\.)?(\w+)(?:`|\()", text))


TABLE = rows(NAMES)


def test_the_table_has_every_name_once_and_no_other():
    assert listed(NAMES) == shipped()


@pytest.mark.parametrize("name", ["he_fan_in", "zeros"])
def test_a_table_that_lacks_or_repeats_a_name_is_noticed(name):
    """Twin."""
    lines = NAMES.splitlines()
    (row,) = [line for line in lines if line.startswith(f"| `{name}` |")]
    assert listed("\n".join(line for line in lines if line != row)) != shipped()
    assert listed("\n".join([*lines, row])) != shipped()


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0].strip("`"))
def test_a_row_is_true(row):
    """Its string gives its class, and the arguments it shows are the defaults."""
    name, typed, shown = (cell.strip("`") for cell in row[:3])
    cls = getattr(keras_inits, shown.split("(")[0])
    if typed.startswith("keras_inits.get"):
        assert registry.scheme(name) is cls
        assert type(eval(typed)) is cls
        return
    layer = keras.layers.Dense(4, kernel_initializer=typed.strip('"'))
    assert type(layer.kernel_initializer) is cls
    assert type(keras_inits.get(name)) is cls
    expected = eval(shown if "(" in shown else f"{shown}()", vars(keras_inits))
    assert expected.get_config() == cls().get_config() == {}
    bare_is_ours = keras.saving.get_custom_objects().get(name) is cls
    assert typed == (f'"{name}"' if bare_is_ours else f'"keras_inits>{name}"')


@pytest.mark.parametrize("row", rows(section("Ten names")), ids=lambda row: row[0])
def test_the_readmes_ten_strings_are_the_tables(row):
    """What one types in a layer stands there, and is that of the full table."""
    assert row[0] in [full[1] for full in TABLE]


def test_the_readme_is_short_and_has_ten_names():
    assert len(README.splitlines()) <= 150
    assert len(rows(section("Ten names"))) == 10


def test_every_exported_name_is_documented():
    pages = [README]
    pages += [page.read_text() for page in (fresh.ROOT / "docs").glob("**/*.md")]
    assert set(keras_inits.__all__) - documented("\n".join(pages)) == set()


def test_a_word_of_a_sentence_documents_no_name():
    """Twin: of all the names here, three are meant."""
    text = 'Do get `names`, fans or `keras_inits.gain("relu")` of a `Weight matrix`.'
    code = "\n```python\nkeras_inits.diagnose(sampling, fans)\n```\n"
    assert documented(text + code) == {"names", "gain", "diagnose"}


def test_the_two_commands_install_extras_that_exist():
    demo, test = (block.strip() for block in blocks("bash"))
    assert demo.endswith(" -m keras_inits demo")
    assert test.endswith(" -m pytest")
    setup = configparser.ConfigParser()
    setup.read(fresh.ROOT / "setup.cfg")
    for command, extra in ((demo, "demo"), (test, "test")):
        assert "\n" not in command
        assert re.findall(r"\.\[(\w+)\]", command) == [extra]
        assert setup.has_option("options.extras_require", extra)


def test_continuous_integration_runs_the_readmes_own_test_command():
    """It takes the line from here; this is the one line that it finds."""
    script = (fresh.ROOT / ".ci" / "run").read_text()
    (pattern,) = re.findall(r"grep -x '(.+)' README\.md", script)
    found = [line for line in README.splitlines() if re.fullmatch(pattern, line)]
    assert found == [blocks("bash")[1].strip()]
