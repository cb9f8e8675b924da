"""What every objective can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from mnistkit.data.base import Dataset
    from mnistkit.data.batches import DeviceImages
    from mnistkit.training.lessons import Lesson


class Objective(ABC):
    """What training minimises, and all that only this objective needs.

    Making one is quick and reads no data, because a run's folder is named and checked by it before anything else
    is done; one run may make several. :meth:`set_up` is called once, before the first step, then :meth:`chosen`;
    :meth:`lesson` in every epoch; :meth:`extend_batch` and the objective itself in every step. Nothing of an
    objective is saved with a run, so what it draws must follow from the seed and the step
    (:mod:`mnistkit.training.seeds`); then a resumed run goes on exactly.

    Attributes:
        name: How it is recorded.
        folder_suffix: What it adds to the name of a run's folder, with its own separator; "" adds nothing.
        whereabouts: Names in :meth:`describe` that only tell where something was found: they may differ in a run
            that goes on.
    """

    name: ClassVar[str]
    folder_suffix: str = ""
    whereabouts: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def __call__(
        self, model: nn.Module, inputs: Tensor, labels: Tensor, answers: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Run the model and judge its answers.

        On a CPU a batch is cut into shards (:mod:`mnistkit.training.shards`), and this is called once for each, in
        several threads at the same time.

        Args:
            model: The model in training mode; called within the training's precision.
            inputs: Float tensor of shape (n, 1, 28, 28), normalised with the mean and std of the dataset that
                :meth:`set_up` was given; a second model, such as a teacher, may need them otherwise.
            labels: int64 tensor of shape (n,).
            answers: What the teachers of a :meth:`lesson` answer to these inputs, see
                :attr:`mnistkit.training.lessons.Lesson.answers`; None where there is no lesson.

        Returns:
            The mean loss in nats, a scalar, and the model's logits, of shape (n, classes).
        """

    def set_up(self, dataset: Dataset, device: torch.device) -> None:  # noqa: B027
        """Get ready to train on ``dataset``: draw, load or move to ``device`` what the steps need.

        Most need nothing.

        Raises:
            MnistkitError: it cannot be used on this dataset.
        """

    def chosen(self, images: DeviceImages, split: str) -> DeviceImages:
        """Return the images of a split to learn from, or to validate with: by default all that are given.

        Args:
            images: Those of the split.
            split: "train" or "val".
        """
        return images

    def lesson(
        self, train: DeviceImages, epoch: int, tell: Callable[[str], None], should_stop: Callable[[], bool]
    ) -> Lesson | None:
        """Return the images as they are seen in an epoch, with what teachers answer to them.

        Args:
            train: The images to learn from, as :meth:`chosen` returned them.
            epoch: Counted from 0.
            tell: Called with one line that the user should read.
            should_stop: To be asked now and then, if this takes time.

        Returns:
            By default None: images are changed anew at every step, and nobody answers.

        Raises:
            LessonStoppedError: ``should_stop`` said so.
        """
        return None

    def extend_batch(self, pixels: Tensor, labels: Tensor, step: int) -> tuple[Tensor, Tensor]:
        """Return the batch as it is to be augmented and learned.

        Args:
            pixels: uint8 tensor of shape (n, 1, 28, 28).
            labels: int64 tensor of shape (n,).
            step: Steps taken before this one, over all epochs.

        Returns:
            By default the same. Images put first are always augmented; labels below 0 never count as right.
        """
        return pixels, labels

    def describe(self) -> dict[str, Any]:
        """Return what a run's folder and its checkpoint record: all that the recipe does not hold.

        A run is only resumed if it is the same. The values are text, numbers, booleans, and lists and dictionaries
        of such; TOML knows no None, and reads a tuple back as a list.
        """
        return {"name": self.name}
