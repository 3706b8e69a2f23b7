"""Findings: no fault missed, no healthy network accused."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_inits.diagnosis import Diagnosis, diagnose, findings, report, thresholds
from support.diagnosed.table import CASES, STEP

FIRST = (64, 1)  # the width and seed that were looked at when thresholds were chosen
HELD_OUT = [(48, 7), (96, 3), (80, 11)]  # one of them for each network, in turn


def found(case, width, seed):
    keras.utils.set_random_seed(seed)
    return diagnose(*case.build(width, seed)[:3])


def severe(diagnosis):
    return [v for v in diagnosis.findings if v.severity != report.INFO]


def check(case, diagnosis, record_property):
    kinds = list(dict.fromkeys(v.kind for v in severe(diagnosis)))
    if case.kinds:
        fits = any(kind in case.kinds for kind in kinds)
        start = f"unhealthy {'hit ' if fits else 'MISSED '}"
    else:
        fits = not kinds
        start = f"healthy  {'well' if fits else 'FALSE ALARM '}"
    row = f"{start}  {case.name:48} {', '.join(kinds) or '-'}"
    record_property("network", row)
    assert fits, f"{row}\n{diagnosis}"


@pytest.mark.parametrize("case", CASES[::STEP], ids=lambda case: case.name)
def test_the_table_of_networks(case, record_property):
    diagnosis = found(case, *FIRST)
    check(case, diagnosis, record_property)
    expected = {report.UNHEALTHY, report.SUSPICIOUS} if case.kinds else {report.HEALTHY}
    assert diagnosis.verdict in expected


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "case"),
    list(enumerate(CASES))[1::4],
    ids=lambda v: getattr(v, "name", v),
)
def test_other_widths_and_seeds_than_those_looked_at(number, case, record_property):
    if STEP > 1 and number % 8 == 1:
        pytest.skip("JAX compiles every network anew: fewer of them there")
    width, seed = HELD_OUT[number % len(HELD_OUT)]
    check(case, found(case, width, seed), lambda *_: None)


def test_the_table_is_large_enough_and_balanced():
    ill = [case for case in CASES if case.kinds]
    assert len(CASES) >= 30
    assert len(ill) >= 15
    assert len(CASES) - len(ill) >= 15
    assert len({case.name for case in CASES}) == len(CASES)
    assert {kind for case in ill for kind in case.kinds} <= set(findings.KINDS)


def case_named(name):
    return next(case for case in CASES if case.name == name)


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("depthwise He as Keras counts", "wrong fans", ["'dw'", "576", "9", "64"]),
        ("Xavier in 30 ReLU layers", "vanishing signal", ["lost from"]),
        ("one layer nan", "not finite", ["kernel"]),
    ],
)
def test_a_finding_names_the_layer_the_figure_and_a_fix(name, kind, words):
    diagnosis = found(case_named(name), *FIRST)
    finding = next(v for v in diagnosis.findings if v.kind == kind)
    for word in words:
        assert word in finding.message
    assert finding.layer
    assert finding.cause
    assert "(" in finding.fix
    compile(finding.fix, "fix", "exec")  # code that can be pasted
    assert finding.message in str(diagnosis).replace("\n", " ")


def test_the_depth_at_which_the_signal_is_lost():
    """Each of 30 layers halves the variance: 3e2 is passed behind the sixteenth."""
    diagnosis = found(case_named("Xavier in 30 ReLU layers"), 96, 2)
    assert diagnosis.verdict == "unhealthy"  # under SGD; Adam may make up for it
    assert 13 <= diagnosis.lost_at <= 21
    healthy = found(case_named("He, 10 ReLU layers"), *FIRST)
    assert healthy.lost_at is None


def test_the_gravest_finding_comes_first():
    diagnosis = found(case_named("all kernels zero, ReLU"), *FIRST)
    ranks = [report.SEVERITIES.index(v.severity) for v in diagnosis.findings]
    assert ranks == sorted(ranks)
    assert diagnosis.worst == "error"


def test_every_threshold_of_the_findings_leaves_room_between_warning_and_error():
    limits = vars(thresholds)
    for name, warning in limits.items():
        if name.endswith("_WARNING") and name.replace("WARNING", "ERROR") in limits:
            error = limits[name.replace("WARNING", "ERROR")]
            falling = name.startswith(("COLLAPSE", "KEPT"))
            assert (error < warning) if falling else (error > warning), name


def test_a_normalization_behind_a_kernel_excuses_its_fans():
    x = start = keras.Input((8, 8, 3))
    x = layers.Conv2D(64, 3, kernel_initializer="he_normal")(x)
    x = layers.DepthwiseConv2D(3, depthwise_initializer="he_normal")(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    model = keras.Model(start, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))
    diagnosis = diagnose(model)
    finding = next(v for v in diagnosis.findings if v.kind == "wrong fans")
    assert finding.severity == "info"
    assert diagnosis.verdict == "healthy"


@pytest.mark.parametrize("scheme", ["glorot_uniform", "he_normal"])
def test_only_what_ends_where_an_initializer_does_has_its_fans(scheme):
    """Another distribution of the same size was made so for a reason of its own.

    Keras counts 9·64 inputs and 9 outputs of a depthwise kernel that has 9 of both.
    """
    layer = layers.DepthwiseConv2D(3, depthwise_initializer=scheme)
    stack = [layer, layers.GlobalAveragePooling2D(), layers.Dense(3)]
    model = keras.Sequential([keras.Input((8, 8, 64)), *stack])

    def kinds():
        return {finding.kind for finding in diagnose(model, try_fixes=False).findings}

    assert "wrong fans" in kinds()
    own = keras.ops.convert_to_numpy(layer.kernel)
    random = np.random.default_rng(0)
    # As training begins, a few values are a little farther out.
    layer.kernel.assign(own + 0.01 * own.std() * random.normal(size=own.shape))
    assert "wrong fans" in kinds()
    layer.kernel.assign(own.std() * random.normal(size=own.shape))
    assert "wrong fans" not in kinds()
    layer.kernel.assign(1.1 * own)  # by 21 % more variance, which chance may give
    assert "wrong fans" not in kinds()


def test_data_all_the_same_and_not_standardized_are_said():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, "relu")])
    diagnosis = diagnose(model, np.full((8, 4), 200.0, "float32"))
    kinds = {v.kind for v in diagnosis.findings}
    assert {"data not standardized", "data all the same"} <= kinds
    assert isinstance(diagnosis, Diagnosis)


def test_weights_that_the_loss_does_not_reach_are_said():
    start = keras.Input((4,))
    hidden = layers.Dense(3, name="used")(start)

    class Idle(layers.Layer):
        def build(self, shape):
            self.kernel = self.add_weight(shape=(3, 3), name="kernel")

        def call(self, x):
            return x * 2

    model = keras.Model(start, Idle(name="idle")(hidden))
    kinds = {v.kind: v for v in diagnose(model).findings}
    if keras.backend.backend() == "jax":  # whose gradient is zero, not missing
        assert "no gradient" in kinds
    else:
        assert "idle/kernel" in kinds["not connected"].message


def test_units_with_one_gradient_and_different_weights_are_not_symmetric():
    """All units of a linear layer that a sum follows get the same gradient."""
    model = keras.Sequential(
        [keras.Input((6,)), layers.Dense(8), layers.Dense(1, kernel_initializer="ones")]
    )
    diagnosis = diagnose(model)
    first = next(w for w in diagnosis.weights if w.shape == (6, 8))
    assert first.symmetric == 0
    assert diagnosis.verdict == "healthy"
