"""Matplotlib's figure, as notebooks show it. Importing this imports matplotlib."""

import io

from matplotlib.figure import Figure


class Picture(Figure):
    """A figure that notebooks show, whether pyplot is in use or not."""

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.savefig(file, format="png")
        return file.getvalue()
