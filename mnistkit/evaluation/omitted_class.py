"""A class that a model was never shown, and the bias that makes up for it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class OmittedClass:
    """What a model makes of a class that it was shown no image of.

    Attributes:
        name: The class.
        n: Images of it.
        top1: The share of them that is named rightly.
        bias: What is added to the model's logit of the class, see :func:`matching_bias`.
        top1_with_bias: The share of them that is named rightly then.
        all_with_bias: The share of all images that is named rightly then.
    """

    name: str
    n: int
    top1: float
    bias: float
    top1_with_bias: float
    all_with_bias: float


def matching_bias(logits: Tensor, place: int, count: int) -> float:
    """Return what to add to the logit of a class, so that it is the answer to ``count`` images.

    A model that was never shown a class has learnt that it does not occur. Hinton, Vinyals and Dean (2015,
    section 3) raise the bias of the class by what is best for the test set; here it follows from how often the
    class occurs in images without labels.

    Args:
        logits: Float tensor of shape (n, classes), of images such as those trained on.
        place: The class.
        count: How many of the images are of the class, 0 to n.

    Returns:
        The middle of the numbers that serve; 0 if the class is the answer so often already.
    """
    margins = _margins(logits, place).sort().values
    if int((margins < 0).sum()) == count:
        return 0.0
    below = margins[count - 1] if count else margins[0] - 2
    above = margins[count] if count < len(margins) else margins[-1] + 2
    return float(below + above) / 2


def measure_omitted(logits: Tensor, labels: Tensor, place: int, name: str, bias: float) -> OmittedClass:
    """Return what a model makes of a class, with and without a bias.

    Args:
        logits: Float tensor of shape (n, classes).
        labels: int64 tensor of shape (n,).
        place: The class.
        name: What it is called.
        bias: What is added to its logit.
    """
    raised = logits.clone()
    raised[:, place] += bias
    of_class = labels == place
    n = int(of_class.sum())

    def share(which: Tensor) -> float:
        return int((which & of_class).sum()) / n if n else math.nan

    right, right_with_bias = logits.argmax(dim=1) == labels, raised.argmax(dim=1) == labels
    return OmittedClass(
        name, n, share(right), bias, share(right_with_bias), int(right_with_bias.sum()) / len(labels)
    )


def _margins(logits: Tensor, place: int) -> Tensor:
    """Return how far the class is below the best other one; where it is the answer, that is negative."""
    others = logits.clone()
    others[:, place] = -math.inf
    return others.max(dim=1).values - logits[:, place]
