"""`lora`: sets the factors of enabled LoRA layers, and leaves the model's function."""

from typing import Any

import keras
import numpy as np

from keras_inits._utils import checks
from keras_inits._utils.types import Seed
from keras_inits.graph.weights import WeightInfo, weights_of
from keras_inits.models.assign import all_or_nothing
from keras_inits.models.plan import refuse
from keras_inits.models.report import InitializationReport, kept_row
from keras_inits.models.transfer.adapters import (
    Adapter,
    factors,
)
from keras_inits.models.transfer.common import (
    as_stored,
    checked_seed,
    on_host,
    row,
)
from keras_inits.models.transfer.inputs import leading_inputs
from keras_inits.models.transfer.lora_layers import METHODS, RANDOM, chosen_layers
from keras_inits.signals.samples import sample


def _new(
    method: str,
    one: Adapter,
    seed: int,
    given: np.ndarray | None,
) -> list[tuple[WeightInfo, Any]]:
    """The weights of a layer that change, and their values."""
    before = one.product()
    has_product = bool(before.any())
    kernel = None
    if one.kernel is not None:
        kernel = on_host(one.kernel.variable).reshape(before.shape) + before
    if given is None:
        a, b = factors(method, one, kernel, seed)
    else:
        a, b = given, np.zeros(one.b.shape)
    stored = [
        (one.a, as_stored(one.a, a.reshape(one.a.shape))),
        (one.b, as_stored(one.b, b)),
    ]
    changes = has_product or method in ("pissa", "olora")
    if kernel is not None and one.kernel is not None and changes:
        # Of the factors as they are stored: their rounding is taken off, too.
        a, b = (on_host(value) for _, value in stored)
        rest = kernel - one.scale * a.reshape(-1, one.rank) @ b
        rest = rest.reshape(one.kernel.shape)
        stored.append((one.kernel, as_stored(one.kernel, rest)))
    return stored


def _forget_programs(model: keras.Model) -> None:
    """Has `predict` and the like compiled again: older programs know no LoRA."""
    for name in ("train_function", "test_function", "predict_function"):
        if getattr(model, name, None) is not None:
            setattr(model, name, None)


def lora(
    model: keras.Model,
    method: str = "gaussian",
    data: Any = None,
    *,
    include: Any = None,
    exclude: Any = None,
    seed: Seed = None,
) -> InitializationReport:
    """Sets the factors A and B of layers whose LoRA is enabled; the outputs stay.

    Such a layer multiplies its inputs with W + s·A·B, where W is frozen and s =
    lora_alpha / lora_rank; A has the kernel's axes but the last, which is the rank r;
    B is (r, outputs). The rank is the layers' own.

    - "gaussian": A ~ N(0, 1/r²), B zero.
    - "orthogonal": A = G·Q₀/10 and B = Q₁ᵀ·H/10, with the even and the odd rows of one
      random orthogonal r × r matrix, and G, H standard normal. A·B = 0 and neither is.
    - "pissa": the r largest singular values of W, shared out evenly: A = U·√(Σ/s), B =
      √(Σ/s)·Vᵀ; the frozen kernel becomes W − s·A·B.
    - "olora": A = Rᵀ/√s and B = Qᵀ/√s, the first r rows and columns of Wᵀ = QR; the
      frozen kernel becomes W − s·A·B.
    - "mica": B is the r output directions of the smallest singular values of W, A zero.
    - "eva": A is the r leading right singular vectors of the layer's inputs over
      `data`, those of all calls where it is shared; B zero. Ranks are not shared out
      anew.

    Where A·B is not zero before, as after training, it is merged into the kernel first:
    W here is what the layer multiplies with. A frozen kernel of low precision rounds
    what it becomes, and so changes the outputs by as much.

    Args:
        model: A built model.
        method: One of the above.
        data: Data as `calibrate` takes it, for "eva" only.
        include: A pattern, or a list of them, as in `initialize`: only layers of which
            one names the factor A.
        exclude: A pattern, or a list of them: not these.
        seed: Of "gaussian" and "orthogonal": int, or None for another one at each call.

    Returns:
        An `InitializationReport` of the factors, and of the kernels that changed.

    Raises:
        ValueError: With nothing written: no layer has LoRA enabled, or none is chosen;
            an odd rank for "orthogonal"; a rank beyond the kernel's; a quantized kernel
            for a method that changes or decomposes it; `data` is missing for "eva",
            given to another method, or does not reach a layer.

    Examples:
    >>> import keras, keras_inits, numpy as np
    >>> model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(6)])
    >>> x = np.ones((2, 8), "float32")
    >>> before = model.predict(x, verbose=0)
    >>> model.layers[0].enable_lora(2, lora_alpha=8)
    >>> report = keras_inits.lora(model, "pissa")
    >>> [row.path for row in report.rows]
    ['dense[0]/lora_kernel_a', 'dense[0]/lora_kernel_b', 'dense[0]/kernel']
    >>> bool(np.allclose(model.predict(x, verbose=0), before, atol=1e-5))
    True

    Reference: Hu et al. (2021), arXiv 2106.09685; Meng et al. (2024), "PiSSA", arXiv
    2404.02948; Büyükakyüz (2024), "OLoRA", arXiv 2406.01775; Paischer et al. (2024),
    "EVA", arXiv 2410.07170; the other three as in the library peft.
    """
    checks.choice("method", method, METHODS, meaning="how LoRA's factors start")
    used = checked_seed("lora", seed)
    if (data is None) == (method == "eva"):
        raise ValueError(
            "`data` is what 'eva' measures inputs on, and no other method. Received: "
            f"data={'None' if data is None else 'some'} with method={method!r}. "
            "Type lora(model, 'eva', x_train), or leave data out."
        )
    infos = weights_of(model)
    chosen, whys = chosen_layers(infos, include, exclude, method)
    given: dict[str, tuple[np.ndarray, str]] = {}
    if method == "eva":
        given = leading_inputs(model, sample(model, data), chosen)
        refuse(
            [
                f"The inputs of {one.layer.name!r} were not seen: no call of the model "
                "on `data` reaches it, or a loop of the backend's does. Name it by "
                "`exclude`."
                for one in chosen
                if one.a.path not in given
            ]
        )
    stored: list[tuple[WeightInfo, Any]] = []
    rows = []
    for one in chosen:
        a, note = given.get(one.a.path, (None, ""))
        for info, value in _new(method, one, used, a):
            stored.append((info, value))
            is_kernel = info is one.kernel
            why = "what the factors add is taken off" if is_kernel else METHODS[method]
            target = 1 / one.rank if method == "gaussian" and info is one.a else None
            said = note if info is one.a else ""
            rows.append(row(info, value, method, "lora", why, said, target))
    with all_or_nothing() as write:
        for info, value in stored:
            write(info.variable, value)
    _forget_programs(model)
    done = {info.path for info, _ in stored}
    left = [
        kept_row(p, whys.get(p.path) or "no factor of LoRA")
        for p in infos
        if p.path not in done
    ]
    drawn = used if method in RANDOM else None
    return InitializationReport(rows, left, drawn, [])
