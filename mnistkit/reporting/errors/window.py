"""How many misclassified images fit into a terminal's window: as pictures where there is room, else as lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from mnistkit.evaluation.results.errors import ErrorsResult, Misclassification, Section, WrongPrediction
from mnistkit.reporting.console import can_show
from mnistkit.reporting.errors import text
from mnistkit.reporting.errors.images import entries, picture
from mnistkit.reporting.image_grid import pictures_per_row, print_pictures
from mnistkit.reporting.wrapping import print_text, shortened, wrapped

_Entry = tuple[Misclassification, WrongPrediction | None]
# Columns that a name keeps before the remark behind it gives way.
_LEAST_NAME = 20


@dataclass(frozen=True)
class Part:
    """What is shown of a section.

    Attributes:
        section: The section, which holds at least one image.
        shown: How many of its images.
        has_pictures: Whether they are drawn; else each is a line.
    """

    section: Section
    shown: int
    has_pictures: bool

    @property
    def chosen(self) -> tuple[Misclassification, ...]:
        """The images shown."""
        return self.section.misclassifications[: self.shown]


class Window:
    """Lays out and prints parts in a console's window.

    Args:
        console: The console.
        result: Where the parts are from.
    """

    def __init__(self, console: Console, result: ErrorsResult) -> None:
        self._console, self._result = console, result
        self._arrow = text.ARROW if can_show(console, text.ARROW) else text.ASCII_ARROW

    def whole(self) -> list[Part]:
        """Return all sections that hold images, with all of these."""
        return [
            self._drawn(section, len(section.misclassifications))
            for section in self._result.sections
            if section.misclassifications
        ]

    @property
    def can_draw(self) -> bool:
        """Whether the window is wide enough for a picture."""
        return any(part.has_pictures for part in self.whole())

    def is_partial(self, part: Part) -> bool:
        """Say whether more of a part's section could be shown: more images, or pictures instead of lines."""
        return part.shown < part.section.total or (self.can_draw and not part.has_pictures)

    def fitting(self, room: int) -> list[Part]:
        """Return as much of each section as ``room`` lines hold, at least a line; pictures where they fit.

        The last sections, of images that most models get wrong, are the first to get pictures.
        """
        parts = [Part(part.section, 1, has_pictures=False) for part in self.whole()]
        for place in reversed(range(len(parts))):
            drawn = self._drawn(parts[place].section, 1)
            self._exchange(parts, place, self._grown(replace(drawn, shown=0)), room)
        # One step for each in turn, so that all sections get their share.
        has_grown = True
        while has_grown:
            exchanged = [self._exchange(parts, place, self._grown(part), room) for place, part in enumerate(parts)]
            has_grown = any(exchanged)
        return parts

    def print(self, part: Part) -> None:
        """Print a part below its heading, and an empty line."""
        print_text(self._console, self._heading(part), "bold")
        if part.has_pictures:
            images, captions = self._pictures(part)
            print_pictures(self._console, images, captions)
        else:
            for line in self._lines(part):
                self._console.print(line, no_wrap=True, crop=True, overflow="crop")
        self._console.print()

    def _drawn(self, section: Section, shown: int) -> Part:
        """Return a part with pictures, unless the window is too narrow for one."""
        images, _ = self._pictures(Part(section, 1, has_pictures=True))
        return Part(section, shown, has_pictures=images.shape[2] <= self._console.width)

    def _grown(self, part: Part) -> Part:
        """Return the part with one more line, or row of pictures."""
        step = 1
        if part.has_pictures:
            width = self._pictures(replace(part, shown=1))[0].shape[2]
            # With attribution maps an image takes a picture for each model.
            per_image = max(1, len(self._entries(replace(part, shown=1))))
            step = max(1, pictures_per_row(self._console, width) // per_image)
        return replace(part, shown=min(part.shown + step, len(part.section.misclassifications)))

    def _exchange(self, parts: list[Part], place: int, part: Part, room: int) -> bool:
        """Put ``part`` into its place if it is another one and all still fit."""
        is_same = (part.shown, part.has_pictures) == (parts[place].shown, parts[place].has_pictures)
        others = sum(self._height(each) for i, each in enumerate(parts) if i != place)
        if is_same or others + self._height(part) > room:
            return False
        parts[place] = part
        return True

    def _height(self, part: Part) -> int:
        """Return how many lines :meth:`print` takes."""
        frame = len(wrapped(self._heading(part), self._console.width)) + 1
        if not part.has_pictures:
            return frame + part.shown
        images, captions = self._pictures(part)
        per_row = pictures_per_row(self._console, images.shape[2])
        rows = [captions[start : start + per_row] for start in range(0, len(captions), per_row)]
        captioned = sum(max(caption.count("\n") + 1 for caption in row) for row in rows)
        return frame + len(rows) * (int(images.shape[1]) // 2 + 1) - 1 + captioned

    def _heading(self, part: Part) -> str:
        return text.heading(self._result, part.section) + text.shown(part.section, part.shown)

    def _entries(self, part: Part) -> list[_Entry]:
        return list(entries(self._result, part.chosen))

    def _pictures(self, part: Part) -> tuple[NDArray[np.uint8], list[str]]:
        shown = self._entries(part)
        images = np.stack([picture(*entry) for entry in shown])
        captions = [text.caption(self._result, *entry, images.shape[2], self._arrow) for entry in shown]
        return without_blank_edges(images), captions

    def _lines(self, part: Part) -> Iterator[Text]:
        said = [text.line(self._result, image, self._arrow) for image in part.chosen]
        longest = max(cell_len(start) for start, _, _ in said)
        for start, name, note in said:
            line = Text(f"{start}{' ' * (longest - cell_len(start))}  ")
            room = self._console.width - line.cell_len
            rest = room - cell_len(note) - 2
            line.append(shortened(name, rest if note and rest >= _LEAST_NAME else room))
            if note and line.cell_len + cell_len(note) + 2 <= self._console.width:
                line.append(f"  {note}", "dim")
            yield line


def without_blank_edges(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return images without the pairs of rows at the top and the bottom that are black in all of them.

    Args:
        images: uint8 array of shape (n, height, width) or (n, height, width, 3); height even.

    Returns:
        Array of the same shape, but for its height, which is even and at least 2.
    """
    rows = images.reshape(*images.shape[:2], -1).any(axis=(0, 2))
    inked: Sequence[int] = np.flatnonzero(rows.reshape(-1, 2).any(axis=1)).tolist() or [0]
    return images[:, 2 * inked[0] : 2 * inked[-1] + 2]
