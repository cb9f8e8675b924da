"""What ``mnistkit distill`` does: train a student by what teachers answer, and measure what that is worth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING, TypeAlias

from mnistkit.data import is_folder
from mnistkit.exceptions import PictureError
from mnistkit.inference.answers import Failure
from mnistkit.models import check_model_name
from mnistkit.numbers import percentage
from mnistkit.preparation import AUTO, INK
from mnistkit.recipe import Recipe
from mnistkit.training.events import TrainingEvents
from mnistkit.workflows.distill_config import DistillConfig, Lessons, alone, check_seeds
from mnistkit.workflows.distill_result import DistillResult
from mnistkit.workflows.picture_files import find_pictures
from mnistkit.workflows.record import training_digest
from mnistkit.workflows.train import TrainResult, train
from mnistkit.workflows.train_config import TrainConfig
from mnistkit.workflows.train_jobs import Job, plan_jobs
from mnistkit.workflows.train_request import resolve_recipe
from mnistkit.zoo import MeasuredRow, read_measured

if TYPE_CHECKING:
    from mnistkit.training.objectives.distillation import TransferPictures
    from mnistkit.training.teachers import Teacher

TrainAll: TypeAlias = Callable[[Sequence[Job]], Sequence[TrainResult]]
"""Trains all of some jobs, and returns their results in the same order."""

Tell: TypeAlias = Callable[[str], None]


@dataclass(frozen=True)
class DistillPlan:
    """What is to be trained.

    Attributes:
        config: What was asked for.
        lessons: Makes the objective of the student.
        recipe: The student's resolved recipe, of the first seed.
        taught: The trainings with teachers, seed by seed.
        alone: Those without, seed by seed; empty without a baseline.
        measured: The row of the table that the student alone has, if it was trained in the same way.
        advice: What the user should know before anything is trained, line by line.
    """

    config: DistillConfig
    lessons: Lessons
    recipe: Recipe
    taught: tuple[Job, ...]
    alone: tuple[Job, ...]
    measured: MeasuredRow | None
    advice: tuple[str, ...]


def plan_distillation(config: DistillConfig, announce: Tell = lambda line: None) -> DistillPlan:
    """Find teachers and pictures, and return what is to be trained; no data is read.

    Args:
        config: What to distil.
        announce: Called with one line where a choice is made.

    Raises:
        UsageError: an unknown name or recipe key, no teacher, or settings that contradict each other.
        CheckpointError: a teacher cannot be used.
        PictureError: there are no pictures where some should be.
    """
    check_seeds(config)
    check_model_name(config.training.architecture)
    from mnistkit.training.teachers import find_teachers

    teachers = find_teachers(config.teachers, announce)
    training = _prepared_as_known(config.training, teachers)
    config = replace(config, training=training)
    lessons = Lessons(teachers, config.omitted, _pictures(config, announce))
    recipe = resolve_recipe(training)
    taught = plan_jobs([training], config.seeds, lessons)
    plain = plan_jobs([alone(training)], config.seeds) if config.baseline else []
    row = _measured(config, recipe)
    return DistillPlan(
        config=config,
        lessons=lessons,
        recipe=recipe,
        taught=tuple(taught),
        alone=tuple(replace(job, name=f"{job.name} alone") for job in plain),
        measured=row,
        advice=tuple(_advice(config, lessons, row)),
    )


def distill(
    config: DistillConfig,
    events: TrainingEvents | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    announce: Tell = lambda line: None,
    train_all: TrainAll | None = None,
) -> DistillResult:
    """Train students with teachers, alone as well if that is asked for, and measure them on the test images.

    Args:
        config: What to distil.
        events: Is told what happens.
        should_stop: Asked after each step; True saves everything and ends the run there.
        announce: Called with one line where a choice is made.
        train_all: Trains; None trains one after the other and tells ``events``.

    Raises:
        MnistkitError: as :func:`plan_distillation` and :func:`mnistkit.workflows.train.train` do.
    """
    plan = plan_distillation(config, announce)
    for line in plan.advice:
        config.training.load.warn(line)
    return distill_as_planned(plan, train_all or one_by_one(events, should_stop), announce)


def distill_as_planned(
    plan: DistillPlan, train_all: TrainAll, announce: Tell = lambda line: None
) -> DistillResult:
    """Train what is planned, and measure it.

    Args:
        plan: The plan.
        train_all: Trains.
        announce: Called with one line where something takes time.

    Raises:
        MnistkitError: as :func:`distill` does.
    """
    results = list(train_all([*plan.taught, *plan.alone]))
    count = len(plan.taught)
    # Not before: it needs nothing that a training does not, but a plan or an error needs none of it.
    from mnistkit.workflows.distill_report import compare

    return compare(plan, results[:count], results[count:], announce)


def one_by_one(events: TrainingEvents | None, should_stop: Callable[[], bool]) -> TrainAll:
    """Return what trains one after the other in this process."""
    return lambda jobs: [train(job.config, events, should_stop, job.objective) for job in jobs]


def _prepared_as_known(training: TrainConfig, teachers: Sequence[Teacher]) -> TrainConfig:
    """Return the training with its pictures prepared as the teachers know them, unless the user has said how.

    Whether ink is to be looked for is judged by the pictures, as ever; to be shrunk or taken as is suits all.
    """
    kinds = {teacher.found.info.preparation.kind for teacher in teachers}
    if training.load.preparation != AUTO or not is_folder(training.dataset) or len(kinds) > 1 or INK.kind in kinds:
        return training
    (kind,) = kinds
    return replace(training, load=replace(training.load, preparation=kind))


def _pictures(config: DistillConfig, announce: Tell) -> TransferPictures | None:
    if config.transfer is None:
        return None
    from mnistkit.training.objectives.distillation import TransferPictures

    paths = []
    for found in find_pictures([config.transfer], announce):
        if isinstance(found, Failure):
            raise found.error
        if found.path is None:
            raise PictureError("pictures to learn from cannot come from standard input", hint="give a folder")
        paths.append(found.path)
    return TransferPictures(config.transfer, tuple(paths), config.training.load.skip_bad)


def _measured(config: DistillConfig, recipe: Recipe) -> MeasuredRow | None:
    """Return the row of the student alone, if what it measured is what would be trained alone now."""
    training = config.training
    if training.full or training.init:
        return None
    digest = training_digest(recipe)
    rows = (row for row in read_measured() if (row.name, row.dataset) == (training.architecture, training.dataset))
    return next((row for row in rows if row.digest == digest and not row.teacher), None)


def _advice(config: DistillConfig, lessons: Lessons, row: MeasuredRow | None) -> Iterator[str]:
    training, teachers = config.training, lessons.teachers
    student = training.architecture
    for teacher in teachers:
        if teacher.label_smoothing:
            yield (
                f"{teacher.name} was trained with label smoothing {teacher.label_smoothing:g}; such a teacher "
                "tells less of which classes are alike, and its students are worse (Müller et al. 2019)"
            )
        if teacher.found.info.dataset != training.dataset:
            yield f"{teacher.name} learnt from {teacher.found.info.dataset}, not from {training.dataset}"
    classes = len(teachers[0].found.info.classes)
    own = parameters(student, classes)
    theirs = sum(parameters(teacher.found.info.architecture, classes) for teacher in teachers)
    if own > theirs:
        yield f"the student is larger than what it learns from: {own:,} parameters, and {theirs:,}"
    known = [
        teacher.found.info.metrics["val_accuracy"]
        for teacher in teachers
        if "val_accuracy" in teacher.found.info.metrics and teacher.found.info.dataset == training.dataset
    ]
    if row and len(known) == len(teachers):
        yield from no_better(max(known), fmean(row.val_accuracy), student)


def no_better(teacher: float, student: float, name: str) -> Iterator[str]:
    """Yield a warning if a teacher is no better than the student alone on the validation images.

    Args:
        teacher: The teachers' accuracy there, 0 to 1.
        student: The student's, trained alone, 0 to 1.
        name: The student's architecture.
    """
    if teacher <= student:
        yield (
            f"the teacher is no better than {name} alone on the validation images: {percentage(teacher)}, and "
            f"{percentage(student)}"
        )


def parameters(architecture: str, classes: int) -> int:
    """Return the trainable numbers of an architecture.

    Raises:
        UsageError: there is no such architecture.
    """
    import torch

    from mnistkit.models import build_model

    with torch.device("meta"):
        model = build_model(architecture, classes, plain=True)
    return sum(each.numel() for each in model.parameters() if each.requires_grad)
