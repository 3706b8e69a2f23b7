"""The built site in Chromium: axe finds no error, and no page scrolls sideways."""

import shutil

import pytest

from support import fresh

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")
pytest.importorskip("furo", reason="needs the extra `docs`")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium"),
]
WIDTHS, THEMES = (1280, 390), ("light", "dark")
OF_EACH_FOLDER = 3  # pages that are generated alike


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A site that is built of the checkout."""
    built = tmp_path_factory.mktemp("site")
    words = ["-m", "sphinx", "-q", "docs", built]
    fresh.python(*words, folder=fresh.ROOT, seconds=600, KERAS_BACKEND="tensorflow")
    return built


@pytest.fixture(scope="module")
def chromium():
    """A browser without a network."""
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND"]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


def chosen(folder):
    """The pages at the top, and some of each folder."""
    inside = [path for path in sorted(folder.iterdir()) if path.is_dir()]
    few = [
        one for path in inside for one in sorted(path.glob("*.html"))[:OF_EACH_FOLDER]
    ]
    return [*sorted(folder.glob("*.html")), *few]


def faults(page):
    """What axe calls an error on the page, and how far it scrolls sideways."""
    found = axe.Axe().run(page).response["violations"]
    words = [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]
    over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [*words, *([f"scrolls by {over}"] if over > 0 else [])]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_has_an_error(folder, chromium, width, theme):
    size = {"width": width, "height": 900}
    page = chromium.new_page(viewport=size, color_scheme=theme)
    found = {}
    for path in chosen(folder):
        page.goto(path.as_uri())
        found |= {path.name: faults(page)} if faults(page) else {}
    page.close()
    assert found == {}


def test_an_error_is_noticed(chromium):
    """Twin."""
    page = chromium.new_page(viewport={"width": 390, "height": 900})
    wide = "<p style='width: 800px; color: #ccc'>pale and wide</p>"
    page.set_content(f"<!doctype html><img src='x'>{wide}")
    found = " ".join(faults(page))
    page.close()
    assert "image-alt" in found
    assert "color-contrast" in found
    assert "scrolls" in found


def test_the_selects_show_the_line_of_what_is_chosen(folder, chromium):
    page = chromium.new_page()
    page.goto((folder / "choosing.html").as_uri())
    page.select_option("#choose-activation", "gelu")
    shown = page.locator(".choose-line code").all_inner_texts()
    assert 'kernel_initializer="he_fan_in"' in shown[0]
    assert "keras_inits.VarianceScaling(2.352)" in shown[1]
    page.select_option("#choose-layer", "LSTM")
    assert page.locator("#choose-activation").is_disabled()
    (shown,) = page.locator(".choose-line code").all_inner_texts()
    assert shown.startswith("keras.layers.LSTM(")
    page.click(".choose-line button")
    page.get_by_text("Copied").wait_for()
    page.close()
