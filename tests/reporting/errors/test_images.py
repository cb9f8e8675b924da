"""Attribution maps beside their images."""

from __future__ import annotations

import numpy as np

from mnistkit.evaluation.results.errors import (
    Misclassification,
    WrongPrediction,
)
from mnistkit.reporting.errors.images import overlaid, picture

PIXELS = np.full((2, 2), 100, dtype=np.uint8)


MAP = np.array([[1, -1], [0, 0]], dtype=np.float32)


def test_an_attribution_map_is_orange_for_and_blue_against_and_leaves_the_rest_grey() -> None:
    shown = overlaid(PIXELS, MAP)
    red, blue = shown[..., 0].astype(int), shown[..., 2].astype(int)
    assert red[0, 0] > blue[0, 0] + 100 and blue[0, 1] > red[0, 1] + 50
    assert len(set(shown[1, 0].tolist())) == 1


def test_the_attribution_map_stands_to_the_right_of_the_image() -> None:
    prediction = WrongPrediction(0, 1, np.array([0.4, 0.6]), 0.9, 0.2, attribution_map=MAP)
    image = Misclassification(0, 0, 0, PIXELS, (prediction,))
    shown = picture(image, prediction)
    assert shown.shape == (2, 6, 3)
    assert (shown[:, :2] == 100).all() and (shown[:, 4:] == overlaid(PIXELS, MAP)).all()
    assert picture(image, None) is PIXELS
