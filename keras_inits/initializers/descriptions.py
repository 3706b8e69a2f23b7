"""Texts about the registered schemes, made from their names and docstrings."""

import ast
import inspect
import math
import re
from typing import Any

import keras
import numpy as np

from keras_inits.initializers import registry
from keras_inits.initializers.base import Initializer


def layer_string(name: str) -> str:
    """What a layer's `kernel_initializer` is given to mean the scheme of this name.

    Args:
        name: One of `keras_inits.names()`.

    Returns:
        The bare name, or `keras_inits>name` where Keras has one of that name.

    Raises:
        ValueError: If no scheme has the name.

    Examples:
    >>> from keras_inits.initializers.descriptions import layer_string
    >>> layer_string("he_fan_in"), layer_string("he_normal")
    ('he_fan_in', 'keras_inits>he_normal')
    """
    cls = registry.scheme(name)
    bare = keras.saving.get_custom_objects().get(name) is cls
    return name if bare else f"{registry.PACKAGE}>{name}"


def usage(name: str) -> str:
    """One line to paste: a layer, or a variable, that the scheme of this name fills.

    Args:
        name: One of `keras_inits.names()`.

    Raises:
        ValueError: If no scheme has the name.
    """
    cls = registry.scheme(name)
    text = f'"{layer_string(name)}"'
    if cls.usage_arguments:
        text = f'keras_inits.get("{name}", {cls.usage_arguments})'
    elif "Variable" in cls.usage:
        text = f'keras_inits.get("{name}")'
    return cls.usage.format(text)


def usage_with_arguments(name: str) -> str:
    """One line to paste: the scheme of this name with an argument.

    Args:
        name: One of `keras_inits.names()`.

    Returns:
        A call of `keras_inits.get`, or "" where the scheme takes no arguments.

    Raises:
        ValueError: If no scheme has the name.

    Examples:
    >>> from keras_inits.initializers.descriptions import usage_with_arguments
    >>> usage_with_arguments("he_fan_in")
    'keras_inits.get("he_fan_in", negative_slope=0.0)'
    """
    cls = registry.scheme(name)
    if cls.usage_arguments:
        return f'keras_inits.get("{name}", {cls.usage_arguments})'
    for parameter in inspect.signature(cls).parameters.values():
        own = parameter.kind is not parameter.VAR_KEYWORD and parameter.name != "seed"
        if own and parameter.default is not parameter.empty:
            return f'keras_inits.get("{name}", {parameter.name}={parameter.default!r})'
    return f'keras_inits.get("{name}", seed=7)' if cls.is_random else ""


def by_family() -> dict[str, list[str]]:
    """The registered names, sorted, under the families of their schemes.

    Examples:
    >>> from keras_inits.initializers.descriptions import by_family
    >>> by_family()["sparse"]
    ['sparse']
    """
    found: dict[str, list[str]] = {}
    for name in registry.names():
        found.setdefault(registry.scheme(name).family, []).append(name)
    return dict(sorted(found.items()))


def example_scheme(name: str, seed: int = 7) -> Initializer:
    """The scheme of this name, with what it cannot do without.

    Args:
        name: One of `keras_inits.names()`.
        seed: For schemes that draw.

    Raises:
        ValueError: If no scheme has the name.
    """
    cls = registry.scheme(name)
    arguments = _keywords(f"made({cls.usage_arguments})")
    if "seed" in cls._arguments:
        arguments["seed"] = seed
    return cls(**arguments)


def example(name: str, seed: int = 7) -> np.ndarray:
    """What the scheme of this name draws in its example's shape, as float64.

    Args:
        name: One of `keras_inits.names()`.
        seed: For schemes that draw.

    Raises:
        ValueError: If no scheme has the name.

    Examples:
    >>> from keras_inits.initializers.descriptions import example
    >>> example("affine_identity").tolist()[:6]
    [1.0, 0.0, 0.0, 0.0, 0.0, 1.0]
    """
    scheme = example_scheme(name, seed)
    drawn = scheme(scheme.example_shape, dtype="float32")
    return np.array(keras.ops.convert_to_numpy(drawn), dtype="float64")


def _keywords(call: str) -> dict[str, Any]:
    """The arguments of a call, which are literals or products of lists."""
    parsed = ast.parse(call, mode="eval").body
    assert isinstance(parsed, ast.Call)
    found: dict[str, Any] = {}
    for keyword in parsed.keywords:
        found[str(keyword.arg)] = _literal(keyword.value)
    return found


def _literal(node: ast.expr) -> Any:
    if isinstance(node, ast.BinOp):
        return _literal(node.left) * _literal(node.right)
    if isinstance(node, ast.List):
        return [_literal(member) for member in node.elts]
    return ast.literal_eval(node)


def example_matrix(name: str, drawn: np.ndarray) -> np.ndarray | None:
    """An example as a matrix of inputs, and window, by outputs; None for a vector."""
    if drawn.ndim < 2:
        return None
    first = 1 if name == "mimetic" else drawn.ndim - 1
    return drawn.reshape(math.prod(drawn.shape[:first]), -1)


# Names of the same laws in other frameworks and in papers; arguments may differ.
ELSEWHERE = {
    "bert": ["truncated_normal_02"],
    "caffe2_xavier": ["variance_scaling"],
    "deepnet": ["deepnorm"],
    "eye": ["identity"],
    "fixed": ["constant"],
    "glorot": ["xavier_normal", "xavier_uniform"],
    "gpt": ["gpt2_residual", "small_init", "wang_init"],
    "hippo": ["hippo_legs"],
    "irnn": ["identity"],
    "kaiming": ["he_fan_in", "he_fan_out"],
    "lora": ["lora_a", "lora_b"],
    "magneto": ["sub_ln"],
    "mamba": ["log_uniform_step", "s4d"],
    "msra": ["he_fan_in", "he_uniform_fan_in"],
    "msra_prelu": ["he_fan_in"],
    "np_rnn": ["positive_definite_rnn"],
    "pixelshuffle": ["icnr"],
    "rezero": ["zeros"],
    "saxe": ["orthogonal"],
    "skip_init": ["zeros"],
    "spatial_transformer": ["affine_identity"],
    "uniform_unit_scaling": ["variance_scaling"],
    "unitary": ["orthogonal"],
    "zero_init": ["hadamard_zero", "zeros"],
}


def found(word: str) -> list[str]:
    """The registered names that a word finds, sorted.

    It may be a part of a name or a family, a word of a docstring, or what another
    framework calls a scheme.

    Args:
        word: Upper case means the same, and a hyphen or space the same as "_".

    Examples:
    >>> from keras_inits.initializers.descriptions import found
    >>> "he_fan_in" in found("msra"), found("sub-pixel")
    (True, ['icnr'])
    """
    plain = re.sub(r"[^a-z0-9]+", "_", word.lower()).strip("_")
    here = {name for name in ELSEWHERE.get(plain, []) if name in registry.names()}
    for name in registry.names():
        cls = registry.scheme(name)
        # "Use for" names other schemes, too: those to take instead.
        said = re.sub(r"^Use for: (.+\n)+", "", inspect.getdoc(cls) or "", flags=re.M)
        text = f"{name} {cls.family} {said}".lower()
        if plain and plain in re.sub(r"[^a-z0-9]+", "_", text):
            here.add(name)
    return sorted(here)


def sections(cls: type) -> dict[str, str]:
    """The parts of a scheme's docstring by their headings.

    Args:
        cls: A class with a docstring in the package's style.

    Returns:
        The first paragraph under "", and what stands under `Formula:`, `Args:`,
        `Reference:` and the like, without the heading.
    """
    first, *rest = re.split(r"\n\n+", inspect.getdoc(cls) or "")
    parts = {"": " ".join(first.split())}
    heading = ""
    for paragraph in rest:
        match = re.match(r"([A-Z][a-z]+(?: [a-z]+)?):\s", paragraph)
        if match:
            heading = match.group(1)
            parts[heading] = paragraph[match.end() :]
        elif heading:
            parts[heading] += "\n\n" + paragraph
    return parts
