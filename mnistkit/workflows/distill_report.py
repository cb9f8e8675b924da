"""Measuring teachers, student alone and distilled student side by side, on the test images, after the training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

import torch
from torch import Tensor, nn

from mnistkit.data.batches import DeviceImages, Normalisation
from mnistkit.device import FP32
from mnistkit.evaluation.agreement import agreement, divergence
from mnistkit.evaluation.complexity import summarise
from mnistkit.evaluation.intervals import summarise_seeds
from mnistkit.evaluation.metrics import is_correct, measure
from mnistkit.evaluation.omitted_class import OmittedClass, matching_bias, measure_omitted
from mnistkit.evaluation.paired import mcnemar
from mnistkit.evaluation.throughput import timed_logits
from mnistkit.inference.checkpoints import FoundCheckpoint, load_model
from mnistkit.inference.logits import predict_logits
from mnistkit.threads import only_threads
from mnistkit.training.objectives.distillation import softened
from mnistkit.workflows.distill import DistillPlan, no_better
from mnistkit.workflows.distill_result import DistillResult, Role, SeedComparison, Side
from mnistkit.workflows.inputs import InferenceConfig, Inputs, open_inputs, run_checkpoint
from mnistkit.workflows.train import TrainResult
from mnistkit.zoo import MeasuredRow

# Enough to time: more would take longer than the rest of the report.
_TIMED_IMAGES = 2000


@dataclass(frozen=True)
class _Model:
    """A model that is loaded, or several of whose probabilities the mean counts.

    Attributes:
        found: The checkpoints.
        models: Their models on the device, in the same order.
    """

    found: tuple[FoundCheckpoint, ...]
    models: tuple[nn.Module, ...]

    @classmethod
    def load(cls, found: Sequence[FoundCheckpoint], device: torch.device) -> _Model:
        return cls(tuple(found), tuple(load_model(each, device) for each in found))

    def logits(self, images: Tensor, classes: Sequence[str]) -> Tensor:
        """Return the log-probabilities for uint8 images of shape (n, 1, 28, 28), as (n, classes) on the CPU."""
        answers = [
            predict_logits(
                model, images, Normalisation(each.info.mean, each.info.std), batch_size=each.batch_size
            ).cpu()[:, [each.info.classes.index(name) for name in classes]]
            for each, model in zip(self.found, self.models, strict=True)
        ]
        return softened(torch.stack(answers, dim=1).double(), 1.0)

    def images_per_second(self, images: Tensor) -> float:
        """Return the speed on one thread of the CPU."""
        seconds = 0.0
        few = images[:_TIMED_IMAGES].cpu()
        with only_threads(1):
            for each, model in zip(self.found, self.models, strict=True):
                normalisation = Normalisation(each.info.mean, each.info.std)
                _, speed = timed_logits(
                    model.cpu(), few, normalisation, batch_size=each.batch_size, precision=FP32
                )
                seconds += 1 / speed
        return 1 / seconds


def compare(
    plan: DistillPlan,
    taught: Sequence[TrainResult],
    alone: Sequence[TrainResult],
    announce: Callable[[str], None] = lambda line: None,
) -> DistillResult:
    """Measure what was trained, and compare.

    Args:
        plan: What was to be trained.
        taught: The distilled students.
        alone: The students that were trained alone, of the same seeds; none without a baseline.
        announce: Called with one line where something takes time.

    Raises:
        CheckpointError: a checkpoint cannot be used.
        DataError: the dataset cannot be read.
    """
    training = plan.config.training
    announce("measuring teacher and student on the test images")
    inputs = open_inputs(
        InferenceConfig(
            checkpoints=tuple(str(run.checkpoint) for run in (*taught, *alone)),
            dataset=training.dataset,
            device=training.device,
            load=training.load,
        )
    )
    classes = inputs.dataset.classes
    teacher = _Model.load([each.found for each in plan.lessons.teachers], inputs.machine.device)
    answers = teacher.logits(inputs.images[0], classes)
    logits = [run_checkpoint(inputs, number) for number in range(len(taught) + len(alone))]
    of_taught, of_alone = logits[: len(taught)], logits[len(taught) :]
    advice = [*plan.advice]
    if alone:
        advice += _no_better(teacher, inputs, alone, training.architecture)
    # Before the teacher's models go to the CPU to be timed.
    omitted = _omitted(plan, inputs, teacher, of_taught)
    sides = [_teacher_side(plan, inputs, teacher, answers)]
    if alone:
        sides.append(_student_side("alone", inputs, alone, of_alone, answers, first=len(taught)))
    elif plan.measured:
        sides.append(_measured_side(plan.measured))
    else:
        advice.append(
            f"{training.architecture} was not measured alone in this way: --baseline trains it so, for comparison"
        )
    sides.append(_student_side("distilled", inputs, taught, of_taught, answers, first=0))
    return DistillResult(
        dataset=training.dataset,
        n=len(inputs.data),
        student=training.architecture,
        teachers=tuple({**each.describe(), "checkpoint": each.checkpoint} for each in plan.lessons.teachers),
        device=inputs.machine.title,
        runs=tuple(taught),
        alone=tuple(alone),
        sides=tuple(sides),
        comparisons=tuple(
            SeedComparison(
                int(run.metrics["seed"]), mcnemar(is_correct(one, inputs.labels), is_correct(other, inputs.labels))
            )
            for run, one, other in zip(alone, of_alone, of_taught, strict=False)
        ),
        omitted=omitted,
        advice=tuple(dict.fromkeys(advice)),
    )


def _teacher_side(plan: DistillPlan, inputs: Inputs, teacher: _Model, answers: Tensor) -> Side:
    metrics = measure(answers, inputs.labels)
    parts = [summarise(model) for model in teacher.models]
    return Side(
        role="teacher",
        name=" + ".join(each.name for each in plan.lessons.teachers),
        source="runs",
        parameters=sum(part.parameters for part in parts),
        macs=sum(part.macs for part in parts),
        bytes=sum(each.path.stat().st_size for each in teacher.found),
        seeds=(),
        errors=(metrics.errors,),
        top1=summarise_seeds([metrics.top1]),
        ece=summarise_seeds([metrics.ece]),
        images_per_second=teacher.images_per_second(inputs.images[0]),
    )


def _student_side(
    role: Role, inputs: Inputs, runs: Sequence[TrainResult], logits: Sequence[Tensor], answers: Tensor, first: int
) -> Side:
    """Return the figures of students that differ only in their seed.

    Args:
        role: Whose they are.
        inputs: What they are measured on.
        runs: Their trainings.
        logits: Of each, for the test images.
        answers: The teachers' log-probabilities.
        first: Which checkpoint of ``inputs`` is that of the first run.
    """
    metrics = [measure(each, inputs.labels) for each in logits]
    model = _Model.load([inputs.found[first]], torch.device("cpu"))
    (part,) = (summarise(each) for each in model.models)
    return Side(
        role=role,
        name=inputs.found[first].info.architecture,
        source="runs",
        parameters=part.parameters,
        macs=part.macs,
        bytes=inputs.found[first].path.stat().st_size,
        seeds=tuple(int(run.metrics["seed"]) for run in runs),
        errors=tuple(each.errors for each in metrics),
        top1=summarise_seeds([each.top1 for each in metrics]),
        agreement=summarise_seeds([agreement(answers, each) for each in logits]),
        divergence=summarise_seeds([divergence(answers, each) for each in logits]),
        ece=summarise_seeds([each.ece for each in metrics]),
        images_per_second=model.images_per_second(inputs.images[first]),
    )


def _measured_side(row: MeasuredRow) -> Side:
    return Side(
        role="alone",
        name=row.name,
        source="table",
        parameters=row.parameters or 0,
        macs=row.macs or 0,
        bytes=row.bytes or 0,
        seeds=tuple(row.seeds),
        errors=tuple(row.errors),
        top1=summarise_seeds([1 - wrong / row.images for wrong in row.errors]),
    )


def _no_better(teacher: _Model, inputs: Inputs, alone: Sequence[TrainResult], name: str) -> list[str]:
    """Return the warning of a teacher that is no better on the validation images, if they were held out."""
    found = [run.metrics["validation"].get("val_accuracy") for run in alone]
    if None in found:
        return []
    held_out = DeviceImages.of(inputs.dataset.split("val"), inputs.machine.device)
    answers = teacher.logits(held_out.images, inputs.dataset.classes)
    return list(no_better(measure(answers, held_out.labels).top1, fmean(found), name))


def _omitted(
    plan: DistillPlan, inputs: Inputs, teacher: _Model, logits: Sequence[Tensor]
) -> tuple[OmittedClass, ...]:
    """Return what each student makes of the class it was shown no image of.

    The bias is what makes it answer with the class as often as the teacher does, of training images whose labels
    are not looked at.
    """
    name, classes = plan.lessons.omitted, inputs.dataset.classes
    if not name:
        return ()
    place = classes.index(name)
    images = DeviceImages.of(inputs.dataset.split("train"), inputs.machine.device).images
    count = int((teacher.logits(images, classes).argmax(dim=1) == place).sum())
    found = []
    for number, own in enumerate(logits):
        student = _Model.load([inputs.found[number]], inputs.machine.device)
        bias = matching_bias(student.logits(images, classes), place, count)
        found.append(measure_omitted(own, inputs.labels, place, name, bias))
    return tuple(found)
