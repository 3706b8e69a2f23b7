"""After each recipe, on a model of its kind, `diagnose` finds nothing to mend."""

import keras
import pytest

import keras_inits
from keras_inits import recipes
from support import recipe_models as models

pytestmark = pytest.mark.slow
SPLIT = ("query", "key", "value", "output")


def twice_normalized(blocks):
    def attend(x, n):
        return models.dense_attention(x, [f"{k}_{n}" for k in SPLIT], inner=True)

    return models.transformer(blocks, attend=attend, inner=True)


def with_alpha(blocks):
    return models.transformer(blocks, norm="post", alpha=(2 * blocks) ** 0.25)


def gated(blocks):
    return models.transformer(blocks, gated=True)


def without_norms(blocks):
    return models.transformer(blocks, norm="")


def with_factors(blocks):
    return models.transformer(blocks, norm="", scalars=True)


def mimetic(model):
    return recipes.mimetic(model, seed=0)


KINDS = {  # the recipe, and a model that it is for
    "gpt2": (recipes.gpt2, models.transformer),
    "small_wang": (recipes.small_wang, models.transformer),
    "llama_depth": (recipes.llama_depth, gated),
    "nanochat": (recipes.nanochat, models.transformer),
    "layernorm_scaling": (recipes.layernorm_scaling, models.transformer),
    "sub_ln": (recipes.sub_ln, twice_normalized),
    "deepnorm": (recipes.deepnorm, with_alpha),
    "t_fixup": (recipes.t_fixup, without_norms),
    "fixup": (recipes.fixup, models.residual_mlp),
    "rezero": (recipes.rezero, with_factors),
    "mimetic": (mimetic, models.transformer),
    "conditioned_attention": (recipes.conditioned_attention, models.transformer),
    "spectral": (recipes.spectral, models.transformer),
    "torch": (recipes.torch, models.transformer),
}


@pytest.mark.parametrize("blocks", [4, 24, 96])
@pytest.mark.parametrize("name", KINDS)
def test_nothing_is_to_be_mended(name, blocks):
    recipe, build = KINDS[name]
    keras.utils.set_random_seed(0)
    model = build(blocks)
    keras_inits.initialize(model, recipe(model), seed=0)
    found = keras_inits.diagnose(model, try_fixes=False)
    assert [f.kind for f in found.findings if f.severity != "info"] == []
    assert found.verdict == "healthy"


def test_a_bad_start_is_found():
    """So that the above can fail: one std for all kernels of such a model."""
    model = without_norms(24)
    loud = keras_inits.RandomNormal(stddev=0.2)
    keras_inits.initialize(model, dict.fromkeys(recipes.t_fixup(model), loud), seed=0)
    found = keras_inits.diagnose(model, try_fixes=False)
    assert "exploding signal" in {f.kind for f in found.findings}
    assert found.verdict == "suspicious"
