"""The command line: `python -m keras_inits list`, `show`, `diagnose` and others."""

from keras_inits.cli.main import main

__all__ = ["main"]
