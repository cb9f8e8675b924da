"""What a trained model can be written as: one target a suffix, each in a file of its own.

A target reads :class:`mnistkit.export.exported.Exported` and nothing else. A new one is a file here and a line below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mnistkit.export.exported import Exported


@dataclass(frozen=True)
class Target:
    """What a model can be written as.

    Attributes:
        title: What it is, in a few words.
        write: Returns the file's content, the weights stored in so many bits.
        bits: How many it can store weights in, the fewest first.
        shows_wrong: Whether test images that the model gets wrong are part of it.
    """

    title: str
    write: Callable[[Exported, int], bytes]
    bits: tuple[int, ...]
    shows_wrong: bool


def _page(model: Exported, bits: int) -> bytes:
    from mnistkit.export.html import page

    return page(model, bits=bits).encode("utf-8")


TARGETS: Mapping[str, Target] = {
    ".html": Target("a web page to draw on, in one file", _page, bits=(8, 16), shows_wrong=True)
}
"""The targets by the suffix of their files."""
