"""Models that people use: every weight is known, and fans are what configs say.

By default one of each family is built; KERAS_INITS_EVERY_MODEL=1 asks for all.
"""

import math
import os

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_inits import registry
from keras_inits.geometry import layers as roles
from keras_inits.models.automatic import ENDS_BRANCH
from keras_inits.models.initialize import initialize
from keras_inits.models.walk import places

EVERY = bool(os.environ.get("KERAS_INITS_EVERY_MODEL"))
SMALLEST = {  # of each family of `keras.applications`, and the inputs that it takes
    "ConvNeXtTiny": 32,
    "DenseNet121": 32,
    "EfficientNetB0": 32,
    "EfficientNetV2B0": 32,
    "InceptionResNetV2": 75,
    "InceptionV3": 75,
    "MobileNet": 32,
    "MobileNetV2": 32,
    "MobileNetV3Large": 32,
    "MobileNetV3Small": 32,
    "NASNetMobile": 224,
    "ResNet50": 32,
    "ResNet50V2": 32,
    "VGG16": 32,
    "Xception": 71,
}
ARCHITECTURES = [name for name in dir(keras.applications) if name[0].isupper()]


class Nothing(keras.initializers.Zeros):
    """Zeros under the name of a random initializer, to build models quickly."""

    def __init__(self, *ignored, **arguments):
        super().__init__()

    @classmethod
    def from_config(cls, config):
        """Whatever the config says."""
        return cls()


def zeros_for_all():
    """Context in which Keras's names of random initializers mean zeros."""
    schemes = {name: registry.scheme(name) for name in registry.names()}
    names = {n for n, s in schemes.items() if s.draws}
    names |= {schemes[name].__name__ for name in names}
    return keras.saving.custom_object_scope(dict.fromkeys(names, Nothing))


def application(name):
    """An architecture with the smallest input that it takes, and two classes."""
    size = SMALLEST.get(name, 331 if name == "NASNetLarge" else 32)
    with zeros_for_all():
        make = getattr(keras.applications, name)
        return make(weights=None, classes=2, input_shape=(size, size, 3))


def fans_by_config(layer, name):
    """Fans of a kernel from the layer's settings and the shape of its input."""
    inputs = layer.input.shape[-1]
    window = math.prod(getattr(layer, "kernel_size", ()))
    if isinstance(layer, layers.DepthwiseConv2D) or name == "depthwise_kernel":
        return window, window * layer.depth_multiplier
    if isinstance(layer, layers.SeparableConv2D):
        return inputs * layer.depth_multiplier, layer.filters
    if isinstance(layer, layers.Conv2D):
        return window * inputs // layer.groups, window * layer.filters // layer.groups
    return inputs, layer.units


def is_finite(model, inputs):
    """Whether all outputs of a model are finite numbers."""
    outputs = keras.tree.flatten(model(inputs))
    return all(np.isfinite(ops.convert_to_numpy(x)).all() for x in outputs)


def skipped_unless_asked(names, small):
    """Parameters, those that are not small marked to be skipped by default."""
    skip = pytest.mark.skipif(not EVERY, reason="KERAS_INITS_EVERY_MODEL is not set")
    return [name if name in small else pytest.param(name, marks=skip) for name in names]


BRANCHES = {  # sums in which a block's input comes back, counted in the papers' tables
    "ResNet50": 3 + 4 + 6 + 3,
    "ResNet50V2": 3 + 4 + 6 + 3,
    "ResNet101": 3 + 4 + 23 + 3,
    "ResNet152": 3 + 8 + 36 + 3,
    "MobileNetV2": 1 + 2 + 3 + 2 + 2,
    "EfficientNetB0": 1 + 1 + 2 + 2 + 3,
    "ConvNeXtTiny": 3 + 3 + 9 + 3,
    "InceptionResNetV2": 10 + 20 + 10,
    "Xception": 3 + 8 + 1,
    "DenseNet121": 0,
    "VGG16": 0,
}
DEPTHWISE = {  # convolutions of single channels, one a block
    "MobileNetV2": 17,
    "EfficientNetB0": 1 + 2 + 2 + 3 + 3 + 4 + 1,
    "ConvNeXtTiny": 3 + 3 + 9 + 3,  # written as grouped ones
}


@pytest.mark.parametrize("name", skipped_unless_asked(ARCHITECTURES, SMALLEST))
def test_every_weight_of_an_application_is_known(name):
    """None by its shape alone; its fans are the config's; the signal stays finite."""
    model = application(name)
    found = places(model)
    assert len(found) == len(model.weights)
    assert not [p.path for p in found if "no geometry of its own" in p.weight.note]
    report = initialize(model, "auto", seed=0)
    rows = {row["path"]: row for row in report.rows}
    counters = [p.path for p in found if p.weight.role == roles.STATE]
    assert [row["path"] for row in report.left_alone] == counters
    assert {place.path for place in found} == {*rows, *counters}
    depthwise = 0
    for place in found:
        layer, row = place.layer, rows.get(place.path)
        if place.weight.role != roles.KERNEL:
            continue
        fans = row["fan_in"], row["fan_out"]
        assert fans == fans_by_config(layer, place.variable.name), place.path
        is_grouped = getattr(layer, "groups", 1) > 1
        if is_grouped or isinstance(layer, layers.DepthwiseConv2D):
            depthwise += 1
            assert row["fan_in"] == math.prod(layer.kernel_size)
    assert depthwise == DEPTHWISE.get(name, depthwise)
    branches = sum(ENDS_BRANCH in row["note"] for row in report.rows)
    assert branches == BRANCHES.get(name, branches)
    size = model.input_shape[1]
    noise = np.random.Generator(np.random.PCG64(0)).random((2, size, size, 3))
    assert is_finite(model, noise.astype("float32"))


TEXT = {
    "vocabulary_size": 50,
    "num_layers": 2,
    "num_heads": 2,
    "hidden_dim": 8,
    "intermediate_dim": 12,
}
GROUPED = {
    "vocabulary_size": 50,
    "num_layers": 2,
    "num_query_heads": 4,
    "num_key_value_heads": 2,
    "hidden_dim": 8,
    "intermediate_dim": 12,
}
IMAGE = {
    "image_shape": (16, 16, 3),
    "patch_size": 4,
    "num_layers": 2,
    "num_heads": 2,
    "hidden_dim": 8,
}


def without(settings, name, **others):
    """Settings, one of them replaced."""
    return {key: value for key, value in settings.items() if key != name} | others


def sam(models):
    """Segment Anything, of three parts."""
    encoder = models.ViTDetBackbone(
        hidden_size=8,
        num_layers=2,
        intermediate_dim=12,
        num_heads=2,
        global_attention_layer_indices=[1],
        image_shape=(64, 64, 3),
        num_output_channels=8,
        window_size=2,
    )
    prompts = keras_hub_part("sam.sam_prompt_encoder", "SAMPromptEncoder")(
        hidden_size=8,
        image_embedding_size=(4, 4),
        input_image_size=(64, 64),
        mask_in_channels=16,
    )
    masks = keras_hub_part("sam.sam_mask_decoder", "SAMMaskDecoder")(
        num_layers=2,
        hidden_size=8,
        intermediate_dim=12,
        num_heads=2,
        embedding_dim=8,
        num_multimask_outputs=3,
        iou_head_depth=2,
        iou_head_hidden_dim=8,
    )
    return models.SAMBackbone(encoder, prompts, masks)


def keras_hub_part(module, name):
    """What keras-hub keeps inside."""
    place = pytest.importorskip(f"keras_hub.src.models.{module}")
    return getattr(place, name)


BACKBONES = {  # name and settings; the first 16 by default
    "GPT2": TEXT,
    "Bert": TEXT,
    "Llama": GROUPED,
    "Gemma": GROUPED | {"head_dim": 6},
    "Mistral": GROUPED,
    "T5": TEXT,
    "ViT": IMAGE | {"mlp_dim": 12},
    "Whisper": TEXT
    | {
        "num_mels": 5,
        "max_encoder_sequence_length": 12,
        "max_decoder_sequence_length": 8,
    },
    "ResNet": {
        "input_conv_filters": [64],
        "input_conv_kernel_sizes": [7],
        "stackwise_num_filters": [64, 12],
        "stackwise_num_blocks": [2, 2],
        "stackwise_num_strides": [1, 2],
        "block_type": "bottleneck_block",
        "image_shape": (32, 32, 3),
    },
    "SAM": sam,
    "Mixtral": GROUPED | {"num_experts": 3},
    "SwinTransformer": {
        "image_shape": (32, 32, 3),
        "embed_dim": 8,
        "depths": [1, 2],
        "num_heads": [2, 4],
        "window_size": 4,
    },
    "DebertaV3": TEXT | {"bucket_size": 4, "max_sequence_length": 8},
    "MiT": {
        "layerwise_depths": [1, 1],
        "num_layers": 2,
        "layerwise_num_heads": [1, 2],
        "layerwise_sr_ratios": [2, 1],
        "max_drop_path_rate": 0.1,
        "layerwise_patch_sizes": [3, 3],
        "layerwise_strides": [4, 2],
        "image_shape": (32, 32, 3),
        "hidden_dims": [8, 12],
    },
    "Electra": without(TEXT, "vocabulary_size", vocab_size=50, embedding_dim=6),
    "Bloom": TEXT,
    "OPT": TEXT,
    "Albert": TEXT | {"embedding_dim": 6},
    "XLNet": TEXT,
    "Bart": TEXT,
    "GPTNeoX": TEXT | {"rotary_percentage": 0.5},
    "DistilBert": TEXT,
    "Roberta": TEXT,
    "ESM": TEXT,
    "FNet": without(TEXT, "num_heads"),
    "Falcon": without(TEXT, "num_heads", num_attention_heads=2),
    "RoformerV2": TEXT | {"head_size": 4},
    "Gemma3": GROUPED | {"head_dim": 6, "image_size": 16},
    "Qwen3": GROUPED | {"head_dim": 6},
    "Qwen3Moe": GROUPED | {"num_experts": 3, "moe_intermediate_dim": 10, "top_k": 2},
    "Phi3": GROUPED,
    "GptOss": GROUPED | {"num_experts": 3},
    "DeiT": IMAGE | {"intermediate_dim": 12},
    "DINOV2": IMAGE | {"intermediate_dim": 12, "position_embedding_shape": (16, 16, 3)},
    "DenseNet": {
        "stackwise_num_repeats": [2, 2],
        "growth_rate": 4,
        "image_shape": (32, 32, 3),
    },
    "VGG": {
        "stackwise_num_repeats": [1, 2],
        "stackwise_num_filters": [4, 6],
        "image_shape": (16, 16, 3),
    },
    "Xception": {
        "stackwise_conv_filters": [[4, 6], [6, 8], [8, 8]],
        "stackwise_pooling": [True, True, False],
        "image_shape": (32, 32, 3),
    },
    "RWKV7": {
        "hidden_size": 8,
        "head_size": 4,
        "num_layers": 2,
        "vocabulary_size": 50,
        "intermediate_dim": 12,
        **dict.fromkeys(["gate_lora", "mv_lora", "aaa_lora", "decay_lora"], 4),
    },
}


BLOCKS = {  # two branches each, in a decoder with cross-attention three
    **dict.fromkeys(["GPT2", "Bert", "Llama", "Gemma", "Mistral", "ViT", "Bloom"], 4),
    **dict.fromkeys(["Mixtral", "MiT"], 4),
    "SwinTransformer": 6,
    **dict.fromkeys(["T5", "Whisper"], 10),
    "ResNet": 4,  # one branch each
}


def backbone(name):
    """A tiny backbone of keras-hub."""
    models = pytest.importorskip("keras_hub").models
    settings = BACKBONES[name]
    if callable(settings):
        return settings(models)
    return getattr(models, f"{name}Backbone")(**settings)


def some_input(tensor):
    """A batch of one of the kind that a model's input is."""
    shape = [1 if axis == 0 else n or 4 for axis, n in enumerate(tensor.shape)]
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
@pytest.mark.parametrize("name", skipped_unless_asked(BACKBONES, list(BACKBONES)[:16]))
def test_every_weight_of_a_backbone_is_covered(name):
    """Also where a layer has no geometry of its own; projections have true fans."""
    model = backbone(name)
    found = places(model)
    report = initialize(model, "auto", seed=0)
    rows = {row["path"]: row for row in report.rows}
    left = {row["path"] for row in report.left_alone if row["shape"] is not None}
    assert {place.path for place in found} == {*rows, *left}
    for place in found:
        is_kernel = place.weight.role == roles.KERNEL
        if is_kernel and isinstance(place.layer, layers.EinsumDense):
            row = rows[place.path]
            fans = row["fan_in"], row["fan_out"]
            assert fans == counted_fans(place.layer), place.path
    branches = sum(ENDS_BRANCH in row["note"] for row in report.rows)
    assert branches == BLOCKS.get(name, branches)
    inputs = keras.tree.map_structure(some_input, model.input)
    assert is_finite(model, inputs)


@pytest.mark.filterwarnings("ignore")
def test_grouped_queries_have_the_fans_of_the_paper():
    """Llama: 4 heads of 2 for queries, 2 for keys and values, of 8 features."""
    model = backbone("Llama")
    report = initialize(model, "auto", seed=0, dry_run=True)
    fans = {
        row["path"].split("/")[-2]: (row["fan_in"], row["fan_out"])
        for row in report.rows
        if "self_attention/" in row["path"]
    }
    assert fans == {
        "query": (8, 8),
        "key": (8, 4),
        "value": (8, 4),
        "attention_output": (8, 8),
    }
