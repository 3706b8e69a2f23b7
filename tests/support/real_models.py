"""Tiny backbones of keras-hub, and what tests of real models share."""

import keras
import numpy as np
import pytest
from keras import ops

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


def is_finite(model, inputs):
    """Whether all outputs of a model are finite numbers."""
    outputs = keras.tree.flatten(model(inputs))
    return all(np.isfinite(ops.convert_to_numpy(x)).all() for x in outputs)


def slow_except(names, few, **others):
    """Parameters, marked as slow except for a few.

    Args:
        names: Of all models.
        few: Those that run by default.
        others: More markers, by name of the model.
    """
    slow = pytest.mark.slow
    marks = {name: [] if name in few else [slow] for name in names}
    return [
        pytest.param(name, marks=[*marks[name], *others.get(name, [])])
        for name in names
    ]


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


BACKBONES = {  # name and settings
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


def backbone(name, **others):
    """A tiny backbone of keras-hub, some of its settings replaced."""
    models = pytest.importorskip("keras_hub").models
    settings = BACKBONES[name]
    if callable(settings):
        return settings(models)
    return getattr(models, f"{name}Backbone")(**settings | others)
