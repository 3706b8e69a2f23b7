"""Roles in backbones of keras-hub, checked against tables by hand."""

import pytest

from keras_inits.models.recipes.parts import Part
from keras_inits.models.recipes.roles import anatomy
from support.real_models import backbone

pytestmark = pytest.mark.filterwarnings("ignore")  # those of the models' own code

Q, K, V, OUT = Part.QUERY, Part.KEY, Part.VALUE, Part.ATTENTION_OUTPUT
FIRST, GATE, LAST, PRE, POST = (
    *(Part.FIRST, Part.GATE, Part.LAST),
    *(Part.PRE_NORM, Part.POST_NORM),
)
KERAS = {"query": Q, "key": K, "value": V, "attention_output": OUT}
LAYER = "transformer_layer_{n}/"
NORMAL = {f"{LAYER}self_attention/{k}/kernel": p for k, p in KERAS.items()}
DENSE = {
    f"{LAYER}feedforward_intermediate_dense/kernel": FIRST,
    f"{LAYER}feedforward_output_dense/kernel": LAST,
}
GATED = DENSE | {
    f"{LAYER}feedforward_gate_dense/kernel": GATE,
    f"{LAYER}self_attention_layernorm/scale": PRE,
    f"{LAYER}feedforward_layernorm/scale": PRE,
}
HEAD = {
    "token_embedding/embeddings": Part.EMBEDDING,
    "token_embedding/reverse_embeddings": Part.HEAD,
}
GPT2 = {
    "token_embedding/embeddings": Part.EMBEDDING,
    "position_embedding/embeddings": Part.POSITION,
}
EXPERTS = f"{LAYER}sparse_moe_block/"
T5 = {
    f"{side}/{k}_projector/kernel": part
    for side in (
        "transformer_encoder_layer_{n}/self_attention",
        "transformer_decoder_layer_{n}/self_attention",
        "transformer_decoder_layer_{n}/cross_attention",
    )
    for k, part in (("query", Q), ("key", K), ("value", V), ("output", OUT))
}
EXPECTED = {
    "GPT2": (
        GPT2 | {"layer_norm/gamma": Part.GAIN},
        NORMAL
        | DENSE
        | {
            f"{LAYER}self_attention_layer_norm/gamma": PRE,
            f"{LAYER}feedforward_layer_norm/gamma": PRE,
        },
    ),
    "Bert": (
        GPT2
        | {
            "segment_embedding/embeddings": Part.EMBEDDING,
            "embeddings_layer_norm/gamma": Part.GAIN,
            "pooled_dense/kernel": Part.KERNEL,
        },
        {k.replace("attention/", "attention_layer/"): p for k, p in NORMAL.items()}
        | DENSE
        | {
            f"{LAYER}self_attention_layer_norm/gamma": POST,
            f"{LAYER}feedforward_layer_norm/gamma": POST,
        },
    ),
    "Llama": (HEAD | {"sequence_output_layernorm/scale": Part.GAIN}, NORMAL | GATED),
    "Mixtral": (
        HEAD | {"sequence_output_layernorm/scale": Part.GAIN},
        NORMAL
        | {
            f"{EXPERTS}sparse_feedforward_gate_dense/kernel": Part.ROUTER,
            f"{EXPERTS}experts/expert_feedforward_intermediate_dense": FIRST,
            f"{EXPERTS}experts/expert_feedforward_gate_dense": GATE,
            f"{EXPERTS}experts/expert_feedforward_output_dense": LAST,
            f"{LAYER}self_attention_layernorm/scale": PRE,
            f"{LAYER}feedforward_layernorm/scale": PRE,
        },
    ),
    "Gemma": (
        {
            "token_embedding/embeddings": Part.EMBEDDING,
            "final_normalization/scale": Part.GAIN,
        },
        {f"decoder_block_{{n}}/attention/{k}/kernel": p for k, p in KERAS.items()}
        | {
            "decoder_block_{n}/ffw_gating/kernel": GATE,
            "decoder_block_{n}/ffw_gating_2/kernel": FIRST,
            "decoder_block_{n}/ffw_linear/kernel": LAST,
            "decoder_block_{n}/pre_attention_norm/scale": PRE,
            "decoder_block_{n}/pre_ffw_norm/scale": PRE,
        },
    ),
    "ViT": (
        {
            "vit_patching_and_embedding/patch_embedding/kernel": Part.KERNEL,
            "vit_patching_and_embedding/position_embedding/embeddings": Part.POSITION,
            "vit_encoder/ln/gamma": Part.GAIN,
        },
        {
            f"vit_encoder/transformer_block_{{b}}/mha/{k}/kernel": p
            for k, p in KERAS.items()
        }
        | {
            "vit_encoder/transformer_block_{b}/mlp/dense_1/kernel": FIRST,
            "vit_encoder/transformer_block_{b}/mlp/dense_2/kernel": LAST,
            "vit_encoder/transformer_block_{b}/ln_1/gamma": PRE,
            "vit_encoder/transformer_block_{b}/ln_2/gamma": PRE,
        },
    ),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_roles_of_a_backbone(name):
    outside, inside = EXPECTED[name]
    expected = {path: (part, None) for path, part in outside.items()}
    for n in range(2):
        for path, part in inside.items():
            path = path.replace("{n}", str(n)).replace("{b}", str(n + 1))
            expected[path] = (part, n + 1)
    found = anatomy(backbone(name))
    assert {
        path: (place.part, place.branch and place.branch.block)
        for path, place in found.places.items()
        if place.part not in (Part.BIAS, Part.OTHER)
    } == expected
    assert len(found.branches) == 4


@pytest.mark.backend("tensorflow", "torch")  # JAX refuses its sums of other types
def test_roles_of_an_encoder_and_a_decoder():
    """T5: a stream each; positions are tables of biases that no token looks up."""
    found = anatomy(backbone("T5"))
    for n in range(2):
        for path, part in T5.items():
            place = found.places[path.replace("{n}", str(n))]
            assert (place.part, place.branch.block) == (part, n + 1), path
            assert place.branch.stream == ("decoder" in path)
    assert [found.in_stream(b) for b in found.branches] == [4] * 4 + [6] * 6
    assert len(found.of(Part.POSITION)) == 2
