"""What a model is given in training."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mnistkit.data import load_dataset
from mnistkit.data.batches import Normalisation
from mnistkit.recipe import Augmentation
from mnistkit.training.inputs import training_inputs

NORMALISATION = Normalisation(0.1307, 0.3081)


@pytest.fixture(scope="module")
def pixels() -> torch.Tensor:
    return torch.from_numpy(load_dataset("mnist").train.images[:10].copy()).unsqueeze(1)


def test_pixels_become_numbers_about_zero(pixels: torch.Tensor) -> None:
    expected = ((pixels.double() / 255 - 0.1307) / 0.3081).float()
    torch.testing.assert_close(NORMALISATION(pixels), expected)
    assert pixels.dtype == torch.uint8


def test_fewer_images_are_augmented_at_the_end() -> None:
    fading = Augmentation(rotation=20, ramp_down=0.5)
    assert fading.share(0.0) == fading.share(0.5) == 1
    assert fading.share(0.75) == pytest.approx(0.5)
    assert fading.share(1.0) == 0
    assert replace(fading, final_share=0.6).share(0.75) == 0.6
    assert Augmentation(rotation=5).share(1.0) == 1


@pytest.mark.parametrize(("progress", "changed"), [(1.0, 0), (0.8, 4), (0.5, 10), (0.0, 10)])
def test_only_a_share_of_a_batch_is_augmented(progress: float, changed: int, pixels: torch.Tensor) -> None:
    fading = Augmentation(rotation=40, zoom=0.3, ramp_down=0.5)
    generator = torch.Generator().manual_seed(0)
    images = training_inputs(pixels, NORMALISATION, fading, generator, progress=progress)
    differ = (images != NORMALISATION(pixels)).flatten(1).any(dim=1)
    assert differ.tolist() == [place < changed for place in range(10)]


def test_without_augmentation_training_sees_what_inference_sees(pixels: torch.Tensor) -> None:
    images = training_inputs(pixels, NORMALISATION, Augmentation(), torch.Generator(), progress=0.0)
    assert torch.equal(images, NORMALISATION(pixels))
