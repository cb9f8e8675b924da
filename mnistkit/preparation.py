"""How a picture becomes the tile that a model is given, in words; :mod:`mnistkit.imaging.prepare` does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KINDS = {
    "ink": "what is written is found, cut out, evened and centred as MNIST's digits are",
    "tile": "pictures of 28x28 pixels are taken as they are",
    "whole": "the whole picture is shrunk to 28x28 pixels",
}
"""Each kind of preparation, and what it does in words."""

AUTO = "auto"
"""Leaves the choice of a kind to the dataset."""

CHOICES = (AUTO, *KINDS)


@dataclass(frozen=True)
class Preparation:
    """How pictures become tiles of 28x28 grey levels, background 0.

    A model's checkpoint names the preparation of the pictures that it learnt from, and whatever it is given later
    is prepared in the same way.

    Attributes:
        kind: One of :data:`KINDS`.
        inverted: Whether grey levels are turned round, for pictures that are dark on light. Only of "tile" and
            "whole": of ink it is found out for each picture.
    """

    kind: str = "ink"
    inverted: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS or not isinstance(self.inverted, bool) or (self.inverted and self.kind == "ink"):
            raise ValueError(f"no such preparation: {self.kind!r}, inverted {self.inverted!r}")

    def __str__(self) -> str:
        return f"{self.kind}, inverted" if self.inverted else self.kind

    @property
    def meaning(self) -> str:
        """What it does, in words."""
        return KINDS[self.kind] + (", dark and light exchanged" if self.inverted else "")

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Preparation:
        """Return the preparation that a checkpoint's description holds; that of ink if nothing is stated.

        Raises:
            TypeError, ValueError: other values.
        """
        return cls(**values)


INK = Preparation()
"""The preparation of handwriting, where nothing else is said."""
