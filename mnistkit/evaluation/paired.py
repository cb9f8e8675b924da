"""Is one model really better than another? The exact McNemar test on the images they disagree about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class McNemar:
    """Two models A and B on the same images.

    Attributes:
        both_wrong: Images that both get wrong.
        only_a_wrong: Images that A gets wrong and B right.
        only_b_wrong: Images that B gets wrong and A right.
        p_value: Probability of a split at least this uneven if both were equally good, two-sided; 1 when
            they never disagree.
    """

    both_wrong: int
    only_a_wrong: int
    only_b_wrong: int
    p_value: float


def mcnemar(correct_a: Tensor, correct_b: Tensor) -> McNemar:
    """Compare two models by their paired errors.

    McNemar (1947), Psychometrika 12, 153-157, recommended for comparing two classifiers on one test set by
    Dietterich (1998), Neural Computation 10, section 3. The exact binomial form is used, because good models
    disagree about too few images for the chi-squared approximation.

    Args:
        correct_a: Bool tensor of shape (n,): whether A classified each image correctly.
        correct_b: The same of B, on the same images in the same order.
    """
    from scipy.stats import binomtest

    only_a_wrong = int((~correct_a & correct_b).sum())
    only_b_wrong = int((correct_a & ~correct_b).sum())
    discordant = only_a_wrong + only_b_wrong
    p_value = float(binomtest(only_a_wrong, discordant, 0.5).pvalue) if discordant else 1.0
    return McNemar(int((~correct_a & ~correct_b).sum()), only_a_wrong, only_b_wrong, p_value)
