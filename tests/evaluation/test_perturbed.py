import pytest
import torch

from mnistkit.evaluation import perturbed as module
from mnistkit.evaluation.perturbed import PERTURBATION, perturb


@pytest.fixture(scope="module")
def images():
    pixels = torch.zeros(2100, 1, 28, 28, dtype=torch.uint8)
    pixels[:, :, 10:18, 12:16] = 255
    return pixels


def test_same_images_every_time_of_the_same_kind(images):
    copy = perturb(images)
    assert copy.dtype == torch.uint8 and copy.shape == images.shape
    assert torch.equal(copy, perturb(images))


def test_changes_every_image_and_each_in_its_own_way(images):
    copy = perturb(images).flatten(1)
    assert not (copy == images.flatten(1)).all(dim=1).any()
    # The originals are all alike; so alike copies would mean that two images drew the same numbers.
    assert len(torch.unique(copy, dim=0)) > 2000


def test_leaves_the_originals_and_the_global_generator_alone(images):
    before, state = images.clone(), torch.get_rng_state()
    perturb(images)
    assert torch.equal(images, before) and torch.equal(torch.get_rng_state(), state)


def test_moves_up_to_the_stated_share_and_no_further(images):
    dot = torch.zeros(1000, 1, 28, 28, dtype=torch.uint8)
    dot[:, :, 13:15, 13:15] = 255
    places = perturb(dot).float().squeeze(1)
    weights = places / places.sum(dim=(1, 2), keepdim=True)
    centre = (torch.arange(28) - 13.5).float()
    # Zoom and shear act about the centre, where the dot is; they stretch the shift by at most 1.25 and a bit.
    across, down = (weights.sum(1) * centre).sum(1).abs(), (weights.sum(2) * centre).sum(1).abs()
    assert across.max() > 28 * 0.1 * 0.6 and down.max() > 28 * 0.2 * 0.8
    assert torch.hypot(across, down).max() < 28 * 0.2 * 1.6


def test_the_ranges_are_the_published_ones():
    ranges = PERTURBATION
    assert (ranges.rotation, ranges.shear) == (30, 10)
    assert (ranges.translate_x, ranges.translate_y) == (0.1, 0.2)
    assert (1 - ranges.zoom, 1 + ranges.zoom) == (0.75, 1.25)
    assert ranges.elastic == 0


def test_another_seed_gives_other_images(images, monkeypatch):
    first = perturb(images[:50])
    monkeypatch.setattr(module, "SEED", module.SEED + 1)
    assert not torch.equal(first, perturb(images[:50]))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_the_same_on_a_gpu(images):
    copy = perturb(images.cuda())
    assert copy.is_cuda and torch.equal(copy.cpu(), perturb(images))
