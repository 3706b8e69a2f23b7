"""The site: it builds without a warning, and a reader finds what he looks for."""

import re
import shutil

import pytest

from support import fresh, site_reader

pytest.importorskip("myst_parser", reason="needs the extra `docs`")
pytest.importorskip("furo", reason="needs the extra `docs`")
pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
LEFT_OUT = shutil.ignore_patterns(
    *(".git", ".venv", ".*_cache", "build", "dist", "*.egg-info", "__pycache__"),
    *("api", "evidence", "kinds", "schemes", "start"),
)
BUILD = ["-m", "sphinx", "-q", "-W", "--keep-going", "-n", "docs"]
QUESTIONS = {  # a page and its section, and what must stand there
    "choosing.html#a-gelu-mlp": ["GELU", 'kernel_initializer="he_fan_in"'],
    "troubleshooting.html#my-loss-is-nan": ["rate", "initialize", "not finite"],
    "saving.html#saving-and-loading": ["import keras_inits", "load_model("],
    "geometry.html#the-fans": ["fan_geo_avg", "geometric mean"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A site that is built of a copy of the checkout, which holds nothing generated."""
    copy = tmp_path_factory.mktemp("clone") / "project"
    shutil.copytree(fresh.ROOT, copy, ignore=LEFT_OUT)
    built = copy / "build" / "site"
    environment = {"PYTHONPATH": str(copy), "KERAS_BACKEND": "tensorflow"}
    fresh.python(*BUILD, built, folder=copy, seconds=600, **environment)
    return built


@pytest.fixture(scope="module")
def site(folder):
    """Its pages, by their paths."""
    return site_reader.pages(folder)


def test_every_link_and_anchor_leads_somewhere(site, folder):
    assert len(site) > 20
    assert site_reader.broken(site, folder) == []


def test_a_broken_link_is_noticed(tmp_path):
    """Twin."""
    one = (
        '<p id="here"><a href="two.html#there">x</a><a href="#here">x</a><img src="y">'
    )
    site = {"one.html": site_reader.read(one), "two.html": site_reader.read("<p>")}
    found = [link for _, link in site_reader.broken(site, tmp_path)]
    assert found == ["two.html#there", "y"]


def test_nothing_is_fetched_from_the_network(site, folder):
    for path, page in site.items():
        outside = [one for one in page.resources if not site_reader.target(path, one)]
        assert [one for one in outside if not one.startswith("data:")] == [], path
    for style in folder.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        assert not re.search(r"(url\(\s*[\"']?|@import\s+[\"'])(https?:)?//", text), (
            style
        )


def test_every_page_is_reached_from_the_start_page(site):
    alone = set(site) - set(site_reader.clicks(site, "index.html"))
    assert alone <= {"search.html", "genindex.html", "py-modindex.html"}


@pytest.mark.parametrize("place", QUESTIONS)
def test_the_answer_is_at_most_two_clicks_away(site, place):
    path, _, anchor = place.partition("#")
    way = site_reader.clicks(site, "index.html")[path]
    assert len(way) <= 2, way
    for words in QUESTIONS[place]:
        assert words in site[path].words[anchor], words


def test_the_start_page_leads_to_the_answer_itself(site):
    """And not only to its page, but for the one that a whole page answers."""
    for place in QUESTIONS:
        assert {place, place.partition("#")[0]} & set(site["index.html"].links), place


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_the_search_works_from_a_disk(folder, tmp_path):
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
    flags += [f"--user-data-dir={tmp_path}", "--host-resolver-rules=MAP * ~NOTFOUND"]
    flags += ["--virtual-time-budget=20000", "--dump-dom"]
    found = fresh.command(CHROMIUM, *flags, f"{folder.as_uri()}/search.html?q=gelu")
    results = re.search(r'id="search-results".*', found, re.DOTALL)[0]
    assert "choosing.html" in results
    none = fresh.command(CHROMIUM, *flags, f"{folder.as_uri()}/search.html?q=qwzx")
    assert (
        "choosing.html" not in re.search(r'id="search-results".*', none, re.DOTALL)[0]
    )
