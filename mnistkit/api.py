"""The public Python API; every name here is also an attribute of ``mnistkit`` itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistkit.data import dataset_names as list_datasets
from mnistkit.data import load_dataset
from mnistkit.models import model_names as list_models
from mnistkit.preparation import AUTO
from mnistkit.workflows.train_config import DEFAULT_ARCHITECTURE, DEFAULT_DATASET

if TYPE_CHECKING:
    from mnistkit.inference.recogniser import Recogniser
    from mnistkit.workflows.train import ObjectiveChoice, TrainResult

__all__ = ["list_datasets", "list_models", "load", "load_dataset", "train"]


def load(checkpoint: str | Path | None = None, device: str = "auto") -> Recogniser:
    """Load a trained model.

    Args:
        checkpoint: A checkpoint file, a run folder, "latest", or the name of a bundled model; None means what
            the commands use without one.
        device: As ``--device`` takes it.

    Raises:
        CheckpointError: there is no such checkpoint, or it cannot be used.
        DeviceError: there is no such device.
    """
    from mnistkit.inference.checkpoints import find_checkpoints
    from mnistkit.inference.recogniser import Recogniser

    (found,) = find_checkpoints([] if checkpoint is None else [str(checkpoint)])
    return Recogniser.load(found, device=device)


def train(
    architecture: str = DEFAULT_ARCHITECTURE,
    dataset: str = DEFAULT_DATASET,
    *,
    out: str | Path | None = None,
    device: str = "auto",
    overwrite: bool = False,
    preparation: str = AUTO,
    objective: ObjectiveChoice | None = None,
    **settings: Any,
) -> TrainResult:
    """Train a model into a run folder, as ``mnistkit train`` does, without printing.

    Args:
        architecture: One of :func:`list_models`.
        dataset: One of :func:`list_datasets`, or the path of a folder.
        out: The run folder; None for ``runs/<architecture>-<dataset>-seed<seed>``.
        device: As ``--device`` takes it.
        overwrite: Train again although the folder holds a run.
        preparation: How pictures of a folder become tiles: "ink", "tile", "whole", or "auto" for what suits them.
        objective: Makes what is minimised from the resolved recipe; None for what the recipe itself chooses.
        settings: Any recipe key, e.g. ``epochs=3``; ``augmentation={"rotation": 15}`` for the nested ones.

    Raises:
        MnistkitError: as :func:`mnistkit.workflows.train.train` does.
    """
    from mnistkit.data.base import LoadOptions
    from mnistkit.recipe import flatten
    from mnistkit.reporting.training.figure import CurvesWriter
    from mnistkit.workflows import train as workflow
    from mnistkit.workflows.train_config import TrainConfig

    config = TrainConfig(
        architecture=architecture,
        dataset=dataset,
        changes=(("train()", flatten(settings)),) if settings else (),
        device=device,
        out=None if out is None else Path(out),
        overwrite=overwrite,
        load=LoadOptions(preparation=preparation),
    )
    return workflow.train(config, CurvesWriter(), objective=objective)
