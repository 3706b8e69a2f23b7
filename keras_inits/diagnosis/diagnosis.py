"""The public `Diagnosis`: a report that can be printed, drawn, saved and compared."""

import dataclasses
import json
import os
from typing import Any

from keras_inits._utils import checks, extras, rich_text
from keras_inits.diagnosis.report import ERROR, SEVERITIES, WARNING, Report
from keras_inits.diagnosis.show import compare, page, tensorboard, text
from keras_inits.diagnosis.show.compare import Comparison
from keras_inits.diagnosis.wording import plain


@dataclasses.dataclass(frozen=True, repr=False)
class Diagnosis(Report):
    """What an initialization does to signals and gradients.

    `diagnose` makes it. It is frozen, and made of numbers, strings and tuples; None
    stands for what is not known.

    Examples:
    Thirty layers whose kernels are too small for ReLU:

    >>> import keras, keras_inits
    >>> layers = [keras.layers.Dense(32, "relu", name=f"d{n}") for n in range(30)]
    >>> model = keras.Sequential([keras.Input((32,)), *layers])
    >>> report = keras_inits.initialize(model, "glorot_uniform", seed=7)
    >>> diagnosis = keras_inits.diagnose(model)
    >>> diagnosis.verdict, diagnosis.worst, diagnosis.findings[0].kind
    ('suspicious', 'warning', 'vanishing signal')
    >>> diagnosis.record("d0").out.std > 1000 * diagnosis.record("d29").out.std
    True
    >>> diagnosis.to_dict()["samples"]
    32
    """

    def __rich__(self) -> Any:
        return text.table(self)

    def __str__(self) -> str:
        return rich_text.as_text(self, text.WIDTH).rstrip()

    def __repr__(self) -> str:
        found = len(self.findings)
        findings = f"{found} finding{'' if found == 1 else 's'}"
        return f"<Diagnosis of {self.model!r}: {self.verdict}, {findings}>"

    def _repr_html_(self) -> str:
        return rich_text.as_html(self, width=120)

    def to_dict(self) -> dict[str, Any]:
        """All figures as dicts, tuples, numbers and strings, and the verdict."""
        return {"verdict": self.verdict, **dataclasses.asdict(self)}

    def to_json(self, indent: int | None = 2) -> str:
        """All figures as strict JSON: infinities and nan are strings.

        Args:
            indent: Spaces per level; None for one line.

        Examples:
        >>> import json, keras, keras_inits
        >>> model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)])
        >>> figures = json.loads(keras_inits.diagnose(model).to_json())
        >>> figures["verdict"], [record["layer"] for record in figures["records"]]
        ('healthy', ['Dense'])
        """
        figures = plain(self.to_dict())
        return json.dumps(figures, indent=indent, ensure_ascii=False, allow_nan=False)

    def plot(self) -> Any:
        """A picture: sizes by depth, forward and back, histograms, gradient norms.

        Returns:
            A `matplotlib.figure.Figure`: show it in a notebook by naming it last in a
            cell, or write it by its `savefig`.

        Raises:
            MissingExtra: If matplotlib is not installed.

        Examples:
        >>> import keras, keras_inits
        >>> model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)])
        >>> picture = keras_inits.diagnose(model).plot()
        >>> len(picture.axes) > 1
        True
        """
        extras.require("Diagnosis.plot", ["matplotlib"], "plots")
        from keras_inits.diagnosis.show import plots  # which imports matplotlib

        return plots.figure(self)

    def check(self, fail_on: str = "error") -> None:
        """Raises if there are severe findings, for a project's own tests.

        Args:
            fail_on: "error" for errors alone, "warning" for warnings, too.

        Raises:
            AssertionError: If there are such findings: its text tells each with its
                cause and its fix.
            ValueError: If `fail_on` is neither.

        Examples:
        >>> import keras, keras_inits
        >>> zeros = keras.layers.Dense(8, "relu", kernel_initializer="zeros")
        >>> model = keras.Sequential([keras.Input((8,)), zeros, keras.layers.Dense(4)])
        >>> keras_inits.diagnose(model).check()
        Traceback (most recent call last):
        ...
        AssertionError: ...: unhealthy...
        """
        checks.choice(
            "fail_on",
            fail_on,
            (ERROR, WARNING),
            meaning="the least severity of findings that fail",
        )
        failing = SEVERITIES[: SEVERITIES.index(fail_on) + 1]
        found = [f for f in self.findings if f.severity in failing]
        if found:
            shown = dataclasses.replace(self, findings=tuple(found))
            raise AssertionError(rich_text.as_text(text.findings(shown), text.WIDTH))

    def to_html(self, path: str | os.PathLike[str], library: str = "inline") -> None:
        """Writes one page with everything, to look at in a browser.

        Args:
            path: The file; replaced if it is there. Its folder exists.
            library: "inline" puts the plotting library into the page, some 5 MB, so
                that it shows without a network; "cdn" has the browser fetch it.

        Raises:
            MissingExtra: If plotly is not installed.
            ValueError: If `library` is neither.
            OSError: If the file cannot be written; an old one is then as it was.

        Examples:
        >>> import keras, keras_inits, pathlib, tempfile
        >>> model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     page = pathlib.Path(folder) / "start.html"
        ...     keras_inits.diagnose(model).to_html(page, library="cdn")
        ...     page.read_text(encoding="utf-8")[:15]
        '<!doctype html>'
        """
        page.write(self, path, library)

    def log(self, folder: str | os.PathLike[str], step: int = 0) -> None:
        """Writes scalars, histograms and findings for TensorBoard.

        Args:
            folder: Folder of the event files; made where it does not exist.
            step: Step of training that they belong to.

        Raises:
            MissingExtra: If tensorboard is not installed.

        Examples:
        >>> import keras, keras_inits, os, tempfile
        >>> model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     keras_inits.diagnose(model).log(folder, step=100)
        ...     [name.startswith("events.out") for name in os.listdir(folder)]
        [True]
        """
        tensorboard.log(self, folder, step)

    def compare(self, other: Report) -> Comparison:
        """Two initializations side by side, layer by layer.

        Args:
            other: Diagnosis of the same network, or of one like it, from another start.

        Returns:
            A `Comparison`: print it, or take its `to_dict()`.

        Raises:
            ValueError: If `other` is no diagnosis.

        Examples:
        >>> import keras, keras_inits
        >>> head = keras.layers.Dense(4, name="head")
        >>> model = keras.Sequential([keras.Input((8,)), head])
        >>> before = keras_inits.diagnose(model)
        >>> report = keras_inits.initialize(model, "zeros")
        >>> row = before.compare(keras_inits.diagnose(model)).rows[0]
        >>> row.layer, row.first.out.std > 0, row.second.out.std
        ('head', True, 0.0)
        """
        return compare.compare(self, other)
