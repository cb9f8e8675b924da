"""The colours of confusion matrices."""

from __future__ import annotations

import numpy as np
import pytest

from mnistkit.reporting.colours import Scale, error_colour, errors, text_colour
from tests.support.results import confusion_result


def test_the_scale_spans_the_errors_and_leaves_out_the_diagonal():
    scale = Scale.of(confusion_result(n=10_000))
    values = errors(confusion_result(n=10_000))
    assert (scale.low, scale.high) == (
        values[values > 0].min(),
        max(values.max(), 10 * values[values > 0].min()),
    )
    assert (scale.place(scale.low), scale.place(scale.high)) == (0, 1)


def test_in_a_difference_more_rights_are_good_and_more_errors_bad():
    result = confusion_result(models=2)
    signs = np.sign(errors(result))
    np.testing.assert_array_equal(np.diagonal(signs), -np.sign(result.values.diagonal()))
    assert signs[0, 1] == np.sign(result.values[0, 1])


@pytest.mark.parametrize("value", [1, 3, 10, -1, -3, -10])
def test_text_has_contrast_on_every_colour(value):
    def luminance(colour):
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))

    background = error_colour(value, Scale(1, 10))
    pair = sorted([luminance(background), luminance(text_colour(background))])
    assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5
