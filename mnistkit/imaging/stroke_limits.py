"""The limits by which a drawing is judged from its strokes, where no picture of it is looked at."""

from __future__ import annotations

from mnistkit.imaging import components, find_digit, finding, shape


def stroke_limits() -> dict[str, float]:
    """Return when strokes are no digit or several, by name: the limits of pictures, for the page to draw on."""
    return {
        "shortest": finding.SHORTEST,
        "most_groups": finding.MOST_GROUPS,
        "longest_path": finding.LONGEST_PATH,
        "most_holes": finding.MOST_HOLES,
        "broadest": finding.BROADEST,
        "dash": finding.DASH,
        "digit_aspect": find_digit.DIGIT_ASPECT,
        "smallest_hole": shape.SMALLEST_HOLE,
        "speck": components.SPECK,
        "digit": components.DIGIT,
        "near": components.NEAR,
    }
