"""The package's files: no circle of imports, and none too long to read at once.

That folders import downwards only is checked by `lint-imports`, see `pyproject.toml`.
"""

import ast
import statistics
from pathlib import Path

ROOT = Path(__file__).parents[2]
LONGEST, MEDIAN = 300, 130  # lines
FILES = sorted((ROOT / "keras_inits").rglob("*.py"))


def module_of(path):
    """The name by which a file is imported."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(source, modules):
    """The modules, out of `modules`, that a file names, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            for name in node.names:
                file = f"{node.module}.{name.name}"
                found.add(file if file in modules else node.module)
    return found & modules


def circles(graph):
    """Sets of modules of which each imports, by way of others, each."""
    reached = {name: set(targets) for name, targets in graph.items()}
    for through in graph:
        for targets in reached.values():
            if through in targets:
                targets |= reached[through]
    rings = {
        frozenset(two for two in graph if two in reached[one] and one in reached[two])
        for one in graph
    }
    return sorted(map(sorted, filter(None, rings)))


def test_no_file_imports_itself_by_way_of_others():
    names = {module_of(path): path for path in FILES}
    graph = {
        name: imports(path.read_text(encoding="utf-8"), set(names))
        for name, path in names.items()
    }
    assert len(graph["keras_inits"]) > 10  # imports are found at all
    found = circles(graph)
    assert not found, "\n\n".join(map("\n".join, found))


def test_a_circle_is_found():
    """Twin: of three files, with a fourth on the way and a fifth by itself."""
    assert circles({"a": {"b"}, "b": {"c", "d"}, "c": {"a"}, "d": set()}) == [
        ["a", "b", "c"]
    ]


def test_imports_are_found_wherever_they_stand():
    """In functions, too; of a folder, the file that is meant."""
    source = """
import os, keras_inits.graph.trace
def f():
    from keras_inits.cli import console, main
    from keras_inits.models import plan
"""
    wanted = {"keras_inits.cli", "keras_inits.cli.console", "keras_inits.graph.trace"}
    others = {"keras_inits", "keras_inits.models"}
    assert imports(source, {*wanted, *others, "keras_inits.models.plan"}) == {
        *wanted,
        "keras_inits.models.plan",
    }


def test_no_file_is_long():
    files = [*FILES, *ROOT.glob("benchmarks/*.py")]
    lines = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in files
    }
    long = [f"{name}: {n}" for name, n in lines.items() if n > LONGEST]
    assert not long, "\n".join(long)
    own = [n for name, n in lines.items() if name.startswith("keras_inits/")]
    assert statistics.median(own) < MEDIAN
