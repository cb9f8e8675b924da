"""Keeping the stages of a picture's preparation, if anyone wants to see them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mnistkit.imaging.prepared import Step


@dataclass
class Recorder:
    """Collects steps.

    Attributes:
        wanted: Whether they are kept; otherwise nothing is.
        steps: Those added so far.
    """

    wanted: bool
    steps: list[Step] = field(default_factory=list)

    def add(self, name: str, title: str, image: NDArray[np.generic]) -> None:
        """Take the next stage: a picture, a mask, or levels of any range."""
        if self.wanted:
            self.steps.append(Step(name, title, _viewable(image)))

    def copy(self) -> Recorder:
        """Return another recorder that begins with the same steps."""
        return Recorder(self.wanted, [*self.steps])


def _viewable(image: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Return levels of any range as 8 bits."""
    if image.dtype == np.bool_:
        return np.asarray(image, dtype=np.uint8) * np.uint8(255)
    if image.dtype == np.uint8:
        return np.asarray(image, dtype=np.uint8)
    levels = np.asarray(image, dtype=np.float32)
    low, high = min(float(levels.min()), 0.0), max(float(levels.max()), 1.0)
    return ((levels - low) / (high - low) * 255).round().astype(np.uint8)
