"""The one style of this program's figures, and grids of images as a figure.

Figures are made with matplotlib's object interface on an Agg canvas: no window system, no global state, and none
of a user's own matplotlib settings.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistkit.files import atomic_write
from mnistkit.reporting.outputs import check_suffix

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

SUFFIXES = (".png", ".pdf", ".svg")
# Any: the stubs of matplotlib take only literal names.
_STYLE: Any = {
    "font.family": "sans-serif",
    "font.size": 10,
    "figure.titlesize": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "legend.frameon": False,
    "figure.dpi": 120,
    "savefig.dpi": 120,
    # A caption may hold a dollar sign or an underscore; nothing is to be read as a formula.
    "text.parse_math": False,
}
# Inches of one image with its caption, and of the title.
_CELL_WIDTH, _CELL_HEIGHT, _TITLE_HEIGHT = 1.1, 1.3, 0.5
_MOST_COLUMNS = 10
_CAPTION_LENGTH = 15


def result_title(
    models: Sequence[str], dataset: str, split: str, n: int, accuracies: Sequence[float], what: str = ""
) -> str:
    """Return the heading of a figure about checkpoints: what was run on what, and below it how good it is.

    Args:
        models: The checkpoints' names, one or more.
        dataset: The dataset's name or folder.
        split: "test", "val" or "train".
        n: Number of images.
        accuracies: For each checkpoint, from 0 to 1.
        what: What the figure shows, set before the names: "misread digits".
    """
    start = f"{what}: " if what else ""
    shares = " and ".join(f"{100 * accuracy:.2f} %" for accuracy in accuracies)
    return f"{start}{' and '.join(models)} on {dataset}, {split} split\n{n:,} images, accuracy {shares}"


def check_figure_path(path: Path) -> Path:
    """Return ``path`` if a figure can be written in the format its suffix names.

    Raises:
        UsageError: another suffix, or none.
    """
    check_suffix(path, SUFFIXES)
    return path


@contextmanager
def figure_file(path: Path, width: float, height: float, title: str = "") -> Iterator[Figure]:
    """Give an empty figure to draw in, and write it to ``path`` afterwards, whole or not at all.

    Args:
        path: The file; its suffix chooses the format.
        width: Inches.
        height: Inches.
        title: The heading; empty for none.

    Raises:
        UsageError: a suffix of no known format.
        OutputError: the file cannot be written.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    check_figure_path(path)
    # The backend is no matter of style, and setting it would load pyplot.
    settings: Any = {key: value for key, value in matplotlib.rcParamsDefault.items() if key != "backend"}
    with matplotlib.rc_context({**settings, **_STYLE}):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        if title:
            figure.suptitle(title)
        yield figure
        with atomic_write(path) as temporary:
            figure.savefig(temporary)


def write_picture_grid(
    path: Path, images: NDArray[np.uint8], captions: Sequence[str], title: str, columns: int | None = None
) -> None:
    """Write images with their captions as a grid.

    Args:
        path: The file; its suffix chooses the format.
        images: uint8 array of shape (n, height, width), n at least 1; 255 is shown white.
        captions: n lines of text; those too long for their image are cut.
        title: The heading.
        columns: Images in a row; None for about as many as rows, ten at most.

    Raises:
        UsageError: a suffix of no known format.
        OutputError: the file cannot be written.
    """
    across = columns or min(_MOST_COLUMNS, max(5, math.ceil(math.sqrt(len(images)))), max(len(images), 3))
    down = math.ceil(len(images) / across)
    size = (max(across * _CELL_WIDTH, 4.0), down * _CELL_HEIGHT + _TITLE_HEIGHT)
    with figure_file(path, *size, title) as figure:
        axes = figure.subplots(down, across, squeeze=False).reshape(-1)
        for each in axes:
            each.set_axis_off()
        for each, image, caption in zip(axes, images, captions, strict=False):
            each.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            each.set_title(_short(caption), fontsize=9, pad=3)


def _short(caption: str) -> str:
    return caption if len(caption) <= _CAPTION_LENGTH else caption[: _CAPTION_LENGTH - 1] + "…"
