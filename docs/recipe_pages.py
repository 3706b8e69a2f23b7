"""A page for each recipe, from what it does to a small model: `site(folder)`."""

import functools
import inspect
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import keras
import matplotlib
from keras import layers

import evidence
import keras_inits
from docstrings import described
from keras_inits import recipes

matplotlib.use("Agg")
from matplotlib import pyplot

BLOCKS, WIDTH, TOKENS = 8, 24, 50
WIDE = 96  # beside a base of WIDTH
OWN, OURS = ("#767676", "the layers' own start"), ("#1f4e79", "the recipe")


class Factor(layers.Layer):
    """A trained factor of a branch."""

    def build(self, shape: Any) -> None:
        self.factor = self.add_weight(shape=(), initializer="ones", name="factor")

    def call(self, x: Any) -> Any:
        return x * self.factor


def network(
    blocks: int,
    norm: str = "before",
    alpha: float = 1.0,
    factors: bool = False,
    attends: bool = True,
    width: int = WIDTH,
) -> keras.Model:
    """A language model of residual blocks.

    Args:
        blocks: How many.
        norm: "before" each branch, "after" each sum, "inside" too, or "".
        alpha: What the stream is multiplied by.
        factors: Whether a trained factor multiplies each branch.
        attends: Whether blocks attend, or are a perceptron alone.
        width: Of the stream.
    """
    normalize = layers.LayerNormalization
    tokens = keras.Input((16,), dtype="int32")
    x = layers.Embedding(TOKENS, width, name="tokens")(tokens)
    for block in range(blocks):
        for kind in ("attention", "mlp") if attends else ("mlp",):
            y = normalize()(x) if norm in ("before", "inside") else x
            if kind == "mlp":
                y = layers.Dense(3 * width, "gelu", name=f"first_{block}")(y)
            else:
                attention = layers.MultiHeadAttention(3, width // 3)
                y = attention(y, y)
            if norm == "inside":
                y = normalize()(y)
            if kind == "mlp" or norm == "inside":
                y = layers.Dense(width, name=f"{kind}_last_{block}")(y)
            x = x * alpha + (Factor()(y) if factors else y)
            x = normalize()(x) if norm == "after" else x
    x = normalize()(x) if norm in ("before", "inside") else x
    return keras.Model(tokens, layers.Dense(TOKENS, name="head")(x))


class Kind(NamedTuple):
    """A recipe's network, in words and as a function of the blocks."""

    words: str
    build: Callable[..., keras.Model]
    arguments: Mapping[str, Any] = MappingProxyType({})


# Of recipes with a base, how many blocks that has at most.
BESIDE = {"mup": BLOCKS, "completep": 1}
CLAIMS = {"completep": "completep"}  # by recipe, what was measured in training
USUAL = Kind("a pre-norm Transformer", network)
KINDS = {
    "deepnorm": Kind(
        "a post-norm Transformer whose stream is multiplied by (2L)^¼",
        lambda blocks: network(blocks, "after", (2 * blocks) ** 0.25),
    ),
    "fixup": Kind(
        "a residual perceptron without normalization",
        functools.partial(network, norm="", attends=False),
    ),
    "mimetic": USUAL._replace(arguments={"seed": 0}),
    "rezero": Kind(
        "a Transformer whose branches have a trained factor",
        functools.partial(network, norm="", factors=True),
    ),
    "sub_ln": Kind(
        "a Transformer that normalizes twice in each branch",
        functools.partial(network, norm="inside"),
    ),
    "t_fixup": Kind(
        "a Transformer without normalization", functools.partial(network, norm="")
    ),
}


def names() -> list[str]:
    """The recipes of one model: functions, but for the coordinate check."""
    return [
        name
        for name in recipes.__all__
        if inspect.isfunction(getattr(recipes, name)) and name != "coordinate_check"
    ]


def rules_of(name: str, blocks: int) -> tuple[keras.Model, Any]:
    """A network of the recipe's kind, and its rules for it."""
    kind = KINDS.get(name, USUAL)
    model = kind.build(blocks)
    arguments = kind.arguments
    if name in BESIDE:
        base = network(min(blocks, BESIDE[name]))
        model, arguments = network(blocks, width=WIDE), {"base_model": base}
    return model, getattr(recipes, name)(model, **arguments)


def sizes(model: keras.Model, ends: set[str]) -> tuple[list[float], list[float]]:
    """Rms of what each branch adds to the stream, and of the gradient by it."""
    records = keras_inits.diagnose(model, try_fixes=False).records
    shown = [r for r in records if r.gradient is not None and ends & {*r.weights}]
    return [r.out.rms for r in shown], [r.gradient.rms for r in shown]


def draw(name: str, path: Path) -> str:
    """Draws what the layers' own start and the recipe's give; returns it in words."""
    keras.utils.set_random_seed(0)
    model, rules = rules_of(name, BLOCKS)
    lasts = ("last of branch", "attention output")
    ends = {one for one, part in rules.parts().items() if str(part) in lasts}
    figure, axes = pyplot.subplots(1, 2, figsize=(7.2, 2.6), layout="constrained")
    told = []
    for color, label in (OWN, OURS):
        if label == OURS[1]:
            keras_inits.initialize(model, rules, seed=0)
        found = sizes(model, ends)
        for axis, values in zip(axes, found, strict=True):
            # Zeros are not to be seen on a logarithmic axis.
            seen = [value or float("nan") for value in values]
            axis.plot(range(1, len(seen) + 1), seen, ".-", color=color, label=label)
        told.append(f"{label}: the last branch adds {found[0][-1]:.2g} (rms)")
    titles = "rms of what a branch adds", "rms of the gradient by it"
    for axis, title in zip(axes, titles, strict=True):
        axis.set(yscale="log", xlabel="branch", title=title)
    figure.legend(
        *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2
    )
    figure.savefig(path)
    pyplot.close(figure)
    return "; ".join(told)


def measured(name: str, folder: Path) -> list[str]:
    """What the recipe's claim measured in training, with its picture."""
    if name not in CLAIMS:
        return []
    kept = json.loads((evidence.RESULTS / "claims.json").read_text("utf-8"))["claims"]
    (one,) = (claim for claim in kept if claim["name"] == CLAIMS[name])
    said = f"{one['setting']}. Here {one['quantity']}: {one['ours']:.3g}."
    shown = "\n".join(evidence.picture(one["plot"], folder, f"{name}_trained"))
    return ["## After a few steps", shown, said[0].upper() + said[1:]]


def page(name: str, folder: Path) -> str:
    """The page of a recipe; its picture goes into the folder."""
    words = KINDS.get(name, USUAL).words
    if name in BESIDE:
        words += f" of width {WIDE}, beside one of {WIDTH}"
    if name == "completep":
        words += " and one block"
    _, rules = rules_of(name, 2)
    said = draw(name, folder / f"{name}.svg")
    return "\n\n".join(
        [
            f"# {name}",
            described(getattr(recipes, name)),
            f"## On {words}",
            f"Two blocks of width {WIDE if name in BESIDE else WIDTH}:",
            f"```text\n{rules}\n```",
            "The same as Python:",
            f"```python\n{rules.code()}\n```",
            f"## {BLOCKS} blocks before training",
            f"![{said}]({name}.svg)",
            f"Measured by `diagnose` on random tokens. {said[0].upper()}{said[1:]}. "
            "[When to use which, and what it does not do](../recipes.md).",
            *measured(name, folder),
        ]
    )


def site(folder: Path) -> None:
    """Writes the pages and their index."""
    own = folder / "recipes"
    own.mkdir(exist_ok=True)
    for name in names():
        (own / f"{name}.md").write_text(page(name, own) + "\n", encoding="utf-8")
    listed = "\n".join(names())
    text = f"# Each recipe\n\n```{{toctree}}\n{listed}\n```\n"
    (own / "index.md").write_text(text, encoding="utf-8")
