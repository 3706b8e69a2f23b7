"""The page of a diagnosis stands alone, is safe, and does what it offers."""

import base64
import dataclasses
import hashlib
import html.parser
import json
import math
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


def caption(text, name):
    """What a figure's caption says."""
    found = re.search(rf'<figcaption id="{name}-said">(.*?)</figcaption>', text)
    return html.unescape(re.sub("<.*?>", " ", found[1]))


def bars(figure):
    """Ends of the ranges that are drawn, and what each is called."""
    names = [
        name
        for key, axis in figure["layout"].items()
        if key.startswith("yaxis")
        for name in axis["ticktext"]
    ]
    drawn = [tuple(trace["x"]) for trace in figure["data"]]
    return list(zip(names, drawn, strict=True))


def with_output(**changes):
    """A report whose output is changed: outputs compare with targets as numbers."""
    diagnosis = examples.healthy()
    (output,) = diagnosis.outputs
    changed = {"loss": "mean_squared_error", "low": -2.0, "high": 1.0, **changes}
    output = dataclasses.replace(output, **changed)
    return dataclasses.replace(diagnosis, outputs=(output,))


def with_step(**changes):
    diagnosis = examples.healthy()
    step = dataclasses.replace(diagnosis.step, loss=2.0, predicted=-0.5, **changes)
    return dataclasses.replace(diagnosis, step=step)


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


def test_outputs_are_drawn_against_their_targets():
    text = page.html(with_output(bounds=(-1.0, 1.0), low=-0.5))
    figure = blocks(text)["outputs"]
    expected = [("can give", (-1, 1)), ("gave", (-0.5, 1)), ("targets", (0, 4))]
    assert bars(figure) == expected
    said = caption(text, "outputs")
    assert (
        "head : can give -1.00 to 1.00; gave -0.50 to 1.00; targets 0 to 4.00" in said
    )
    elements = Elements(text).found
    assert ("figure", {"aria-labelledby": "outputs-title"}) in elements


@pytest.mark.parametrize(
    ("bounds", "words", "drawn", "symbols"),
    [
        ((-math.inf, math.inf), "any value", (-3.5, 5.5), ("left", "right")),
        ((0.0, math.inf), "0 and more", (0, 5.5), (None, "right")),
        ((-math.inf, 0.0), "0 and less", (-3.5, 0), ("left", None)),
    ],
)
def test_what_has_no_end_is_cut_and_points_on(bounds, words, drawn, symbols):
    text = page.html(with_output(bounds=bounds))
    figure = blocks(text)["outputs"]
    assert bars(figure)[0] == ("can give", drawn)
    found = figure["data"][0]["marker"]["symbol"]
    assert found == [f"triangle-{s}" if s else "circle" for s in symbols]
    assert f"can give {words};" in caption(text, "outputs")


def test_targets_that_number_classes_are_compared_with_the_classes(texts):
    figure = blocks(texts["healthy"])["outputs"]
    assert bars(figure) == [("classes", (0, 4)), ("targets", (0, 4))]
    said = caption(texts["healthy"], "outputs")
    assert "classes 0 to 4.00; gave scores -2.18 to 0.89; targets 0 to 4.00" in said


def test_of_many_outputs_some_are_drawn_and_all_are_said():
    diagnosis = with_output()
    names = [f"output_{place}" for place in range(40)]
    outputs = tuple(dataclasses.replace(diagnosis.outputs[0], name=n) for n in names)
    text = page.html(dataclasses.replace(diagnosis, outputs=outputs))
    titles = blocks(text)["outputs"]["layout"]["annotations"]
    assert [title["text"] for title in titles] == names[:12]
    assert caption(text, "outputs").split(" : ")[0].strip() == names[0]
    assert all(f" {name} :" in caption(text, "outputs") for name in names)


def test_an_output_that_gave_nothing_finite_is_drawn_by_what_it_should_give():
    text = page.html(with_output(bounds=(0.0, 1.0), low=math.nan, high=math.nan))
    found = bars(blocks(text)["outputs"])
    assert found == [("can give", (0, 1)), ("targets", (0, 4))]
    assert "gave nothing finite" in caption(text, "outputs")


def test_losses_along_the_step_are_drawn_and_said():
    tried = ((0.001, 1.9375), (0.0001, 2.5))
    made = with_step(loss_after=3.0, loss_after_tenth=1.96875, tried=tried)
    text = page.html(made)
    promised, measured = blocks(text)["step"]["data"]
    assert (promised["x"], promised["y"]) == ([0, 1], [2.0, 1.5])
    assert promised["line"]["dash"] == "dash"
    assert (measured["x"], measured["y"]) == ([0, 0.1, 1], [2.0, 1.96875, 3.0])
    low, high = blocks(text)["step"]["layout"]["yaxis"]["range"]
    assert low < 1.5
    assert high > 3.0
    said = caption(text, "step")
    assert "SGD at rate 0.01" in said
    assert "loss 2 before the step, 1.96875 after a tenth of it, 3 after it" in said
    assert "promises a change of -0.50; it is 1.00" in said
    assert "rate 0.001 gives loss 1.9375, below" in said
    assert "rate 0.0001 gives loss 2.5, not below" in said


def test_a_loss_that_is_not_finite_is_marked():
    text = page.html(with_step(loss_after=math.inf, loss_after_tenth=1.9))
    _, measured, lost = blocks(text)["step"]["data"]
    assert measured["x"] == [0, 0.1]
    assert (lost["x"], lost["name"]) == ([1], "not finite")
    assert "inf after it" in caption(text, "step")


def test_a_promise_far_beyond_what_was_measured_flattens_nothing():
    made = with_step(loss_after=1.9, loss_after_tenth=None)
    step = dataclasses.replace(made.step, predicted=-1e6)
    text = page.html(dataclasses.replace(made, step=step))
    low, high = blocks(text)["step"]["layout"]["yaxis"]["range"]
    assert high - low < 1
    assert "a change of -1.0e+06" in caption(text, "step")


def test_where_nothing_is_known_of_head_and_step_there_is_no_section(texts):
    bare = dataclasses.replace(with_output(targets=None), step=None)
    unknown = dataclasses.replace(examples.healthy().step, loss=math.nan)
    for made in (bare, dataclasses.replace(bare, outputs=(), step=unknown)):
        text = page.html(made)
        assert list(blocks(text)) == ["depth", "gradients", "histograms"]
        assert 'id="outputs' not in text
        assert 'id="step' not in text
    assert 'id="outputs"' in texts["broken"]
    assert 'id="step' not in texts["broken"]  # its loss is not a number


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
    assert found["unhealthy"] == len({v.layer for v in errors})
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
