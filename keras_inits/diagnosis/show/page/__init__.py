"""A diagnosis as one interactive page that needs no network."""

from keras_inits.diagnosis.show.page.document import html, require, write

__all__ = ["html", "require", "write"]
