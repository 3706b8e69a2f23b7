"""LoRA's factors as matrices: where layers keep them, and each method's formula."""

import collections
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from keras_inits.geometry.roles import Role
from keras_inits.graph.weights import WeightInfo
from keras_inits.models.transfer.common import gaussian, on_host

FROM_KERNEL = ("pissa", "olora", "mica")
SMALL = 10.0  # what divides both factors of "orthogonal", as in peft


class Adapter(NamedTuple):
    """A layer whose LoRA is enabled.

    Attributes:
        layer: The layer.
        a: Its first factor, (*inputs, rank): the kernel's axes but the last.
        b: Its second, (rank, outputs).
        kernel: The frozen kernel or table; None where it is quantized.
    """

    layer: Any
    a: WeightInfo
    b: WeightInfo
    kernel: WeightInfo | None

    @property
    def rank(self) -> int:
        return self.a.shape[-1]

    @property
    def scale(self) -> float:
        """By which the layer multiplies A·B."""
        return float(self.layer.lora_alpha) / float(self.layer.lora_rank)

    def product(self) -> np.ndarray:
        """What the factors add to the kernel now, as a matrix."""
        a = on_host(self.a.variable).reshape(-1, self.rank)
        return self.scale * a @ on_host(self.b.variable)


def adapters(infos: Sequence[WeightInfo]) -> list[Adapter]:
    """The layers of a model whose LoRA is enabled, in their order."""
    by_layer: dict[int, dict[str, WeightInfo]] = collections.defaultdict(dict)
    for info in infos:
        role = info.weight.role
        is_table = info.name in ("kernel", "embeddings")
        if role in (Role.LORA_A, Role.LORA_B):
            by_layer[id(info.layer)][role] = info
        elif is_table and role in (Role.KERNEL, Role.EMBEDDING):
            by_layer[id(info.layer)]["kernel"] = info
    return [
        Adapter(own[Role.LORA_A].layer, own[Role.LORA_A], own[Role.LORA_B], kernel)
        for own in by_layer.values()
        if Role.LORA_A in own and Role.LORA_B in own
        for kernel in [own.get("kernel")]
    ]


def signed(vectors: np.ndarray) -> np.ndarray:
    """Columns whose largest entry is positive: their signs mean nothing else."""
    largest = np.abs(vectors).argmax(axis=0)
    signs = np.sign(vectors[largest, np.arange(vectors.shape[1])])
    return vectors * np.where(signs == 0, 1, signs)


def _random(method: str, one: Adapter, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rank, outputs = one.b.shape
    inputs = math.prod(one.a.shape[:-1])
    if method == "gaussian":
        a = gaussian(seed, one.a.path, "A", (inputs, rank)) / rank
        return a, np.zeros((rank, outputs))
    q, r = np.linalg.qr(gaussian(seed, one.a.path, "Q", (rank, rank)))
    q = q * np.sign(np.diag(r))  # Haar, whatever signs the routine prefers
    left = gaussian(seed, one.a.path, "A", (inputs, rank // 2))
    right = gaussian(seed, one.b.path, "B", (rank // 2, outputs))
    return left @ q[0::2] / SMALL, q[1::2].T @ right / SMALL


def factors(
    method: str, one: Adapter, kernel: np.ndarray | None, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """The two factors, (inputs, rank) and (rank, outputs), by any method but "eva".

    Args:
        method: As in `lora`.
        one: The layer.
        kernel: What the layer multiplies its inputs with, (inputs, outputs); needed by
            the methods that decompose it.
        seed: The model's.
    """
    rank = one.rank
    if kernel is None or method not in FROM_KERNEL:
        return _random(method, one, seed)
    if method == "olora":
        # Of the transposed kernel, which is what the paper's code decomposes.
        q, r = np.linalg.qr(kernel.T)
        return r[:rank].T / one.scale**0.5, q[:, :rank].T / one.scale**0.5
    u, values, vt = np.linalg.svd(kernel, full_matrices=False)
    if method == "mica":  # Keras's kernels are transposed: outputs are on the right
        return np.zeros((len(kernel), rank)), signed(vt[-rank:].T).T
    roots = np.sqrt(values[:rank] / one.scale)
    return u[:, :rank] * roots, roots[:, None] * vt[:rank]
