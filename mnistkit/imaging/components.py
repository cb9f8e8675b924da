"""Which connected pieces of ink belong to a digit, and how many digits there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mnistkit.imaging.box import Box
from mnistkit.imaging.shape import FRAME, lining, lining_depth
from mnistkit.imaging.threshold import EIGHT

# Pieces smaller than this part of the largest one, in length, are dirt unless they stand close to it.
SPECK = 0.12
# A piece this high, compared with the highest one, can be a digit of its own; the bar of a 5 is lower.
DIGIT = 0.5
# What touches the picture's edge is a digit only if it is this long, compared with the shorter side, and nothing
# inside is at least this large beside it.
_TIGHT = 0.5
_INSIDE = 0.35
NEAR = 0.3
# What is inside a frame has at least this part of its size.
_FRAMED = 0.2
# What touches so many of the picture's sides may be thicker: it is what the picture was taken before.
_SURROUNDS = 3
MOST_PIECES = 10_000
"""The largest pieces of a page that are looked at: a sheet full of figures has about half as many."""


@dataclass(frozen=True)
class Piece(Box):
    """A connected piece of ink, and the smallest box around it.

    Attributes:
        label: Its number in the labelled mask.
        area: Pixels.
        sides: How many sides of the picture it touches.
    """

    label: int
    area: int
    sides: int


@dataclass(frozen=True, eq=False)
class Layout:
    """What was found in a mask of ink.

    Attributes:
        groups: The pieces of each digit-like glyph, the largest glyph first.
        labels: The number of the piece that each pixel of the mask belongs to, 0 where there is no ink.
        group_numbers: For each of these numbers the number of its group, -1 for what is left out.
    """

    groups: tuple[tuple[Piece, ...], ...]
    labels: NDArray[np.int32]
    group_numbers: NDArray[np.intp]

    def mask_of(self, group: int, box: Box) -> NDArray[np.bool_]:
        """Return which pixels in a box belong to a group."""
        mask: NDArray[np.bool_] = self.group_numbers[self.labels[box.place]] == group
        return mask


def find_pieces(mask: NDArray[np.bool_], most: int = MOST_PIECES) -> tuple[NDArray[np.int32], list[Piece]]:
    """Return the labelled mask and its pieces, the largest first, at most ``most``."""
    labels, _ = ndimage.label(mask, EIGHT)
    areas = np.bincount(labels.reshape(-1))
    boxes = ndimage.find_objects(labels)
    height, width = mask.shape
    order = np.argsort(areas[1:])[::-1][:most] + 1
    pieces = []
    for label in order.tolist():
        rows, columns = boxes[label - 1]
        sides = (rows.start <= 0, rows.stop >= height, columns.start <= 0, columns.stop >= width)
        place = rows.start, rows.stop, columns.start, columns.stop
        piece = Piece(*place, label=label, area=int(areas[label]), sides=sum(sides))
        pieces.append(piece)
    return labels, sorted(pieces, key=lambda piece: piece.length * piece.area, reverse=True)


def drop_border(pieces: list[Piece], shape: tuple[int, int]) -> list[Piece]:
    """Leave out pieces that touch the picture's edge, unless the digit itself does in a tight crop."""
    inside = [piece for piece in pieces if not piece.sides]
    touching = [piece for piece in pieces if piece.sides]
    largest_inside = max((piece.length for piece in inside), default=0)
    kept = [
        piece
        for piece in touching
        if piece.length >= _TIGHT * min(shape) and largest_inside < _INSIDE * piece.length
    ]
    return sorted([*inside, *kept], key=lambda piece: piece.length * piece.area, reverse=True)


def drop_frames(pieces: list[Piece], labels: NDArray[np.int32]) -> list[Piece]:
    """Leave out what is around a piece: the boxes of forms, the axes of plots, the table a sheet lies on."""
    boxes = _Boxes.around(pieces)
    return [piece for piece in pieces if not (_encloses(piece, boxes).any() and _is_frame(labels, piece))]


def _encloses(piece: Piece, others: _Boxes) -> NDArray[np.bool_]:
    is_inside = (piece.top < others.top) & (others.bottom < piece.bottom)
    is_between = (piece.left < others.left) & (others.right < piece.right)
    return is_inside & is_between & (others.length >= _FRAMED * min(piece.height, piece.width))


def _is_frame(labels: NDArray[np.int32], piece: Piece) -> bool:
    """Say whether a piece lines all four sides of the box around it and, if it does not surround all, is thin."""
    ink = labels[piece.place] == piece.label
    deep = lining_depth(ink)
    may_be = piece.sides >= _SURROUNDS or not ink[deep:-deep, deep:-deep].any()
    return may_be and lining(ink) >= FRAME


def arrange(mask: NDArray[np.bool_], most_pieces: int = MOST_PIECES) -> Layout:
    """Find the digits in a mask of ink: specks and what comes in from the edge left out, loose parts joined."""
    labels, pieces = find_pieces(mask, most_pieces)
    numbers = np.full(int(labels.max(initial=0)) + 1, -1, dtype=np.intp)
    pieces = drop_frames(drop_border(pieces, (mask.shape[0], mask.shape[1])), labels)
    longest = max((piece.length for piece in pieces), default=0)
    groups = _groups([piece for piece in pieces if piece.length >= SPECK * longest])
    for number, group in enumerate(groups):
        numbers[[piece.label for piece in group]] = number
    return Layout(groups, labels, numbers)


def _groups(pieces: list[Piece]) -> tuple[tuple[Piece, ...], ...]:
    """Return the pieces of each digit, the largest digit first; small pieces that stand alone are left out."""
    boxes = _Boxes.around(pieces)
    is_large = boxes.height >= DIGIT * boxes.height.max(initial=0)
    numbers = np.full(len(pieces), -1, dtype=np.intp)
    count = 0
    for place in np.flatnonzero(is_large):
        numbers[place] = _first_group(numbers, _same_digit(pieces[place], boxes), otherwise=count)
        count = max(count, int(numbers[place]) + 1)
    for place in np.flatnonzero(~is_large):
        numbers[place] = _first_group(numbers, _is_near(pieces[place], boxes), otherwise=-1)
    return tuple(tuple(pieces[place] for place in np.flatnonzero(numbers == group)) for group in range(count))


def _first_group(numbers: NDArray[np.intp], related: NDArray[np.bool_], otherwise: int) -> int:
    """Return the lowest number of a group that has one of the related pieces already."""
    found = numbers[related & (numbers >= 0)]
    return int(found.min()) if found.size else otherwise


@dataclass(frozen=True, eq=False)
class _Boxes:
    """Many boxes, each attribute an array: thousands of pieces are compared with one another."""

    top: NDArray[np.intp]
    bottom: NDArray[np.intp]
    left: NDArray[np.intp]
    right: NDArray[np.intp]

    @classmethod
    def around(cls, pieces: Sequence[Piece]) -> _Boxes:
        sides = [(piece.top, piece.bottom, piece.left, piece.right) for piece in pieces]
        return cls(*np.array(sides, dtype=np.intp).reshape(-1, 4).T)

    @cached_property
    def height(self) -> NDArray[np.intp]:
        return self.bottom - self.top

    @cached_property
    def width(self) -> NDArray[np.intp]:
        return self.right - self.left

    @cached_property
    def length(self) -> NDArray[np.intp]:
        return np.maximum(self.height, self.width)

    def shared_columns(self, box: Box) -> NDArray[np.intp]:
        """Return how many columns each shares with a box; negative is the gap between them."""
        return np.minimum(self.right, box.right) - np.maximum(self.left, box.left)

    def shared_rows(self, box: Box) -> NDArray[np.intp]:
        """Return how many rows each shares with a box; negative is the gap between them."""
        return np.minimum(self.bottom, box.bottom) - np.maximum(self.top, box.top)


def _same_digit(piece: Piece, others: _Boxes) -> NDArray[np.bool_]:
    """Say with which others a large piece makes a digit: one above the other and close, or entangled."""
    across, along = others.shared_columns(piece), others.shared_rows(piece)
    narrow = np.minimum(piece.width, others.width)
    gap = NEAR * np.maximum(piece.length, others.length)
    is_beside = along >= 0.5 * np.minimum(piece.height, others.height)
    is_above = (across > 0.3 * narrow) & (along > -gap)
    return np.where(is_beside, across > 0.35 * narrow, is_above)


def _is_near(piece: Piece, others: _Boxes) -> NDArray[np.bool_]:
    return np.minimum(others.shared_columns(piece), others.shared_rows(piece)) > -NEAR * others.length
