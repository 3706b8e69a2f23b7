"""Arguments to try every scheme with, and the distribution it should then follow.

The distributions are the published formulas, written here once more and on their own: a
kernel (*window, inputs, outputs) has fan_in = window · inputs and fan_out = window ·
outputs, and entries of variance scale / n, n being a fan or a mean of both.
"""

import inspect
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import keras_inits
from support.catalogue_examples import CATALOGUE, CATALOGUE_FIXED
from support.catalogue_rows import Missing, Spread
from support.distributions import Fixed, Normal, Orthonormal, Truncated, Uniform

SHAPE, FANS = (3, 3, 40, 455), (360, 4095)
SMALL = (3, 2, 5, 4)
AXES = {"input_axes": [2], "output_axes": [1, 3]}
AXES_SHAPE, AXES_FANS = (5, 8, 40, 91), (200, 3640)  # the window is axis 0
SHARED = (  # (*window, outputs, channels): the window is shared out among four
    {"kernel_format": "transpose", "batch_axes": [-1], "groups": 2, "stride": 4},
    *((3, 5, 910, 40), (15 / 4, 15 * 455), (3, 2, 6, 4)),
)
FUSED = (  # (*window, outputs, inputs)
    {"kernel_format": "transpose", "gates": 2},
    *((3, 5, 182, 40), (600, 15 * 91), (3, 2, 6, 4)),
)
ARRAY = [[1.5, -2.0, 3.0], [0.25, 5.0, -6.0]]


class Example(NamedTuple):
    """Arguments, and what they should give."""

    arguments: dict[str, Any]
    distribution: Callable[[int, int], Any]  # of fan_in and fan_out
    shape: tuple = SHAPE
    fans: tuple = FANS
    small: tuple = SMALL


def normal(variance):
    """Not truncated, variance a function of both fans."""
    return lambda i, o: Normal(0.0, math.sqrt(variance(i, o)))


def truncated(variance):
    """Cut at two std, with the variance after the cut."""
    return lambda i, o: Truncated.with_std(math.sqrt(variance(i, o)))


def uniform(variance):
    """Symmetric, with the variance."""
    return lambda i, o: Uniform.with_std(math.sqrt(variance(i, o)))


def always(distribution):
    """A distribution that asks for no fans."""
    return lambda i, o: distribution


def kernel(*distributions, **arguments):
    """Defaults, the argument off its default, and true axes.

    Args:
        distributions: One with default arguments, and one with `arguments` if there are
            any.
        arguments: Off their defaults.
    """
    examples = [Example({}, distributions[0])]
    if arguments:
        examples.append(Example(arguments, distributions[1]))
    last = examples[-1]
    return [
        *examples,
        Example(last.arguments | AXES, last.distribution, AXES_SHAPE, AXES_FANS),
    ]


def slope(distribution, fan):
    """He's variance for ReLU and for a slope of 0.5: 2 / ((1 + 0.25) · fan)."""
    return kernel(
        distribution(lambda *fans: 2 / fans[fan]),
        distribution(lambda *fans: 1.6 / fans[fan]),
        negative_slope=0.5,
    )


def xavier(distribution):
    """Glorot and Bengio's distribution with gain 1 and 5/3."""
    return kernel(
        distribution(lambda i, o: 2 / (i + o)),
        distribution(lambda i, o: 50 / 9 / (i + o)),
        gain=5 / 3,
    )


N_OF = {
    "fan_in": lambda i, o: i,
    "fan_out": lambda i, o: o,
    "fan_avg": lambda i, o: (i + o) / 2,
    "fan_geo_avg": lambda i, o: math.sqrt(i * o),
}
FAMILY = {"normal": normal, "truncated_normal": truncated, "uniform": uniform}


def scaled(scale, mode, distribution):
    """One member of the variance-scaling family."""
    found = FAMILY[distribution](lambda i, o: scale / N_OF[mode](i, o))
    arguments = {"scale": scale, "mode": mode, "distribution": distribution}
    return Example(arguments, found)


EXAMPLES = {
    "Zeros": [Example({}, always(Fixed(np.zeros(()))))],
    "Ones": [Example({}, always(Fixed(np.ones(()))))],
    "Constant": [
        Example({"value": 0.3}, always(Fixed(np.array(0.3)))),
        Example(
            {"value": ARRAY}, always(Fixed(np.array(ARRAY))), (2, 3), (2, 3), (2, 3)
        ),
    ],
    "Identity": [
        Example({}, always(Fixed(np.eye(40, 91))), (40, 91), (40, 91), (4, 6)),
        Example(
            {"gain": 1.7},
            always(Fixed(1.7 * np.eye(91, 40))),
            (91, 40),
            (91, 40),
            (6, 4),
        ),
        Example(
            {"gain": 1.7, "gates": 3},
            always(Fixed(1.7 * np.tile(np.eye(40, 31), 3))),
            (40, 93),
            (40, 31),
            (4, 6),
        ),
    ],
    "RandomUniform": [
        Example({}, always(Uniform(-0.05, 0.05))),
        Example({"minval": -0.1, "maxval": 0.7}, always(Uniform(-0.1, 0.7))),
    ],
    "RandomNormal": [
        Example({}, always(Normal(0.0, 0.05))),
        Example({"mean": 0.2, "stddev": 0.7}, always(Normal(0.2, 0.7))),
    ],
    "StandardNormal": [Example({}, always(Normal(0.0, 1.0)))],
    "TruncatedNormal": [
        Example({}, always(Truncated(0.0, 0.05, 2.0))),
        Example(
            {"mean": 0.3, "stddev": 0.7, "bound": 1.1}, always(Truncated(0.3, 0.7, 1.1))
        ),
    ],
    "VarianceScaling": [
        *(scaled(1.7, mode, distribution) for mode in N_OF for distribution in FAMILY),
        *(
            Example(scaled(1.7, mode, "normal").arguments | cut, distribution, *fans)
            for cut, *fans in [SHARED, FUSED]
            for mode in ("fan_in", "fan_out")
            for distribution in [scaled(1.7, mode, "normal").distribution]
        ),
        Example(
            scaled(0.4, "fan_avg", "uniform").arguments | AXES,
            scaled(0.4, "fan_avg", "uniform").distribution,
            AXES_SHAPE,
            AXES_FANS,
        ),
    ],
    "XavierUniform": xavier(uniform),
    "XavierNormal": xavier(normal),
    "HeFanIn": slope(normal, 0),
    "HeFanOut": slope(normal, 1),
    "HeUniformFanIn": slope(uniform, 0),
    "HeUniformFanOut": slope(uniform, 1),
    "KaimingNormal": slope(normal, 0),
    "KaimingUniform": slope(uniform, 0),
    "HeNormal": kernel(truncated(lambda i, o: 2 / i)),
    "HeUniform": kernel(uniform(lambda i, o: 2 / i)),
    "GlorotNormal": kernel(truncated(lambda i, o: 2 / (i + o))),
    "GlorotUniform": kernel(uniform(lambda i, o: 2 / (i + o))),
    "LecunNormal": kernel(truncated(lambda i, o: 1 / i)),
    "LecunUniform": kernel(uniform(lambda i, o: 1 / i)),
    "TorchDefault": kernel(lambda i, o: Uniform(-1 / math.sqrt(i), 1 / math.sqrt(i))),
    "Orthogonal": [
        Example({}, always(Orthonormal(1.0))),
        Example({"gain": 1.7}, always(Orthonormal(1.7)), (2, 3, 91, 40)),
        Example(
            {"gain": 0.6} | AXES,
            always(Orthonormal(0.6, columns=(1, 3))),
            (3, 4, 40, 11),
        ),
        Example(  # 40 inputs with their window of 3, 480 outputs
            {"gain": 0.6, "scale_to": "variance"} | AXES,
            always(Orthonormal(1.2, columns=(1, 3))),
            (3, 48, 40, 10),
        ),
    ],
}

CLASSIC = set(EXAMPLES)  # which need no argument
EXAMPLES |= {
    name: [Example(*case) for case in cases] for name, cases in CATALOGUE.items()
}
WRAPPERS = {"Blocks", "FromArray", "FromFunction", "Masked", "Scaled"}

EXPORTED = {
    name: getattr(keras_inits, name) for name in keras_inits.initializers.__all__
}
SCHEMES = {
    name: cls
    for name, cls in EXPORTED.items()
    if isinstance(cls, type) and name not in WRAPPERS
}
FIXED = {"Zeros", "Ones", "Constant", "Identity"} | CATALOGUE_FIXED
KERNEL = {
    name for name, list_ in EXAMPLES.items() if "input_axes" in list_[-1].arguments
}


def _cases(names):
    return [
        pytest.param(SCHEMES[name], example, id=f"{name}-{number}")
        for name in names
        if name in SCHEMES
        for number, example in enumerate(EXAMPLES[name])
    ]


def snake_case(name):
    """The registered name of a class."""
    words = "".join(f"_{c.lower()}" if c.isupper() else c for c in name)
    return words.lstrip("_").replace("normal02", "normal_02")


def _distinct(cases):
    """The first of the cases that differ in arguments alone, which only scale values.

    What is left has another scheme, family of distributions, matrices or shape.
    """
    found = {}
    for case in cases:
        cls, example = case.values
        distribution = example.distribution(*example.fans)
        columns = getattr(distribution, "columns", None)
        kind = type(distribution), columns, example.arguments.get("gates")
        found.setdefault((cls, kind, example.small), case)
    return list(found.values())


ALL = _cases(EXAMPLES)
RANDOM = _cases(name for name in EXAMPLES if name not in FIXED)
EACH, EACH_RANDOM = _distinct(ALL), _distinct(RANDOM)
# Of these, entries that are drawn one by one, or a matrix at once.
INDEPENDENT = [
    case
    for case in EACH_RANDOM
    if not isinstance(case.values[1].distribution(1, 1), Spread | Missing)
]
BARE = [  # which need no argument
    name
    for name, cls in SCHEMES.items()
    if inspect.Parameter.empty not in cls._arguments.values()
]
FIRST = [pytest.param(SCHEMES[name], id=name) for name in EXAMPLES if name in SCHEMES]


def arguments_of(cls):
    """The arguments that a scheme names itself, without those that it passes on."""
    parameters = inspect.signature(cls).parameters.values()
    return {p.name for p in parameters if p.kind is not p.VAR_KEYWORD}


def make(cls, example, seed=None):
    """The initializer of an example; `seed` where the scheme draws."""
    arguments = dict(example.arguments)
    if cls.__name__ not in FIXED and seed is not None:
        arguments["seed"] = seed
    return cls(**arguments)
