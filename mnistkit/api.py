"""The public Python API; every name here is also an attribute of ``mnistkit`` itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistkit.data import dataset_names as list_datasets
from mnistkit.data import load_dataset
from mnistkit.exceptions import DataError
from mnistkit.models import model_names as list_models
from mnistkit.workflows.train_config import DEFAULT_ARCHITECTURE, DEFAULT_DATASET

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mnistkit.checkpoint import Checkpoint
    from mnistkit.workflows.train import TrainResult

__all__ = ["Classifier", "Predictions", "list_datasets", "list_models", "load", "load_dataset", "train"]


@dataclass(frozen=True)
class Predictions:
    """What a classifier says about n images.

    Attributes:
        labels: int64 array of shape (n,): the class with the highest probability.
        probabilities: float32 array of shape (n, classes), rows that sum to 1.
        names: The n class names.
    """

    labels: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    names: tuple[str, ...]


class Classifier:
    """A trained model, ready to classify arrays. Made by :func:`load`.

    Attributes:
        checkpoint: The checkpoint behind it, with its description in ``checkpoint.info``.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names in the order of the labels."""
        return self.checkpoint.info.classes

    def predict(self, images: NDArray[Any], batch_size: int = 500) -> Predictions:
        """Classify images that look like the dataset's: white ink on black.

        Args:
            images: Array of shape (28, 28) or (n, 28, 28); uint8 from 0 to 255, or floats from 0 to 1.
            batch_size: Images in a forward pass.

        Raises:
            DataError: another shape, type or range.
        """
        import torch

        from mnistkit.data.batches import Normaliser
        from mnistkit.inference.logits import predict_logits

        info, model = self.checkpoint.info, self.checkpoint.model
        device = next(model.parameters()).device
        pixels = torch.from_numpy(_as_pixels(images, info.input_size)).unsqueeze(1).to(device)
        logits = predict_logits(
            model,
            pixels,
            Normaliser(info.mean, info.std),
            batch_size=batch_size,
        )
        labels = logits.argmax(dim=1).cpu().numpy()
        return Predictions(
            labels, logits.softmax(dim=1).cpu().numpy(), tuple(self.classes[label] for label in labels)
        )


def load(checkpoint: str | Path | None = None, device: str = "auto") -> Classifier:
    """Load a trained model.

    Args:
        checkpoint: A checkpoint file, a run folder, "latest", or the name of a bundled model; None means what
            the commands use without one.
        device: As ``--device`` takes it.

    Raises:
        CheckpointError: there is no such checkpoint, or it cannot be used.
        DeviceError: there is no such device.
    """
    from mnistkit.checkpoint import load_checkpoint
    from mnistkit.device import prepare, select_device
    from mnistkit.locate import locate_checkpoint

    path = locate_checkpoint(None if checkpoint is None else str(checkpoint))
    chosen = select_device(device)
    prepare(chosen)
    return Classifier(load_checkpoint(path, chosen))


def train(
    architecture: str = DEFAULT_ARCHITECTURE,
    dataset: str = DEFAULT_DATASET,
    *,
    out: str | Path | None = None,
    device: str = "auto",
    overwrite: bool = False,
    **settings: Any,
) -> TrainResult:
    """Train a model into a run folder, as ``mnistkit train`` does, without printing.

    Args:
        architecture: One of :func:`list_models`.
        dataset: One of :func:`list_datasets`, or the path of a folder.
        out: The run folder; None for ``runs/<architecture>-<dataset>-seed<seed>``.
        device: As ``--device`` takes it.
        overwrite: Train again although the folder holds a run.
        settings: Any recipe key, e.g. ``epochs=3``; ``augmentation={"rotation": 15}`` for the nested ones.

    Raises:
        MnistkitError: as :func:`mnistkit.workflows.train.train` does.
    """
    from mnistkit.recipe import flatten
    from mnistkit.workflows import train as workflow
    from mnistkit.workflows.train_config import TrainConfig

    config = TrainConfig(
        architecture=architecture,
        dataset=dataset,
        changes=(("train()", flatten(settings)),) if settings else (),
        device=device,
        out=None if out is None else Path(out),
        overwrite=overwrite,
    )
    return workflow.train(config)


def _as_pixels(images: NDArray[Any], size: tuple[int, int]) -> NDArray[np.uint8]:
    import numpy as np

    array = np.asarray(images)
    array = array[None] if array.ndim == 2 else array
    if array.ndim != 3 or array.shape[1:] != size or not len(array):
        raise DataError(f"images must have the shape {size} or (n, {size[0]}, {size[1]}), not {np.shape(images)}")
    if array.dtype == np.uint8:
        return array.copy()
    if not np.issubdtype(array.dtype, np.floating):
        raise DataError(f"images must be uint8 or floats, not {array.dtype}")
    # Written so that NaN fails the test.
    if not (array.min() >= 0 and array.max() <= 1):
        raise DataError("float images must lie between 0 and 1; divide by 255, or pass uint8")
    pixels: NDArray[np.uint8] = np.rint(array * 255).astype(np.uint8)
    return pixels
