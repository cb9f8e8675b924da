"""What a teacher's knowledge is worth: a student that is taught, beside the same alone and two controls.

    python tests/benchmarks/distillation_controls.py OUT --teacher convnext --student lenet5 --seeds 3

All four train with the same seeds, epochs and recipe, each with equal augmentation:

- alone: cross-entropy with the labels;
- taught: the teacher's softened answers, with the recipe's settings;
- smoothed: answers that say nothing but the label, as sure as the teacher is on average: label smoothing of the
  same strength. What remains of the gain is that of softer targets;
- shuffled: the teacher's own answers, in which the probabilities of all classes but the label's change places, for
  each image at random. What remains is how sure the teacher is of which image.

Only what "taught" has above all of these comes from what the teacher knows of classes that are alike. Each run
lies in OUT/NAME/seedN; what is finished is not trained again, and what was stopped goes on. OUT/results.json gets
the figures of validation and test images of every run that is finished.
"""

from __future__ import annotations

import argparse
import json
import statistics
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mnistkit.data.batches import DeviceImages
from mnistkit.files import write_text
from mnistkit.numbers import mean_and_std
from mnistkit.recipe import Recipe
from mnistkit.training.lessons import Lesson
from mnistkit.training.objectives import Distillation, Objective
from mnistkit.training.objectives.distillation import softened
from mnistkit.training.teachers import Teacher, find_teachers
from mnistkit.workflows.train import train
from mnistkit.workflows.train_config import TrainConfig


class Control(Distillation):
    """Teaches something else than the teacher's answers, which is made from these and the labels."""

    def lesson(
        self, train: DeviceImages, epoch: int, tell: Callable[[str], None], should_stop: Callable[[], bool]
    ) -> Lesson:
        """Return the view with the control's answers."""
        lesson = super().lesson(train, epoch, tell, should_stop)
        generator = torch.Generator().manual_seed(epoch)

        def instead(answers: Tensor | None) -> Tensor | None:
            if answers is None:
                return None
            temperature = self._recipe.distillation.temperature
            shares = softened(answers.float(), temperature).exp()
            # As logits whose softened probabilities these are.
            return (self.shares(shares, train.labels, generator).log() * temperature).unsqueeze(1)

        answers = instead(lesson.answers)
        assert answers is not None
        return replace(lesson, answers=answers, plain_answers=instead(lesson.plain_answers))

    @abstractmethod
    def shares(self, shares: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
        """Return what is taught instead of the teacher's softened probabilities, of shape (n, classes)."""

    def describe(self) -> dict[str, Any]:
        """Return what it is a control of, too."""
        return {**super().describe(), "control": type(self).__name__.lower()}


class Smoothed(Control):
    """The label, as sure as the teacher is of it on average."""

    def shares(self, shares: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
        """Return smoothed labels."""
        classes = shares.shape[1]
        sure = shares.gather(1, labels[:, None]).mean()
        smooth = torch.full_like(shares, float((1 - sure) / (classes - 1)))
        return smooth.scatter(1, labels[:, None], float(sure))


class Shuffled(Control):
    """The teacher's probabilities, those of the wrong classes at random places."""

    def shares(self, shares: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
        """Return the shares with those of the wrong classes moved, image by image."""
        n, classes = shares.shape
        # The wrong classes of each image, in their order and in a random one.
        wrong = torch.arange(classes).expand(n, classes)[torch.arange(classes) != labels.cpu()[:, None]]
        wrong = wrong.view(n, classes - 1).to(shares.device)
        order = torch.rand(n, classes - 1, generator=generator).argsort(dim=1).to(shares.device)
        return shares.scatter(1, wrong, shares.gather(1, wrong.gather(1, order)))


def choices(teachers: tuple[Teacher, ...]) -> dict[str, Callable[[Recipe], Objective] | None]:
    """Return what each of the four minimises."""
    return {
        "alone": None,
        "taught": lambda recipe: Distillation(recipe, teachers),
        "smoothed": lambda recipe: Smoothed(recipe, teachers),
        "shuffled": lambda recipe: Shuffled(recipe, teachers),
    }


def main() -> None:
    """Train what is missing, write the results and print them."""
    parser = argparse.ArgumentParser(description="What a teacher's knowledge is worth.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--teacher", action="append", required=True)
    parser.add_argument("--student", required=True)
    parser.add_argument("--dataset", default="mnist")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a recipe key")
    options = parser.parse_args()
    settings = dict(text.split("=", 1) for text in options.set)
    found: dict[str, list[dict[str, Any]]] = {}
    for seed in range(options.seeds):
        for name, objective in choices(find_teachers(options.teacher)).items():
            config = TrainConfig(
                options.student,
                options.dataset,
                (("--set", settings), ("the benchmark", {"seed": seed})),
                device="cpu",
                out=options.out / name / f"seed{seed}",
                resume=True,
            )
            metrics = train(config, objective=objective).metrics
            row = {"seed": seed, "validation": metrics["validation"], "errors": metrics["test"]["errors"]}
            found.setdefault(name, []).append({**row, "top1": metrics["test"]["top1"]})
            write_text(options.out / "results.json", json.dumps(found, indent=2) + "\n")
            print(f"{name} seed {seed}: {row['errors']} errors", flush=True)
    for name, rows in found.items():
        shares = [row["top1"] for row in rows]
        std = statistics.stdev(shares) if len(shares) > 1 else None
        print(f"{name:9} {mean_and_std(statistics.fmean(shares), std)} over {len(shares)} seeds")


if __name__ == "__main__":
    main()
