"""What rich prints, as text without colours and as HTML that is safe."""

from rich.table import Table
from rich.text import Text

from keras_inits._utils import rich_text


def table(cell):
    found = Table("a", "b")
    found.add_row("1", cell)
    return found


def test_text_has_no_colours_and_keeps_to_its_width():
    text = rich_text.as_text(Text("word " * 20, style="bold red"), width=30)
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 30
    assert text.split() == ["word"] * 20


def test_nothing_is_printed_in_a_notebook_either(capsys, monkeypatch):
    """There rich would show the table instead of giving its text."""
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    assert "2" in rich_text.as_text(table("2"), width=30)
    assert "2" in rich_text.as_html(table("2"), width=30)
    assert capsys.readouterr().out == ""


def test_html_is_one_block_in_which_markup_of_others_is_text():
    html = rich_text.as_html(Text("<script>alert(1)</script> & more"), width=60)
    assert html.startswith("<pre style=")
    assert html.rstrip().endswith("</pre>")
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "&amp; more" in html


def test_html_has_colours_without_a_style_sheet():
    html = rich_text.as_html(Text("red", style="#ff0000"), width=60)
    assert "color: #ff0000" in html
    assert "<style" not in html
