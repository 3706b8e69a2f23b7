"""Which LoRA layers a method sets, and why it cannot set others."""

import math
from collections.abc import Sequence
from typing import Any

import keras

from keras_inits.graph.weights import WeightInfo
from keras_inits.models.plan import refuse
from keras_inits.models.selection import Selection
from keras_inits.models.transfer.adapters import (
    FROM_KERNEL,
    Adapter,
    adapters,
)

METHODS = {
    "gaussian": "A random, B zero",
    "orthogonal": "both random, A·B zero",
    "pissa": "the kernel's leading singular vectors",
    "olora": "of the kernel's QR decomposition",
    "mica": "B the kernel's last output directions, A zero",
    "eva": "A the leading directions of the inputs, B zero",
}
RANDOM = ("gaussian", "orthogonal")


def _problem(method: str, one: Adapter) -> str:
    """Why a method cannot set a layer; "" if it can."""
    owner = f"{one.a.path.rpartition('/')[0] or one.layer.name!r}"
    rank, scale = one.rank, one.scale
    if method == "orthogonal" and rank % 2:
        return (
            "'orthogonal' gives half of the directions to A and half to B, so the "
            f"rank must be even. Received: rank {rank} in {owner}."
        )
    if not scale > 0:
        return (
            "lora_alpha / lora_rank multiplies A·B and must be > 0. Received: "
            f"{scale:g} in {owner}."
        )
    most = min(math.prod(one.a.shape[:-1]), one.b.shape[-1])
    if method in FROM_KERNEL and rank > most:
        return (
            f"{method!r} takes {rank} directions of a kernel that has {most} in "
            f"{owner}. Use a smaller rank there, or method='gaussian'."
        )
    if one.kernel is None and (method in FROM_KERNEL or one.product().any()):
        return (
            f"The kernel of {owner} is quantized, so {method!r} cannot change or "
            "decompose it. Set the factors before model.quantize(), or use "
            "method='gaussian' on factors that are not trained yet."
        )
    if method != "eva":
        return ""
    if isinstance(one.layer, keras.layers.Embedding):
        return (
            "'eva' asks which directions inputs vary in, and those of an Embedding are "
            f"indices. Received: {owner}. Name it by `exclude`."
        )
    if isinstance(one.layer, keras.layers.EinsumDense):
        terms, result = one.layer.equation.replace(" ", "").split("->")
        summed = terms[-1] not in result
        if summed or one.a.weight.geometry.axes(one.a.shape)[2]:
            return (
                "'eva' has no formula for kernels with batch axes, or whose last axis "
                f"is summed over. Received: {one.layer.equation!r} in {owner}. Name it "
                "by `exclude`."
            )
    return ""


def chosen_layers(
    infos: Sequence[WeightInfo], include: Any, exclude: Any, method: str
) -> tuple[list[Adapter], dict[str, str]]:
    """The layers to set, and why the others are not, by path of A.

    Raises:
        ValueError: If there are none, or the method cannot set one of them.
    """
    found = adapters(infos)
    if not found:
        raise ValueError(
            "`model` must have layers whose LoRA is enabled. Received: a model without "
            "any. Call layer.enable_lora(rank) on its Dense, EinsumDense, Embedding or "
            "Conv layers, or model.enable_lora(rank) on a keras_hub backbone. Nothing "
            "was written."
        )
    selection = Selection(include, exclude)
    refuse(selection.problems(infos))
    whys = selection.left_alone(infos, ())
    chosen = [one for one in found if one.a.path not in whys]
    problems = [_problem(method, one) for one in chosen]
    if not chosen:
        listed = ", ".join(sorted({whys[one.a.path] for one in found}))
        problems = [
            f"Every LoRA layer is left alone ({listed}). Name what to set by `include`."
        ]
    refuse([problem for problem in problems if problem])
    return chosen, whys
