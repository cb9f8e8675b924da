"""Everything a training needs to go on exactly where it stopped, and its file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mnistkit.checkpoint import load_tensors, read_description, save_tensors
from mnistkit.exceptions import CheckpointError
from mnistkit.recipe import Recipe
from mnistkit.training.averaging import averaged_model
from mnistkit.training.events import EpochRecord
from mnistkit.training.optimizers import Optimizer

_STATE_VERSION = 1


@dataclass
class EpochSums:
    """The running sums of the epoch in progress."""

    loss: float = 0.0
    correct: int = 0
    seen: int = 0
    seconds: float = 0.0


@dataclass
class TrainingState:
    """Weights, optimizer, average, and how far the training is.

    Attributes:
        model: The model in training.
        optimizer: Its optimizer.
        average: The moving average of its weights, or None.
        scaler: Scales the loss in fp16; does nothing otherwise.
        step: Steps taken, over all epochs.
        sums: Running sums of the epoch in progress.
        history: The finished epochs.
    """

    model: nn.Module
    optimizer: Optimizer
    average: torch.optim.swa_utils.AveragedModel | None
    scaler: torch.amp.GradScaler
    step: int = 0
    sums: EpochSums = field(default_factory=EpochSums)
    history: list[EpochRecord] = field(default_factory=list)

    @classmethod
    def fresh(cls, model: nn.Module, recipe: Recipe, *, scale_loss: bool) -> TrainingState:
        """Return the state before the first step."""
        device = next(model.parameters()).device
        return cls(
            model,
            Optimizer(model, recipe),
            averaged_model(model, recipe.ema_decay) if recipe.ema_decay else None,
            torch.amp.GradScaler(device.type, enabled=scale_loss),
        )

    @property
    def evaluated_model(self) -> nn.Module:
        """The model whose figures count: the averaged one where there is an average."""
        module: nn.Module = self.model if self.average is None else self.average.module
        return module

    @property
    def losses(self) -> list[float]:
        """The watched loss of every finished epoch."""
        return [record.watched_loss for record in self.history]

    @property
    def best_epoch(self) -> int:
        """The finished epoch with the lowest watched loss (the first of equals), counted from 1."""
        losses = self.losses
        return losses.index(min(losses)) + 1

    def save(self, path: Path) -> None:
        """Write the state, whole or not at all.

        Raises:
            OutputError: the folder cannot be written, or the disk is full.
        """
        description = {
            "state_version": _STATE_VERSION,
            "step": self.step,
            "sums": asdict(self.sums),
            "history": [asdict(record) for record in self.history],
            "scaler": self.scaler.state_dict(),
        }
        save_tensors(path, self._tensors(), description)

    def restore(self, path: Path) -> None:
        """Take everything over from a file that :meth:`save` wrote for the same architecture and recipe.

        Raises:
            CheckpointError: the file is damaged or of another run.
        """
        description = _parsed(path)
        tensors = load_tensors(path)
        try:
            for name, own in self._tensors().items():
                own.copy_(tensors[name])
            self.scaler.load_state_dict(description["scaler"])
            self.history = [EpochRecord(**record) for record in description["history"]]
            self.sums = EpochSums(**description["sums"])
            self.step = int(description["step"])
        except (KeyError, TypeError, RuntimeError) as error:
            raise CheckpointError(f"{path} does not fit this run", hint="start again with --overwrite") from error

    def _tensors(self) -> dict[str, Tensor]:
        parts: dict[str, dict[str, Tensor]] = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_tensors(),
            "average": {} if self.average is None else self.average.state_dict(),
        }
        return {f"{part}/{name}": value for part, tensors in parts.items() for name, value in tensors.items()}


def _parsed(path: Path) -> dict[str, Any]:
    try:
        description: dict[str, Any] = json.loads(read_description(path))
    except ValueError as error:
        raise CheckpointError(f"{path}: its description is damaged", hint="--overwrite") from error
    if description.get("state_version") != _STATE_VERSION:
        raise CheckpointError(
            f"{path} was written by another version of mnistkit", hint="start again with --overwrite"
        )
    return description
