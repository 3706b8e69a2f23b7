"""Which numbers are drawn: distributions of entries, keys, and `draw`.

Each value is a pure function of a key and its index. The engine that computes it makes
no difference to the result.
"""

from keras_inits.sampling.bits import Key
from keras_inits.sampling.distributions import (
    Distribution,
    normal,
    truncated_normal,
    uniform,
)
from keras_inits.sampling.draw import draw, filled, finished
from keras_inits.sampling.tables import truncated_std

# isort: split
# For the other folders of this package: not what users need.
from keras_inits.sampling.arrays import empty_on_host as empty_on_host
from keras_inits.sampling.draw import is_tracing as is_tracing
from keras_inits.sampling.engines.host import draw_on_host as draw_on_host
from keras_inits.sampling.key import key_from_seed as key_from_seed
from keras_inits.sampling.key import substream as substream

__all__ = [
    "Distribution",
    "Key",
    "draw",
    "filled",
    "finished",
    "normal",
    "truncated_normal",
    "truncated_std",
    "uniform",
]
