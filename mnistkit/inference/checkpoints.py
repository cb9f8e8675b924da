"""Finding checkpoints and loading their models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mnistkit.checkpoint import RETRAIN_HINT, CheckpointInfo, load_tensors, read_info
from mnistkit.exceptions import CheckpointError, MnistkitError, UsageError
from mnistkit.locate import locate_checkpoint
from mnistkit.recipe import Recipe
from mnistkit.registry import brief
from mnistkit.runs import RunFolder

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True)
class FoundCheckpoint:
    """A checkpoint whose description has been read, but not its weights."""

    path: Path
    info: CheckpointInfo

    @classmethod
    def read(cls, path: Path) -> FoundCheckpoint:
        """Read the description of a ``.safetensors`` file.

        Raises:
            CheckpointError: as :func:`mnistkit.checkpoint.read_info`.
        """
        return cls(path, read_info(path))

    @property
    def name(self) -> str:
        """What it is called in results: the run's or the file's name."""
        # A run's weights are always called the same, so there the folder's name tells more.
        is_run = self.path.name == RunFolder(self.path.parent).model.name
        return (self.path.parent.name if is_run else "") or self.path.stem

    @property
    def batch_size(self) -> int:
        """Images in a forward pass, as its recipe has it."""
        return int(self.info.recipe.get("eval_batch_size", Recipe().eval_batch_size))


def find_checkpoints(
    specs: Sequence[str], announce: Callable[[str], None] = lambda line: None
) -> list[FoundCheckpoint]:
    """Return the checkpoints that ``specs`` mean, the default one if there are none, with their descriptions.

    Args:
        specs: As :func:`mnistkit.locate.locate_checkpoint` takes them.
        announce: Called with one line where a choice is made, and where a run is not finished.

    Raises:
        UsageError: one of them is given twice.
        CheckpointError: one cannot be used, or their classes differ.
    """
    paths = [locate_checkpoint(spec, announce) for spec in specs or (None,)]
    files = [path.resolve() for path in paths]
    for path, file in zip(paths, files, strict=True):
        if files.count(file) > 1:
            raise UsageError(f"checkpoint {path} is given more than once")
    found = [FoundCheckpoint.read(path) for path in paths]
    for each in found:
        _announce_unfinished(each, announce)
    for other in found[1:]:
        if other.info.classes != found[0].info.classes:
            raise CheckpointError(
                f"cannot compare {found[0].path} and {other.path}: their classes differ "
                f"({brief(found[0].info.classes)}; {brief(other.info.classes)})",
                hint="give them one at a time",
            )
    return found


def _announce_unfinished(found: FoundCheckpoint, announce: Callable[[str], None]) -> None:
    run = RunFolder(found.path.parent)
    if found.path.name != run.model.name or run.status() != "unfinished":
        return
    holder = run.holder()
    state = f"still in training by {holder}" if holder else "unfinished"
    announce(
        f"{run.path} is {state}: these are its weights after epoch {found.info.epoch} "
        f"of {found.info.recipe.get('epochs', 'unknown')}"
    )


def load_model(found: FoundCheckpoint, device: torch.device | str = "cpu") -> nn.Module:
    """Build the model of a checkpoint with its weights, in evaluation mode.

    Weights that are stored with fewer bits (float16) get those of the model back.

    Args:
        found: The checkpoint, whose description is not read again.
        device: Where the model is to live.

    Raises:
        CheckpointError: the file is gone or damaged, of an unknown architecture, or holds tensors that do not fit
            the architecture.
    """
    from mnistkit.models import build_model

    path, info = found.path, found.info
    tensors = load_tensors(path)
    try:
        model = build_model(info.architecture, num_classes=len(info.classes))
    except MnistkitError as error:
        raise CheckpointError(f"{path}: {error.message}", hint=error.hint) from error
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        raise CheckpointError(
            f"{path}: its tensors do not fit the architecture '{info.architecture}'", hint=RETRAIN_HINT
        ) from error
    return model.to(device).eval()


def not_finite(path: Path) -> CheckpointError:
    """Return the error for outputs that are no numbers: NaN must never be counted as a prediction."""
    return CheckpointError(
        f"{path}: the model's outputs are not finite numbers",
        hint=RETRAIN_HINT,
    )
