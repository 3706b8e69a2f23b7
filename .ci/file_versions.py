"""Which of this package's files open in which Keras, from the oldest to the newest.

    python .ci/file_versions.py            # compares with docs/file_versions.md
    python .ci/file_versions.py --write    # writes it
    python .ci/file_versions.py --kept ~/keras    # keeps the downloads there

Keras is plain Python, so another version comes first on the path, and all else stays as
it is installed here. Each version writes a model with a layer for each registered
scheme, and one for each of some layers of Keras, as `.keras`, `.h5` and JSON with
weights; and all of that once more by `portable`. Then each version reads what all of
them wrote: with this package in one process, and the portable files without it in
another. Weights are compared bit by bit.
"""

import argparse
import concurrent.futures
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "file_versions.md"
FORMATS = ("keras", "h5", "json")
MODES = ("package", "portable")
SCHEMES = "schemes"  # the model with a layer for each
SHOWN = {"keras": "`.keras`", "h5": "`.h5`", "json": "JSON"}

# ---- in a process of one version of Keras


def layer_for(initializer, shape):
    """A layer that all versions of Keras write alike, and its input's shape."""
    import keras

    if len(shape) == 1:
        layer = keras.layers.Conv1D(
            *shape, 1, kernel_initializer="zeros", bias_initializer=initializer
        )
        return layer, (1, 1)
    *window, inputs, outputs = shape
    if not window:
        layer = keras.layers.SimpleRNN(
            outputs, kernel_initializer=initializer, recurrent_initializer="zeros"
        )
        return layer, (1, inputs)
    convolution = getattr(keras.layers, f"Conv{len(window)}D")
    layer = convolution(outputs, window, kernel_initializer=initializer)
    return layer, (*window, inputs)


def of_schemes():
    """The model with a layer for each registered scheme, which has its name."""
    import keras

    import keras_inits
    from keras_inits.initializers import descriptions

    made = {name: descriptions.example_scheme(name) for name in keras_inits.names()}
    made["per_gate"] = keras_inits.per_gate("he_normal", 4)
    inputs, outputs = [], []
    for name, scheme in made.items():
        layer, shape = layer_for(scheme, scheme.example_shape)
        layer.name = name
        inputs.append(keras.Input(shape, name=f"{name}_in"))
        outputs.append(keras.layers.Flatten(name=f"{name}_out")(layer(inputs[-1])))
    return keras.Model(inputs, outputs, name=SCHEMES)


def of_layers():
    """A model for each of some layers of Keras, by its name."""
    import keras

    layers, start = keras.layers, {"kernel_initializer": "he_fan_in"}
    made = {
        "BatchNormalization": (layers.BatchNormalization(**gain()), (4, 6)),
        "Conv2D": (layers.Conv2D(3, 2, **start), (5, 4, 2)),
        "Conv2DTranspose": (layers.Conv2DTranspose(3, 2, **start), (5, 4, 2)),
        "Dense": (layers.Dense(3, **start), (4,)),
        "DepthwiseConv2D": (
            layers.DepthwiseConv2D(2, depthwise_initializer="he_fan_in"),
            (5, 4, 2),
        ),
        "EinsumDense": (layers.EinsumDense("abc,cd->abd", (None, 3), **start), (4, 6)),
        "Embedding": (
            layers.Embedding(7, 3, embeddings_initializer="keras_inits>he_normal"),
            (4,),
        ),
        "GRU": (layers.GRU(3, recurrent_initializer="zeros", **start), (4, 6)),
        "LayerNormalization": (layers.LayerNormalization(**gain()), (4, 6)),
        "LSTM": (layers.LSTM(3, recurrent_initializer="zeros", **start), (4, 6)),
    }
    found = {
        name: keras.Sequential([keras.Input(shape), layer], name=name)
        for name, (layer, shape) in made.items()
    }
    x = keras.Input((4, 6))
    attention = layers.MultiHeadAttention(2, 3, **start)
    return found | {
        "MultiHeadAttention": keras.Model(x, attention(x, x), name="MultiHeadAttention")
    }


def gain():
    """For layers that have one."""
    return {"gamma_initializer": "keras_inits>ones"}


def weights_of(model):
    """Each weight by its layer and place."""
    return {
        f"{layer.name}:{number}": weight
        for layer in model.layers
        for number, weight in enumerate(layer.get_weights())
    }


def write(folder):
    """Writes all models in all formats, as they are and portable."""
    import numpy as np

    import keras_inits

    for name, model in ({SCHEMES: of_schemes()} | of_layers()).items():
        np.savez(folder / f"{name}.npz", **weights_of(model))
        model.save_weights(folder / f"{name}.weights.h5")
        for form in FORMATS:
            path = folder / f"{name}.package.{form}"
            if form == "json":
                path.write_text(model.to_json())
            else:
                model.save(path)
            keras_inits.portable(path, folder / f"{name}.portable.{form}")


def reason(error):
    """Why Keras does not open a file, in a few words."""
    text = str(error)
    found = re.search(
        r"Unrecognized keyword arguments passed to (\w+): (\{.*?\})", text
    )
    if found:
        names = re.findall(r"'(\w+)':", found[2])
        return f"no {', '.join(f'`{n}`' for n in sorted(names))} there"
    return f"{type(error).__name__}: {text.strip().splitlines()[0][:80]}"


def opened(folder, name, mode, form):
    """For each layer with weights, whether the bits are those written; or a reason."""
    import keras
    import numpy as np

    path = folder / f"{name}.{mode}.{form}"
    try:
        if form == "json":
            model = keras.models.model_from_json(path.read_text())
            model.load_weights(folder / f"{name}.weights.h5")
        else:
            model = keras.saving.load_model(path)
    except Exception as error:  # of any kind: it is what is asked
        return {name: reason(error)}
    found, result = weights_of(model), {}
    with np.load(folder / f"{name}.npz") as kept:
        for key in kept:
            one, two = kept[key], found.get(key)
            same = two is not None and (one.shape, one.dtype) == (two.shape, two.dtype)
            same = same and one.tobytes() == two.tobytes()
            layer = key.partition(":")[0]
            if name != SCHEMES:
                layer = name
            if result.get(layer, "yes") == "yes":
                result[layer] = "yes" if same else "other weights"
    return result


def read(mode, folders):
    """What is found in the files of each writer."""
    if mode == "portable":
        sys.modules["keras_inits"] = None  # whoever imports it fails
    else:
        import keras_inits

        keras_inits.allow_functions("keras.ops")
    result = {}
    for folder in map(Path, folders):
        names = sorted(path.name[:-4] for path in folder.glob("*.npz"))
        for form in FORMATS:
            cells = {}
            for name in names:
                cells |= opened(folder, name, mode, form)
            result[f"{folder.name} {form}"] = cells
    return result


# ---- in the process that starts the others


def versions():
    """The minor versions of Keras, from the oldest that is supported to that here."""
    oldest = re.search(r"keras>=3\.(\d+)", (ROOT / "setup.cfg").read_text())[1]
    newest = importlib.metadata.version("keras").split(".")[1]
    return [f"3.{minor}" for minor in range(int(oldest), int(newest) + 1)]


def download(version, kept):
    """A folder with a version of Keras and nothing else; the newest is here."""
    target = kept / version
    if not target.exists():
        words = ["-m", "pip", "install", "--quiet", "--no-deps", "--target", target]
        words += ["--disable-pip-version-check", f"keras=={version}.*"]
        subprocess.run([sys.executable, *map(str, words)], check=True)
    return target


def process(library, *words):
    """What this program says in a process with a version of Keras."""
    path = os.pathsep.join(map(str, [*filter(None, [library]), ROOT]))
    environment = os.environ | {"PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "-P", __file__, *map(str, words)],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    if done.returncode:
        raise SystemExit(done.stderr[-4000:])
    return done.stdout


def measured(kept, work):
    """{(writer, reader, mode): {format: {layer: "yes" or a reason}}}."""
    every = versions()
    libraries = {version: download(version, kept) for version in every[:-1]}
    libraries[every[-1]] = None
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for version in every:
            (work / version).mkdir()
        list(pool.map(lambda v: process(libraries[v], "--writer", work / v), every))

        def one(reader, mode):
            folders = [work / writer for writer in every]
            said = process(libraries[reader], "--reader", mode, *folders)
            return reader, mode, json.loads(said.splitlines()[-1])

        jobs = [pool.submit(one, r, m) for r in every for m in MODES]
        found = {}
        for job in jobs:
            reader, mode, cells = job.result()
            for key, value in cells.items():
                writer, form = key.split()
                found.setdefault((writer, reader, mode), {})[form] = value
    return found


def cell(found, pairs, layer):
    """One cell: "yes", or what is found in which pairs, formats and modes."""
    said = {}
    for writer, reader in pairs:
        for mode in MODES:
            for form in FORMATS:
                answers = found[writer, reader, mode][form]
                answer = answers.get(layer, answers.get(SCHEMES, "not in it"))
                said.setdefault(answer, []).append(SHOWN[form])
    if len(said) == 1:
        (only,) = said
        return only if only == "yes" else f"no: {only}"
    return "; ".join(
        f"{', '.join(sorted(set(forms)))}: {answer}" for answer, forms in said.items()
    )


def table(head, rows):
    """Lines of Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def page(found):
    """The text of the page."""
    every = versions()
    newest = every[-1]
    some = found[newest, newest, "package"]["keras"]
    layers = sorted(name for name in some if name[0].isupper())
    schemes = sorted(name for name in some if name not in layers)
    columns = {
        f"{w} → {r}": [(w, r)] for w in reversed(every) for r in every if r < w
    } | {"older → same or newer": [(w, r) for w in every for r in every if r >= w]}

    def of_schemes(pair):
        good = sum(cell(found, [pair], name) == "yes" for name in schemes)
        return "yes" if good == len(schemes) else f"{good} of {len(schemes)}"

    between = [[f"written by {w}"] + [of_schemes((w, r)) for r in every] for w in every]
    rows = {
        name: [f"`{name}`", *(cell(found, pairs, name) for pairs in columns.values())]
        for name in [*layers, *schemes]
    }
    return TEXT.format(
        oldest=every[0],
        newest=newest,
        count=len(schemes),
        between=table(["files", *(f"read by {v}" for v in every)], between),
        layers=table(["layer", *columns], [rows[name] for name in layers]),
        schemes=table(["scheme", *columns], [rows[name] for name in schemes]),
    )


TEXT = """\
# Which files open in which Keras

<!-- Written by `python .ci/file_versions.py --write`. -->

Each minor version of Keras from {oldest} to {newest}, in its newest patch release, has
written a model with a layer for each of {count} schemes, and one for each of some
layers of Keras. Other processes have opened them: as they are, with this package, and
after `portable`, where the package cannot be imported. "Yes" means that the file opens
in all three formats (`.keras`, `.h5`, and JSON with a file of weights), both ways, and
that each weight has the bits that were written. The whole is measured in every run of
CI, which fails where an answer is another one.

## Schemes, between versions

In layers that all these versions write alike (`Conv1D` to `Conv3D`, `SimpleRNN`), a
newer Keras's files open in older ones, too.

{between}

## Layers of Keras

What stops an older Keras is not the scheme but an argument that the layer did not have
yet; Keras writes it into the file even where it is not used, and refuses what it does
not know. Neither this package nor `portable` takes such arguments out, as they may
mean something. To open a file in an older Keras, write it there, or build the model
there and load its weights from a `.weights.h5` file.

{layers}

## Each scheme

{schemes}
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", action="store_true", help="write the page")
    parser.add_argument("--kept", type=Path, help="folder for versions of Keras")
    parser.add_argument("--writer", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--reader", nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.writer:
        write(given.writer)
        return
    if given.reader:
        print(json.dumps(read(given.reader[0], given.reader[1:])))
        return
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder, "files")
        work.mkdir()
        kept = given.kept or Path(folder, "keras")
        kept.mkdir(parents=True, exist_ok=True)
        text = page(measured(kept, work))
    if given.write:
        PAGE.write_text(text, encoding="utf-8")
    elif text != PAGE.read_text(encoding="utf-8"):
        print(text)
        raise SystemExit(f"{PAGE} says something else: python {__file__} --write")


if __name__ == "__main__":
    main()
