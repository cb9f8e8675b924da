"""Learning what one or more trained models answer, beside or instead of the labels.

Hinton, Vinyals and Dean (2015), "Distilling the knowledge in a neural network"; Beyer et al. (2021), "Knowledge
distillation: a good teacher is patient and consistent".
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from mnistkit.data.base import Dataset, LoadOptions
from mnistkit.data.batches import DeviceImages
from mnistkit.data.read_pictures import read_pictures
from mnistkit.device import choose_precision
from mnistkit.exceptions import DataError, OutputError, RecipeError
from mnistkit.imaging.prepared import Finding
from mnistkit.numbers import counted
from mnistkit.recipe import Augmentation, Recipe
from mnistkit.registry import check_name
from mnistkit.training.answer_cache import AnswerCache
from mnistkit.training.lessons import Lesson, view_of
from mnistkit.training.objectives.base import Objective
from mnistkit.training.teachers import Teacher

UNLABELLED = -1
"""The label of a picture of which only the teachers' answers are learned."""

_PLAIN = -1
_BYTES = 2


@dataclass(frozen=True)
class TransferPictures:
    """Pictures without labels that are learned from as well.

    Attributes:
        source: What they are called: the folder that was given.
        paths: The files.
        skip_bad: Leave out those that cannot be read, instead of stopping at the first.
    """

    source: str
    paths: tuple[str, ...]
    skip_bad: bool = False

    def describe(self) -> dict[str, Any]:
        """Return what a run records of them."""
        return {"folder": self.source, "pictures": len(self.paths)}


class Distillation(Objective):
    """The teachers' softened answers, and the labels with the weight that the recipe gives them.

    Each image is shown in a fixed number of views, the same in every run, epoch after epoch in turn; teachers and
    student see the same pixels of it. What a teacher answers to a view is computed once and kept.

    Args:
        recipe: Its table ``distillation`` says how is learned.
        teachers: At least one; their softened probabilities are averaged, or their logits where these are learned.
        omitted: A class of which no image is shown, in training or validation; empty for none.
        pictures: Pictures without labels to learn from as well.
        cache: Where answers are kept; None for the cache folder.

    Raises:
        RecipeError: the recipe asks for outliers, to which no teacher has an answer.
    """

    name = "distillation"
    whereabouts = ("checkpoints",)

    def __init__(
        self,
        recipe: Recipe,
        teachers: Sequence[Teacher],
        *,
        omitted: str = "",
        pictures: TransferPictures | None = None,
        cache: AnswerCache | None = None,
    ) -> None:
        if recipe.outliers:
            raise RecipeError(
                "outliers cannot be distilled: no teacher knows what to answer to them", hint="--set outliers=0"
            )
        self._recipe, self._teachers = recipe, tuple(teachers)
        self._omitted, self._pictures = omitted, pictures
        self._cache = cache or AnswerCache()
        self._models: dict[str, nn.Module] = {}
        self._classes: tuple[str, ...] = ()
        self._device = torch.device("cpu")
        self._keeps = False
        self._tiles: Tensor | None = None
        self._remarks: list[str] = []
        self._digest = ""
        self._last: tuple[int, Tensor, Tensor] | None = None
        self.folder_suffix = _folder_suffix(self._teachers, omitted, pictures)

    def __call__(
        self, model: nn.Module, inputs: Tensor, labels: Tensor, answers: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return the mean loss and the logits; the loss of an unlabelled picture is the teachers' part alone."""
        if answers is None:
            raise RuntimeError("the teachers' answers come from a lesson")
        logits = model(inputs)
        loss = self.soft_loss(logits.float(), answers.float())
        weight = self._recipe.distillation.hard_weight
        if weight:
            smoothing = self._recipe.label_smoothing
            hard = functional.cross_entropy(
                logits, labels.clamp_min(0), reduction="none", label_smoothing=smoothing
            )
            loss = torch.where(labels >= 0, (1 - weight) * loss + weight * hard, loss)
        return loss.mean(), logits

    def soft_loss(self, logits: Tensor, answers: Tensor) -> Tensor:
        """Return how far a student is from its teachers on each image, of shape (n,).

        With the temperature the gradient of the divergence falls by its square, which the factor makes up for, so
        that the weight of the labels means the same at every temperature (Hinton et al., section 2).

        Args:
            logits: The student's, of shape (n, classes).
            answers: The teachers', of shape (n, teachers, classes).
        """
        settings = self._recipe.distillation
        if settings.loss == "mse":
            return (logits - answers.mean(dim=1)).square().mean(dim=1)
        wanted = softened(answers, settings.temperature)
        given = (logits / settings.temperature).log_softmax(dim=1)
        return settings.temperature**2 * (wanted.exp() * (wanted - given)).sum(dim=1)

    def set_up(self, dataset: Dataset, device: torch.device) -> None:
        """See that the teachers fit the dataset, and read the pictures without labels.

        Raises:
            CheckpointError: a teacher knows other classes.
            UsageError: a teacher knows pictures prepared in another way; there is no class to leave out.
            DataError: a picture cannot be read, or none of them shows a digit.
        """
        for teacher in self._teachers:
            teacher.check(dataset)
        if self._omitted:
            check_name("class", self._omitted, dataset.classes)
        self._classes, self._device = dataset.classes, device
        if self._pictures is not None:
            self._tiles = self._read(self._pictures, dataset).to(device)

    def _read(self, pictures: TransferPictures, dataset: Dataset) -> Tensor:
        options = LoadOptions(skip_bad=pictures.skip_bad, workers=self._recipe.workers)
        tiles, _, origins, errors = read_pictures(
            [Path(path) for path in pictures.paths], dataset.preparation, options
        )
        shows_one = torch.tensor([origin.finding == Finding.DIGIT.value for origin in origins], dtype=torch.bool)
        used, total = int(shows_one.sum()), len(pictures.paths)
        if not used:
            raise DataError(
                f"{pictures.source} holds no picture in which one digit is found",
                hint="mnistkit predict shows what is found in each",
            )
        if used < total:
            unread = f", {len(errors):,} of them unreadable" if errors else ""
            self._remarks.append(
                f"{pictures.source}: left out {counted(total - used, 'picture')} of {total:,} that do not show "
                f"one digit{unread}"
            )
        return torch.from_numpy(tiles).unsqueeze(1)[shows_one]

    def chosen(self, images: DeviceImages, split: str) -> DeviceImages:
        """Return the images without those of the class left out; to train on, also the pictures without labels."""
        if self._omitted:
            kept = images.labels != self._classes.index(self._omitted)
            images = images.take(kept.nonzero().squeeze(1))
        if split != "train" or self._tiles is None:
            return images
        unlabelled = images.labels.new_full((len(self._tiles),), UNLABELLED)
        return DeviceImages(torch.cat([images.images, self._tiles]), torch.cat([images.labels, unlabelled]))

    def lesson(
        self, train: DeviceImages, epoch: int, tell: Callable[[str], None], should_stop: Callable[[], bool]
    ) -> Lesson:
        """Return the view of this epoch with the teachers' answers, from the cache or computed now.

        Raises:
            LessonStoppedError: ``should_stop`` said so.
            CheckpointError: a teacher's weights cannot be used.
        """
        augmentation = self._recipe.augmentation
        if not self._digest:
            self._digest = sha256(train.images.cpu().numpy().tobytes()).hexdigest()
            self._begin(len(train), tell)
        number = self._view_number(epoch)
        if self._last is None or self._last[0] != number:
            # Let go of what is not needed any more, before the next is made.
            self._last = None
            images = view_of(train.images, augmentation, number)
            self._last = number, images, self._answers(images, number, tell, should_stop)
        _, images, answers = self._last
        if augmentation.share((epoch + 1) / self._recipe.epochs) == 1 or not augmentation.changes_anything:
            return Lesson(images, answers, None if augmentation.changes_anything else answers)
        return Lesson(images, answers, self._answers(train.images, _PLAIN, tell, should_stop))

    def _view_number(self, epoch: int) -> int:
        if not self._recipe.augmentation.changes_anything:
            return _PLAIN
        return epoch % self._recipe.distillation.views

    def _views(self) -> list[int]:
        """Return the numbers of the views that a whole run shows."""
        augmentation = self._recipe.augmentation
        shown = {self._view_number(epoch): None for epoch in range(self._recipe.epochs)}
        return [*shown, *([_PLAIN] if augmentation.share(1.0) < 1 and _PLAIN not in shown else [])]

    def _begin(self, images: int, tell: Callable[[str], None]) -> None:
        """Decide whether answers are kept, and say so.

        Keeping them costs next to nothing and every later epoch or run that shows a view again saves the teachers'
        passes over it; only where they would drive each other out of the cache there is no use in it.
        """
        for remark in self._remarks:
            tell(remark)
        views, who = self._views(), _names(self._teachers)
        needed = _BYTES * images * len(self._classes) * len(self._teachers) * len(views)
        self._keeps = needed <= self._cache.limit
        if not self._keeps:
            tell(
                f"what {who} answers to {counted(len(views), 'view')} would take {needed / 1e6:,.0f} MB, more "
                f"than the {self._cache.limit / 1e6:,.0f} MB that are kept: computed anew in every epoch"
            )
            return
        known = sum(all(self._cache.holds(self._key(each, view)) for each in self._teachers) for view in views)
        rest = "nothing is to be computed" if known == len(views) else "the others are computed once and kept"
        tell(
            f"learning from {who}: its answers to {known} of {counted(len(views), 'view')} are in "
            f"{self._cache.folder}; {rest}"
        )

    def _answers(
        self, images: Tensor, view: int, tell: Callable[[str], None], should_stop: Callable[[], bool]
    ) -> Tensor:
        """Return what all teachers answer to a view, of shape (n, teachers, classes)."""
        return torch.stack([self._of(each, images, view, tell, should_stop) for each in self._teachers], dim=1)

    def _of(
        self,
        teacher: Teacher,
        images: Tensor,
        view: int,
        tell: Callable[[str], None],
        should_stop: Callable[[], bool],
    ) -> Tensor:
        key = self._key(teacher, view)
        kept = self._cache.load(key) if self._keeps else None
        if kept is not None:
            return kept.to(self._device)
        if teacher.sha256 not in self._models:
            self._models[teacher.sha256] = teacher.load(self._device)
        precision = choose_precision(self._device, self._recipe.precision)
        answers = teacher.answers(self._models[teacher.sha256], images, self._classes, precision, should_stop)
        if self._keeps:
            try:
                self._cache.store(key, answers)
            except OutputError as error:
                tell(f"answers are not kept: {error.message}")
                self._keeps = False
        return answers

    def _key(self, teacher: Teacher, view: int) -> dict[str, Any]:
        """Return all that decides what a teacher answers to a view."""
        return {
            "teacher": teacher.sha256,
            "images": self._digest,
            "augmentation": {} if view == _PLAIN else _changes(self._recipe.augmentation),
            "view": view,
            "classes": teacher.order(self._classes),
            "batch_size": teacher.found.batch_size,
            "device": self._device.type,
            "precision": choose_precision(self._device, self._recipe.precision).name,
            "torch": torch.__version__,
        }

    def describe(self) -> dict[str, Any]:
        """Return the teachers (name, digest, accuracy; where), the class left out, the pictures without labels."""
        facts: dict[str, Any] = {
            **super().describe(),
            "teacher": _names(self._teachers),
            "teachers": [teacher.describe() for teacher in self._teachers],
            "checkpoints": [teacher.checkpoint for teacher in self._teachers],
        }
        if self._omitted:
            facts["omitted"] = self._omitted
        return facts if self._pictures is None else {**facts, "transfer": self._pictures.describe()}


def softened(answers: Tensor, temperature: float) -> Tensor:
    """Return the logarithms of the teachers' mean probabilities at a temperature, of shape (n, classes).

    Args:
        answers: Logits of shape (n, teachers, classes).
        temperature: What they are divided by.
    """
    logs = (answers / temperature).log_softmax(dim=2)
    return logs.logsumexp(dim=1) - math.log(answers.shape[1])


def _names(teachers: Sequence[Teacher]) -> str:
    return " + ".join(teacher.name for teacher in teachers)


def _changes(augmentation: Augmentation) -> Mapping[str, float]:
    """Return what decides how images are changed: of the schedule nothing, and of the rest what is set at all."""
    default = asdict(Augmentation())
    return {
        name: value
        for name, value in asdict(augmentation).items()
        if name not in ("ramp_down", "final_share") and value != default[name]
    }


def _folder_suffix(teachers: Sequence[Teacher], omitted: str, pictures: TransferPictures | None) -> str:
    first, *others = (teacher.name for teacher in teachers)
    parts = [f"-from-{first}" + (f"-and-{len(others)}-more" if others else "")]
    parts += [f"-without-{omitted}"] if omitted else []
    parts += [f"-with-{Path(pictures.source).name}"] if pictures else []
    return "".join(re.sub(r"[^\w.-]+", "-", part) for part in parts)
