"""Changes of configs and of archives that keep most of their form.

Bytes changed at random are mostly no JSON, and no archive, since that has checksums. So
a config is changed as a tree, and an archive is packed anew around a changed config; a
part of all changes is left to bytes, for the readers of both.
"""

import copy
import io
import json
import math
import warnings
import zipfile

NUMBERS = [None, True, False, 0, -1, 1, 2, 3, 7, 10**9, -(2**63), 2**64, 10**30]
NUMBERS += [0.5, -0.5, 1e-320, 1e308, -1e308, 1e150, math.nan, math.inf, -math.inf]
TEXTS = ["", "x", "\x00", "\ud800", "é" * 40, "x" * 3000, "1e999", "None", "../x"]
TEXTS += [
    "bait",
    "bait:ran",
    "os",
    "os:system",
    "subprocess:run",
    "this",
]
TEXTS += ["keras.ops:ones", "keras.utils:get_file", "builtins", "eval", "function"]
TEXTS += ["__numpy__", "__tensor__", "__lambda__", "__bytes__", "__slice__"]
TEXTS += ["__keras_tensor__", "__typespec__", "__ellipsis__", "SeedGenerator"]
TEXTS += ["float32", "bfloat16", "int8", "S2000000000", "U900000000", "object", "V9"]
TEXTS += ["fan_in", "fan_avg", "truncated_normal", "uniform", "gelu", "HWIO", "OIHW"]
TEXTS += ["keras", "keras.initializers", "keras.layers", "keras.random", "keras.saving"]
TEXTS += ["keras_inits", "keras_inits>", "keras_inits>nothing", "Dense", "Ones"]
LISTS = [[], [0], [-1], [1, 2], [[1.0, 2.0], [3.0]], [10**9] * 4, [None], [[]], ["x"]]
LISTS += [[0.5] * 3, [-2], [0, 1], [-2, -1], {}, {"a": 1}, {"class_name": "Ones"}]
SPECIAL = [
    {"class_name": "__numpy__", "config": {"value": [0, 0], "dtype": "S900000000"}},
    {"class_name": "__tensor__", "config": {"value": [1.0], "dtype": "float32"}},
    {"class_name": "__lambda__", "config": {"value": "4wEAAAA="}},
    {"class_name": "function", "config": "system", "module": "os"},
    {"class_name": "function", "config": "he_fan_in", "module": "builtins"},
    {"class_name": "SeedGenerator", "config": {"seed": 7}, "module": "keras.random"},
    {"class_name": "Ran", "config": {}, "module": "bait", "registered_name": "Ran"},
]
KEYS = ["class_name", "config", "module", "registered_name", "build_config", "seed"]
KEYS += ["compile_config", "shared_object_id", "initializer", "function", "value"]
KEYS += ["dtype", "input_axes", "output_axes", "groups", "gates", "shape", "unknown"]


def places(value):
    """(container, key) of all that is inside, without calling itself."""
    found, rest = [], [value]
    while rest:
        one = rest.pop()
        if isinstance(one, dict | list):
            keys = list(one) if isinstance(one, dict) else range(len(one))
            found += [(one, key) for key in keys]
            rest += [one[key] for key in keys]
    return found


def _any(generator, pool):
    kind = generator.randrange(8)
    if kind < 5:
        return generator.choice((NUMBERS, NUMBERS, TEXTS, TEXTS, LISTS)[kind])
    return generator.choice(pool if pool and kind < 7 else SPECIAL)


def _replace(container, key, generator, pool):
    container[key] = copy.deepcopy(_any(generator, pool))


def _remove(container, key, generator, pool):
    del container[key]


def _add(container, key, generator, pool):
    new = copy.deepcopy(_any(generator, pool))
    if isinstance(container, list):
        container.insert(key, new)
    else:
        container[generator.choice(KEYS)] = new


def _move(container, key, generator, pool):
    if isinstance(container, dict):
        container[generator.choice([*KEYS, *container])] = container.pop(key)
    else:
        container.append(container[key])


def _wrap(container, key, generator, pool):
    name = generator.choice(["scaled", "blocks", "masked", "per_gate", "icnr"])
    arguments = {"initializer": container[key], "factor": 2.0, "parts": 2, "gates": 2}
    kept = generator.sample(sorted(arguments), 2)
    container[key] = {
        "module": "keras_inits",
        "class_name": name,
        "config": {"initializer": container[key]} | {k: arguments[k] for k in kept},
        "registered_name": f"keras_inits>{name}",
    }


def _deepen(container, key, generator, pool):
    for _ in range(generator.choice([1, 2, 60, 300])):
        is_list = generator.random() < 0.7
        container[key] = [container[key]] if is_list else {"config": container[key]}


def _adjust(container, key, generator, pool):
    value = container[key]
    if isinstance(value, str):
        container[key] = value + generator.choice(["", "x", ">", ".", value * 3])
    elif isinstance(value, int | float):
        container[key] = value * generator.choice([-1, 0, 2, 0.5, 1000, 1e200])
    else:
        _replace(container, key, generator, pool)


CHANGES = [_replace] * 5 + [_adjust] * 3 + [_remove, _add, _add, _move, _wrap, _deepen]


def change(value, generator, pool):
    """A config with a few changes.

    Args:
        value: What JSON holds; it is not changed.
        generator: A `random.Random`.
        pool: Configs to take parts of.
    """
    box = [copy.deepcopy(value)]
    for _ in range(generator.choice([1, 1, 2, 4])):
        found = places(box)
        container, key = found[generator.randrange(len(found))]
        if container is box and generator.random() < 0.9:
            container, key = found[generator.randrange(len(found))]
        generator.choice(CHANGES)(container, key, generator, pool)
        if not box:
            box.append(None)
    return box[0]


def change_text(text, generator, pool, change_bytes):
    """JSON with a few changes, or where it is none, other bytes."""
    try:
        if generator.random() < 0.9:
            return json.dumps(change(json.loads(text), generator, pool)).encode()
    except (ValueError, RecursionError):
        pass
    return change_bytes(text)


def _rewritten(archive, generator, pool, change_bytes):
    new = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(new, "w") as target:
        warnings.simplefilter("ignore")  # a name that is there twice
        for member in archive.infolist():
            content = archive.read(member)
            if member.filename == "config.json":
                content = change_text(content, generator, pool, change_bytes)
            if generator.random() < 0.05:
                continue
            if generator.random() < 0.05:
                member.filename = generator.choice([*TEXTS, "config.json", "../../x"])
            packing = generator.choice([0, 0, 8, 12, 14])
            target.writestr(member.filename or "x", content, packing)
            if generator.random() < 0.05:
                target.writestr(member.filename or "x", content)
    return new.getvalue()


def change_archive(data, generator, pool, change_bytes):
    """An archive around a changed config, or other bytes."""
    try:
        if generator.random() < 0.6:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                return _rewritten(archive, generator, pool, change_bytes)
    except Exception:  # whatever a damaged archive is to zipfile
        pass
    return change_bytes(data)


def change_h5(data, generator, pool, change_bytes):
    """An HDF5 file whose config, which it holds as text, has changed in place."""
    start = data.find(b'{"')
    if generator.random() < 0.5 or start < 0:
        return change_bytes(data)
    stop = data.find(b"\x00", start)
    text = change_text(data[start:stop], generator, pool, change_bytes)
    text = text[: stop - start].ljust(stop - start)
    return data[:start] + text + data[stop:]
