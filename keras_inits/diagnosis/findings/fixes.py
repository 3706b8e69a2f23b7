"""Fixes as code: what to type so that a finding goes away.

Drawing the whole model anew mends most. What that leaves is named beside it:
biases and gains that start where their layer puts them, branches without a scale,
heads, data. What no weight can fix is said in a comment.
"""

import itertools
import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from keras_inits.diagnosis import thresholds as limits
from keras_inits.diagnosis.derived import biased, head, kernels
from keras_inits.diagnosis.features import FeatureRecord
from keras_inits.diagnosis.report import LayerRecord, Report
from keras_inits.geometry.roles import Role
from keras_inits.signals.losses import COMPILED

SETS_WEIGHTS = "keras_inits."  # how a fix begins that sets weights, and nothing else
Rules = dict[tuple[str, ...], str]  # from paths to schemes, as code
# Odd, of slope one at zero and flatter elsewhere.
LIKE_TANH = ("tanh", "hard_tanh", "softsign")
# What keeps the signal's variance through tanh lets its gradient grow by 8 % a layer:
# by a factor of 25 in this many.
DEEP = 40
FAR_FEATURES = 10.0  # size of a head's input that is not the head's fault
FAR_BIAS = 3.0  # by the signal, that a new drawing sets to zero, too
MOST_BIASES = 8  # that are named one by one


def initialize(rules: Rules, only: bool = False) -> str:
    """A call of `keras_inits.initialize`.

    Args:
        rules: For what "auto" does not set right; those without paths are left out.
        only: Whether nothing else is set.
    """
    rules = {paths: scheme for paths, scheme in rules.items() if paths}
    if not rules:
        return "keras_inits.initialize(model, seed=0)"
    lines = [f"{_pattern(paths)}: {scheme}" for paths, scheme in rules.items()]
    if not only:
        lines.append('"*": "auto"')
    include = f", include={_pattern(itertools.chain(*rules))}" if only else ""
    return f"keras_inits.initialize(model, {{{', '.join(lines)}}}, seed=0{include})"


def _pattern(paths: Iterable[str]) -> str:
    texts = [json.dumps(path) for path in paths]
    return texts[0] if len(texts) == 1 else f"({', '.join(texts)})"


def _zero_gains(diagnosis: Report) -> tuple[str, ...]:
    """Gains of zero that get no gradient: nothing will open them."""
    return tuple(
        w.path
        for w in diagnosis.weights
        if w.role == Role.GAIN
        and w.zero
        and w.gradient is not None
        and w.gradient.rms == 0
    )


def _far_biases(diagnosis: Report) -> tuple[str, ...]:
    """Biases that decide what units or gates do, whatever the data are."""
    paths = [
        path for one in biased(diagnosis) if one.value >= FAR_BIAS for path in one.paths
    ]
    shut = {
        path
        for r in diagnosis.records
        if r.gates is not None and r.gates >= limits.GATES_WARNING
        for path in r.weights
    }
    paths += [
        w.path
        for w in diagnosis.weights
        if w.path in shut and w.role == Role.BIAS and w.rms > FAR_BIAS
    ]
    return _named(paths, diagnosis)


def _named(paths: Sequence[str], diagnosis: Report) -> tuple[str, ...]:
    """Paths of biases; of many, a pattern for all, unless some belong to gates."""
    distinct = tuple(dict.fromkeys(paths))
    gated = any(w.role == Role.RECURRENT for w in diagnosis.weights)
    by_name = all(path.endswith("/bias") for path in distinct)
    short = len(distinct) > MOST_BIASES and by_name and not gated
    return ("*/bias",) if short else distinct


def redrawn(diagnosis: Report) -> str:
    """The whole model drawn anew, far biases at zero, dead gains at one."""
    return initialize(
        {
            _far_biases(diagnosis): '"zeros"',
            _zero_gains(diagnosis): '"ones"',
        }
    )


def without_biases(diagnosis: Report, paths: Sequence[str]) -> str:
    """Biases set to zero, and nothing else."""
    return initialize({_named(paths, diagnosis): '"zeros"'}, only=True)


def for_large_signals(diagnosis: Report) -> Any:
    """Residual branches closed, so that no sum grows; without any, drawn anew.

    Returns:
        A function from the paths of the kernels that end residual branches to the fix:
        `judged` looks for them if a finding needs it, and puts the fix in words.
    """

    def fix(ends: tuple[str, ...]) -> str:
        return initialize({ends: '"zeros"'}) if ends else redrawn(diagnosis)

    return fix


def _between(diagnosis: Report, activations: Sequence[str]) -> int:
    """How many kernels are fed by one of some activations."""
    return sum(
        any(diagnosis.records[i].activation in activations for i in r.parents)
        for r in kernels(diagnosis)
    )


def for_large_gradients(diagnosis: Report) -> Any:
    """Slope one on the way back in deep stacks of nonlinearities like tanh."""
    recurrent = any(w.role == Role.RECURRENT for w in diagnosis.weights)
    if not recurrent and _between(diagnosis, LIKE_TANH) > DEEP:
        return 'keras_inits.initialize(model, "lecun_normal", seed=0)'
    return for_large_signals(diagnosis)


def _logits(diagnosis: Report) -> LayerRecord | None:
    """The record of the last kernel, whose output the head squashes."""
    ends = head(diagnosis)
    found = [r for r in kernels(diagnosis) if r.index in ends]
    return found[-1] if found else None


def smaller_head(diagnosis: Report, size: float) -> str:
    """The head's kernel, drawn so that logits are below one; its far biases at zero.

    Where features are far too large, what makes them so is mended instead.

    Args:
        diagnosis: Of the model.
        size: Root mean square of what the head squashes.
    """
    last = _logits(diagnosis)
    if last is not None and (last.input_rms or 0.0) > FAR_FEATURES:
        raw = [f for f in diagnosis.features if f.rms > limits.DATA_LARGE]
        if raw:
            return standardized(raw[0].number, len(diagnosis.features))
        return for_large_signals(diagnosis)
    own = [w for w in diagnosis.weights if last is not None and w.path in last.weights]
    kernel = next((w for w in own if w.role == Role.KERNEL), None)
    if kernel is None:  # a tied embedding, or a layer of somebody else
        return redrawn(diagnosis)
    rules: Rules = {}
    biases = [w for w in own if w.role == Role.BIAS]
    shift = max((w.rms for w in biases), default=0.0)
    if shift > 1:
        rules[tuple(w.path for w in biases)] = '"zeros"'
    rest = math.sqrt(max(size**2 - shift**2, 0.0))
    if rest > 1:
        std = f"{kernel.rms / (2 * rest):.1g}"
        rules[kernel.path,] = f"keras_inits.RandomNormal(stddev={std})"
    return initialize(rules, only=True) if rules else redrawn(diagnosis)


def changed(number: int, count: int, code: str) -> str:
    """An input changed.

    Args:
        number: Which input.
        count: How many there are.
        code: What it becomes, with {} for what it is.
    """
    if count == 1:
        return "x = " + code.replace("{}", "x")
    return (
        f"parts = keras.tree.flatten(x); p = parts[{number}]; "
        f"parts[{number}] = {code.replace('{}', 'p')}; "
        "x = keras.tree.pack_sequence_as(x, parts)"
    )


def standardized(number: int, count: int) -> str:
    """Every feature of an input of mean 0 and variance 1.

    Args:
        number: Which input.
        count: How many there are.
    """
    return changed(number, count, "({} - {}.mean(0)) / ({}.std(0) + 1e-12)")


def kept(feature: FeatureRecord, count: int, which: str) -> str:
    """Some columns of a table, and the model's input for as many.

    Args:
        feature: The input; of rank 2, else the fix is a sentence.
        count: How many inputs there are.
        which: Which columns stay, as code, with {} for the input.
    """
    if len(feature.shape) != 2:
        return "# leave them out of the input and of the model's Input"
    code = changed(feature.number, count, f"{{}}[:, {which}]")
    taken = "x" if count == 1 else f"parts[{feature.number}]"
    return f"{code}\nkeras.Input(({taken}.shape[1],))  # in place of the model's"


def finite(feature: FeatureRecord | None, count: int) -> str:
    """An input without nan and infinity."""
    return changed(feature.number if feature else 0, count or 1, "np.nan_to_num({})")


def scaled_loss(diagnosis: Report) -> str:
    """A loss scale, which training adapts."""
    compiled = diagnosis.loss_kind == COMPILED
    optimizer = "model.optimizer" if compiled else "keras.optimizers.Adam()"
    loss = "model.loss" if compiled else "loss"
    return (
        "model.compile(keras.optimizers.LossScaleOptimizer("
        f"{optimizer}), {loss})  # or "
        'keras.config.set_dtype_policy("mixed_bfloat16") before the model is made'
    )
