"""Models beside the programs that they are lowered to."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mnistkit.data import load_dataset
from mnistkit.export.numpy_program import NumpyProgram
from mnistkit.export.program import Program


def disturb(model: nn.Module, seed: int = 0) -> nn.Module:
    """Give a fresh model parameters and statistics that are none of the special values it starts from."""
    generator = torch.Generator().manual_seed(seed)

    def numbers(like: torch.Tensor) -> torch.Tensor:
        return torch.randn(like.shape, generator=generator)

    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * numbers(parameter))
        for name, buffer in model.named_buffers():
            if buffer.is_floating_point():
                buffer.copy_(
                    0.5 + numbers(buffer).abs() if name.endswith("running_var") else 0.3 * numbers(buffer)
                )
    return model.eval()


def mnist_images(n: int) -> NDArray[np.float32]:
    """Return the first n of MNIST's test images, normalised, of shape (n, 1, 28, 28)."""
    images = load_dataset("mnist").test.images[:n]
    return ((images.astype(np.float32)[:, None] / 255 - 0.1307) / 0.3081).astype(np.float32)


def both(program: Program, model: nn.Module, images: NDArray[np.float32]) -> tuple[NDArray, NDArray]:
    """Return the logits of a program in numpy, and those of its model in torch."""
    arrays = {name: value.numpy() for name, value in model.state_dict().items()}
    with torch.inference_mode():
        expected = torch.cat([model(part) for part in torch.from_numpy(images).split(500)])
    return NumpyProgram(program, arrays)(images), expected.numpy()
