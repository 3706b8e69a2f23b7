"""`portable`: a saved model that opens where this package is not installed."""

import dataclasses
import os
import pathlib
import shutil
from typing import Any

import keras
from rich.console import Group
from rich.table import Table
from rich.text import Text

from keras_inits._utils import atomic_file, rich_text
from keras_inits.files import configs, formats
from keras_inits.files.configs import Replacement


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class PortableReport(rich_text.Printed):
    """What `portable` replaced. Printing it shows a table.

    Attributes:
        target: The file that was written.
        rows: A `Replacement` for each initializer: its `path`, `before` and `after`.
        packages: Other packages that the model's classes come from; whoever opens the
            file needs them.

    Examples:
    >>> import keras, keras_inits, pathlib, tempfile
    >>> dense = keras.layers.Dense(3, kernel_initializer="he_fan_in")
    >>> model = keras.Sequential([keras.Input((4,)), dense])
    >>> path = pathlib.Path(tempfile.mkdtemp(), "model.keras")
    >>> report = keras_inits.portable(model, path)
    >>> report.summary.partition(";")[0]
    '1 initializer replaced'
    """

    target: pathlib.Path
    rows: list[Replacement]
    packages: list[str]

    @property
    def summary(self) -> str:
        """One line: how much was replaced, and what opening still needs."""
        plural = "" if len(self.rows) == 1 else "s"
        count = f"{len(self.rows)} initializer{plural} replaced; {self.target}"
        needs = ", ".join(self.packages)
        return f"{count} also needs {needs}" if needs else f"{count} needs Keras alone"

    def __rich__(self) -> Group:
        table = Table(show_edge=False, pad_edge=False)
        for name in ("path", "before", "after"):
            table.add_column(name, overflow="fold")
        for row in self.rows:
            table.add_row(Text(row.path), Text(row.before), Text(row.after))
        above: list[Any] = [table, ""] if self.rows else []
        return Group(*above, Text(self.summary))

    def __repr__(self) -> str:
        return f"<PortableReport: {self.summary}>"


def _checked_target(
    source: pathlib.Path | None, target: Any, overwrite: bool
) -> pathlib.Path:
    """Where to write, past links; the source itself where no target is given."""
    if target is None and source is None:
        raise ValueError(
            "A model needs a file to be saved in. Received: target=None. For example "
            "target='model.keras'."
        )
    path = pathlib.Path(os.path.realpath(target or source or ""))
    same = source is not None and path == pathlib.Path(os.path.realpath(source))
    if source is not None and formats.format_of(source) != formats.format_of(path):
        raise ValueError(
            "A file keeps its format. Received: "
            f"source={str(source)!r}, target={str(target)!r}. Use a target that ends "
            f"in {source.suffix}."
        )
    if path.exists() and not overwrite:
        reason = "would be replaced" if same else "is there already"
        raise ValueError(
            f"The file {str(path)!r} {reason}. Received: overwrite=False. Choose "
            "another target, or use overwrite=True."
        )
    formats.format_of(path)
    if path.is_dir() or not path.parent.is_dir():
        raise ValueError(
            f"`target` is a file in a folder that is there. Received: {str(path)!r}. "
            "Make the folder first."
        )
    return path


def _saved(model: Any, path: pathlib.Path) -> None:
    if formats.format_of(path) == "json":
        path.write_text(model.to_json(), encoding="utf-8")
    else:
        model.save(path)


def _write(source: pathlib.Path, target: pathlib.Path) -> PortableReport:
    """Replaces `target` by a portable copy of `source`, in one step."""
    rows: list[Replacement] = []
    needed: list[str] = []

    def rewrite(text: str | bytes) -> str | None:
        config = configs.parsed(text)
        rows[:] = configs.replace(config)
        needed[:] = configs.packages(config)
        return configs.as_text(config) if rows else None

    def write(path: pathlib.Path) -> None:
        if not formats.copy(source, path, rewrite):
            shutil.copyfile(source, path)
        shutil.copymode(source, path)

    if source != target or formats.copy(source, None, rewrite):
        atomic_file.write(target, write)
    return PortableReport(target, rows, needed)


def packages(path: str | os.PathLike[str]) -> list[str]:
    """The packages, besides Keras, that the classes of a saved model come from.

    Args:
        path: As `source` of `portable`.

    Raises:
        ValueError: If there is no model in the file, or it is damaged.
        OSError: If it cannot be read.
    """
    found: list[str] = []

    def read(text: str | bytes) -> None:
        found[:] = configs.packages(configs.parsed(text))

    formats.copy(pathlib.Path(path), None, read)
    return found


def portable(
    source: Any, target: Any = None, *, overwrite: bool = False
) -> PortableReport:
    """Writes a saved model that opens where this package is not installed.

    Its initializers become Keras's own of the same distribution, with their seeds where
    those are integers, and `Zeros` where Keras has none. That changes nothing about a
    model with weights. One that is built anew from such a file, as from JSON, starts
    with zeros there: `initialize` it.

    Weights, the optimizer's state, metrics and other packages' classes stay as they
    are. No layer is built, and no code in the file is run. The new file takes the place
    of an old one in one step, so that there is always a whole one.

    Args:
        source: A model, or the path of a `.keras`, `.h5`, `.hdf5` or `.json` file.
        target: Path of the new file, of the same format; None for `source` itself,
            where that is a file.
        overwrite: Whether a file that is there may be replaced; None of `target`
            needs it, too.

    Returns:
        A `PortableReport`: what was replaced by what, and which other packages the
        model needs. `keras.saving.load_model` opens the new file.

    Raises:
        ValueError: If there is no model in the file, it is damaged, something else
            than an initializer is this package's, or the target is refused.
        FileNotFoundError: If there is no such file.

    Examples:
    >>> import keras, keras_inits, pathlib, tempfile
    >>> dense = keras.layers.Dense(3, kernel_initializer="he_fan_in", name="dense")
    >>> model = keras.Sequential([keras.Input((4,)), dense], name="small")
    >>> path = pathlib.Path(tempfile.mkdtemp(), "model.keras")
    >>> report = keras_inits.portable(model, path)
    >>> report.rows[0].path, report.rows[0].before
    ('small/dense/kernel_initializer', 'HeFanIn()')
    >>> opened = keras.saving.load_model(path)
    >>> type(opened.layers[0].kernel_initializer).__name__
    'VarianceScaling'
    """
    if isinstance(source, keras.Model):
        path = _checked_target(None, target, overwrite)
        report = []

        def write(new: pathlib.Path) -> None:
            _saved(source, new)
            report.append(_write(new, new))

        atomic_file.write(path, write)
        return dataclasses.replace(report[0], target=path)
    if not isinstance(source, str | os.PathLike):
        raise ValueError(
            "`source` is a model or the path of its file. Received: "
            f"source={source!r}. For example source='model.keras'."
        )
    given = pathlib.Path(source)
    formats.format_of(given)
    if not given.is_file():
        raise FileNotFoundError(f"{given}: there is no such file.")
    path = _checked_target(given, target, overwrite)
    try:
        return _write(pathlib.Path(os.path.realpath(given)), path)
    except ValueError as error:
        raise ValueError(f"{given}: {error}") from error
