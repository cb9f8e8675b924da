"""An objective as distillation will be one, for tests of what an objective can do."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from mnistkit.data.base import Dataset
from mnistkit.training.objectives import Objective


class Taught(Objective):
    """Learns the softened answers of a teacher to the same inputs, and nothing from the labels.

    Hinton, Vinyals and Dean (2015), "Distilling the knowledge in a neural network", section 2.
    """

    name = "taught"

    def __init__(self, teacher: nn.Module, called: str, temperature: float = 2.0) -> None:
        self.teacher, self._called, self._temperature = teacher, called, temperature
        self.folder_suffix = f"-from-{called}"

    def set_up(self, dataset: Dataset, device: torch.device) -> None:
        self.teacher.to(device).eval()

    def __call__(
        self, model: nn.Module, inputs: Tensor, labels: Tensor, answers: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        with torch.no_grad():
            wanted = functional.log_softmax(self.teacher(inputs) / self._temperature, dim=1)
        logits = model(inputs)
        answered = functional.log_softmax(logits / self._temperature, dim=1)
        loss = functional.kl_div(answered, wanted, reduction="batchmean", log_target=True)
        return loss * self._temperature**2, logits

    def describe(self) -> dict[str, Any]:
        return {**super().describe(), "teacher": self._called, "temperature": self._temperature}
