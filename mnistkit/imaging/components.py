"""Which connected pieces of ink belong to a digit, and how many digits there are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mnistkit.imaging.shape import FRAME, lining, lining_depth
from mnistkit.imaging.threshold import EIGHT

# Pieces smaller than this part of the largest one, in length, are dirt unless they stand close to it.
_SPECK = 0.12
# A piece this high, compared with the highest one, can be a digit of its own; the bar of a 5 is lower.
_DIGIT = 0.5
# What touches the picture's edge is a digit only if it is this long, compared with the shorter side, and nothing
# inside is at least this large beside it.
_TIGHT = 0.5
_INSIDE = 0.35
_NEAR = 0.3
# What is inside a frame has at least this part of its size.
_FRAMED = 0.2
# What touches so many of the picture's sides may be thicker: it is what the picture was taken before.
_SURROUNDS = 3
_MOST = 400


@dataclass(frozen=True)
class Piece:
    """A connected piece of ink.

    Attributes:
        label: Its number in the labelled mask.
        top: First row.
        bottom: Row behind the last one.
        left: First column.
        right: Column behind the last one.
        area: Pixels.
        sides: How many sides of the picture it touches.
    """

    label: int
    top: int
    bottom: int
    left: int
    right: int
    area: int
    sides: int

    @property
    def length(self) -> int:
        """The longer side of the box around it."""
        return max(self.bottom - self.top, self.right - self.left)

    @property
    def height(self) -> int:
        """Rows from top to bottom."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Columns from left to right."""
        return self.right - self.left


@dataclass(frozen=True)
class Layout:
    """What was found in a mask of ink.

    Attributes:
        mask: The ink of the main digit alone.
        count: How many digit-like groups of pieces there are.
    """

    mask: NDArray[np.bool_]
    count: int


def find_pieces(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int32], list[Piece]]:
    """Return the labelled mask and its pieces, the largest first, at most ``_MOST``."""
    labels, _ = ndimage.label(mask, EIGHT)
    areas = np.bincount(labels.reshape(-1))
    boxes = ndimage.find_objects(labels)
    height, width = mask.shape
    order = np.argsort(areas[1:])[::-1][:_MOST] + 1
    pieces = []
    for label in order.tolist():
        rows, columns = boxes[label - 1]
        sides = (rows.start <= 0, rows.stop >= height, columns.start <= 0, columns.stop >= width)
        piece = Piece(label, rows.start, rows.stop, columns.start, columns.stop, int(areas[label]), sum(sides))
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
    return [
        piece
        for piece in pieces
        if not (any(_encloses(piece, other) for other in pieces) and _is_frame(labels, piece))
    ]


def _encloses(piece: Piece, other: Piece) -> bool:
    is_inside = piece.top < other.top and other.bottom < piece.bottom
    is_between = piece.left < other.left and other.right < piece.right
    return is_inside and is_between and other.length >= _FRAMED * min(piece.height, piece.width)


def _is_frame(labels: NDArray[np.int32], piece: Piece) -> bool:
    """Say whether a piece lines all four sides of the box around it and, if it does not surround all, is thin."""
    ink = labels[piece.top : piece.bottom, piece.left : piece.right] == piece.label
    deep = lining_depth(ink)
    may_be = piece.sides >= _SURROUNDS or not ink[deep:-deep, deep:-deep].any()
    return may_be and lining(ink) >= FRAME


def arrange(mask: NDArray[np.bool_]) -> Layout:
    """Find the digits in a mask of ink: specks and what comes in from the edge left out, loose parts joined."""
    labels, pieces = find_pieces(mask)
    pieces = drop_frames(drop_border(pieces, (mask.shape[0], mask.shape[1])), labels)
    if not pieces:
        return Layout(np.zeros_like(mask), 0)
    longest = max(piece.length for piece in pieces)
    pieces = [piece for piece in pieces if piece.length >= _SPECK * longest]
    groups = _groups(pieces)
    kept = np.zeros(int(labels.max()) + 1, dtype=bool)
    kept[[piece.label for piece in groups[0]]] = True
    return Layout(kept[labels], len(groups))


def _groups(pieces: list[Piece]) -> list[list[Piece]]:
    """Return the pieces of each digit, the largest digit first; small pieces that stand alone are left out."""
    least = _DIGIT * max(piece.height for piece in pieces)
    large = [piece for piece in pieces if piece.height >= least]
    groups: list[list[Piece]] = []
    for piece in large:
        home = next((group for group in groups if any(_same_digit(piece, other) for other in group)), None)
        if home is None:
            groups.append([piece])
        else:
            home.append(piece)
    for piece in pieces:
        if piece in large:
            continue
        near = [group for group in groups if any(_is_near(piece, other) for other in group)]
        if near:
            near[0].append(piece)
    return groups


def _overlap(first: tuple[int, int], second: tuple[int, int]) -> int:
    """Return how many places two ranges share; negative is the gap between them."""
    return min(first[1], second[1]) - max(first[0], second[0])


def _same_digit(piece: Piece, other: Piece) -> bool:
    """Say whether two large pieces are parts of one digit: one above the other and close, or entangled."""
    across = _overlap((piece.left, piece.right), (other.left, other.right))
    along = _overlap((piece.top, piece.bottom), (other.top, other.bottom))
    narrow = min(piece.width, other.width)
    gap = _NEAR * max(piece.length, other.length)
    if along >= 0.5 * min(piece.height, other.height):
        return across > 0.35 * narrow
    return across > 0.3 * narrow and along > -gap


def _is_near(piece: Piece, other: Piece) -> bool:
    across = _overlap((piece.left, piece.right), (other.left, other.right))
    along = _overlap((piece.top, piece.bottom), (other.top, other.bottom))
    return min(across, along) > -_NEAR * other.length
