"""Checks that optional packages are installed; the error says what to type."""

import importlib.util
from collections.abc import Iterable


class MissingExtra(ImportError):
    """A package is not installed that only a part of this one needs."""


def require(user: str, packages: Iterable[str], extra: str) -> None:
    """Checks that packages are installed, without importing them.

    Args:
        user: What needs them: the start of a sentence, such as "The demo".
        packages: Their names, as they are imported.
        extra: The extra of this package that installs them.

    Raises:
        MissingExtra: If one is not; the message has the command that installs it.

    Examples:
    >>> from keras_inits._utils import extras
    >>> extras.require("A picture", ["no_such_package"], "plots")
    Traceback (most recent call last):
    ...
    keras_inits._utils.extras.MissingExtra: A picture needs no_such_package.
    Type: pip install 'keras-inits[plots]'
    """
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingExtra(
            f"{user} needs {' and '.join(missing)}. "
            f"Type: pip install 'keras-inits[{extra}]'"
        )
