"""How far a model's probabilities can be trusted: their calibration, and below which of them no answer is given.

Both are set on validation images only. Nothing heavy is imported before it is needed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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

    def probabilities(self, logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Return calibrated probabilities in double precision from logits, both of shape (n, classes)."""
        import numpy as np

        scaled = np.asarray(logits, dtype=np.float64) / self.temperature
        powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
        return shares


def calibrate(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> Calibration:
    """Fit the temperature and set the threshold.

    Args:
        logits: Array of shape (n, classes), of validation images.
        labels: Array of shape (n,).

    Raises:
        ValueError: there are no images, or logits and labels do not belong together.
    """
    if logits.ndim != 2 or len(logits) != len(labels) or not len(labels):
        raise ValueError(f"cannot calibrate logits {logits.shape} by labels {labels.shape}")
    temperature = fit_temperature(logits, labels)
    confidence = Calibration(temperature).probabilities(logits).max(axis=1)
    threshold = rejection_threshold(confidence)
    return Calibration(temperature, threshold, float((confidence < threshold).mean()), len(labels))


def fit_temperature(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Return the temperature that makes the labels most likely.

    Guo et al. (2017), "On calibration of modern neural networks", section 4.2: one number divides all logits,
    fitted by the negative log-likelihood on validation images. It changes no class, only how sure the model is.

    Args:
        logits: Array of shape (n, classes).
        labels: Array of shape (n,).
    """
    import numpy as np
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    doubles, places = logits.astype(np.float64), np.arange(len(labels))

    def loss(exponent: float) -> float:
        return -float(log_softmax(doubles / math.exp(exponent), axis=1)[places, labels].mean())

    found = minimize_scalar(loss, bounds=tuple(map(math.log, _RANGE)), method="bounded")
    return math.exp(float(found.x))


def rejection_threshold(confidence: NDArray[np.float64], rate: float = MAX_FALSE_ALARM_RATE) -> float:
    """Return the highest threshold below which at most the share ``rate`` of the values lies.

    Args:
        confidence: The highest probability of each image of a digit, of shape (n,).
        rate: 0 to 1.
    """
    import numpy as np

    refused = min(int(rate * len(confidence)), len(confidence) - 1)
    return float(np.sort(confidence)[refused])
