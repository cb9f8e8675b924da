"""Temperature and threshold: fitted values on data whose right answer is known."""

from __future__ import annotations

import math

import pytest
import torch

from mnistkit.evaluation.metrics import expected_calibration_error
from mnistkit.inference.calibration import (
    DEFAULT_THRESHOLD,
    MAX_FALSE_ALARM_RATE,
    Calibration,
    calibrate,
    fit_temperature,
    rejection_threshold,
)


def drawn(n: int, spread: float = 2.0) -> tuple[torch.Tensor, torch.Tensor]:
    """Return logits and labels that were drawn with exactly the probabilities the logits say."""
    generator = torch.Generator().manual_seed(0)
    logits = spread * torch.randn(n, 10, generator=generator)
    return logits, torch.multinomial(logits.softmax(dim=1), 1, generator=generator).squeeze(1)


@pytest.mark.parametrize("factor", [0.3, 1.0, 2.5])
def test_the_temperature_undoes_what_the_logits_were_multiplied_by(factor: float) -> None:
    logits, labels = drawn(20_000)
    assert fit_temperature(factor * logits, labels) == pytest.approx(factor, rel=0.03)


def test_calibrated_probabilities_are_as_sure_as_they_are_right() -> None:
    logits, labels = drawn(20_000)
    found = calibrate(3 * logits, labels)
    before = expected_calibration_error((3 * logits).double().softmax(dim=1), labels)
    after = expected_calibration_error(found.probabilities(3 * logits), labels)
    assert before > 0.1
    assert after < 0.02


@pytest.mark.parametrize("n", [1, 150, 199, 200, 201, 5000])
def test_the_false_alarm_rate_is_kept_and_exhausted(n: int) -> None:
    logits, labels = drawn(n)
    found = calibrate(logits, labels)
    refused = int((found.probabilities(logits).amax(dim=1) < found.threshold).sum())
    assert refused == int(MAX_FALSE_ALARM_RATE * n)
    assert found.false_alarm_rate == refused / n <= MAX_FALSE_ALARM_RATE
    assert found.n == n


def test_equal_confidences_are_never_refused_together() -> None:
    threshold = rejection_threshold(torch.tensor([0.4] * 50 + [0.9] * 50), rate=0.1)
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
    assert torch.allclose(found.probabilities(logits), logits.double().softmax(dim=1))


def test_no_images_or_other_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot calibrate"):
        calibrate(torch.zeros(0, 10), torch.zeros(0, dtype=torch.long))
    with pytest.raises(ValueError, match="cannot calibrate"):
        calibrate(torch.zeros(3, 10), torch.zeros(2, dtype=torch.long))
