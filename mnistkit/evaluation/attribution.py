"""Where a model looked: how much each pixel speaks for one class rather than another."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mnistkit.data.batches import Normalisation

METHOD = "integrated gradients (Sundararajan, Taly and Yan 2017)"
STEPS = 64


def integrated_gradients(
    model: nn.Module,
    images: Tensor,
    normalisation: Normalisation,
    for_classes: Sequence[int],
    against_classes: Sequence[int],
    *,
    batch_size: int,
    steps: int = STEPS,
) -> Tensor:
    """Return how much each pixel adds to the logit of one class minus that of another.

    Sundararajan, Taly and Yan (2017), "Axiomatic attribution for deep networks", ICML, section 3: the gradient,
    averaged along the straight path from an empty image to this one, times the difference of the two. A pixel
    without ink gets 0. The pixels' values add up to what the image changes about the difference of the logits
    (their proposition 1), but for the error of the sum that stands for the path's integral.

    Args:
        model: In evaluation mode; lives on the device of ``images``.
        images: uint8 tensor of shape (n, 1, 28, 28).
        normalisation: The normalisation the model was trained with.
        for_classes: n class numbers: what a positive value speaks for.
        against_classes: n class numbers: what a negative value speaks for.
        batch_size: Images in a forward pass, about; an image's whole path is in one.
        steps: Points on the path, each in the middle of its part.

    Returns:
        Float32 tensor of shape (n, 28, 28) on the CPU, in units of logits.
    """
    if not len(images):
        return torch.zeros(images.shape[0], *images.shape[2:])
    device = images.device
    middles = ((torch.arange(steps, device=device) + 0.5) / steps).reshape(1, steps, 1, 1, 1)
    chosen = torch.tensor([list(for_classes), list(against_classes)], device=device)
    per_pass = max(1, batch_size // steps)
    parts = []
    for pixels, classes in zip(torch.split(images, per_pass), torch.split(chosen, per_pass, dim=1), strict=True):
        wanted, other = classes
        inputs, empty = normalisation(pixels), normalisation(torch.zeros_like(pixels))
        difference = (inputs - empty).unsqueeze(1)
        path = (empty.unsqueeze(1) + middles * difference).flatten(0, 1).requires_grad_()
        logits = model(path).float()
        rows = torch.arange(len(path), device=device)
        scores = logits[rows, wanted.repeat_interleave(steps)] - logits[rows, other.repeat_interleave(steps)]
        (gradients,) = torch.autograd.grad(scores.sum(), path)
        mean = gradients.reshape(len(pixels), steps, *pixels.shape[1:]).mean(dim=1)
        parts.append((mean * difference.squeeze(1)).squeeze(1).cpu())
    return torch.cat(parts)


def scaled(attributions: Tensor) -> Tensor:
    """Return attributions of shape (n, 28, 28), each image's divided by its largest: from -1 to 1."""
    largest = attributions.abs().amax(dim=(1, 2), keepdim=True)
    return attributions / largest.clamp_min(torch.finfo(attributions.dtype).tiny)
