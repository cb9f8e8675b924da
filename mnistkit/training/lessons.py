"""Epochs in which images are not changed anew at every step: views of them, and what teachers answer to these."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mnistkit.data.augmentation import augment
from mnistkit.data.batches import to_unit_range
from mnistkit.recipe import Augmentation
from mnistkit.threads import in_threads
from mnistkit.training.seeds import view_generator

BLOCK = 500
"""Images that are changed together, with numbers from one generator."""


class LessonStoppedError(Exception):
    """The user stopped the run while a lesson was being prepared; nothing of the epoch has begun."""


@dataclass(frozen=True)
class Lesson:
    """The training images as an epoch shows them, with the answers to be learned.

    Attributes:
        images: uint8 tensor of shape (n, 1, 28, 28): the images, changed.
        answers: Float tensor of shape (n, teachers, classes): each teacher's logits for them.
        plain_answers: The same for the images as they are; None in an epoch in which all images are changed.
    """

    images: Tensor
    answers: Tensor
    plain_answers: Tensor | None = None

    def batch(self, plain: Tensor, places: Tensor, share: float) -> tuple[Tensor, Tensor]:
        """Return the images and answers of a batch.

        Args:
            plain: uint8 tensor of shape (n, 1, 28, 28): the images as they are.
            places: int64 tensor of shape (batch,): which of them, in random order.
            share: How many of the batch are changed, 0 to 1 (:meth:`mnistkit.recipe.Augmentation.share`).
        """
        # Batches are in random order, so the first images are as good as any.
        changed = round(share * len(places))
        images, answers = self.images[places], self.answers[places]
        if changed < len(places):
            if self.plain_answers is None:
                raise RuntimeError("nobody answers to the images as they are")
            images[changed:] = plain[places[changed:]]
            answers[changed:] = self.plain_answers[places[changed:]]
        return images, answers


def view_of(images: Tensor, augmentation: Augmentation, number: int) -> Tensor:
    """Return images, each changed in a way that follows from the number of the view and its own place.

    So the same view is the same in every run, whatever its seed, and in whichever order images are shown: what a
    teacher answers to it can be kept. "A good teacher is patient and consistent" (Beyer et al. 2021, CVPR 2022,
    section 3): teacher and student are given the very same pixels.

    Args:
        images: uint8 tensor of shape (n, 1, 28, 28).
        augmentation: The changes.
        number: Which view, counted from 0.

    Returns:
        uint8 tensor of the same shape on the same device, which may be ``images`` itself.
    """
    if not augmentation.changes_anything:
        return images

    @torch.no_grad()
    def changed(start: int) -> Tensor:
        generator = view_generator(number, start // BLOCK)
        block = augment(to_unit_range(images[start : start + BLOCK]), augmentation, generator)
        return block.mul(255).round_().clamp_(0, 255).to(torch.uint8)

    starts = range(0, len(images), BLOCK)
    return torch.cat(in_threads(changed, starts) if images.is_cpu else [*map(changed, starts)])
