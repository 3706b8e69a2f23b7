"""The public `Diagnosis`: a report that can be printed, drawn, saved and compared."""

import dataclasses
import json
import os
from typing import Any

from keras_inits._utils import extras, rich_text
from keras_inits.diagnosis.report import Report
from keras_inits.diagnosis.show import compare, page, tensorboard, text
from keras_inits.diagnosis.show.compare import Comparison
from keras_inits.diagnosis.wording import plain


@dataclasses.dataclass(frozen=True, repr=False)
class Diagnosis(Report):
    """What an initialization does to signals and gradients.

    Its figures are those of `Report`; `diagnose` makes it.
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
        """
        extras.require("Diagnosis.plot", ["matplotlib"], "plots")
        from keras_inits.diagnosis.show import plots  # which imports matplotlib

        return plots.figure(self)

    def to_html(self, path: str | os.PathLike[str]) -> None:
        """Writes one page with everything, to look at in a browser, offline too.

        Args:
            path: The file; replaced if it is there. Its folder exists.

        Raises:
            MissingExtra: If plotly is not installed.
            OSError: If the file cannot be written; an old one is then as it was.
        """
        page.write(self, path)

    def log(self, folder: str | os.PathLike[str], step: int = 0) -> None:
        """Writes scalars, histograms and findings for TensorBoard.

        Args:
            folder: Folder of the event files; made where it does not exist.
            step: Step of training that they belong to.

        Raises:
            MissingExtra: If tensorboard is not installed.
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
        """
        return compare.compare(self, other)
