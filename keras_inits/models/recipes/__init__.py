"""Recipes: rules for a whole model, made from its graph.

`keras_inits.initialize(model, keras_inits.recipes.gpt2(model), seed=0)`.
"""

from keras_inits.models.recipes.coordinate_check import coordinate_check
from keras_inits.models.recipes.coordinates import CoordinateCheck
from keras_inits.models.recipes.depth import completep
from keras_inits.models.recipes.language import gpt2, small_wang
from keras_inits.models.recipes.language_ends import llama_depth, nanochat
from keras_inits.models.recipes.normalized import deepnorm, layernorm_scaling, sub_ln
from keras_inits.models.recipes.others import conditioned_attention, mimetic, spectral
from keras_inits.models.recipes.pytorch import torch
from keras_inits.models.recipes.recipe import Recipe
from keras_inits.models.recipes.residual import fixup, rezero, t_fixup
from keras_inits.models.recipes.scaled_recipe import ScaledRecipe
from keras_inits.models.recipes.width import mup

__all__ = [
    "CoordinateCheck",
    "Recipe",
    "ScaledRecipe",
    "completep",
    "conditioned_attention",
    "coordinate_check",
    "deepnorm",
    "fixup",
    "gpt2",
    "layernorm_scaling",
    "llama_depth",
    "mimetic",
    "mup",
    "nanochat",
    "rezero",
    "small_wang",
    "spectral",
    "sub_ln",
    "t_fixup",
    "torch",
]
