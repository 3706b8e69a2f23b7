"""The page of a diagnosis stands alone, is safe, and does what it offers."""

import base64
import hashlib
import html.parser
import json
import re
import shutil

import pytest

pytest.importorskip("plotly")

from plotly import offline

from keras_inits._utils import extras
from keras_inits.diagnosis.show import page
from support import fresh
from support.diagnosed import examples

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--virtual-time-budget=10000",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
PROBE = """<script>
addEventListener("load", () => {
  const out = {};
  const click = (selector) => document.querySelector(selector).click();
  const shown = (selector) =>
    [...document.querySelectorAll(selector)].filter((e) => !e.hidden).length;
  const column = () =>
    [...document.querySelectorAll("#layers tbody tr")].map((r) => r.cells[4].innerText);
  const drawn = (id) => document.querySelectorAll(`#${id} .main-svg`).length;
  out.ready = document.documentElement.dataset.ready;
  out.figures = ["depth", "histogram", "gradients", "outputs", "step"].map(drawn);
  out.loaded = performance.getEntriesByType("resource").length;
  out.title = document.title;
  out.wider = document.documentElement.scrollWidth - innerWidth;
  out.ink = getComputedStyle(document.body).color;
  out.axis = getComputedStyle(document.querySelector("#depth .ytick text")).fill;
  out.findings = shown("#findings article");
  out.rows = shown("#layers tbody tr");
  click('[data-filter="error"]');
  out.errors = shown("#findings article");
  out.ill = shown("#layers tbody tr");
  click('[data-filter="all"]');
  click("#layers th:nth-child(5) button");
  out.rising = column();
  click("#layers th:nth-child(5) button");
  out.falling = column();
  click('#layers tr[data-layer="head"]');
  out.histogram = document.getElementById("histogram-title").textContent;
  const text = document.createElement("pre");
  text.id = "probe";
  text.textContent = JSON.stringify(out);
  document.body.append(text);
});
</script></body>"""


class Elements(html.parser.HTMLParser):
    """Elements with their attributes, and the texts in them."""

    def __init__(self, text):
        super().__init__()
        self.found, self.texts, self.inside = [], {}, ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        self.inside = tag

    def handle_data(self, data):
        self.texts.setdefault(self.inside, []).append(data)


def blocks(text):
    """Data of the figures, by their names."""
    pattern = r'<script type="application/json" id="(\w+)-data">(.*?)</script>'
    return {name: json.loads(data) for name, data in re.findall(pattern, text)}


@pytest.fixture(scope="module")
def texts():
    made = (examples.vanishing, examples.broken, examples.healthy)
    return {make.__name__: page.html(make()) for make in made}


def test_it_loads_nothing_and_forbids_to(texts):
    elements = Elements(texts["vanishing"]).found
    for tag, attributes in elements:
        assert not {"src", "srcset", "action", "data", "background"} & set(attributes)
        assert tag not in ("link", "iframe", "object", "embed", "base", "a", "img")
    policy = next(a for _, a in elements if "http-equiv" in a)["content"]
    assert policy.startswith("default-src 'none';")
    assert "http" not in policy
    styles = "".join(Elements(texts["vanishing"]).texts["style"])
    assert "url(" not in styles
    assert "@import" not in styles


def test_it_is_made_for_phones_and_for_the_dark(texts):
    elements = Elements(texts["vanishing"]).found
    names = {a["name"]: a["content"] for _, a in elements if "name" in a}
    assert "width=device-width" in names["viewport"]
    assert "@media (prefers-color-scheme: dark)" in texts["vanishing"]


def test_names_and_messages_are_text_whatever_is_in_them(texts):
    text = texts["broken"]
    assert examples.HOSTILE not in text
    elements = Elements(text)
    assert not any(tag == "b" and not a for tag, a in elements.found[:8])
    assert sum(tag == "script" for tag, _ in elements.found) == 6  # all its own
    assert examples.HOSTILE in "".join(elements.texts["h1"])
    found = blocks(text)
    assert list(found) == ["depth", "gradients", "histograms", "outputs"]
    assert "</script><script>" in [layer["label"] for layer in found["histograms"]]
    (title,) = found["outputs"]["layout"]["annotations"]
    name = examples.broken().outputs[0].name
    assert examples.HOSTILE in name
    assert title["text"] == html.escape(name)  # plotly takes <b> for bold
    assert name in elements.texts["code"]


def test_every_finding_and_every_layer_is_in_it(texts):
    diagnosis = examples.vanishing()
    text = texts["vanishing"]
    assert diagnosis.findings
    body = "".join(Elements(text).texts["p"] + Elements(text).texts["code"])
    for finding in diagnosis.findings:
        assert finding.message in body
        assert finding.fix in body
    rows = re.findall(r'<tr data-severity="(\w*)" data-layer="([^"]*)">', text)
    labels = [r.label for r in (*diagnosis.inputs, *diagnosis.records)]
    assert [name for _, name in rows] == labels
    named = {finding.layer for finding in diagnosis.findings}
    assert {name for severity, name in rows if severity} == named & set(labels)


def test_a_page_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "page.html"
    examples.vanishing().to_html(path)
    first = path.read_bytes()
    assert first.startswith(b"<!doctype html>")
    assert first.rstrip().endswith(b"</html>")

    def fails(self, text, encoding):
        self.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr("pathlib.Path.write_text", fails)
    with pytest.raises(OSError, match="disk full"):
        examples.healthy().to_html(path)
    assert path.read_bytes() == first
    assert list(tmp_path.iterdir()) == [path]


def test_a_small_page_fetches_plotly_and_nothing_else(tmp_path):
    path = tmp_path / "page.html"
    examples.vanishing().to_html(path, library="cdn")
    assert path.stat().st_size < 200_000
    elements = Elements(path.read_text(encoding="utf-8")).found
    fetched = [a for tag, a in elements if tag == "script" and "src" in a]
    (script,) = fetched
    assert re.fullmatch(r"https://cdn\.plot\.ly/plotly-[\d.]+\.min\.js", script["src"])
    assert script["crossorigin"] == "anonymous"
    code = offline.get_plotlyjs().encode("utf-8")
    digest = base64.b64encode(hashlib.sha256(code).digest()).decode()
    assert script["integrity"] == f"sha256-{digest}"
    policy = next(a for _, a in elements if "http-equiv" in a)["content"]
    assert re.findall(r"http\S+", policy) == ["https://cdn.plot.ly;"]


def test_there_are_two_places_for_the_library(tmp_path):
    with pytest.raises(ValueError, match="library='local'"):
        examples.vanishing().to_html(tmp_path / "page.html", library="local")
    assert not list(tmp_path.iterdir())


def test_without_plotly_it_says_what_to_type(monkeypatch, tmp_path):
    monkeypatch.setattr(extras.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError) as error:
        examples.healthy().to_html(tmp_path / "page.html")
    assert "pip install 'keras-inits[plots]'" in str(error.value)
    assert not list(tmp_path.iterdir())


def chromium(folder, url, *flags):
    """What headless Chromium puts out."""
    profile = f"--user-data-dir={folder / 'profile'}"
    return fresh.command(CHROMIUM, *FLAGS, profile, *flags, url, seconds=120)


def probed(folder, text, *flags):
    """What the probe, run in the page, has found."""
    path = folder / "probed.html"
    before, _, after = text.rpartition("</body>")
    path.write_text(before + PROBE + after, encoding="utf-8")
    dumped = chromium(folder, path.as_uri(), "--dump-dom", *flags)
    found = re.search(r'<pre id="probe">(.*?)</pre>', dumped, re.S)
    assert found, dumped[-2000:]
    return json.loads(html.unescape(found[1]))


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
def test_a_browser_draws_sorts_and_filters(texts, tmp_path):
    diagnosis = examples.vanishing()
    found = probed(tmp_path, texts["vanishing"], "--window-size=1200,900")
    assert found["ready"] == "true"
    assert all(found["figures"])
    assert found["loaded"] == 0
    assert found["wider"] <= 0  # nothing sticks out
    errors = [v for v in diagnosis.findings if v.severity == "error"]
    assert found["findings"] == len(diagnosis.findings)
    assert found["errors"] == len(errors) > 0
    assert found["rows"] == 1 + len(diagnosis.records)
    assert found["ill"] == len({v.layer for v in errors})
    stds = [float(text) for text in found["rising"]]
    assert stds == sorted(stds)
    assert stds != stds[::-1]
    assert found["falling"] == found["rising"][::-1]
    assert found["histogram"].startswith("Output of head: mean")


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
def test_a_hostile_name_does_no_harm_in_the_dark(texts, tmp_path):
    dark = "--blink-settings=preferredColorScheme=0"
    found = probed(tmp_path, texts["broken"], dark)
    assert found["title"] == f"{examples.HOSTILE}: unhealthy"
    assert found["axis"] == found["ink"]  # figures take the page's colour
    red = int(re.search(r"\d+", found["ink"])[0])
    assert red > 200  # light on dark


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
def test_a_screenshot_shows_something(texts, tmp_path):
    path, picture = tmp_path / "page.html", tmp_path / "page.png"
    path.write_text(texts["healthy"], encoding="utf-8")
    flags = f"--screenshot={picture}", "--window-size=500,900"
    chromium(tmp_path, path.as_uri(), *flags)
    image = pytest.importorskip("matplotlib.image").imread(picture)
    assert image.shape[:2] == (900, 500)
    blue = (image[..., 2] > 0.7) & (image[..., 0] < 0.4)
    assert blue.sum() > 100  # a curve
    assert (image[..., :3].min(axis=-1) > 0.95).mean() > 0.5  # on white paper
