"""A split on its device, cut into batches there."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mnistkit.data.base import LabelledImages
from mnistkit.data.batches import DeviceImages, Normalisation, shuffled_batches, steps_per_epoch, to_unit_range


def numbered(count: int) -> DeviceImages:
    """Images whose every pixel, and whose label, is their number."""
    numbers = np.arange(count)
    images = np.broadcast_to(numbers[:, None, None], (count, 28, 28)).astype(np.uint8)
    return DeviceImages.of(LabelledImages(images, numbers.astype(np.int64), numbers), torch.device("cpu"))


def shown(data: DeviceImages, batch_size: int, seed: int = 0, start: int = 0) -> list[list[int]]:
    batches = list(shuffled_batches(data, batch_size, torch.Generator().manual_seed(seed), start=start))
    return [data.labels[places].tolist() for places in batches]


@given(count=st.integers(1, 60), batch_size=st.integers(1, 70), seed=st.integers(0, 5))
def test_an_epoch_has_whole_batches_in_which_no_image_comes_twice(count: int, batch_size: int, seed: int) -> None:
    batches = shown(numbered(count), batch_size, seed)
    assert len(batches) == steps_per_epoch(count, batch_size)
    assert {len(batch) for batch in batches} == {min(batch_size, count)}
    seen = [label for batch in batches for label in batch]
    assert len(set(seen)) == len(seen) >= max(1, count - batch_size + 1)


def test_the_generator_decides_the_order() -> None:
    data = numbered(40)
    assert shown(data, 8, seed=1) == shown(data, 8, seed=1) != shown(data, 8, seed=2)


@pytest.mark.parametrize("start", range(6))
def test_a_resumed_epoch_goes_on_with_the_same_batches(start: int) -> None:
    data = numbered(40)
    assert shown(data, 8, start=start) == shown(data, 8)[start:]


@pytest.mark.parametrize(
    ("n", "batch_size", "steps"), [(1, 64, 1), (63, 64, 1), (64, 64, 1), (127, 64, 1), (128, 64, 2)]
)
def test_the_last_smaller_batch_is_left_out_unless_it_is_the_only_one(n: int, batch_size: int, steps: int) -> None:
    assert steps_per_epoch(n, batch_size) == steps


def test_images_are_taken_in_the_order_asked_for_and_the_array_stays_free() -> None:
    array = np.zeros((3, 28, 28), np.uint8)
    data = DeviceImages.of(LabelledImages(array, np.arange(3), np.arange(3)), torch.device("cpu"))
    array[:] = 255
    assert int(data.images.max()) == 0
    taken = numbered(9).take(torch.tensor([7, 0, 7]))
    assert (taken.labels.tolist(), len(taken)) == ([7, 0, 7], 3)
    assert taken.images[:, 0, 0, 0].tolist() == [7, 0, 7]


def test_normalised_pixels_have_the_mean_and_deviation_of_the_data_taken_out() -> None:
    pixels = torch.tensor([0, 51, 255], dtype=torch.uint8)
    torch.testing.assert_close(to_unit_range(pixels), torch.tensor([0.0, 0.2, 1.0]))
    torch.testing.assert_close(Normalisation(0.2, 0.4)(pixels), torch.tensor([-0.5, 0.0, 2.0]))
    assert pixels.tolist() == [0, 51, 255]
