"""The letters that stand for the checkpoints that are compared."""

from __future__ import annotations

from string import ascii_uppercase


def letter(place: int) -> str:
    """Return what stands for the checkpoint at ``place``, counted from 0: A to Z, then AA, AB and so on.

    >>> [letter(place) for place in (0, 1, 25, 26, 27, 52)]
    ['A', 'B', 'Z', 'AA', 'AB', 'BA']
    """
    before, last = divmod(place, len(ascii_uppercase))
    return (letter(before - 1) if before else "") + ascii_uppercase[last]
