"""Temperature and threshold: fitted values on data whose right answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from mnistkit.evaluation.metrics import expected_calibration_error
from mnistkit.inference.calibration import (
    DEFAULT_THRESHOLD,
    MAX_FALSE_ALARM_RATE,
    Calibration,
    calibrate,
    fit_temperature,
    rejection_threshold,
)


def drawn(n: int, spread: float = 2.0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return logits and labels that were drawn with exactly the probabilities the logits say."""
    generator = torch.Generator().manual_seed(0)
    logits = spread * torch.randn(n, 10, generator=generator)
    labels = torch.multinomial(logits.softmax(dim=1), 1, generator=generator).squeeze(1)
    return logits.numpy(), labels.numpy()


def calibration_error(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    return expected_calibration_error(torch.from_numpy(probabilities), torch.from_numpy(labels))


@pytest.mark.parametrize("factor", [0.3, 1.0, 2.5])
def test_the_temperature_undoes_what_the_logits_were_multiplied_by(factor: float) -> None:
    logits, labels = drawn(20_000)
    assert fit_temperature(factor * logits, labels) == pytest.approx(factor, rel=0.03)


def test_calibrated_probabilities_are_as_sure_as_they_are_right() -> None:
    logits, labels = drawn(20_000)
    found = calibrate(3 * logits, labels)
    before = calibration_error(Calibration().probabilities(3 * logits), labels)
    after = calibration_error(found.probabilities(3 * logits), labels)
    assert before > 0.1
    assert after < 0.02


@pytest.mark.parametrize("n", [1, 150, 199, 200, 201, 5000])
def test_the_false_alarm_rate_is_kept_and_exhausted(n: int) -> None:
    logits, labels = drawn(n)
    found = calibrate(logits, labels)
    refused = int((found.probabilities(logits).max(axis=1) < found.threshold).sum())
    assert refused == int(MAX_FALSE_ALARM_RATE * n)
    assert found.false_alarm_rate == refused / n <= MAX_FALSE_ALARM_RATE
    assert found.n == n


def test_equal_confidences_are_never_refused_together() -> None:
    threshold = rejection_threshold(np.array([0.4] * 50 + [0.9] * 50), rate=0.1)
    assert threshold == pytest.approx(0.4)


def test_values_survive_the_way_through_a_description() -> None:
    found = calibrate(*drawn(300))
    assert Calibration.of(found.to_dict()) == found
    assert all(isinstance(value, (int, float)) for value in found.to_dict().values())


def test_without_a_calibration_the_documented_defaults_hold() -> None:
    found = Calibration.of({})
    assert (found.temperature, found.threshold, found.n) == (1.0, DEFAULT_THRESHOLD, 0)
    assert math.isnan(found.false_alarm_rate)
    logits, _ = drawn(5)
    expected = torch.from_numpy(logits).double().softmax(dim=1).numpy()
    np.testing.assert_allclose(found.probabilities(logits), expected, rtol=1e-12)


def test_probabilities_of_huge_logits_are_finite() -> None:
    shares = Calibration(temperature=0.5).probabilities(np.array([[3e38, 0, -3e38], [-3e38, -3e38, -3e38]]))
    np.testing.assert_allclose(shares, [[1, 0, 0], [1 / 3, 1 / 3, 1 / 3]])


def test_no_images_or_other_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot calibrate"):
        calibrate(np.zeros((0, 10), np.float32), np.zeros(0, np.int64))
    with pytest.raises(ValueError, match="cannot calibrate"):
        calibrate(np.zeros((3, 10), np.float32), np.zeros(2, np.int64))
