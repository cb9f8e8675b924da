"""Which misclassified images are shown, and how: alone, or beside the attribution map of a wrong prediction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from mnistkit.evaluation.results.errors import ErrorsResult, Misclassification, Section, WrongPrediction
from mnistkit.reporting.colours import RIGHT, WRONG, rgb

# Orange speaks for the predicted class, blue for the label.
FOR, AGAINST = WRONG[1], RIGHT[1]
# How bright the image is behind its attribution map, and how fast the colours rise: below 1, weak values show.
_INK, _GAMMA = 0.35, 0.6
_BETWEEN = 2


def first_of(result: ErrorsResult, section: Section, unasked: int) -> tuple[Misclassification, ...]:
    """Return the images of a section to show: the first ``unasked`` ones, unless a limit was asked for."""
    images = section.misclassifications
    return images if result.selection.limit is not None else images[:unasked]


def entries(
    result: ErrorsResult, images: Sequence[Misclassification]
) -> Iterator[tuple[Misclassification, WrongPrediction | None]]:
    """Yield what gets a picture of its own: each image, or, with attribution maps, each wrong prediction."""
    for image in images:
        if result.explained is None:
            yield image, None
        else:
            yield from ((image, each) for each in image.predictions)


def picture(image: Misclassification, prediction: WrongPrediction | None) -> NDArray[np.uint8]:
    """Return an image, with the attribution map of a prediction to its right if there is one.

    Returns:
        uint8 array of shape (height, width), or (height, wider, 3).
    """
    if prediction is None or prediction.attribution_map is None:
        return image.pixels
    grey = np.repeat(image.pixels[..., None], 3, axis=2)
    gap = np.zeros((len(grey), _BETWEEN, 3), dtype=np.uint8)
    return np.concatenate([grey, gap, overlaid(image.pixels, prediction.attribution_map)], axis=1)


def overlaid(pixels: NDArray[np.uint8], attribution_map: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return an image with its attribution map over it.

    Args:
        pixels: uint8 array of shape (height, width).
        attribution_map: Float array of the same shape, from -1 to 1.

    Returns:
        uint8 array of shape (height, width, 3).
    """
    ink = np.repeat(pixels[..., None] * _INK, 3, axis=2)
    strength = np.abs(attribution_map)[..., None] ** _GAMMA
    colour = np.where(attribution_map[..., None] > 0, np.array(rgb(FOR)), np.array(rgb(AGAINST)))
    mixed: NDArray[np.uint8] = np.rint(ink + (colour - ink) * strength).astype(np.uint8)
    return mixed
