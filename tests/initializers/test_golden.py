"""Drawn values never change: they equal those that are kept in `golden/`.

One file a scheme: for some shapes the first values, as a person reads them, and a hash
of the whole float32 tensor. Orthogonal kernels, products of matrices, have values
spread over the tensor instead, which hold within 1e-5. `python -m tests.golden --write`
writes the files.
"""

import copy
import hashlib
import json
from pathlib import Path

import keras
import numpy as np
import pytest

import keras_inits
from keras_inits.initializers import registry
from keras_inits.initializers.computed import Computed
from keras_inits.initializers.wrappers.base import Wrapper
from support.catalogue_examples import CATALOGUE
from support.scheme_examples import WRAPPERS, snake_case

FOLDER = Path(__file__).parents[1] / "golden"
SEED = 20_150_206
SHAPES = [(3,), (7, 5), (3, 3, 16, 8), (130, 70)]
AXES = {"input_axes": [-1], "output_axes": [0]}
ARGUMENTS = {  # besides the default ones
    "random_normal": [{"mean": 0.25, "stddev": 0.7}],
    "random_uniform": [{"minval": -0.1, "maxval": 0.7}],
    "truncated_normal": [{"mean": 0.25, "stddev": 0.7}, {"bound": 1.5}, {"bound": 3.0}],
    "variance_scaling": [
        {"distribution": "uniform"},
        {"distribution": "normal"} | AXES,
    ],
    "orthogonal": [{"gain": 1.7} | AXES],
}
FIRST = 6
TOLERANCE = 1e-5
CASES = [
    name
    for name in keras_inits.names()
    if (cls := registry.scheme(name)).is_random
    and cls.__module__.startswith("keras_inits.")
    and cls.__name__ not in WRAPPERS
]
CLASSIC = [name for name in CASES if name not in map(snake_case, CATALOGUE)]


def path(name):
    """The file of a scheme."""
    return FOLDER / f"{name}.json"


def load(name):
    """What the file of a scheme holds."""
    return json.loads(path(name).read_text(encoding="utf-8"))


def save(name, found):
    """Writes the file of a scheme."""
    path(name).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def described(kernel, exact):
    """The entry of one tensor."""
    assert kernel.dtype == np.float32
    if not exact:
        spread = kernel.ravel()[:: max(1, kernel.size // 50)]
        return {"spread": [round(float(value), 7) for value in spread]}
    little_endian = kernel.astype("<f4").tobytes()
    return {
        "first": [str(value) for value in kernel.ravel()[:FIRST]],
        "sha256": hashlib.sha256(little_endian).hexdigest(),
    }


def tried(name, exact):
    """Arguments and shapes that a scheme's file keeps."""
    examples = CATALOGUE.get({snake_case(n): n for n in CATALOGUE}.get(name), [])
    if examples:
        for arguments, _, shape, _, small in examples:
            yield arguments, small
            yield arguments, shape
        return
    for arguments in [{}, *ARGUMENTS.get(name, [])]:
        for shape in SHAPES if exact else SHAPES[1:]:
            if len(shape) > 1 or "input_axes" not in arguments:
                yield arguments, shape


def record(name, change=lambda kernel: kernel):
    """What a scheme draws now; `change` spoils it, for the twin."""
    found = []
    exact = name != "orthogonal" and not issubclass(
        registry.scheme(name), Computed | Wrapper
    )
    for arguments, shape in tried(name, exact):
        initializer = keras_inits.get(name, **(arguments | {"seed": SEED}))
        kernel = keras.ops.convert_to_numpy(initializer(shape, dtype="float32"))
        entry = described(change(np.array(kernel)), exact)
        found.append({"arguments": arguments, "shape": list(shape)} | entry)
    return found


def agree(found, kept):
    """Whether two records tell of the same values."""
    found, kept = copy.deepcopy(found), copy.deepcopy(kept)
    if len(found) != len(kept):
        return False
    for one, other in zip(found, kept, strict=True):
        near = np.array(one.pop("spread", [])), np.array(other.pop("spread", []))
        if near[0].shape != near[1].shape or abs(near[0] - near[1]).max(initial=0) > (
            TOLERANCE
        ):
            return False
    return found == kept


@pytest.mark.parametrize("name", CASES)
def test_a_scheme_draws_what_it_always_drew(name):
    found, kept = record(name), load(name)
    if not agree(found, kept):
        assert found == kept  # shows where they differ


def test_every_file_is_of_a_scheme_that_draws():
    assert {file.stem for file in FOLDER.glob("*.json")} == set(CASES)


@pytest.mark.parametrize("name", ["he_normal", "random_uniform"])
def test_one_bit_of_the_last_value_is_noticed(name):
    """Twin: beyond the values that are written out, the hash tells."""

    def spoil(kernel):
        kernel.ravel()[-1] = np.nextafter(kernel.ravel()[-1], np.float32(1))
        return kernel

    assert agree(record(name), load(name))
    assert not agree(record(name, spoil), load(name))


def test_a_small_rotation_of_an_orthogonal_kernel_is_noticed():
    """Twin: of a ten-thousandth; a rounding of a millionth is not."""
    kept = load("orthogonal")
    assert agree(record("orthogonal", lambda kernel: kernel * (1 + 1e-6)), kept)
    assert not agree(record("orthogonal", lambda kernel: kernel + 1e-4), kept)


SUBNORMAL = {"float16": 2**-24}  # the distance of its smallest numbers
DIGITS = {"float16": 11, "bfloat16": 8, "float64": 24}


def far_from_kept(name, dtype, kept):
    """Whether a draw in another type is not the kept float32 values, rounded."""
    shape = [7, 5]
    (entry,) = [e for e in kept if e["shape"] == shape and e["arguments"] == {}]
    single = np.array(entry.get("spread") or entry["first"]).astype("float64")
    slack = TOLERANCE if "spread" in entry else SUBNORMAL.get(dtype, 0.0)
    drawn = keras_inits.get(name, seed=SEED)(shape, dtype=dtype)
    drawn = keras.ops.convert_to_numpy(keras.ops.cast(drawn, "float32"))
    difference = abs(drawn.ravel()[: len(single)] - single)
    assert len(single) >= FIRST
    return bool((difference > 1.01 * 2.0 ** -DIGITS[dtype] * abs(single) + slack).any())


@pytest.mark.parametrize("dtype", DIGITS)
def test_other_types_round_the_kept_values(dtype):
    """Within one unit of the type's last place."""
    for name in CLASSIC:
        assert not far_from_kept(name, dtype, load(name)), name


@pytest.mark.parametrize("dtype", DIGITS)
def test_other_kept_values_are_noticed(dtype):
    """Twin: one of the values is two units of the type's last place away."""
    kept = load("he_fan_in")
    changed = 1 + 2 ** (2 - DIGITS[dtype])
    for entry in kept:
        entry["first"][-1] = str(float(entry["first"][-1]) * changed)
    assert far_from_kept("he_fan_in", dtype, kept)
    with pytest.raises(ValueError, match="not enough values"):
        far_from_kept("he_fan_in", dtype, [])
