"""The wheel works on its own: built from the checkout, used outside of it."""

import ast
import email
import json
import re
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest

import keras_inits
from support import fresh

ROOT = fresh.ROOT
PACKED = ("CHANGELOG.md", "LICENSE", "MANIFEST.in", "README.md")
PACKED += ("CITATION.cff", "CONTRIBUTING.md", "pyproject.toml", "setup.cfg")
FOLDERS = ("docs", "examples", "keras_inits", "notebooks", "tests")
EXTRAS = {"demo", "dev", "plots", "test"}
FRAMEWORKS = {"jax", "tensorflow", "torch"}
README = (ROOT / "README.md").read_text(encoding="utf-8")
GENERATED = shutil.ignore_patterns("__pycache__", "*.egg-info")

DRAW = """
import json
import keras, numpy as np
import keras_inits
layer = keras.layers.Dense(300, kernel_initializer="he_fan_in")
layer.build((None, 200))
large = keras_inits.get("xavier_uniform", seed=7)((1500, 1500))
json = json.dumps({
    "file": keras_inits.__file__,
    "version": keras_inits.__version__,
    "names": keras_inits.names(),
    "std": float(np.std(layer.get_weights()[0])),
    "first": float(keras.ops.convert_to_numpy(large)[0, 0]),
})
print(json)
"""


def is_shipped(name):
    """Whether a scheme is the package's own; other tests register theirs here."""
    module = keras_inits.initializers.registry.scheme(name).__module__
    return module.startswith("keras_inits.initializers.")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Wheel and sdist, built from a copy so that no earlier build is in the way."""
    source = tmp_path_factory.mktemp("source")
    for name in PACKED:
        shutil.copy(ROOT / name, source)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, source / name, ignore=GENERATED)
    # Without isolation, and so without a network.
    fresh.python("-m", "build", "--no-isolation", source, folder=source)
    (wheel,) = (source / "dist").glob("*.whl")
    (sdist,) = (source / "dist").glob("*.tar.gz")
    return {"wheel": wheel, "sdist": sdist}


@pytest.fixture(scope="module")
def wheel(built):
    return built["wheel"]


def install(file, target):
    """Puts what a wheel or an sdist installs into a folder of its own."""
    alone = "--no-deps", "--no-index", "--no-build-isolation", "--target", target
    pip = "-m", "pip", "--disable-pip-version-check", "install"
    fresh.python(*pip, *alone, file)
    return target


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A folder that holds the wheel's contents, and nothing else."""
    return install(wheel, tmp_path_factory.mktemp("installed"))


@pytest.fixture
def elsewhere(installed, tmp_path):
    """Options of a process that sees the installed wheel and not the checkout."""
    return {"folder": tmp_path, "PYTHONPATH": str(installed)}


@pytest.mark.slow
def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    package = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "keras_inits").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    info = f"keras_inits-{keras_inits.__version__}.dist-info/"
    assert {name for name in names if not name.startswith(info)} == package
    assert "keras_inits/py.typed" in names
    assert f"{info}licenses/LICENSE" in names


@pytest.mark.slow
def test_the_wheel_says_what_it_is_and_needs(wheel):
    info = f"keras_inits-{keras_inits.__version__}.dist-info/METADATA"
    metadata = email.message_from_bytes(zipfile.ZipFile(wheel).read(info))
    needs = metadata.get_all("Requires-Dist")
    always = {need for need in needs if "extra ==" not in need}
    assert metadata["Name"] == "keras-inits"
    assert metadata["Version"] == keras_inits.__version__
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert set(metadata.get_all("Provides-Extra")) >= EXTRAS
    assert always == {
        "keras>=3.12",
        "ml_dtypes",
        "numba",
        "numpy",
        "rich",
        "tensorflow",
        "threadpoolctl",
    }
    # README.md tells users of JAX and PyTorch to install the same but for TensorFlow.
    (line,) = re.findall(r"^pip install (.*) jax$", README, re.MULTILINE)
    assert {*line.replace('"', "").split()} == always - {"tensorflow"}


@pytest.mark.slow
def test_the_sdist_holds_what_builds_tests_and_shows_the_package(built):
    with tarfile.open(built["sdist"]) as file:
        names = {name.partition("/")[2] for name in file.getnames()}
    assert names >= {*PACKED, "examples/README.md", "notebooks", "docs/names.md"}
    assert "tests/golden/he_fan_in.json" in names
    assert not [name for name in names if "__pycache__" in name]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "backend"),
    [("wheel", backend) for backend in sorted(FRAMEWORKS)] + [("sdist", "tensorflow")],
)
def test_what_is_installed_works_with_one_backend_alone(
    kind, backend, built, installed, tmp_path
):
    """Draws golden values, saves, loads, diagnoses; other frameworks are not found.

    `.ci/install_matrix.py` does the same where they are not installed.
    """
    pytest.importorskip(backend)
    target = installed if kind == "wheel" else install(built[kind], tmp_path / "target")
    code = f"""
        import runpy
        sys.argv = ["", {str(ROOT / "tests" / "golden")!r}, {str(target)!r}]
        program = {str(ROOT / "tests" / "support" / "installed_package.py")!r}
        runpy.run_path(program, run_name="__main__")
    """
    options = {"folder": tmp_path, "PYTHONPATH": str(target), "KERAS_BACKEND": backend}
    printed = fresh.run(code, blocked=sorted(FRAMEWORKS - {backend}), **options)
    said = json.loads(printed.splitlines()[-1])
    assert said["frameworks"] == [said["backend"]] == [backend]
    assert said["golden tensors"] > 20


@pytest.mark.slow
def test_the_wheel_draws_outside_the_checkout(installed, elsewhere):
    said = json.loads(fresh.python("-c", DRAW, **elsewhere).splitlines()[-1])
    assert Path(said["file"]).is_relative_to(installed)
    assert said["version"] == keras_inits.__version__
    assert "he_fan_in" in said["names"]
    assert abs(said["std"] / 0.1 - 1) < 5 / (2 * 200 * 300) ** 0.5  # sqrt(2 / 200)
    assert 0 < abs(said["first"]) < (6 / 3000) ** 0.5


@pytest.mark.slow
def test_the_command_of_the_wheel_lists_every_name(installed, elsewhere):
    (command,) = (installed / "bin").glob("keras-inits*")
    listed = fresh.command(command, "list", **elsewhere)
    names = set(re.findall(r'^ {0,3}"(?:keras_inits>)?(\w+)"', listed, re.MULTILINE))
    shipped = {n for n in keras_inits.names() if is_shipped(n)}
    assert names == shipped


def literal_names(*parts):
    """What the literal `__all__` of a module lists."""
    path = ROOT.joinpath("keras_inits", *parts)
    (found,) = [
        ast.literal_eval(node.value)
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.Assign) and node.targets[0].id == "__all__"
    ]
    return found


FOLDER = ROOT / "keras_inits" / "initializers"
FAMILIES = [  # the modules that list schemes
    path.relative_to(FOLDER).with_suffix("").as_posix()
    for path in sorted(FOLDER.rglob("*.py"))
    if path.stem != "__init__" and "\n__all__ = [" in path.read_text()
]


def test_exported_names_are_sorted_unique_and_exist():
    lists = [literal_names("__init__.py")]
    lists += [literal_names("initializers", f"{family}.py") for family in FAMILIES]
    assert len(lists) > 8
    for names in lists:
        assert names == sorted(set(names))
    assert keras_inits.__all__ == [name for names in lists for name in names]
    assert len(set(keras_inits.__all__)) == len(keras_inits.__all__)
    assert [n for n in keras_inits.__all__ if not hasattr(keras_inits, n)] == []


def test_every_scheme_of_a_family_is_in_its_list():
    """A class that has a name, or a function that makes one, in the module's own."""
    for name in filter(is_shipped, keras_inits.names()):
        cls = keras_inits.initializers.registry.scheme(name)
        module = cls.__module__.removeprefix("keras_inits.").replace(".", "/")
        assert cls.__name__ in literal_names(f"{module}.py")


def test_type_checkers_can_read_the_exported_names():
    """They do not run code: literals, stars, and `+=` of another list they know."""
    exported = (ROOT / "keras_inits" / "__init__.py").read_text()
    assert exported.endswith("\n__all__ += initializers.__all__\n")
    schemes = (FOLDER / "__init__.py").read_text()
    for family in FAMILIES:
        star = f"from keras_inits.initializers.{family.replace('/', '.')} import *"
        assert star in exported
        assert star in schemes
        assert f"\n__all__ += {family.split('/')[-1]}.__all__\n" in schemes


def test_all_exported_names_are_offered_by_tab():
    assert set(keras_inits.__all__) <= set(dir(keras_inits))


def test_the_changelog_says_for_this_release_whether_values_changed():
    text = (ROOT / "CHANGELOG.md").read_text()
    releases = text.split("\n## ")[1:]
    assert any(r.startswith(keras_inits.__version__) for r in releases)
    for release in releases:
        lines = release.splitlines()
        starts = ("unchanged", "changed")
        line = "Values drawn for a given seed: "
        assert any(s.startswith(tuple(line + start for start in starts)) for s in lines)


def test_the_citation_is_of_this_version():
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {keras_inits.__version__}\n" in text
    assert "\nlicense: Apache-2.0\n" in text
