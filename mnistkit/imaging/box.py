"""A rectangle of a page's pixels."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Box:
    """A rectangle of whole pixels.

    Attributes:
        top: First row.
        bottom: Row behind the last one.
        left: First column.
        right: Column behind the last one.
    """

    top: int
    bottom: int
    left: int
    right: int

    @property
    def height(self) -> int:
        """Rows from top to bottom."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Columns from left to right."""
        return self.right - self.left

    @property
    def length(self) -> int:
        """The longer side."""
        return max(self.height, self.width)

    @property
    def place(self) -> tuple[slice, slice]:
        """Where it is in an array of the page's pixels: ``page[box.place]`` is what it holds."""
        return slice(self.top, self.bottom), slice(self.left, self.right)
