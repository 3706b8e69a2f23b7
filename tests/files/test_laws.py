"""What takes a scheme's place draws from the scheme's distribution."""

import math

import keras
import numpy as np
import pytest

import keras_inits
from keras_inits.files.laws import law
from support.distributions import values
from support.scheme_examples import ALL

SHAPE = (3, 2, 50, 140)  # fan_in 300, fan_out 840
SIGMAS = 5 / math.sqrt(2 * math.prod(SHAPE))  # five standard errors of a normal std


def replaced(scheme, **where):
    """The initializer of Keras's own, or None."""
    found = law(scheme, **{"is_bias": False, "is_matrix": False} | where)
    if found is None:
        return None
    name, arguments = found
    cls = getattr(keras.initializers, name)
    seed = {"seed": 3} if hasattr(cls(), "seed") else {}
    return cls.from_config(arguments | seed)


def replaceable():
    """Schemes of which Keras has the distribution, in some geometry."""
    found = []
    for case in ALL:
        cls, example = case.values
        new = replaced(cls(**example.arguments))
        if new is not None and type(new).__name__ not in ("STFT", "Constant"):
            found.append(pytest.param(cls, example.arguments, new, id=case.id))
    return found


CASES = replaceable()


def test_enough_is_replaced_for_the_other_tests_to_mean_something():
    assert len({case.values[0] for case in CASES}) > 30


@pytest.mark.parametrize(("cls", "arguments", "new"), CASES)
def test_the_entries_are_distributed_alike(cls, arguments, new):
    """Std, mean and the largest entry, in a shape that was not asked for."""
    ours = cls(**arguments | ({"seed": 7} if cls.is_random else {}))
    first, second = values(ours(SHAPE)), values(new(SHAPE))
    std = ours.expected_std(SHAPE)
    assert abs(second.std() - std) <= SIGMAS * std
    assert abs(second.mean() - first.mean()) <= 10 * std / math.sqrt(first.size)
    assert kind(second) == kind(first)


def kind(drawn):
    """Uniform entries end at 1.73 std, those cut at two std at 2.27, others nowhere."""
    if not drawn.std():
        return "constant"
    reach = abs(drawn - drawn.mean()).max() / drawn.std()
    return "uniform" if reach < 2 else "truncated" if reach < 2.6 else "normal"


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        (keras_inits.HeNormal(), "HeNormal"),
        (keras_inits.HeUniform(), "HeUniform"),
        (keras_inits.HeUniformFanIn(), "HeUniform"),
        (keras_inits.GlorotNormal(), "GlorotNormal"),
        (keras_inits.XavierUniform(), "GlorotUniform"),
        (keras_inits.LecunNormal(), "LecunNormal"),
        (keras_inits.VarianceScaling(2.0, "fan_geo_avg"), None),
        (keras_inits.VarianceScaling(0.0), "Zeros"),
        (keras_inits.HeNormal(groups=4), "HeNormal"),  # which no fan_in counts
        (keras_inits.HeFanOut(groups=4), "VarianceScaling"),  # of a larger scale
        (keras_inits.HeNormal(gates=10**9), None),
        (keras_inits.HeNormal(kernel_format="depthwise"), None),
        (keras_inits.HeNormal(kernel_format="embedding"), "TruncatedNormal"),
        (keras_inits.HeNormal(input_axes=[-2], output_axes=[-1]), "HeNormal"),
        (keras_inits.HeNormal(input_axes=[0], output_axes=[1]), None),
        (keras_inits.TruncatedNormal(bound=1.0), None),
        (keras_inits.RandomUniform(-0.1, 0.3), "RandomUniform"),
        (keras_inits.Orthogonal(0.5), "Orthogonal"),
        (keras_inits.Orthogonal(gates=4), None),
        (keras_inits.Orthogonal(scale_to="variance"), None),
        (keras_inits.Identity(2.0), None),  # unless it is known to be a matrix
        (keras_inits.Ones(), "Ones"),
        (keras_inits.Constant([[1.0, 2.0]]), "Constant"),
        (keras_inits.Constant(math.nan), None),
        (keras_inits.NanFill(), None),
        (keras_inits.Stft("imag", "hamming"), "STFT"),
        (keras_inits.CenteredVarianceScaling(), None),
        (keras_inits.from_array(np.ones((2, 2), "float32")), None),
        (keras_inits.from_function("keras.ops:ones"), None),
    ],
    ids=repr,
)
def test_the_class_that_is_chosen(scheme, expected):
    new = replaced(scheme)
    assert (new and type(new).__name__) == expected


def test_an_identity_is_one_where_a_matrix_is_filled():
    new = replaced(keras_inits.Identity(2.0), is_matrix=True)
    np.testing.assert_array_equal(values(new((2, 3))), 2 * np.eye(2, 3))
    assert replaced(keras_inits.Identity(gates=2), is_matrix=True) is None


def test_an_array_is_kept():
    array = [[1.5, -2.0], [0.25, 8.0]]
    new = replaced(keras_inits.Constant(array))
    np.testing.assert_array_equal(values(new((2, 2))), array)


@pytest.mark.parametrize("gates", [1, 4])
def test_in_a_bias_the_vector_counts(gates):
    scheme = keras_inits.HeNormal(gates=gates)
    new = replaced(scheme, is_bias=True)
    std = scheme.expected_std((40_000,))
    five_sigma = 5 / math.sqrt(2 * 40_000)
    assert abs(values(new((40_000,))).std() / std - 1) < five_sigma


def test_a_scheme_of_ones_own_is_translated_by_what_it_draws():
    class Halves(keras_inits.Initializer):
        def entry_distribution(self, shape):
            return keras_inits.sampling.uniform(-0.5, 0.5)

    class Broken(keras_inits.Initializer):
        def entry_distribution(self, shape):
            raise OSError("anything")

    assert replaced(Halves()).get_config()["maxval"] == 0.5
    assert replaced(Broken()) is None


def test_a_scheme_whose_entries_are_changed_later_has_no_law():
    """Twin: `entry_distribution` alone would tell the wrong one."""

    class Rounded(keras_inits.HeNormal):
        def compute(self, shape, dtype, key, layout):
            return keras.ops.round(super().compute(shape, dtype, key, layout))

    assert replaced(keras_inits.HeNormal()) is not None
    assert replaced(Rounded()) is None


def test_every_named_law_of_keras_is_the_one_it_is_taken_for():
    """Keras's own arguments of `HeNormal` and others, from its own config."""
    from keras_inits.files.laws import NAMED

    for (scale, mode, distribution), name in NAMED.items():
        new = getattr(keras.initializers, name)()
        assert (new.scale, new.mode, new.distribution) == (scale, mode, distribution)
