"""Starting a training from trained weights: which, whether they fit, and what is taken over with them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistkit.exceptions import CheckpointError, RecipeError, UsageError
from mnistkit.inference.checkpoints import FoundCheckpoint, find_checkpoints, load_model
from mnistkit.preparation import AUTO, Preparation
from mnistkit.recipe import IMAGE_SIZE
from mnistkit.workflows.train_config import TrainConfig

if TYPE_CHECKING:
    from torch import Tensor

    from mnistkit.data.base import Dataset, LoadOptions

INIT = "init"
"""What a run's facts call the weights that it started from."""


def follow_trained(
    config: TrainConfig, given: Collection[str], announce: Callable[[str], None] = lambda line: None
) -> TrainConfig:
    """Return ``config`` with the architecture of the weights to start from, unless the user has named one.

    Args:
        config: What to train.
        given: Names of what the user has set: fields of ``config``, and what else there is.
        announce: Called with one line that says what was chosen.

    Raises:
        CheckpointError: there are no such weights.
    """
    if config.init is None or "architecture" in given:
        return config
    (found,) = find_checkpoints([config.init])
    announce(f"starting from {found.name}, architecture {found.info.architecture}")
    return replace(config, architecture=found.info.architecture)


@dataclass(frozen=True)
class TrainedWeights:
    """The weights that a training starts from.

    Attributes:
        checkpoint: As the user named it.
        found: The checkpoint.
    """

    checkpoint: str
    found: FoundCheckpoint

    @classmethod
    def find(cls, checkpoint: str, architecture: str) -> TrainedWeights:
        """Find them, and see that a model of ``architecture`` can have them.

        Raises:
            CheckpointError: there are none, they are damaged, or take other input.
            UsageError: they are of another architecture.
        """
        (found,) = find_checkpoints([checkpoint])
        info = found.info
        if info.architecture != architecture:
            raise UsageError(
                f"{found.name} is a {info.architecture}: its weights do not fit a {architecture}",
                hint=f"leave out --arch {architecture}, or train it without --init",
            )
        if info.input_size != IMAGE_SIZE:
            height, width = info.input_size
            raise CheckpointError(f"{found.name} takes pictures of {width}x{height} pixels, not 28x28")
        return cls(checkpoint, found)

    def describe(self) -> dict[str, Any]:
        """Return what a run and its checkpoint record: name, SHA-256 of the file, the normalisation taken over."""
        return {
            "checkpoint": self.checkpoint,
            "name": self.found.name,
            "sha256": sha256(self.found.path.read_bytes()).hexdigest(),
            "mean": self.found.info.mean,
            "std": self.found.info.std,
        }

    def load_options(self, options: LoadOptions) -> LoadOptions:
        """Return how a folder is read for them: prepared in the way that they learnt from.

        Raises:
            UsageError: the user has asked for another preparation.
        """
        own = self.found.info.preparation
        kind = options.preparation.kind if isinstance(options.preparation, Preparation) else options.preparation
        if kind not in (AUTO, own.kind):
            raise UsageError(
                f"{self.found.name} learnt from pictures prepared as '{own.kind}', not '{kind}'",
                hint="leave out --preparation, or train without --init",
            )
        # Whether ink suits the pictures is judged as ever; to shrink them whole suits all. Whether grey levels are
        # turned round is a matter of the pictures, not of the weights.
        return options if own.kind == "ink" else replace(options, preparation=own.kind)

    def adapt(self, dataset: Dataset, asked_for: Preparation | str) -> Dataset:
        """Return the dataset with the normalisation that the weights learnt with.

        Args:
            dataset: As :meth:`load_options` had it read.
            asked_for: The preparation that the user asked for.

        Raises:
            UsageError: its pictures do not suit the preparation of the weights.
        """
        info = self.found.info
        of_pictures, kind = bool(dataset.train.origins), dataset.preparation.kind
        if of_pictures and kind != info.preparation.kind and asked_for == AUTO:
            own = info.preparation.kind
            raise UsageError(
                f"{self.found.name} learnt from pictures prepared as '{own}', but these suit '{kind}': "
                f"{dataset.preparation_reason}",
                hint=f"--preparation {own} prepares them so all the same; or train without --init",
            )
        return with_normalisation(dataset, info.mean, info.std)

    def tensors(self, classes: tuple[str, ...]) -> Mapping[str, Tensor]:
        """Return the weights by name: all of them, or without those of the head where the classes differ.

        Raises:
            CheckpointError: the file is damaged.
        """
        import torch

        from mnistkit.models import build_model

        info = self.found.info
        tensors = load_model(self.found).state_dict()
        if info.classes == classes:
            return tensors
        with torch.device("meta"):
            wider = build_model(info.architecture, num_classes=len(info.classes) + 1, plain=True).state_dict()
        # What has another shape for another number of classes is the head.
        return {name: value for name, value in tensors.items() if value.shape == wider[name].shape}


def recorded_init(facts: Mapping[str, Any], recipe: Path) -> Mapping[str, Any] | None:
    """Return what the facts of a run record of the weights that it started from; None if these were new.

    Args:
        facts: As :func:`mnistkit.workflows.run_files.read_facts` returns them.
        recipe: Their file, for messages.

    Raises:
        RecipeError: it is damaged.
    """
    if INIT not in facts:
        return None
    init = facts[INIT]
    kinds = {"checkpoint": str, "name": str, "sha256": str, "mean": float, "std": float}
    if not isinstance(init, Mapping) or not all(isinstance(init.get(key), kind) for key, kind in kinds.items()):
        message = f"{recipe}: what it says of the weights that the run started from is damaged"
        raise RecipeError(message, hint="--overwrite starts again")
    return init


def with_normalisation(dataset: Dataset, mean: float, std: float) -> Dataset:
    """Return the dataset with another normalisation than its own."""
    return replace(dataset, mean=mean, std=std)
