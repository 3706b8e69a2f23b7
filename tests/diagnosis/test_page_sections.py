"""Sections that not every page has: what they draw, and what they say."""

import dataclasses
import html
import json
import math
import re

import pytest

pytest.importorskip("plotly")

from keras_inits.diagnosis.show import page
from keras_inits.diagnosis.wording import number
from support.diagnosed import examples


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


def test_outputs_are_drawn_against_their_targets():
    text = page.html(with_output(bounds=(-1.0, 1.0), low=-0.5))
    figure = blocks(text)["outputs"]
    expected = [("can give", (-1, 1)), ("gave", (-0.5, 1)), ("targets", (0, 4))]
    assert bars(figure) == expected
    said = caption(text, "outputs")
    assert (
        "head : can give -1.00 to 1.00; gave -0.50 to 1.00; targets 0 to 4.00" in said
    )
    assert '<figure aria-labelledby="outputs-title">' in text


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


def test_targets_that_number_classes_are_compared_with_the_classes():
    text = page.html(examples.healthy())
    figure = blocks(text)["outputs"]
    assert bars(figure) == [("classes", (0, 4)), ("targets", (0, 4))]
    said = caption(text, "outputs")
    (output,) = examples.healthy().outputs
    gave = f"{number(output.low)} to {number(output.high)}"
    assert f"classes 0 to 4.00; gave scores {gave}; targets 0 to 4.00" in said


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


def test_where_nothing_is_known_of_head_and_step_there_is_no_section():
    bare = dataclasses.replace(with_output(targets=None), step=None)
    unknown = dataclasses.replace(examples.healthy().step, loss=math.nan)
    for made in (bare, dataclasses.replace(bare, outputs=(), step=unknown)):
        text = page.html(made)
        assert list(blocks(text)) == ["depth", "gradients", "histograms"]
        assert 'id="outputs' not in text
        assert 'id="step' not in text
    broken = page.html(examples.broken())
    assert 'id="outputs"' in broken
    assert 'id="step' not in broken  # its loss is not a number
