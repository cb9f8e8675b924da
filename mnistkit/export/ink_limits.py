"""What the imaging knows about digits, for targets that prepare drawings themselves: its numbers, by name."""

from __future__ import annotations

from mnistkit.imaging import components, find_digit, finding, fit, shape
from mnistkit.recipe import IMAGE_SIZE


def ink_limits() -> dict[str, float]:
    """Return the numbers by which ink is fitted into a tile and judged; their modules say what each means."""
    return {
        "side": IMAGE_SIZE[0],
        "box": fit.BOX,
        "enlarged": fit.LONGER_SIDE,
        "narrowest": fit.NARROWEST,
        "widest": fit.WIDEST,
        "speck": components.SPECK,
        "ownDigit": components.DIGIT,
        "near": components.NEAR,
        "beside": components.BESIDE,
        "sharedBeside": components.SHARED_BESIDE,
        "sharedAbove": components.SHARED_ABOVE,
        "smallestHole": shape.SMALLEST_HOLE,
        "hair": shape.HAIR,
        "frame": shape.FRAME,
        "liningDepth": shape.LINING_DEPTH,
        "shortest": finding.SHORTEST,
        "mostGroups": finding.MOST_GROUPS,
        "thickest": finding.THICKEST,
        "tooWide": finding.WIDEST,
        "longestPath": finding.LONGEST_PATH,
        "mostHoles": finding.MOST_HOLES,
        "broadest": finding.BROADEST,
        "mostFilled": finding.MOST_FILLED,
        "narrowestSlab": finding.NARROWEST_SLAB,
        "dash": finding.DASH,
        "digitAspect": find_digit.DIGIT_ASPECT,
    }
