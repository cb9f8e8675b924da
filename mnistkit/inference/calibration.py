"""How far a model's probabilities can be trusted: their calibration, and below which of them no answer is given.

Both are set on validation images only. Nothing heavy is imported before it is needed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

MAX_FALSE_ALARM_RATE = 0.005
"""The largest share of validation digits that may be refused."""

DEFAULT_THRESHOLD = 0.5
"""Without a calibration: a class less probable than all others together is no answer."""

# Temperatures of trained networks lie between 1 and 3; this is far more room than any needs.
_RANGE = (0.05, 20.0)


@dataclass(frozen=True)
class Calibration:
    """What turns logits into probabilities, and how probable a class must be to be an answer.

    Attributes:
        temperature: The logits are divided by it.
        threshold: Answers less probable than this are refused, 0 to 1.
        false_alarm_rate: The share of validation images that the threshold refuses; NaN where none was measured.
        n: Number of validation images, 0 where none were used.
    """

    temperature: float = 1.0
    threshold: float = DEFAULT_THRESHOLD
    false_alarm_rate: float = math.nan
    n: int = 0

    @classmethod
    def of(cls, values: Mapping[str, float]) -> Calibration:
        """Return what a checkpoint's description holds; the defaults if it holds nothing."""
        if not values:
            return cls()
        rate, n = values.get("false_alarm_rate", math.nan), values.get("n", 0)
        return cls(values["temperature"], values["threshold"], rate, int(n))

    def to_dict(self) -> dict[str, float]:
        """Return plain values, as a checkpoint's description holds them."""
        return asdict(self)

    def probabilities(self, logits: Tensor) -> Tensor:
        """Return calibrated probabilities in double precision, on the CPU, from logits of shape (n, classes)."""
        return (logits.detach().cpu().double() / self.temperature).softmax(dim=1)


def calibrate(logits: Tensor, labels: Tensor) -> Calibration:
    """Fit the temperature and set the threshold.

    Args:
        logits: Float tensor of shape (n, classes), of validation images.
        labels: int64 tensor of shape (n,).

    Raises:
        ValueError: there are no images, or logits and labels do not belong together.
    """
    if logits.ndim != 2 or len(logits) != len(labels) or not len(labels):
        raise ValueError(f"cannot calibrate logits {tuple(logits.shape)} by labels {tuple(labels.shape)}")
    temperature = fit_temperature(logits, labels)
    confidence = Calibration(temperature).probabilities(logits).amax(dim=1)
    threshold = rejection_threshold(confidence)
    rate = float((confidence < threshold).double().mean())
    return Calibration(temperature, threshold, rate, len(labels))


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """Return the temperature that makes the labels most likely.

    Guo et al. (2017), "On calibration of modern neural networks", section 4.2: one number divides all logits,
    fitted by the negative log-likelihood on validation images. It changes no class, only how sure the model is.

    Args:
        logits: Float tensor of shape (n, classes).
        labels: int64 tensor of shape (n,).
    """
    from scipy.optimize import minimize_scalar
    from torch.nn import functional

    logits, labels = logits.detach().cpu().double(), labels.cpu()

    def loss(exponent: float) -> float:
        return float(functional.cross_entropy(logits / math.exp(exponent), labels))

    found = minimize_scalar(loss, bounds=tuple(map(math.log, _RANGE)), method="bounded")
    return math.exp(float(found.x))


def rejection_threshold(confidence: Tensor, rate: float = MAX_FALSE_ALARM_RATE) -> float:
    """Return the highest threshold below which at most the share ``rate`` of the values lies.

    Args:
        confidence: The highest probability of each image of a digit, a tensor of shape (n,).
        rate: 0 to 1.
    """
    refused = min(int(rate * len(confidence)), len(confidence) - 1)
    return float(confidence.sort().values[refused])
