"""What distillation minimises, and what it shows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from mnistkit.data import load_dataset
from mnistkit.data.base import Dataset
from mnistkit.data.batches import DeviceImages
from mnistkit.device import choose_precision, set_up_machine
from mnistkit.exceptions import RecipeError, UnknownNameError
from mnistkit.recipe import Augmentation, Recipe
from mnistkit.recipe import Distillation as Settings
from mnistkit.training.answer_cache import AnswerCache
from mnistkit.training.lessons import LessonStoppedError, view_of
from mnistkit.training.loop import run_training
from mnistkit.training.objectives import Distillation
from mnistkit.training.objectives.distillation import UNLABELLED, TransferPictures, softened
from mnistkit.training.setup import TrainingSetup
from mnistkit.training.state import TrainingState
from mnistkit.training.teachers import Teacher
from tests.support.teachers import teacher

CPU = torch.device("cpu")
MOVED = Augmentation(rotation=10, translate_x=0.1)


@pytest.fixture(scope="module")
def digits() -> Dataset:
    """300 training images of MNIST."""
    mnist = load_dataset("mnist")
    few = mnist.train.take(np.arange(300))
    return replace(mnist, train=few, test=few, validation_size=40)


@pytest.fixture(scope="module")
def tutor(tmp_path_factory: pytest.TempPathFactory) -> Teacher:
    return teacher(tmp_path_factory.mktemp("teacher") / "tutor.safetensors")


@pytest.fixture(scope="module")
def aide(tmp_path_factory: pytest.TempPathFactory) -> Teacher:
    return teacher(tmp_path_factory.mktemp("teacher") / "aide.safetensors", seed=1)


class TestLoss:
    """Two classes, one image: everything can be computed by hand."""

    def loss(self, tutor: Teacher, answers: list[list[float]], label: int = 0, **settings: Any) -> float:
        objective = Distillation(Recipe(distillation=Settings(**settings)), [tutor])
        logits = torch.tensor([[1.0, 0.0]])
        loss, given = objective(nn.Identity(), logits, torch.tensor([label]), torch.tensor([answers]).half())
        assert torch.equal(given, logits)
        return loss.item()

    @staticmethod
    def binary(p: float, q: float) -> float:
        return p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))

    @staticmethod
    def share(logit: float, temperature: float = 1.0) -> float:
        return 1 / (1 + math.exp(-logit / temperature))

    @pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0, 20.0])
    def test_divergence_at_the_temperature_times_its_square(self, tutor: Teacher, temperature: float) -> None:
        expected = temperature**2 * self.binary(self.share(3, temperature), self.share(1, temperature))
        found = self.loss(tutor, [[3.0, 0.0]], temperature=temperature, hard_weight=0)
        assert found == pytest.approx(expected, rel=1e-4)

    def test_with_the_square_a_high_temperature_is_the_error_of_the_logits(self, tutor: Teacher) -> None:
        # Section 2.1 of Hinton et al.: half the mean squared error of logits of mean zero; here (3 - 1) / 2 each.
        hot = self.loss(tutor, [[3.0, 0.0]], temperature=100, hard_weight=0)
        assert hot == pytest.approx(0.5 * 1.0**2, rel=1e-2)

    def test_the_squared_error_of_the_logits_themselves(self, tutor: Teacher) -> None:
        # (1 - 3)² and (0 - 0)², whatever the temperature.
        for temperature in (1.0, 20.0):
            found = self.loss(tutor, [[3.0, 0.0]], loss="mse", temperature=temperature, hard_weight=0)
            assert found == pytest.approx(2.0)

    def test_several_teachers_are_the_mean_of_their_softened_probabilities(self, tutor: Teacher) -> None:
        mean = (self.share(3, 2) + self.share(-1, 2)) / 2
        found = self.loss(tutor, [[3.0, 0.0], [-1.0, 0.0]], temperature=2, hard_weight=0)
        assert found == pytest.approx(4 * self.binary(mean, self.share(1, 2)), rel=1e-4)
        # Of logits it is the mean of these.
        assert self.loss(tutor, [[3.0, 0.0], [-1.0, 0.0]], loss="mse", hard_weight=0) == pytest.approx(0, abs=1e-6)

    def test_the_labels_have_their_weight(self, tutor: Teacher) -> None:
        soft, hard = self.binary(self.share(3), self.share(1)), -math.log(1 - self.share(1))
        found = self.loss(tutor, [[3.0, 0.0]], label=1, temperature=1, hard_weight=0.25)
        assert found == pytest.approx(0.75 * soft + 0.25 * hard, rel=1e-4)
        assert self.loss(tutor, [[3.0, 0.0]], label=1, hard_weight=1) == pytest.approx(hard, rel=1e-4)

    def test_without_a_label_only_the_teacher_counts(self, tutor: Teacher) -> None:
        found = self.loss(tutor, [[3.0, 0.0]], label=UNLABELLED, temperature=1, hard_weight=0.25)
        assert found == pytest.approx(self.binary(self.share(3), self.share(1)), rel=1e-4)

    def test_the_mean_is_over_all_images_of_a_batch(self, tutor: Teacher) -> None:
        objective = Distillation(Recipe(distillation=Settings(hard_weight=0.3)), [tutor])
        logits, labels = torch.randn(6, 10), torch.tensor([1, UNLABELLED, 2, 3, UNLABELLED, 9])
        answers = torch.randn(6, 2, 10)
        each = [objective(nn.Identity(), logits[[i]], labels[[i]], answers[[i]])[0] for i in range(6)]
        whole = objective(nn.Identity(), logits, labels, answers)[0]
        assert whole.item() == pytest.approx(torch.stack(each).mean().item(), rel=1e-5)

    def test_softened_answers_are_logarithms_of_probabilities(self) -> None:
        logs = softened(torch.randn(5, 3, 10), 4.0)
        assert torch.allclose(logs.exp().sum(dim=1), torch.ones(5))

    def test_without_answers_there_is_nothing_to_learn(self, tutor: Teacher) -> None:
        with pytest.raises(RuntimeError, match="come from a lesson"):
            Distillation(Recipe(), [tutor])(nn.Identity(), torch.zeros(1, 10), torch.tensor([0]))


class TestDescription:
    def test_it_names_teachers_what_is_left_out_and_what_is_added(self, tutor: Teacher, aide: Teacher) -> None:
        one = Distillation(Recipe(), [tutor])
        assert one.describe() == {
            "name": "distillation",
            "teacher": "tutor",
            "teachers": [tutor.describe()],
            "checkpoints": [tutor.checkpoint],
        }  # fmt: skip
        assert one.folder_suffix == "-from-tutor"
        pictures = TransferPictures("some where/my photos", ("a.png", "b.png"))
        more = Distillation(Recipe(), [tutor, aide], omitted="T-shirt/top", pictures=pictures)
        assert more.describe() == {
            "name": "distillation",
            "teacher": "tutor + aide",
            "teachers": [tutor.describe(), aide.describe()],
            "checkpoints": [tutor.checkpoint, aide.checkpoint],
            "omitted": "T-shirt/top",
            "transfer": {"folder": "some where/my photos", "pictures": 2},
        }
        assert more.folder_suffix == "-from-tutor-and-1-more-without-T-shirt-top-with-my-photos"

    def test_outliers_are_refused(self, tutor: Teacher) -> None:
        with pytest.raises(RecipeError, match="outliers cannot be distilled") as error:
            Distillation(Recipe(outliers=0.1), [tutor])
        assert error.value.hint == "--set outliers=0"


class Counting(Teacher):
    """Counts the images that it is shown."""

    shown: list[int]

    def answers(self, model: nn.Module, images: torch.Tensor, *more: Any) -> torch.Tensor:
        self.shown.append(len(images))
        return super().answers(model, images, *more)


def counting(found: Teacher) -> Counting:
    made = Counting(found.checkpoint, found.found, found.sha256)
    object.__setattr__(made, "shown", [])
    return made


def setup_for(digits: Dataset, recipe: Recipe) -> TrainingSetup:
    return TrainingSetup("lenet5", recipe, digits, set_up_machine("cpu", "fp32"))


def trained(
    digits: Dataset, recipe: Recipe, teachers: Sequence[Teacher], cache: AnswerCache, **more: Any
) -> TrainingState:
    setup = setup_for(digits, recipe)
    state = setup.fresh_state()
    objective = Distillation(recipe, teachers, cache=cache, **more)
    assert run_training(setup.job(objective, setup.on_device(digits.split("train"))), state)
    return state


def same(one: TrainingState, other: TrainingState) -> bool:
    pairs = zip(one.model.state_dict().values(), other.model.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


LESSONS = Recipe(
    epochs=4, batch_size=32, learning_rate=3e-3, augmentation=MOVED, distillation=Settings(views=2, hard_weight=0)
)


class TestLessons:
    def test_kept_answers_train_the_same_as_computed_ones(
        self, digits: Dataset, tutor: Teacher, aide: Teacher, tmp_path: Path
    ) -> None:
        recipe = replace(LESSONS, augmentation=replace(MOVED, ramp_down=0.5, final_share=0.25))
        cache = AnswerCache(tmp_path / "a")
        teachers = [counting(tutor), counting(aide)]
        first = trained(digits, recipe, teachers, cache)
        # Two views, and the images as they are for the end of the training.
        assert [each.shown for each in teachers] == [[260] * 3] * 2
        again = trained(digits, recipe, teachers, cache)
        assert [len(each.shown) for each in teachers] == [3, 3]
        without = trained(digits, recipe, teachers, AnswerCache(tmp_path / "b", limit=10))
        assert not (tmp_path / "b").exists()
        assert same(first, again) and same(first, without)

    def test_seeds_share_the_answers(self, digits: Dataset, tutor: Teacher, tmp_path: Path) -> None:
        cache, taught = AnswerCache(tmp_path), counting(tutor)
        one = trained(digits, LESSONS, [taught], cache)
        other = trained(digits, replace(LESSONS, seed=1), [taught], cache)
        assert len(taught.shown) == 2 and not same(one, other)

    @pytest.mark.parametrize(
        "change",
        [
            lambda recipe, data: (replace(recipe, augmentation=replace(MOVED, rotation=11)), data),
            lambda recipe, data: (recipe, replace(data, train=data.train.take(np.arange(299, -1, -1)))),
        ],
        ids=["augmentation", "images"],
    )
    def test_other_images_or_changes_of_them_are_answered_anew(
        self, digits: Dataset, tutor: Teacher, aide: Teacher, tmp_path: Path, change: Callable[..., Any]
    ) -> None:
        cache, taught = AnswerCache(tmp_path), counting(tutor)
        recipe = replace(LESSONS, epochs=1)
        trained(digits, recipe, [taught], cache)
        other_recipe, other_digits = change(recipe, digits)
        trained(other_digits, other_recipe, [taught], cache)
        assert len(taught.shown) == 2
        trained(digits, recipe, [counting(aide)], cache)
        assert len(list(tmp_path.iterdir())) == 3

    def test_of_the_schedule_of_the_changes_the_answers_do_not_depend(
        self, digits: Dataset, tutor: Teacher, tmp_path: Path
    ) -> None:
        cache, taught = AnswerCache(tmp_path), counting(tutor)
        recipe = replace(LESSONS, epochs=1)
        trained(digits, recipe, [taught], cache)
        trained(digits, replace(recipe, augmentation=replace(MOVED, ramp_down=1e-9)), [taught], cache)
        # Only the images as they are were new.
        assert len(taught.shown) == 2

    def test_each_epoch_shows_the_next_view_to_teacher_and_student(
        self, digits: Dataset, tutor: Teacher, tmp_path: Path
    ) -> None:
        objective, train = Distillation(LESSONS, [tutor], cache=AnswerCache(tmp_path)), self.images(digits)
        objective.set_up(digits, CPU)
        for epoch in range(4):
            lesson = objective.lesson(train, epoch, lambda line: None, lambda: False)
            assert torch.equal(lesson.images, view_of(train.images, MOVED, epoch % 2))
            precision = choose_precision(CPU, "fp32")
            expected = tutor.answers(tutor.load(CPU), lesson.images, digits.classes, precision, lambda: False)
            assert torch.equal(lesson.answers[:, 0], expected)

    def test_without_augmentation_there_is_one_view(self, digits: Dataset, tutor: Teacher, tmp_path: Path) -> None:
        taught = counting(tutor)
        recipe = replace(LESSONS, augmentation=Augmentation(ramp_down=0.5))
        trained(digits, recipe, [taught], AnswerCache(tmp_path))
        assert taught.shown == [260]

    def test_it_says_what_is_known_and_what_is_not_kept(
        self, digits: Dataset, tutor: Teacher, tmp_path: Path
    ) -> None:
        said: list[str] = []
        cache = AnswerCache(tmp_path / "answers")
        for each in (cache, cache, AnswerCache(tmp_path / "small", limit=6_000)):
            objective = Distillation(LESSONS, [tutor], cache=each)
            objective.set_up(digits, CPU)
            for epoch in range(2):
                objective.lesson(self.images(digits), epoch, said.append, lambda: False)
        assert said == [
            f"learning from tutor: its answers to 0 of 2 views are in {cache.folder}; "
            "the others are computed once and kept",
            f"learning from tutor: its answers to 2 of 2 views are in {cache.folder}; nothing is to be computed",
            "what tutor answers to 2 views would take 0 MB, more than the 0 MB that are kept: "
            "computed anew in every epoch",
        ]

    def test_a_cache_that_cannot_be_written_costs_time_only(
        self, digits: Dataset, tutor: Teacher, tmp_path: Path
    ) -> None:
        (tmp_path / "file").touch()
        said: list[str] = []
        objective = Distillation(LESSONS, [tutor], cache=AnswerCache(tmp_path / "file" / "cache"))
        objective.set_up(digits, CPU)
        for epoch in range(2):
            objective.lesson(self.images(digits), epoch, said.append, lambda: False)
        assert sum(line.startswith("answers are not kept: cannot write") for line in said) == 1

    def test_stopped_before_a_step_and_resumed_is_as_never_stopped(
        self, digits: Dataset, tutor: Teacher, tmp_path: Path
    ) -> None:
        whole = trained(digits, LESSONS, [tutor], AnswerCache(tmp_path / "a"))
        setup, half = setup_for(digits, LESSONS), setup_for(digits, LESSONS).fresh_state()
        train = setup.on_device(digits.split("train"))
        steps = 8
        objective = Distillation(LESSONS, [tutor], cache=AnswerCache(tmp_path / "b"))
        # At the end of the first epoch: the next thing is the second view, in which it is asked to stop.
        asked = iter([False] * (steps + 1))
        job = setup.job(objective, train, should_stop=lambda: next(asked, True))
        assert not run_training(job, half)
        assert (half.step, len(half.history)) == (steps, 1)
        half.save(tmp_path / "state.safetensors")
        resumed = setup.fresh_state()
        resumed.restore(tmp_path / "state.safetensors")
        objective = Distillation(LESSONS, [tutor], cache=AnswerCache(tmp_path / "b"))
        assert run_training(setup.job(objective, train), resumed)
        assert same(whole, resumed)

    def test_a_lesson_can_be_stopped(self, digits: Dataset, tutor: Teacher, tmp_path: Path) -> None:
        objective = Distillation(LESSONS, [tutor], cache=AnswerCache(tmp_path))
        objective.set_up(digits, CPU)
        with pytest.raises(LessonStoppedError):
            objective.lesson(self.images(digits), 0, lambda line: None, lambda: True)
        assert not list(tmp_path.iterdir())

    @staticmethod
    def images(digits: Dataset) -> DeviceImages:
        return DeviceImages.of(digits.train, CPU)


class TestImages:
    def test_no_image_of_the_class_left_out_is_shown(
        self, digits: Dataset, tutor: Teacher, tmp_path: Path
    ) -> None:
        objective = Distillation(LESSONS, [tutor], omitted="3", cache=AnswerCache(tmp_path))
        setup = setup_for(digits, LESSONS)
        job = setup.job(objective, *(setup.on_device(digits.split(name)) for name in ("train", "val")))
        assert job.val is not None
        for images, split in ((job.train, "train"), (job.val, "val")):
            labels = digits.split(split).labels
            assert images.labels.tolist() == labels[labels != 3].tolist()
            assert 3 in labels

    def test_a_class_that_is_not_there_cannot_be_left_out(self, digits: Dataset, tutor: Teacher) -> None:
        with pytest.raises(UnknownNameError, match="unknown class 'x'"):
            Distillation(LESSONS, [tutor], omitted="x").set_up(digits, CPU)
