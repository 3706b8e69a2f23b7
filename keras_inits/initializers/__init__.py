"""The initializers, by family; importing this registers them all.

Each module lists its schemes in its `__all__`, and no other place does.
"""

from keras_inits.initializers import (
    adapters,
    centered,
    constants,
    coordinates,
    embeddings,
    he,
    lecun,
    random,
    scale_laws,
    sparse,
    variance_scaling,
    width,
    xavier,
)
from keras_inits.initializers.adapters import *  # noqa: F403
from keras_inits.initializers.centered import *  # noqa: F403
from keras_inits.initializers.constants import *  # noqa: F403
from keras_inits.initializers.coordinates import *  # noqa: F403
from keras_inits.initializers.embeddings import *  # noqa: F403
from keras_inits.initializers.he import *  # noqa: F403
from keras_inits.initializers.lecun import *  # noqa: F403
from keras_inits.initializers.orthogonal import convolutions, looks_linear, matrices
from keras_inits.initializers.orthogonal.convolutions import *  # noqa: F403
from keras_inits.initializers.orthogonal.looks_linear import *  # noqa: F403
from keras_inits.initializers.orthogonal.matrices import *  # noqa: F403
from keras_inits.initializers.random import *  # noqa: F403
from keras_inits.initializers.recurrent import biases, kernels, pytorch, times
from keras_inits.initializers.recurrent.biases import *  # noqa: F403
from keras_inits.initializers.recurrent.kernels import *  # noqa: F403
from keras_inits.initializers.recurrent.pytorch import *  # noqa: F403
from keras_inits.initializers.recurrent.times import *  # noqa: F403
from keras_inits.initializers.scale_laws import *  # noqa: F403
from keras_inits.initializers.sparse import *  # noqa: F403
from keras_inits.initializers.state_space import random_states, transitions
from keras_inits.initializers.state_space.random_states import *  # noqa: F403
from keras_inits.initializers.state_space.transitions import *  # noqa: F403
from keras_inits.initializers.structure import filters, icnr, isometries, others
from keras_inits.initializers.structure.filters import *  # noqa: F403
from keras_inits.initializers.structure.icnr import *  # noqa: F403
from keras_inits.initializers.structure.isometries import *  # noqa: F403
from keras_inits.initializers.structure.others import *  # noqa: F403
from keras_inits.initializers.transformers import depth, mimetic, recipes, scales
from keras_inits.initializers.transformers.depth import *  # noqa: F403
from keras_inits.initializers.transformers.mimetic import *  # noqa: F403
from keras_inits.initializers.transformers.recipes import *  # noqa: F403
from keras_inits.initializers.transformers.scales import *  # noqa: F403
from keras_inits.initializers.variance_scaling import *  # noqa: F403
from keras_inits.initializers.width import *  # noqa: F403
from keras_inits.initializers.wrappers import gates, parts, scaling, values
from keras_inits.initializers.wrappers.gates import *  # noqa: F403
from keras_inits.initializers.wrappers.parts import *  # noqa: F403
from keras_inits.initializers.wrappers.scaling import *  # noqa: F403
from keras_inits.initializers.wrappers.values import *  # noqa: F403
from keras_inits.initializers.xavier import *  # noqa: F403

__all__: list[str] = []
__all__ += adapters.__all__
__all__ += centered.__all__
__all__ += constants.__all__
__all__ += coordinates.__all__
__all__ += embeddings.__all__
__all__ += he.__all__
__all__ += lecun.__all__
__all__ += convolutions.__all__
__all__ += looks_linear.__all__
__all__ += matrices.__all__
__all__ += random.__all__
__all__ += biases.__all__
__all__ += kernels.__all__
__all__ += pytorch.__all__
__all__ += times.__all__
__all__ += scale_laws.__all__
__all__ += sparse.__all__
__all__ += random_states.__all__
__all__ += transitions.__all__
__all__ += filters.__all__
__all__ += icnr.__all__
__all__ += isometries.__all__
__all__ += others.__all__
__all__ += depth.__all__
__all__ += mimetic.__all__
__all__ += recipes.__all__
__all__ += scales.__all__
__all__ += variance_scaling.__all__
__all__ += width.__all__
__all__ += gates.__all__
__all__ += parts.__all__
__all__ += scaling.__all__
__all__ += values.__all__
__all__ += xavier.__all__
