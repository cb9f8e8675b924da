"""How close a student comes to its teachers."""

from __future__ import annotations

from torch import Tensor


def agreement(answers: Tensor, student: Tensor) -> float:
    """Return the share of images to which both give the same class.

    Args:
        answers: The teachers' logits or log-probabilities, of shape (n, classes).
        student: The student's, of the same shape.
    """
    return float((answers.argmax(dim=1) == student.argmax(dim=1)).double().mean())


def divergence(answers: Tensor, student: Tensor) -> float:
    """Return the mean Kullback-Leibler divergence from the teachers' probabilities to the student's, in nats.

    Args:
        answers: The teachers' logits or log-probabilities, of shape (n, classes).
        student: The student's, of the same shape.
    """
    wanted, given = answers.double().log_softmax(dim=1), student.double().log_softmax(dim=1)
    return float((wanted.exp() * (wanted - given)).sum(dim=1).mean())
