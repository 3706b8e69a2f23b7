"""The initializers, a family in each module; importing this registers them all.

Each module lists its schemes in its `__all__`, and no other place does.
"""

from keras_inits.initializers import (
    constants,
    he,
    lecun,
    orthogonal,
    random,
    variance_scaling,
    wrappers,
    xavier,
)
from keras_inits.initializers.constants import *  # noqa: F403
from keras_inits.initializers.he import *  # noqa: F403
from keras_inits.initializers.lecun import *  # noqa: F403
from keras_inits.initializers.orthogonal import *  # noqa: F403
from keras_inits.initializers.random import *  # noqa: F403
from keras_inits.initializers.variance_scaling import *  # noqa: F403
from keras_inits.initializers.wrappers import *  # noqa: F403
from keras_inits.initializers.xavier import *  # noqa: F403

__all__: list[str] = []
__all__ += constants.__all__
__all__ += he.__all__
__all__ += lecun.__all__
__all__ += orthogonal.__all__
__all__ += random.__all__
__all__ += variance_scaling.__all__
__all__ += wrappers.__all__
__all__ += xavier.__all__
