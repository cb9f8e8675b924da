"""Teachers for tests of distillation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from mnistkit.checkpoint import save_checkpoint
from mnistkit.models import build_model
from mnistkit.training.teachers import Teacher, find_teachers
from tests.support.checkpoints import DIGITS, description


def save_teacher(path: Path, *, seed: int = 0, classes: Sequence[str] = DIGITS, **changes: Any) -> Path:
    """Save a lenet5 as it is before any training, which answers differently to every image.

    Args:
        path: The file.
        seed: Of its weights.
        classes: Its classes.
        changes: What else its description says.
    """
    torch.manual_seed(seed)
    model = build_model("lenet5", len(classes))
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(2)
    save_checkpoint(path, model.state_dict(), replace(description(classes=tuple(classes)), **changes))
    return path


def teacher(path: Path, **more: Any) -> Teacher:
    """Save such a teacher and find it."""
    (found,) = find_teachers([str(save_teacher(path, **more))])
    return found
