"""The demo: two networks, eight starts each, on handwritten digits."""

from keras_inits.demo.main import run

__all__ = ["run"]
