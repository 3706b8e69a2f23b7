"""The pages under docs/ and the README: their code runs, and what they name exists."""

import json
import re

import keras
import pytest

from support import fresh

# Written when the site is built, and read by tests of their own.
GENERATED = (
    "api/",
    "evidence/",
    "examples/",
    "kinds/",
    "recipes/",
    "schemes/",
    "start/",
)
DOCS = fresh.ROOT / "docs"
PAGES = sorted(
    page
    for page in [fresh.ROOT / "README.md", *DOCS.glob("**/*.md")]
    if not page.relative_to(fresh.ROOT).as_posix()[len("docs/") :].startswith(GENERATED)
)
# Models over several devices.
LEFT_OUT = {"large_models.md"} if keras.backend.backend() == "torch" else set()
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PATH = re.compile(r"`([\w./-]+/[\w./-]*)`")
RUNNER = """
import json, os, sys, traceback

pages = json.loads(sys.argv[1])
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
failed = {}
for name, code in pages.items():
    space = {"__name__": "page"}
    try:
        exec(compile(code, name, "exec"), space)
    except Exception:
        failed[name] = traceback.format_exc()[-1500:]
print("RESULT" + json.dumps(failed))
"""
CHECKS = {  # what a page's own values must be, besides that its code runs
    "README.md": """
assert abs(variance - 2.3517) < 1e-3 and diagnosis.verdict == "healthy"
assert report.seed == 7 and len(again.layers) == 2
assert last.get_config() == {"seed": 7} and leaky.negative_slope == 0.3
""",
    "adding_an_initializer.md": """
import math
values = keras.ops.convert_to_numpy(kernel)
expected = 1 / math.sqrt(4 * 64)
assert abs(values.std() / expected - 1) < 5 / math.sqrt(2 * values.size)
assert type(layer.kernel_initializer) is DepthScaledNormal
config = DepthScaledNormal(depth=4, seed=7).get_config()
assert config == {"depth": 4.0, "seed": 7}
again = DepthScaledNormal.from_config(config)((64, 8))
assert (keras.ops.convert_to_numpy(again) == values).all()
assert DepthScaledNormal(depth=4).expected_std((64, 8)) == 0.0625
try:
    DepthScaledNormal(depth=0)
except ValueError as error:
    assert "Received: depth=0" in str(error)
else:
    raise AssertionError("depth=0 was taken")
""",
    "geometry.md": 'assert keras_inits.fans(layer, "kernel") == (9, 9)',
    "choosing.md": """
assert abs(variance - 2.3517) < 1e-3
assert keras_inits.diagnose(model).verdict == "healthy"
""",
    "index.md": 'assert diagnosis.verdict == "healthy" and report.seed == 7',
    "porting.md": """
layer.build((None, 8))
assert (keras.ops.convert_to_numpy(layer.kernel) == theirs.T).all()
""",
    "troubleshooting.md": """
assert diagnosis.findings[0].kind == "exploding signal"
assert keras_inits.diagnose(model, x, y).verdict == "healthy"
model = keras.models.clone_model(model)
model.compile("adam", "sparse_categorical_crossentropy")
losses = model.fit(x, y, verbose=0).history["loss"]
# Elsewhere Keras clips what a softmax makes of infinities: the loss stays where it is.
assert np.isnan(losses).all() or keras.backend.backend() != "tensorflow", losses
""",
}


def code(page):
    """The Python blocks of a page, one after the other, and what is asked of them."""
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    return "\n".join([*blocks, CHECKS.get(name(page), "")])


def name(page):
    """Its path, from docs/ where it lies there."""
    return page.relative_to(fresh.ROOT).as_posix().removeprefix("docs/")


def failures(pages, folder):
    """The pages whose code fails, by name; all run in one process."""
    said = fresh.run(RUNNER, json.dumps(pages), folder=folder)
    return json.loads(said.rpartition("RESULT")[2])


@pytest.fixture(scope="module")
def failed(tmp_path_factory):
    """Of all pages, and of one that is wrong."""
    pages = {name(page): code(page) for page in PAGES if name(page) not in LEFT_OUT}
    pages["twin"] = "import keras_inits\nkeras_inits.get('he_fan_inn')"
    return failures(pages, tmp_path_factory.mktemp("pages"))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_code_of_a_page_runs(page, failed):
    if name(page) in LEFT_OUT:
        pytest.skip("keras.distribution has no PyTorch")
    assert name(page) not in failed, failed[name(page)]


def test_a_page_that_fails_is_noticed(failed):
    """Twin."""
    assert "he_fan_in" in failed["twin"]


def missing(text):
    """Paths in a text that lie nowhere in the checkout or in the package."""
    places = (fresh.ROOT, fresh.ROOT / "keras_inits")
    return [
        path
        for path in PATH.findall(text)
        if not any((place / path).exists() for place in places)
    ]


@pytest.mark.parametrize(
    "page",
    [*PAGES, fresh.ROOT / "CONTRIBUTING.md", fresh.ROOT / "benchmarks" / "README.md"],
    ids=name,
)
def test_the_files_that_a_page_names_exist(page):
    text = page.read_text(encoding="utf-8")
    made = (
        "keras_inits_demo/",
        ".venv/",
        "build/site/",
    )  # by commands that stand there
    assert [path for path in missing(text) if not path.startswith(made)] == []
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        if not link.startswith(GENERATED):
            assert (page.parent / link).exists(), link


def test_a_path_that_does_not_exist_is_noticed():
    """Twin."""
    assert missing("`signals/passes.py` and `signals/passed.py`") == [
        "signals/passed.py"
    ]


def test_the_architecture_page_names_every_folder():
    text = (fresh.ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    folders = [
        p.parent.name for p in (fresh.ROOT / "keras_inits").glob("*/__init__.py")
    ]
    assert [name for name in folders if f"`{name}/`" not in text] == []
