"""`Diagnosis.plot` shows the figures that the diagnosis holds."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from matplotlib.figure import Figure

from keras_inits._utils import extras
from keras_inits.diagnosis import thresholds
from keras_inits.diagnosis.show import curves, plots
from support.diagnosed import examples


def panels(figure):
    """Axes by the words on their vertical axis; histograms have none."""
    return {axes.get_ylabel(): axes for axes in figure.axes if axes.get_ylabel()}


def test_curves_are_the_stds_of_the_records_on_log_axes():
    diagnosis = examples.vanishing()
    figure = diagnosis.plot()
    assert isinstance(figure, Figure)
    drawn = panels(figure)
    outputs = drawn["std of outputs, log scale"]
    gradients = drawn["std of gradients, log scale"]
    for axes in (outputs, gradients, drawn["norm of gradient, log scale"]):
        assert axes.get_yscale() == "log"
    np.testing.assert_array_equal(
        outputs.lines[0].get_ydata(), [r.out.std for r in diagnosis.records]
    )
    np.testing.assert_array_equal(
        gradients.lines[0].get_ydata(), [r.gradient.std for r in diagnosis.records]
    )
    names = [label.get_text() for label in gradients.get_xticklabels()]
    assert names == [record.label for record in diagnosis.records]


def test_histograms_and_norms_are_those_of_the_records():
    diagnosis = examples.healthy()
    figure = diagnosis.plot()
    titled = {axes.get_title(): axes for axes in figure.axes}
    head = titled["head"].patches[0].get_data()
    counts = np.array(diagnosis.record("head").out.histogram)
    np.testing.assert_allclose(head.values, 100 * counts / counts.sum())
    assert (head.edges[0], head.edges[-1]) == pytest.approx(
        diagnosis.record("head").out.edges
    )
    assert len(counts) == len(head.edges) - 1
    bars = panels(figure)["norm of gradient, log scale"].patches
    norms = [weight.gradient.norm for weight in diagnosis.weights]
    # The biases of layers before a softmax of equal sums may get none: no bar.
    assert [bar.get_height() for bar in bars] == [norm for norm in norms if norm > 0]


def test_the_band_is_where_the_findings_find_nothing():
    cases = (examples.healthy(), True), (examples.vanishing(), False)
    for diagnosis, inside in cases:
        curve = curves.forward(diagnosis)
        (low, high), last = curve.bands[-1], curve.values[-2]
        assert (low < last < high) is inside
        size = diagnosis.inputs[0].out.rms
        assert low == pytest.approx(size / thresholds.VANISHING_WARNING)
        assert high == pytest.approx(size * thresholds.EXPLODING_WARNING)


def test_the_backward_band_is_about_gradient_times_signal():
    # Behind kernels ten times too small the gradient falls on its way back, but the
    # signal falls on its way forth: no layer gets less than its share.
    curve = curves.backward(examples.vanishing())
    assert curve.values[0] < 1e-6 * curve.values[-1]
    for value, (low, high) in zip(curve.values, curve.bands, strict=True):
        assert low < value < high
        assert high / low == pytest.approx(thresholds.GRADIENT_WARNING**2)


def legends(figure):
    return {
        text.get_text()
        for axes in figure.axes
        if axes.get_legend()
        for text in axes.get_legend().get_texts()
    }


@pytest.mark.parametrize(
    ("diagnosis", "words"),
    [
        (examples.broken, {"not finite", "lost"}),
        (examples.zeros, {"zero"}),
        (examples.vanishing, {"healthy", "lost"}),
    ],
    ids=["nan", "zeros", "vanishing"],
)
def test_what_has_no_place_on_a_log_axis_is_marked(diagnosis, words):
    figure = diagnosis().plot()
    assert words <= legends(figure)
    assert "not finite" in words or "not finite" not in legends(figure)
    assert figure._repr_png_().startswith(b"\x89PNG")  # and warns of nothing


def test_a_deep_network_has_a_few_histograms_and_names():
    records = examples.vanishing().records
    assert [r.index for r in curves.spread(records, 4)] == [0, 4, 8, 12]
    assert curves.spread(records[:3], 4) == list(records[:3])
    assert plots.short("a" * 50) == "…" + "a" * 21


def test_without_matplotlib_it_says_what_to_type(monkeypatch):
    monkeypatch.setattr(extras.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError) as error:
        examples.healthy().plot()
    assert "pip install 'keras-inits[plots]'" in str(error.value)
