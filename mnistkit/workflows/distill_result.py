"""What ``mnistkit distill`` gives: teacher, student alone and distilled student side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal

from mnistkit.evaluation.intervals import SeedSummary
from mnistkit.evaluation.omitted_class import OmittedClass
from mnistkit.evaluation.paired import McNemar
from mnistkit.numbers import counted, mean_and_std
from mnistkit.workflows.train import TrainResult

Role = Literal["teacher", "alone", "distilled"]


@dataclass(frozen=True)
class Side:
    """The figures of the teachers, of the student alone, or of the distilled student; shares are from 0 to 1.

    Several teachers are measured as the average of their probabilities, and cost what they cost together.

    Attributes:
        role: Which of them.
        name: The teachers' names, or the student's architecture.
        source: "runs" if it was measured now, "table" for a measured row that ships, which holds less.
        parameters: Trainable numbers.
        macs: Multiply-accumulates for one image.
        bytes: Size of the checkpoint files; of a measured row, of the weights.
        seeds: The seeds; empty for teachers.
        errors: Of each seed, how many of the test images are wrong.
        top1: Test accuracy.
        agreement: Share of the test images to which the teachers give the same class.
        divergence: Mean Kullback-Leibler divergence from the teachers' probabilities, in nats.
        ece: Expected calibration error.
        images_per_second: Of the first seed, on one CPU thread.
    """

    role: Role
    name: str
    source: Literal["runs", "table"]
    parameters: int
    macs: int
    bytes: int
    seeds: tuple[int, ...]
    errors: tuple[int, ...]
    top1: SeedSummary
    agreement: SeedSummary | None = None
    divergence: SeedSummary | None = None
    ece: SeedSummary | None = None
    images_per_second: float | None = None


@dataclass(frozen=True)
class SeedComparison:
    """The paired test of the student alone (A) and the distilled one (B) of the same seed."""

    seed: int
    test: McNemar


@dataclass(frozen=True)
class DistillResult:
    """What distillation gave, and what it is worth.

    Attributes:
        dataset: As it was asked for.
        n: Test images.
        student: Name in the model registry.
        teachers: As the checkpoints of the students record them, and where they were found.
        device: The device that measured, with its product name.
        runs: The distilled students, seed by seed.
        alone: The students that were trained alone; empty without a baseline.
        sides: Teachers, student alone if it is known, distilled student last.
        comparisons: The paired test for each seed; none without a baseline.
        omitted: What each distilled student makes of the class that it was shown no image of; none where none is.
        advice: What the user should know about the comparison, line by line.
    """

    schema: ClassVar = "mnistkit/distill/1"

    dataset: str
    n: int
    student: str
    teachers: tuple[Mapping[str, Any], ...]
    device: str
    runs: tuple[TrainResult, ...]
    alone: tuple[TrainResult, ...]
    sides: tuple[Side, ...]
    comparisons: tuple[SeedComparison, ...]
    omitted: tuple[OmittedClass, ...]
    advice: tuple[str, ...]

    def __repr__(self) -> str:
        found = "; ".join(f"{side.role} {mean_and_std(side.top1.mean, side.top1.std)}" for side in self.sides)
        return f"DistillResult({self.student}, {counted(len(self.runs), 'seed')}: {found})"

    def side(self, role: Role) -> Side | None:
        """Return the figures of a role, or None if they are not known."""
        return next((side for side in self.sides if side.role == role), None)

    @property
    def distilled(self) -> Side:
        """The figures of the distilled students."""
        return self.sides[-1]

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "dataset": self.dataset,
            "n": self.n,
            "student": self.student,
            "teachers": [dict(teacher) for teacher in self.teachers],
            "device": self.device,
            "models": [asdict(side) for side in self.sides],
            "mcnemar": [{"seed": each.seed, **asdict(each.test)} for each in self.comparisons],
            "omitted": [asdict(each) for each in self.omitted],
            "advice": list(self.advice),
            "runs": _runs(self.runs),
            "alone": _runs(self.alone),
        }


def _runs(runs: Sequence[TrainResult]) -> list[dict[str, Any]]:
    return [run.to_json() for run in runs]
