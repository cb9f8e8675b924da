"""Views of the training images, and batches of a lesson."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from mnistkit.data import load_dataset
from mnistkit.data.augmentation import augment
from mnistkit.data.batches import to_unit_range
from mnistkit.recipe import Augmentation
from mnistkit.training.lessons import BLOCK, Lesson, view_of
from mnistkit.training.seeds import view_generator

MOVED = Augmentation(rotation=10, translate_x=0.1, elastic=1.0, noise=0.1, ramp_down=0.5)


@pytest.fixture(scope="module")
def images() -> Tensor:
    """A few more images than a block holds."""
    return torch.from_numpy(load_dataset("mnist").train.images[: BLOCK + 20].copy()).unsqueeze(1)


def test_a_view_is_the_same_however_many_threads_make_it(
    images: Tensor, choose_threads: Callable[[int], None]
) -> None:
    views = []
    for threads in (1, 3):
        choose_threads(threads)
        views.append(view_of(images, MOVED, 4))
    assert torch.equal(*views)
    assert views[0].dtype == torch.uint8 and views[0].shape == images.shape
    assert not torch.equal(views[0], view_of(images, MOVED, 5))


def test_a_view_is_the_augmentation_of_training_to_a_grey_level(images: Tensor) -> None:
    block = images[BLOCK:]
    exact = augment(to_unit_range(block), MOVED, view_generator(4, 1))
    assert (view_of(images, MOVED, 4)[BLOCK:] / 255 - exact).abs().max() <= 0.5 / 255 + 1e-6


@pytest.mark.parametrize("augmentation", [Augmentation(), Augmentation(ramp_down=0.5, final_share=0.2)])
def test_without_changes_a_view_is_the_images_themselves(images: Tensor, augmentation: Augmentation) -> None:
    assert view_of(images, augmentation, 3) is images


def test_part_of_a_batch_is_shown_as_it_is_with_the_answers_to_that() -> None:
    plain, view = (torch.full((6, 1, 28, 28), value, dtype=torch.uint8) for value in (0, 1))
    answers = torch.arange(6.0).view(6, 1, 1)
    lesson = Lesson(view, answers, answers + 100)
    places = torch.tensor([5, 0, 3, 1])
    shown, given = lesson.batch(plain, places, share=0.5)
    assert shown[:, 0, 0, 0].tolist() == [1, 1, 0, 0]
    assert given.flatten().tolist() == [5, 0, 103, 101]
    assert lesson.batch(plain, places, share=1.0)[1].flatten().tolist() == [5, 0, 3, 1]
    with pytest.raises(RuntimeError, match="nobody answers"):
        Lesson(view, answers).batch(plain, places, share=0.5)
