"""What computes logits: one backend a file. A backend knows arrays alone, neither pictures nor classes by name."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import numpy as np
    from numpy.typing import NDArray


NUMPY, TORCH = "numpy", "torch"
BACKENDS = ("auto", NUMPY, TORCH)
"""What may be asked for; "auto" is what :mod:`mnistkit.inference.backends.choice` finds quickest."""


class Backend(Protocol):
    """A trained model that maps tiles to logits."""

    def logits(self, tiles: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the logits, shape (n, classes), of tiles of shape (n, 28, 28); n may be 0.

        Several threads may call it at the same time.
        """

    @property
    def lanes(self) -> int:
        """How many batches it pays to compute at the same time, each in a thread of its own."""

    def threads(self, count: int) -> AbstractContextManager[Executor]:
        """Give that many threads for calls of :meth:`logits` side by side."""
