"""Both sides of every threshold: how severe a finding is, on reports made by hand.

A threshold that is moved by a factor of ten changes at least one line of the table.
"""

import dataclasses
import math

import pytest

from keras_inits.diagnosis import thresholds
from keras_inits.diagnosis.findings import judged
from keras_inits.diagnosis.outputs import OutputRecord
from keras_inits.diagnosis.report import LayerRecord, Report, WeightRecord
from keras_inits.diagnosis.targets import Targets
from keras_inits.signals.records import GradientStats, TensorStats
from support.diagnosed import steps
from support.diagnosed.by_hand_data import OF_DATA
from support.diagnosed.program import AMOUNTS

DEPTH, WIDTH = 8, 16


def stats(**changed):
    """Of a tensor that is as it should be, but for what is changed."""
    sound = TensorStats(
        shape=(32, WIDTH),
        mean=0.0,
        std=1.0,
        rms=1.0,
        skew=0.0,
        zero=0.0,
        saturated=None,
        non_finite=0.0,
        finite=True,
        units=WIDTH,
        dead=0.0,
        rank=10.0,
        rank_limit=WIDTH,
        correlation=0.0,
        difference=1.0,
        histogram=(1,),
        edges=(-3.0, 3.0),
    )
    return dataclasses.replace(sound, **changed)


def gradient(**changed):
    """Of a loss by a layer's output, as it should be."""
    sound = GradientStats(0.0, 1.0, 1.0, 1.0, 0.0, 0.0, True, "float32")
    return dataclasses.replace(sound, **changed)


def layer(index, **changed):
    """A dense layer of a chain; nothing is wrong with it."""
    sound = LayerRecord(
        index=index,
        name=f"dense_{index}",
        path=f"dense[{index}]",
        layer="Dense",
        call=0,
        block=False,
        activation=None,
        dtype="float32",
        kernel=True,
        normalizes=False,
        normalized=False,
        parents=(index - 1,) if index else (),
        input_rms=1.0,
        pre=None,
        out=stats(),
        gradient=gradient(),
    )
    return dataclasses.replace(sound, **changed)


def weight(**changed):
    """A kernel of the first layer, right in all."""
    sound = WeightRecord(
        path="dense[0]/kernel",
        name="dense_0/kernel",
        owner="dense_0",
        layer="Dense",
        role="kernel",
        shape=(WIDTH, WIDTH),
        trainable=True,
        mean=0.0,
        std=0.25,
        rms=0.25,
        zero=False,
        finite=True,
        fans=(WIDTH, WIDTH),
        counted=(WIDTH, 4 * WIDTH),
        initializer="GlorotUniform()",
        scale_error=1.0,
        symmetric=None,
        gradient=gradient(),
    )
    return dataclasses.replace(sound, **changed)


def report(*layers, data=1.0, weights=(), **changed):
    """A chain in which some layers are changed, and data of a root mean square."""
    chain = [layer(index) for index in range(DEPTH)]
    for other in layers:
        chain[other.index] = other
    inputs = layer(0, name="input", out=stats(rms=data))
    sound = Report(
        model="by hand",
        backend="none",
        batches=1,
        samples=32,
        data="array (32, 16)",
        loss=2.3,
        loss_kind="compiled",
        chance_loss=None,
        inputs=(inputs,),
        records=tuple(chain),
        weights=tuple(weights),
    )
    return dataclasses.replace(sound, **changed)


def far_bias(value, differs=1e-5):
    """A bias that adds a multiple of what differs between samples."""
    pre = stats(difference=differs**2)
    size = differs * value
    bias = weight(path="b", role="bias", fans=None, counted=None, rms=size)
    changed = layer(2, pre=pre, activation="tanh", weights=("b",))
    return report(changed, weights=[bias])


def large_bias(value):
    """A bias of four, that adds a multiple of what differs between samples."""
    pre = stats(difference=(4 / value) ** 2 / 100, rms=10.0)
    bias = weight(path="b", role="bias", fans=None, counted=None, rms=4.0)
    changed = layer(2, pre=pre, activation="tanh", weights=("b",))
    return report(changed, weights=[bias])


def small_gradients(part):
    """In float16, two layers of eight whose gradients are in part subnormal."""
    half = [layer(i, gradient=gradient(dtype="float16")) for i in range(DEPTH)]
    tiny = [
        layer(i, gradient=gradient(dtype="float16", tiny=part)) for i in range(1, 3)
    ]
    return report(*half, *tiny)


def sure(excess, logits=2.0):
    """A head whose loss is above that of guessing."""
    head = layer(DEPTH - 1, out=stats(rms=logits))
    return report(head, loss=2.3 + excess, chance_loss=2.3)


def collapsed(difference, dtype="float32"):
    """What the last kernel is fed with, where samples have grown alike."""
    return report(layer(DEPTH - 2, out=stats(difference=difference), dtype=dtype))


def early_gradients(size):
    """The first two layers' gradients, by those of the others."""
    return report(*(layer(i, gradient=gradient(norm=size)) for i in range(2)))


def out_of_reach(part):
    """A ReLU whose targets are in part below zero."""
    targets = Targets()
    targets.add(AMOUNTS)
    output = OutputRecord(
        *("head", "dense_7", DEPTH - 1, AMOUNTS.shape, "relu", (0.0, math.inf)),
        *(0.0, 2.0, None, "mean_squared_error", None, True, 1.0),
        *(targets.record(), part, True, "Dense({units})", "Dense({units})"),
    )
    return report(outputs=(output,))


def cancelled(size):
    """A kernel whose gradient is a part of what its layer's output gets."""
    kernel = weight(gradient=gradient(norm=size))
    return report(layer(0, weights=(kernel.path,)), weights=[kernel])


def moved(size):
    """A normalization by moving statistics, by what the batch's would give."""
    return report(layer(2, kernel=False, moving=True, out=stats(rms=size)))


OF = {  # kind: a report by its figure, and figures with the severity they must have
    "vanishing signal": (
        lambda v: report(layer(DEPTH - 1, input_rms=v)),
        [(1 / 200, None), (1 / 400, "warning"), (2e-7, "warning"), (8e-8, "error")],
    ),
    "vanishing signal, float16": (
        lambda v: report(layer(DEPTH - 1, input_rms=v, dtype="float16")),
        [(1 / 400, "warning"), (1 / 8e3, "warning"), (8e-5, "error")],
    ),
    "statistics of other data": (
        moved,
        [(0.015, "warning"), (0.03, None), (30, None), (70, "warning")],
    ),
    "exploding signal": (
        lambda v: report(layer(DEPTH - 1, input_rms=v)),
        [(8, None), (13, "warning"), (8e13, "warning"), (2e14, "error")],
    ),
    "exploding signal, float16": (
        lambda v: report(layer(DEPTH - 1, input_rms=v, dtype="float16")),
        [(13, "warning"), (8e3, "warning"), (1.3e4, "error")],
    ),
    "exploding signal, of outputs": (
        lambda v: report(layer(DEPTH - 1, out=stats(rms=v))),
        [(80, None), (130, "warning"), (8e3, "warning"), (1.3e4, "error")],
    ),
    "vanishing gradient": (
        early_gradients,
        [(1 / 80, None), (1 / 130, "warning"), (4e-5, "warning"), (2.5e-5, "error")],
    ),
    "exploding gradient": (
        early_gradients,
        [(80, None), (130, "warning"), (400, "warning"), (600, "error")],
    ),
    "exploding gradient, behind normalizations": (
        lambda v: report(
            *(layer(i, gradient=gradient(norm=v), normalized=True) for i in range(2))
        ),
        [(800, None), (1300, "warning"), (8e3, "warning"), (1.3e4, "error")],
    ),
    "collapsed representation": (
        collapsed,
        [(2e-4, None), (5e-5, "warning"), (8e-10, "warning"), (3e-10, "error")],
    ),
    "collapsed representation, float16": (
        lambda v: collapsed(v, "float16"),
        [(2e-4, None), (5e-5, "warning"), (2e-8, "warning"), (5e-9, "error")],
    ),
    "dying ReLU": (
        lambda v: report(layer(3, activation="relu", out=stats(dead=v))),
        [(0.55, None), (0.7, "warning"), (0.92, "warning"), (0.97, "error")],
    ),
    "saturated activation": (
        lambda v: report(layer(3, activation="tanh", out=stats(saturated=v))),
        [(0.45, None), (0.55, "warning"), (0.85, "warning"), (0.95, "error")],
    ),
    "saturated attention": (
        lambda v: report(layer(3, attention=v)),
        [(0.45, None), (0.55, "warning"), (0.98, "warning")],
    ),
    "saturated gates, whatever the bias is": (
        lambda v: report(layer(3, driven=v)),
        [(0.15, None), (0.25, "warning"), (0.85, "warning"), (0.95, "error")],
    ),
    "saturated gates": (
        lambda v: report(layer(3, gates=v)),
        [(0.65, None), (0.75, "warning"), (0.92, "warning"), (0.97, "error")],
    ),
    "wrong fans": (
        lambda v: report(weights=[weight(scale_error=v)]),
        [(1.2, None), (1.3, "info"), (3.9, "info"), (4.1, "warning"), (0.1, "warning")],
    ),
    "bias far off": (
        far_bias,
        [(800, None), (1300, "warning"), (8e3, "warning"), (1.3e4, "error")],
    ),
    "bias far off, a large one": (
        lambda v: far_bias(50, v),
        [(0.05, None), (0.08, "warning")],
    ),
    "bias far off, of a large signal": (
        lambda v: large_bias(v),
        [(8, None), (13, "warning")],
    ),
    "confident head": (
        sure,
        [(7.5, None), (8.5, "warning"), (1000, "warning")],
    ),
    "confident head, by its logits": (
        lambda v: sure(10, logits=v),
        [(0.8, None), (1.2, "warning")],
    ),
    "low-precision underflow": (
        small_gradients,
        [(0.45, None), (0.55, "warning")],
    ),
    "unbounded activation": (
        lambda v: report(*(layer(i, activation="exponential") for i in range(v))),
        [(2, None), (3, "warning"), (4, "warning"), (5, "error")],
    ),
    "outputs cannot reach targets": (
        out_of_reach,
        [(0.01, None), (0.03, "warning"), (0.25, "warning"), (0.35, "error")],
    ),
    "no gradient": (cancelled, [(2e-6, None), (5e-7, "error")]),
    "targets not standardized": (
        lambda v: report(targets=(v,)),
        [
            (5e-4, "warning"),
            (2e-3, "info"),
            (0.04, "info"),
            (18, None),
            (25, "info"),
            (800, "info"),
            (1300, "warning"),
        ],
    ),
}
OF |= {
    kind: (lambda v, make=make: report(**make(v)), lines)
    for kind, (make, lines) in OF_DATA.items()
}
OF |= {
    kind: (lambda v, make=make: report(weights=[weight()], step=make(v)), lines)
    for kind, (make, lines) in steps.OF.items()
}
LINES = [
    pytest.param(kind, build, figure, expected, id=f"{kind} at {figure:g}")
    for kind, (build, lines) in OF.items()
    for figure, expected in lines
]


def severity(kind, found):
    """That of the finding of a kind; None without one."""
    name = kind.split(",")[0]
    severities = [f.severity for f in judged(found).findings if f.kind == name]
    assert len(severities) <= 1
    return severities[0] if severities else None


def test_the_report_by_hand_is_healthy():
    assert judged(report()).findings == ()
    assert judged(report()).verdict == "healthy"


@pytest.mark.parametrize(("kind", "build", "figure", "expected"), LINES)
def test_a_figure_is_as_severe_as_its_threshold_says(kind, build, figure, expected):
    assert severity(kind, build(figure)) == expected


def test_the_verdict_follows_the_worst_finding():
    build = OF["dying ReLU"][0]
    assert [judged(build(v)).verdict for v in (0.5, 0.7, 0.97)] == [
        *("healthy", "suspicious", "unhealthy")
    ]
    info = judged(OF["wrong fans"][0](1.5))
    assert [f.severity for f in info.findings] == ["info"]
    assert info.verdict == "healthy"


@pytest.mark.parametrize("factor", [10, 0.1])
@pytest.mark.parametrize("name", [n for n in vars(thresholds) if n.isupper()])
def test_a_threshold_moved_by_ten_is_noticed(name, factor, monkeypatch):
    """Twin of the table: each constant matters to a line of it, both ways."""
    monkeypatch.setattr(thresholds, name, getattr(thresholds, name) * factor)
    lines = [line.values for line in LINES]
    assert any(severity(k, build(v)) != expected for k, build, v, expected in lines)
