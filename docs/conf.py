"""The site: `sphinx-build -W -n docs build/site`, from a checkout alone.

Pages of schemes, names, findings and claims are written into folders that git ignores,
by the modules of `GENERATED`, whenever the site is built.
"""

import importlib
import sys
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

FOLDER = Path(__file__).parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parent)]

import keras_inits  # noqa: E402

# Each has a function `site(folder)` that writes pages below the folder.
GENERATED = (
    "start_pictures",
    "generate",
    "findings",
    "evidence",
    "example_pages",
    "recipe_pages",
)

project = "keras-inits"
author = "The keras-inits authors"
release = version = keras_inits.__version__

extensions = ["myst_parser", "sphinx_copybutton"]
myst_heading_anchors = 4
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
exclude_patterns = ["_static"]

html_theme = "furo"
html_title = "keras-inits"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_copy_source = html_show_sourcelink = html_show_copyright = False
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#1f4e79",
        "color-brand-content": "#1d5fa8",
        "color-brand-visited": "#6a3d9a",
    },
    "dark_css_variables": {
        "color-brand-primary": "#9cc7f5",
        "color-brand-content": "#8ab8f0",
        "color-brand-visited": "#c9a7ee",
    },
}
# Colors with enough contrast on the background of code, in both themes.
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"


def write_pages(app: Sphinx) -> None:
    """Writes what is generated."""
    for name in GENERATED:
        importlib.import_module(name).site(FOLDER)


def add_selects(app: Sphinx, page: str, *rest: Any) -> None:
    """The page that chooses a scheme has scripts of its own."""
    if page == "choosing":
        app.add_js_file("choices.js")
        app.add_js_file("choose.js", loading_method="defer")


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("builder-inited", write_pages)
    app.connect("html-page-context", add_selects)
