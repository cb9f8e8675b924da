"""The colours of confusion matrices, the same in the terminal, in figures and on web pages.

Blue is right and orange is wrong: colour-blind readers can tell these two apart (Okabe and Ito's palette). Every
colour comes with that of the text on it, so that a cell is legible whatever is around it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnistkit.evaluation.results.confusion import ConfusionResult

# From the fewest to the most, dark enough at the start that a single error stands out on white and on black.
WRONG = ("#fdd0a2", "#f58634", "#d55e00", "#7f2704")
RIGHT = ("#c6dbef", "#6baed6", "#0072b2", "#08306b")
DIAGONAL = "#2b6ca3"
_LIGHT, _DARK = "#ffffff", "#000000"
# The luminance above which black text has more contrast than white (WCAG 2: both are 4.6 : 1 there).
_MIDDLE_LUMINANCE = 0.179


@dataclass(frozen=True)
class Scale:
    """How the errors of a matrix are coloured: by the logarithm, so that one stays visible beside a thousand.

    Attributes:
        low: The smallest value other than zero, signs ignored.
        high: The largest, above ``low``.
    """

    low: float
    high: float

    @classmethod
    def of(cls, result: ConfusionResult) -> Scale:
        """Return the scale for all cells that are coloured by their value: the diagonal only in a difference."""
        sizes = np.abs(errors(result))
        sizes = sizes[sizes > 0]
        if not sizes.size:
            return cls(1.0, 10.0)
        low, high = float(sizes.min()), float(sizes.max())
        # At least a decade: where all errors are single ones, none of them is a bad one.
        return cls(low, max(high, 10 * low))

    def place(self, value: float) -> float:
        """Return where ``value``, not 0, lies between low (0) and high (1)."""
        share = math.log(abs(value) / self.low) / math.log(self.high / self.low)
        return min(1.0, max(0.0, share))


def errors(result: ConfusionResult) -> NDArray[np.float64]:
    """Return the values with what is good for the model, or for B of two, turned negative and rights left out.

    Of one model these are the errors. In a difference, errors that only B makes are positive and those that it
    avoids negative; on the diagonal it is the other way round.
    """
    values = result.values.astype(np.float64)
    diagonal = np.eye(len(values), dtype=bool)
    if result.is_difference and not result.errors_only:
        values[diagonal] *= -1
    else:
        values[diagonal] = 0
    return values


def error_colour(error: float, scale: Scale) -> str:
    """Return the background for a cell of :func:`errors` that is not 0, as "#rrggbb"."""
    return _on_ramp(WRONG if error > 0 else RIGHT, scale.place(error))


def text_colour(background: str) -> str:
    """Return black or white, whichever is easier to read on ``background``."""
    channels = [channel / 255 for channel in rgb(background)]
    # Relative luminance as WCAG 2 defines it.
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return _DARK if luminance > _MIDDLE_LUMINANCE else _LIGHT


def _on_ramp(ramp: tuple[str, ...], share: float) -> str:
    """Return the colour at ``share`` (0 to 1) of the way along ``ramp``."""
    position = share * (len(ramp) - 1)
    start = min(int(position), len(ramp) - 2)
    weight = position - start
    pairs = zip(rgb(ramp[start]), rgb(ramp[start + 1]), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * weight):02x}" for a, b in pairs)


def rgb(colour: str) -> tuple[int, int, int]:
    """Return the red, green and blue, 0 to 255 each, of a colour "#rrggbb"."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
