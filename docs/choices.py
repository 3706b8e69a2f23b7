"""Writes what `choosing.md` offers: `python docs/choices.py [--check]`.

For each activation, kind of layer and normalization a small model is built, and what
`initialize(model, "auto")` gives its middle kernel is the line to type. The table of
the page and the data of its three selects are made of these, and a test compares them.
"""

import argparse
import itertools
import json
import sys
from pathlib import Path
from typing import Any

import keras
from keras import layers

import keras_inits
from keras_inits.initializers import descriptions

FOLDER = Path(__file__).parent
PAGE, DATA = FOLDER / "choosing.md", FOLDER / "_static" / "choices.js"
NORMS = {
    "none": "none",
    "before": "before the kernel (pre-norm)",
    "after": "between kernel and activation",
}
STRINGS = {  # the plain name that comes nearest to each activation's variance
    **dict.fromkeys(["relu", "leaky_relu", "gelu", "silu", "mish", "elu"], "he_fan_in"),
    "selu": "lecun_normal",
    **dict.fromkeys(["tanh", "softsign", "sigmoid"], "xavier_uniform"),
    "softplus": "he_fan_in",
    "linear": "xavier_uniform",
}
KINDS: dict[str, dict[str, Any]] = {  # what "auto" reads, and how the layer is typed
    "Dense": {"input": (64,), "type": "Dense(256{act}, kernel_initializer={it})"},
    "Conv2D": {
        "input": (8, 8, 16),
        "type": "Conv2D(64, 3{act}, kernel_initializer={it})",
    },
    "DepthwiseConv2D": {
        "input": (8, 8, 16),
        "type": "DepthwiseConv2D(3{act}, depthwise_initializer={it})",
        "geometry": 'kernel_format="depthwise"',
    },
    "Conv2DTranspose": {
        "input": (4, 4, 16),
        "type": "Conv2DTranspose(64, 4, strides=2{act}, kernel_initializer={it})",
        "geometry": 'kernel_format="transpose", stride=4',
    },
}
FIXED = {  # kinds whose line no activation and no normalization changes
    "last Dense": 'Dense(10, kernel_initializer="xavier_uniform")',
    "MultiHeadAttention": "MultiHeadAttention(8, 32, "
    'kernel_initializer="xavier_uniform")',
    "LSTM": "LSTM(64, kernel_initializer=keras_inits.XavierUniform(gates=4), "
    "recurrent_initializer=keras_inits.Orthogonal(gates=4))",
    "GRU": "GRU(64, kernel_initializer=keras_inits.XavierUniform(gates=3), "
    "recurrent_initializer=keras_inits.Orthogonal(gates=3))",
    "Embedding": 'Embedding(1000, 64, embeddings_initializer="embedding_normal")',
}
WHY = {
    "none": "The string's variance is not quite what this activation asks for. "
    "In a few layers that does no harm; in many it adds up.",
    "before": "The normalization sets the size anew before every kernel, so errors "
    "do not add up: the string will do.",
    "after": "The normalization takes the size of the kernel away: the string will do.",
    "mean": "This activation's outputs have a mean that outweighs their spread. In "
    "more than a few layers only kernels whose weights sum to zero tell samples apart.",
    "geometry": "A bare string would count the wrong axes of this kernel as inputs, "
    "so there is no string for it. initialize() counts right by itself.",
    "fixed": "This does not depend on activation and normalization.",
}
START, END = "<!-- written by docs/choices.py -->\n", "<!-- to here -->\n"


def _hidden(kind: str, units: int, name: str) -> keras.Layer:
    made = {
        "Dense": lambda: layers.Dense(units, name=name),
        "Conv2D": lambda: layers.Conv2D(units, 3, padding="same", name=name),
        "DepthwiseConv2D": lambda: layers.DepthwiseConv2D(3, padding="same", name=name),
        "Conv2DTranspose": lambda: layers.Conv2DTranspose(
            units, 4, strides=2, padding="same", name=name
        ),
    }
    return made[kind]()


def network(kind: str, activation: str, norm: str) -> keras.Model:
    """Three layers of a kind in a row, and a head; the middle one is `middle`."""
    shape = KINDS[kind]["input"]
    parts: list[keras.Layer] = [keras.Input(shape)]
    for name in ("first", "middle", "last"):
        if norm == "before":
            parts.append(layers.LayerNormalization())
        parts.append(_hidden(kind, shape[-1], name))
        if norm == "after":
            parts.append(layers.BatchNormalization())
        parts.append(layers.Activation(activation))
    return keras.Sequential([*parts, layers.Flatten(), layers.Dense(10, name="head")])


def advised(kind: str, activation: str, norm: str) -> keras_inits.Initializer:
    """What "auto" gives the middle kernel, its numbers rounded to four digits."""
    model = network(kind, activation, norm)
    rules = keras_inits.recommend(model).rules
    scheme = next(
        scheme
        for pattern, scheme in rules.items()
        if pattern == "*" or "middle" in str(pattern)
    )
    config = {
        key: float(f"{value:.4g}") if isinstance(value, float) else value
        for key, value in scheme.get_config().items()
    }
    return type(scheme).from_config(config)


def written_scheme(scheme: keras_inits.Initializer, geometry: str = "") -> str:
    """A scheme as one types it: the string where it needs no argument."""
    if isinstance(scheme, keras_inits.GlorotUniform):  # the same law, and shorter
        scheme = keras_inits.XavierUniform()
    name = keras.saving.get_registered_name(type(scheme)).removeprefix("keras_inits>")
    if not geometry and not scheme.get_config():
        return f'"{descriptions.layer_string(name)}"'
    text = repr(scheme).replace("scale=", "")
    inside = [part for part in (text.partition("(")[2][:-1], geometry) if part]
    return f"keras_inits.{type(scheme).__name__}({', '.join(inside)})"


def line(kind: str, activation: str, norm: str, scheme: str) -> str:
    """The layer as one types it; what follows a normalization has its own layer."""
    inside = norm != "after" and activation != "linear"
    act = f', activation="{activation}"' if inside else ""
    return "keras.layers." + KINDS[kind]["type"].format(act=act, it=scheme)


def choices() -> dict[str, dict[str, str]]:
    """From kind, activation and norm to the line as a string, exactly, and why."""
    found: dict[str, dict[str, str]] = {}
    for kind, activation, norm in itertools.product(KINDS, STRINGS, NORMS):
        geometry = KINDS[kind].get("geometry", "")
        scheme = advised(kind, activation, norm)
        exact = written_scheme(scheme, geometry)
        string = f'"{descriptions.layer_string(STRINGS[activation])}"'
        lines = {"exact": line(kind, activation, norm, exact)}
        if geometry:
            lines["why"] = WHY["geometry"]
        elif exact != string:
            lines["string"] = line(kind, activation, norm, string)
            lines["why"] = WHY["mean" if "Centered" in exact else norm]
            if norm == "after":
                lines["why"] = WHY[norm]
        found[f"{kind}|{activation}|{norm}"] = lines
    for kind, typed in FIXED.items():
        found[kind] = {"exact": f"keras.layers.{typed}", "why": WHY["fixed"]}
    return found


def table() -> str:
    """The page's table of activations, for layers whose kernel is (..., in, out)."""
    rows = ["| activation | the string | exact |", "|---|---|---|"]
    for activation, name in STRINGS.items():
        string = descriptions.layer_string(name)
        exact = written_scheme(advised("Dense", activation, "none"))
        behind = written_scheme(advised("Dense", activation, "before"))
        rows.append(f'| {activation} | `"{string}"` | `{exact}` |')
        if behind != exact:
            what = f"{activation}, with a normalization before each kernel"
            rows.append(f'| {what} | `"{string}"` | `{behind}` |')
    return "\n".join(rows) + "\n"


def script(found: dict[str, dict[str, str]]) -> str:
    """The data as a script, since a page opened from a disk may fetch nothing."""
    data = {
        "layers": [*KINDS, *FIXED],
        "activations": list(STRINGS),
        "normalizations": NORMS,
        "lines": found,
    }
    text = json.dumps(data, indent=1)
    return f"// Written by docs/choices.py.\nwindow.kerasInitsChoices = {text};\n"


def written(page: str) -> str:
    """The page with the table in the place of the one that it has."""
    before, _, rest = page.partition(START)
    return f"{before}{START}\n{table()}\n{END}{rest.partition(END)[2]}"


def main() -> int:
    """Writes page and data, or says whether they are as they should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    old = PAGE.read_text(encoding="utf-8")
    wanted = {PAGE: written(old), DATA: script(choices())}
    changed = [
        path
        for path, text in wanted.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    if not check:
        for path in changed:
            path.write_text(wanted[path], encoding="utf-8")
    return int(check and bool(changed))


if __name__ == "__main__":
    sys.exit(main())
