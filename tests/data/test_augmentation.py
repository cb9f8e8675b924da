from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from mnistkit.data import augmentation
from mnistkit.data.augmentation import augment
from mnistkit.recipe import Augmentation

MANY = 400


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def blob(x: float, y: float, n: int = MANY, width: float = 1.5) -> Tensor:
    """Return n images of a round spot, (x, y) pixels right of and below the middle."""
    places = torch.arange(28) - 13.5
    spot = torch.exp(-((places[None, :] - x) ** 2 + (places[:, None] - y) ** 2) / (2 * width**2))
    return spot.expand(n, 1, 28, 28).clone()


def centroids(images: Tensor) -> Tensor:
    """Return each image's centre of mass as (x, y) pixels from the middle."""
    places = torch.arange(28) - 13.5
    weights = images[:, 0] / images.sum(dim=(1, 2, 3))[:, None, None]
    return torch.stack([(weights.sum(1) * places).sum(1), (weights.sum(2) * places).sum(1)], dim=1)


def test_zero_ranges_return_the_input_itself() -> None:
    images = torch.rand(3, 1, 28, 28)
    assert augment(images, Augmentation(), generator()) is images
    assert augment(images, Augmentation(elastic_sigma=2.0), generator()).allclose(images, atol=1e-5)


@pytest.mark.parametrize(("key", "axis"), [("translate_x", 0), ("translate_y", 1)])
def test_translation_moves_along_its_axis_within_its_range(key: str, axis: int) -> None:
    moved = centroids(augment(blob(0, 0), Augmentation(**{key: 0.2}), generator()))
    shift, still = moved[:, axis], moved[:, 1 - axis]
    limit = 0.2 * 28
    assert still.abs().max() < 0.01
    assert shift.max() == pytest.approx(limit, abs=0.1) and shift.min() == pytest.approx(-limit, abs=0.1)
    assert shift.std() == pytest.approx(limit / math.sqrt(3), rel=0.1)


def test_a_crop_enlarges_the_middle_of_its_share_of_the_images() -> None:
    images = blob(7, 0).repeat(50, 1, 1, 1)[:400]
    moved = centroids(augment(images, Augmentation(crop_share=0.25, crop_size=22), generator()))
    before = centroids(images)
    distance = (moved - before).norm(dim=1)
    is_moved = distance > 0.5
    assert 0.15 < is_moved.float().mean() < 0.35
    assert distance[~is_moved].max() < 0.05
    torch.testing.assert_close(moved[is_moved], before[is_moved] * 28 / 22, atol=0.4, rtol=0)
    none = augment(images, Augmentation(crop_share=0.0, crop_size=10), generator())
    torch.testing.assert_close(none, images, atol=1e-5, rtol=0)


def test_rotation_turns_about_the_middle_within_its_range() -> None:
    x, y = centroids(augment(blob(7, 0), Augmentation(rotation=30), generator())).unbind(1)
    angles = torch.rad2deg(torch.atan2(y, x))
    assert torch.hypot(x, y).sub(7).abs().max() < 0.05
    assert angles.max() == pytest.approx(30, abs=1) and angles.min() == pytest.approx(-30, abs=1)


def test_zoom_scales_both_axes_alike_within_its_range() -> None:
    x, y = centroids(augment(blob(4, 4), Augmentation(zoom=0.25), generator())).unbind(1)
    assert (x - y).abs().max() < 0.01
    assert (x / 4).max() == pytest.approx(1.25, abs=0.02) and (x / 4).min() == pytest.approx(0.75, abs=0.02)


def test_shear_moves_rows_sideways_within_its_range() -> None:
    x, y = centroids(augment(blob(0, 6), Augmentation(shear=20), generator())).unbind(1)
    limit = 6 * math.tan(math.radians(20))
    assert (y - 6).abs().max() < 0.05
    assert x.max() == pytest.approx(limit, abs=0.1) and x.min() == pytest.approx(-limit, abs=0.1)


@pytest.mark.parametrize("sigma", [1.5, 4.0])
def test_elastic_displacement_has_the_rms_asked_for(sigma: float) -> None:
    ranges = Augmentation(elastic=1.3, elastic_sigma=sigma)
    field = augmentation._elastic(torch.Size((20, 1, 28, 28)), ranges, generator()) * 14
    assert field.square().sum(-1).mean(dim=(1, 2)).sqrt().allclose(torch.tensor(1.3))
    # A greater sigma makes neighbours move alike.
    difference = (field[:, 1:] - field[:, :-1]).square().mean().sqrt()
    assert difference < 1.3 / sigma


def test_elastic_moves_pixels_and_leaves_no_trace_outside() -> None:
    images = blob(0, 0, n=50)
    bent = augment(images, Augmentation(elastic=2.0), generator())
    moved = (centroids(bent) - centroids(images)).norm(dim=1)
    assert 0.3 < moved.mean() < 4
    assert bent.min() >= 0 and bent.max() <= 1


def test_each_image_has_its_own_change_and_the_seed_decides_it() -> None:
    ranges = Augmentation(rotation=20, translate_x=0.1, zoom=0.1, shear=5, elastic=1.0)
    images = blob(5, 3, n=4)
    first, again, other = (augment(images, ranges, generator(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(first[0], first[1])


def vertical_stroke(n: int = MANY, width: int = 3) -> Tensor:
    images = torch.zeros(n, 1, 28, 28)
    images[..., 4:24, 12 : 12 + width] = 1
    return images


def changed(images: Tensor, **ranges: float) -> Tensor:
    return augment(images, Augmentation(**ranges), generator())


def test_stroke_makes_lines_wider_and_thinner_within_its_range() -> None:
    widths = changed(vertical_stroke(), stroke=0.8)[:, 0, 14].sum(dim=1)
    assert widths.max() == pytest.approx(3 + 2 * 0.8, abs=0.05)
    assert widths.min() == pytest.approx(3 - 0.8 / 2, abs=0.05)


def test_a_thin_stroke_is_never_wiped_out() -> None:
    assert changed(vertical_stroke(width=1), stroke=1.0)[:, 0, 14].amax(dim=1).min() > 0.45


def test_intensity_makes_ink_fainter_within_its_range() -> None:
    peaks = changed(vertical_stroke(), intensity=0.4).amax(dim=(1, 2, 3))
    assert peaks.min() == pytest.approx(0.6, abs=0.01) and peaks.max() == pytest.approx(1.0, abs=0.01)


def test_blur_keeps_the_ink_and_softens_edges() -> None:
    images = vertical_stroke()
    soft = changed(images, blur=0.7)
    torch.testing.assert_close(soft.sum(dim=(1, 2, 3)), images.sum(dim=(1, 2, 3)))
    outside = soft[:, 0, 14, 11]
    assert outside.min() < 0.02 and outside.max() == pytest.approx(0.7 * 5 / 16, abs=0.02)


def test_noise_is_of_all_strengths_up_to_its_own() -> None:
    deviations = changed(torch.full((MANY, 1, 28, 28), 0.5), noise=0.1).std(dim=(1, 2, 3))
    assert deviations.min() < 0.005 and deviations.max() == pytest.approx(0.1, abs=0.01)


def test_background_greys_a_part_of_every_other_image_and_keeps_the_ink() -> None:
    images = vertical_stroke()
    greyed = changed(images, background=0.4)
    assert greyed.max() <= 1 and (greyed >= images).all()
    touched = (greyed - images).amax(dim=(1, 2, 3)) > 0.005
    assert touched.float().mean() == pytest.approx(0.5, abs=0.1)
    assert (greyed - images).max() <= 0.4


@pytest.mark.parametrize("key", ["stroke", "intensity", "blur", "noise", "background"])
def test_every_change_of_appearance_keeps_values(key: str) -> None:
    images = torch.rand(50, 1, 28, 28, generator=generator(5))
    ranges = Augmentation(**{key: 0.5})
    result = augment(images, ranges, generator())
    assert result.min() >= -1e-6 and result.max() <= 1 + 1e-6 and not torch.equal(result, images)
