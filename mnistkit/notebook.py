"""Results that a notebook shows as a picture: the figure that their command writes.

A notebook asks the object on a cell's last line for its picture. Results stand in rooms that do not know how they
are drawn, so they only hand the question on, to whom :func:`draw_with` named: ``mnistkit.api`` does that. So the
results of the API are those of the workflows themselves, and a program that never imports the API draws nothing.
"""

from __future__ import annotations

from collections.abc import Callable


class Drawn:
    """What a notebook shows as a picture."""

    def _repr_png_(self) -> bytes | None:
        """Return a PNG for IPython and all that ask as it does; None where nobody draws."""
        return None if _draw is None else _draw(self)


_draw: Callable[[Drawn], bytes | None] | None = None


def draw_with(draw: Callable[[Drawn], bytes | None]) -> None:
    """Name the function that returns a result as a PNG, or None for a result that it cannot draw."""
    global _draw
    _draw = draw
