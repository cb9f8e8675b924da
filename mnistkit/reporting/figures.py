"""The one style of this program's figures, and grids of images as a figure.

Figures are made with matplotlib's object interface on an Agg canvas: no window system, no global state, and none
of a user's own matplotlib settings.
"""

from __future__ import annotations

import math
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistkit.files import atomic_write
from mnistkit.numbers import percentage
from mnistkit.own_figures import METADATA
from mnistkit.reporting.headlines import data_title
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
# Inches of a pixel of an image, of the space between images, of a line of caption, and of the title.
# A pixel is drawn as whole dots of the figure, so that all are equally wide.
_PIXEL_INCHES, _GAP_INCHES, _LINE_INCHES, _TITLE_LINE_INCHES = 4 / 120, 0.2, 0.17, 0.2
_TITLE_CHARACTER_INCHES = 0.1
_LEAST_WIDTH = 4.5
_WIDEST_PIXELS = 300
_CAPTION_POINTS = 9
_CAPTION_CHARACTERS_PER_INCH = 14


def result_title(
    models: Sequence[str], dataset: str, split: str, n: int, accuracies: Sequence[float], what: str = ""
) -> str:
    """Return the heading of a figure about checkpoints: what was run on what, and below it how good it is.

    Args:
        models: The checkpoints' names, one or more.
        dataset: The dataset's name or folder.
        split: "test", "val", "train" or "all".
        n: Number of images.
        accuracies: For each checkpoint, from 0 to 1.
        what: What the figure shows, set before the names: "misread digits".
    """
    start = f"{what}: " if what else ""
    shares = " and ".join(percentage(accuracy) for accuracy in accuracies)
    return f"{start}{' and '.join(models)} on {data_title(dataset, split)}\n{n:,} images, accuracy {shares}"


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
        with warnings.catch_warnings():
            # A name may be written in any script; what the font lacks is drawn as a box.
            warnings.filterwarnings("ignore", "Glyph .* missing from")
            yield figure
            with atomic_write(path) as temporary:
                figure.savefig(temporary, metadata=METADATA[path.suffix.lower()])


@dataclass(frozen=True)
class PictureGroup:
    """Images that stand together in a grid.

    Attributes:
        images: uint8 array of shape (n, height, width), or (n, height, width, 3) for RGB; 255 is shown white.
        captions: n texts of one line or more, set above the images; lines too long for their columns are cut.
        heading: Stands above them; empty for none.
        columns: Characters of a line of caption where more are needed than fit above an image; else 0.
    """

    images: NDArray[np.uint8]
    captions: Sequence[str]
    heading: str = ""
    columns: int = 0


def caption_columns(pixels: int) -> int:
    """Return how many characters of a caption fit above an image that is ``pixels`` wide."""
    return max(1, round(pixels * _PIXEL_INCHES * _CAPTION_CHARACTERS_PER_INCH))


def write_picture_grid(path: Path, images: NDArray[np.uint8], captions: Sequence[str], title: str) -> None:
    """Write images with their captions as one grid; the arguments are those of :func:`write_picture_groups`.

    Raises:
        UsageError: a suffix of no known format.
        OutputError: the file cannot be written.
    """
    write_picture_groups(path, [PictureGroup(images, captions)], title)


def write_picture_groups(
    path: Path,
    groups: Sequence[PictureGroup],
    title: str,
    notes: Sequence[str] = (),
) -> None:
    """Write groups of images with their captions, each group as a grid, one below the other.

    A grid is about as wide as high, within a page's width.

    Args:
        path: The file; its suffix chooses the format.
        groups: The images; in a group without any, only its heading is shown.
        title: The heading of all.
        notes: Stand below all, broken into lines of the page's width.

    Raises:
        UsageError: a suffix of no known format.
        OutputError: the file cannot be written.
    """
    across = max(map(_columns_for, groups), default=1)
    grids = [_Grid.of(group, across) for group in groups]
    lengths = max(map(len, title.splitlines()), default=0)
    width = max([_LEAST_WIDTH, lengths * _TITLE_CHARACTER_INCHES, *(grid.width for grid in grids)])
    foot = _wrapped(notes, int(width * _CAPTION_CHARACTERS_PER_INCH))
    head_inches = max(2, title.count("\n") + 1) * _TITLE_LINE_INCHES + _GAP_INCHES
    height = head_inches + sum(grid.height for grid in grids) + len(foot) * _LINE_INCHES + _GAP_INCHES
    with figure_file(path, width, height) as figure:
        # The places are computed here; a layout engine would take seconds for a hundred images.
        figure.set_layout_engine("none")
        figure.text(0.5, 1 - 0.12 / height, title, ha="center", va="top", fontsize=_STYLE["figure.titlesize"])
        top = height - head_inches
        for group, grid in zip(groups, grids, strict=True):
            _draw_group(figure, group, grid, top)
            top -= grid.height
        figure.text(_GAP_INCHES / width, top / height, "\n".join(foot), va="top", fontsize=_CAPTION_POINTS)


@dataclass(frozen=True)
class _Grid:
    """Where a group's images stand, in inches from its top left corner."""

    across: int
    down: int
    columns: int
    cell_width: float
    image_width: float
    image_height: float
    caption_height: float
    heading_height: float

    @classmethod
    def of(cls, group: PictureGroup, across: int) -> _Grid:
        count, height, width = group.images.shape[:3]
        lines = max((caption.count("\n") + 1 for caption in group.captions), default=0)
        columns = max(group.columns, caption_columns(width))
        image_width = width * _PIXEL_INCHES
        return cls(
            across=across,
            down=math.ceil(count / across),
            columns=columns,
            cell_width=max(image_width, group.columns / _CAPTION_CHARACTERS_PER_INCH),
            image_width=image_width,
            image_height=height * _PIXEL_INCHES,
            caption_height=lines * _LINE_INCHES + 0.06,
            heading_height=2 * _LINE_INCHES if group.heading else 0.0,
        )

    @property
    def row_height(self) -> float:
        return self.image_height + self.caption_height + _GAP_INCHES / 2

    @property
    def width(self) -> float:
        return self.across * (self.cell_width + _GAP_INCHES) + _GAP_INCHES

    @property
    def height(self) -> float:
        return self.heading_height + self.down * self.row_height + _GAP_INCHES / 2

    def position(self, place: int) -> tuple[float, float]:
        """Return how far the image's left edge and upper edge are from the corner."""
        row, column = divmod(place, self.across)
        x = _GAP_INCHES + column * (self.cell_width + _GAP_INCHES) + (self.cell_width - self.image_width) / 2
        return x, self.heading_height + row * self.row_height + self.caption_height


def _columns_for(group: PictureGroup) -> int:
    count = len(group.captions)
    width = max(int(group.images.shape[2]), round(group.columns / _CAPTION_CHARACTERS_PER_INCH / _PIXEL_INCHES))
    most = max(1, _WIDEST_PIXELS // width)
    return min(most, max(5, math.ceil(math.sqrt(count))), max(count, 1))


def _draw_group(figure: Figure, group: PictureGroup, grid: _Grid, top: float) -> None:
    page_width, page_height = figure.get_size_inches()
    left = (page_width - grid.width) / 2

    def write(x: float, y: float, text: str, **style: Any) -> None:
        figure.text((left + x) / page_width, (top - y) / page_height, text, va="bottom", linespacing=1.1, **style)

    if group.heading:
        write(_GAP_INCHES, grid.heading_height - 0.06, group.heading, weight="bold", fontsize=_CAPTION_POINTS + 1)
    for place, (image, caption) in enumerate(zip(group.images, group.captions, strict=True)):
        x, y = grid.position(place)
        _draw_image(figure, image, (left + x, top - y, grid.image_width, grid.image_height))
        text = "\n".join(_short(line, grid.columns) for line in caption.split("\n"))
        write(x + grid.image_width / 2, y - 0.04, text, ha="center", fontsize=_CAPTION_POINTS)


def _draw_image(figure: Figure, image: NDArray[np.uint8], place: tuple[float, float, float, float]) -> None:
    """Draw an image whose upper left corner is at (left, top) inches; an axes each would take far longer."""
    from matplotlib.image import BboxImage
    from matplotlib.transforms import Bbox, TransformedBbox

    left, top, width, height = place
    box = TransformedBbox(Bbox.from_bounds(left, top - height, width, height), figure.dpi_scale_trans)
    picture = BboxImage(box, cmap="gray", norm=None, interpolation="nearest", origin="upper")
    picture.set_clim(0, 255)
    picture.set_data(image)
    figure.add_artist(picture)


def _wrapped(texts: Sequence[str], columns: int) -> list[str]:
    return [line for text in texts for line in textwrap.wrap(text, columns)]


def _short(line: str, longest: int) -> str:
    return line if len(line) <= longest else line[: longest - 1] + "…"
