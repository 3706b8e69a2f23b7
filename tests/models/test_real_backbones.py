"""Backbones of keras-hub: every weight is covered, and projections have true fans.

By default a few are built; `-m slow` builds the others.
"""

import keras
import numpy as np
import pytest
from keras import layers

from keras_inits.geometry.roles import Role
from keras_inits.graph.weights import weights_of
from keras_inits.models.auto import ENDS_BRANCH
from keras_inits.models.initialize import initialize
from support.real_models import BACKBONES, backbone, is_finite, slow_except

BLOCKS = {  # two branches each, in a decoder with cross-attention three
    **dict.fromkeys(["GPT2", "Bert", "Llama", "Gemma", "Mistral", "ViT", "Bloom"], 4),
    **dict.fromkeys(["Mixtral", "MiT"], 4),
    "SwinTransformer": 6,
    **dict.fromkeys(["T5", "Whisper"], 10),
    "ResNet": 4,  # one branch each
}
FEW = {"GPT2", "Gemma", "Llama", "ResNet", "SwinTransformer", "T5", "ViT"}
# Its branches for and without masks differ in shape: an error in a traced program.
NOT_ON_JAX = pytest.mark.backend("tensorflow", "torch")
if keras.backend.backend() == "jax":
    del BLOCKS["T5"]  # array + symbolic tensor is an error there: not to be read


def some_input(tensor):
    """A batch of one of the kind that a model's input is."""
    size = 16 if tensor.name.startswith("masks") else 4  # as SAM's settings ask
    shape = [1 if axis == 0 else n or size for axis, n in enumerate(tensor.shape)]
    if keras.backend.is_float_dtype(tensor.dtype):
        noise = np.random.Generator(np.random.PCG64(0)).standard_normal(shape)
        return noise.astype(tensor.dtype)
    return np.ones(shape, tensor.dtype)


def counted_fans(layer):
    """Fans of an EinsumDense by what it does: with ones for weights it counts.

    An output sums as many ones as there are inputs; one input among zeros appears in
    as many outputs as it reaches.
    """
    equation = layer.equation.replace("...", "")
    letters, kernel = equation.split("->")[0].split(",")
    sizes = dict(zip(kernel, layer.kernel.shape, strict=True))
    shape = [sizes.get(letter, 1) for letter in letters]
    ones = np.ones(layer.kernel.shape, "float32")
    single = np.zeros(shape, "float32")
    single.flat[0] = 1
    fan_in = np.einsum(equation, np.ones(shape, "float32"), ones)
    return int(fan_in.flat[0]), int(np.einsum(equation, single, ones).sum())


@pytest.mark.filterwarnings("ignore")  # those of the models' own code
@pytest.mark.parametrize("name", slow_except(BACKBONES, FEW, SAM=[NOT_ON_JAX]))
def test_every_weight_of_a_backbone_is_covered(name):
    """Also where a layer has no geometry of its own; projections have true fans."""
    model = backbone(name)
    found = weights_of(model)
    report = initialize(model, "auto", seed=0)
    rows = {row.path: row for row in report.rows}
    left = {row.path for row in report.left_alone if row.shape is not None}
    assert {info.path for info in found} == {*rows, *left}
    for info in found:
        is_kernel = info.weight.role == Role.KERNEL
        if is_kernel and isinstance(info.layer, layers.EinsumDense):
            row = rows[info.path]
            fans = row.fan_in, row.fan_out
            assert fans == counted_fans(info.layer), info.path
    branches = sum(ENDS_BRANCH in row.note for row in report.rows)
    assert branches == BLOCKS.get(name, branches)
    inputs = keras.tree.map_structure(some_input, model.input)
    assert is_finite(model, inputs)


@pytest.mark.filterwarnings("ignore")
def test_grouped_queries_have_the_fans_of_the_paper():
    """Llama: 4 heads of 2 for queries, 2 for keys and values, of 8 features."""
    model = backbone("Llama")
    report = initialize(model, "auto", seed=0, dry_run=True)
    fans = {
        row.path.split("/")[-2]: (row.fan_in, row.fan_out)
        for row in report.rows
        if "self_attention/" in row.path
    }
    assert fans == {
        "query": (8, 8),
        "key": (8, 4),
        "value": (8, 4),
        "attention_output": (8, 8),
    }
