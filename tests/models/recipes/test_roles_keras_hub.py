"""Roles in backbones of keras-hub, and what recipes do, against tables by hand."""

import functools
import inspect

import keras
import pytest

import keras_inits
from keras_inits import recipes
from keras_inits.models.recipes.parts import Part
from keras_inits.models.recipes.roles import anatomy
from support.real_models import backbone, slow_except

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


# What each recipe does with each backbone, from what these are. All attend in residual
# branches of two kernels or more, without a factor or a gain at their end.
#
# GPT2     normalizes before each branch, by LayerNorm
# Bert     normalizes after each sum
# Llama    before, by RMS; gated MLPs; two queries to a key; a head of its own
# Gemma    as Llama, by RMS whose gain is added to one; no head
# T5       an encoder and a decoder, before, by RMS; kernels of two axes; no head
# ViT      before, by LayerNorm; patches of images: no embedding of tokens
# Mixtral  as Llama, with experts, whose fans its layer does not tell
NAMES = ("GPT2", "Bert", "Llama", "Gemma", "T5", "ViT", "Mixtral")
YES = ""
ONCE = "branch 1 of .* has no normalization before its last kernel"
SINGLE = "branch 1 of .* has no normalization before its first kernel"
FREE = "normalizes, and the recipe is for networks without normalization"
PLAIN = r"the sum of branch 1 of .* is not normalized"
ALPHA = r"is multiplied by 1, and alpha is 1\.41421"  # (2 * 2 blocks)^(1/4)
HEADS = "It needs as many heads of keys as of queries"
FLAT = "does not tell its heads"
ALONE = "an embedding and a head of unequal scale, and one is missing"
ATTENDS = "attends. For Transformers use recipes.t_fixup"
ENDS = "ends in a kernel that neither a factor nor a gain follows"
AFTER = "has no gain before its first kernel"
UNDONE = "the sum of branch 1 of .* is normalized, which undoes"
FANS = "its branches have 8, 24 features"  # 3 experts' outputs, taken for one kernel's
OUTCOMES = {
    "gpt2": (YES,) * 7,
    "small_wang": (YES, YES, YES, YES, YES, YES, FANS),
    "llama_depth": (YES,) * 7,
    "nanochat": (ALONE, ALONE, YES, ALONE, ALONE, ALONE, YES),
    "layernorm_scaling": (YES, AFTER, YES, YES, YES, YES, YES),
    "sub_ln": (ONCE, SINGLE, ONCE, ONCE, ONCE, ONCE, ONCE),
    "deepnorm": (PLAIN, ALPHA, PLAIN, PLAIN, PLAIN, PLAIN, PLAIN),
    "t_fixup": (FREE,) * 7,
    "fixup": (ATTENDS,) * 7,
    "rezero": (ENDS,) * 7,
    "mimetic": (YES, YES, HEADS, HEADS, FLAT, YES, HEADS),
    "conditioned_attention": (YES,) * 7,
    "mup": (YES,) * 7,
    "completep": (YES, UNDONE, YES, YES, YES, YES, YES),
    "spectral": (YES,) * 7,
    "torch": (YES,) * 7,
}
CALLS = {
    "mimetic": lambda name: recipes.mimetic(small(name), seed=0),
    "mup": lambda name: recipes.mup(backbone(name, hidden_dim=16), small(name)),
    "completep": lambda name: recipes.completep(
        backbone(name, hidden_dim=16), small(name)
    ),
}
small = functools.cache(backbone)


def parts_by_hand(name):
    """The part of each kernel that stands in a table above, by its path."""
    outside, inside = EXPECTED.get(name, ({}, T5))
    found = dict(outside)
    for n in range(2):
        for path, part in inside.items():
            found[path.replace("{n}", str(n)).replace("{b}", str(n + 1))] = part
    gains = (Part.GAIN, Part.PRE_NORM, Part.POST_NORM)
    return {path: part for path, part in found.items() if part not in gains}


def test_the_table_of_outcomes_has_all_recipes():
    functions = {k for k in recipes.__all__ if inspect.isfunction(getattr(recipes, k))}
    assert OUTCOMES.keys() == functions - {"coordinate_check"}
    assert {len(row) for row in OUTCOMES.values()} == {len(NAMES)}


@pytest.mark.parametrize("recipe", OUTCOMES)
@pytest.mark.parametrize(
    "name",
    # JAX refuses T5's sums of other types.
    slow_except(NAMES, ["Gemma"], T5=[pytest.mark.backend("tensorflow", "torch")]),
)
def test_a_recipe_fits_a_backbone_or_says_why_not(name, recipe):
    call = CALLS.get(recipe, lambda name: getattr(recipes, recipe)(small(name)))
    refused = OUTCOMES[recipe][NAMES.index(name)]
    if refused:
        with pytest.raises(ValueError, match=refused) as caught:
            call(name)
        assert str(caught.value).startswith(f"recipes.{recipe} does not fit this model")
        return
    rules = call(name)
    expected, found = parts_by_hand(name), rules.parts()
    assert {path: found.get(path) for path in expected} == expected
    assert all(rules[path] is not None for path in expected)


def test_a_gain_that_is_added_to_one_is_scaled_with_the_one():
    """Gemma's: the block of number l multiplies by 1 + scale, which is to be 1/√l."""
    model = backbone("Gemma")
    keras_inits.initialize(model, recipes.layernorm_scaling(model), seed=0)
    for n in range(2):
        block = model.get_layer(f"decoder_block_{n}")
        for norm in (block.pre_attention_norm, block.pre_ffw_norm):
            gain = 1 + keras.ops.convert_to_numpy(norm.scale)
            assert gain == pytest.approx((n + 1) ** -0.5)
