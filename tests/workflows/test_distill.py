"""Distillation from the request to the report, with real small trainings."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from mnistkit.checkpoint import read_info
from mnistkit.data import load_dataset
from mnistkit.data.base import LoadOptions
from mnistkit.evaluation.paired import mcnemar
from mnistkit.exceptions import (
    CheckpointError,
    DataError,
    InterruptedRunError,
    MnistkitError,
    OutputError,
    UsageError,
)
from mnistkit.inference.checkpoints import FoundCheckpoint, load_model
from mnistkit.preparation import Preparation
from mnistkit.recipe import Recipe
from mnistkit.recipe_sources import read_toml
from mnistkit.workflows.distill import distill, one_by_one, plan_distillation
from mnistkit.workflows.distill_config import DistillConfig, Lessons, alone, best_bargain, follow_recorded_lessons
from mnistkit.workflows.distill_result import DistillResult
from mnistkit.workflows.evaluate import EvaluateConfig, evaluate
from mnistkit.workflows.train import train
from mnistkit.workflows.train_config import TrainConfig
from mnistkit.workflows.train_jobs import JobOptions, train_jobs
from mnistkit.zoo import read_measured
from tests.support.dataset_folders import make_classes
from tests.support.teachers import save_teacher

QUICK = {"epochs": 2, "learning_rate": 3e-3, "batch_size": 64}


@pytest.fixture
def config(digits_folder: Path, checkpoint: Path) -> DistillConfig:
    training = TrainConfig("lenet5", str(digits_folder), (("test", QUICK),), device="cpu")
    return DistillConfig(training, teachers=(str(checkpoint),))


def with_training(config: DistillConfig, **changes: Any) -> DistillConfig:
    return replace(config, training=replace(config.training, **changes))


def advice(config: DistillConfig) -> str:
    return "\n".join(plan_distillation(config).advice)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory, digits_folder: Path, checkpoint: Path) -> DistillResult:
    """Two seeds with and without two teachers."""
    place = tmp_path_factory.mktemp("distilled")
    other = save_teacher(place / "other.safetensors")
    training = TrainConfig("lenet5", str(digits_folder), (("test", QUICK),), device="cpu", out=place / "out")
    return distill(DistillConfig(training, (str(checkpoint), str(other)), seeds=2, baseline=True))


class TestRuns:
    def test_the_run_folder_and_the_checkpoint_record_the_teachers(
        self, config: DistillConfig, checkpoint: Path
    ) -> None:
        (run,) = distill(config).runs
        name = FoundCheckpoint.read(checkpoint).name
        assert run.folder.path == Path(f"runs/lenet5-digits-seed0-from-{name}")
        recorded = Lessons(plan_distillation(config).lessons.teachers)(Recipe()).describe()
        assert recorded["teachers"][0]["name"] == name
        assert read_info(run.checkpoint).objective == run.metrics["objective"] == recorded
        assert read_toml(run.folder.recipe)["run"]["objective"] == recorded
        assert read_toml(run.folder.recipe)["distillation"]["temperature"] == 4.0
        assert not distill(config).runs[0].trained

    def test_the_student_learns_what_the_teacher_knows(self, digits_folder: Path, checkpoint: Path) -> None:
        # Without a weight for the labels, all that it knows it has from the teacher.
        longer = {**QUICK, "epochs": 12, "distillation.hard_weight": 0.0, "distillation.views": 3}
        training = TrainConfig("lenet5", str(digits_folder), (("test", longer),), device="cpu")
        found = distill(DistillConfig(training, (str(checkpoint),))).distilled
        assert found.agreement is not None and found.agreement.mean > 0.8
        assert found.top1.mean > 0.8

    @pytest.mark.parametrize("steps", [7, 18, 25])
    def test_stopped_and_resumed_is_as_never_stopped(self, config: DistillConfig, steps: int) -> None:
        def stopping() -> Callable[[], bool]:
            asked = iter(range(1, 10**6))
            return lambda: next(asked) >= steps

        # A fresh view in each epoch, and at the end some images as they are.
        changes = (*config.training.changes, ("test", {"augmentation.ramp_down": 0.5}))
        whole = distill(with_training(config, changes=changes, out=Path("whole")))
        half = with_training(config, changes=changes, out=Path("half"))
        with pytest.raises(InterruptedRunError):
            distill(half, should_stop=stopping())
        resumed = distill(with_training(half, resume=True))
        assert whole.runs[0].checkpoint.read_bytes() == resumed.runs[0].checkpoint.read_bytes()

    def test_side_by_side_is_as_one_after_the_other(self, config: DistillConfig) -> None:
        def beside(jobs: Any) -> Any:
            return train_jobs(jobs, JobOptions(2)).runs

        both = replace(config, seeds=2)
        serial = distill(with_training(both, out=Path("serial")))
        parallel = distill(with_training(both, out=Path("parallel")), train_all=beside)
        for one, other in zip(serial.runs, parallel.runs, strict=True):
            assert one.checkpoint.read_bytes() == other.checkpoint.read_bytes()
        assert serial.sides[-1].errors == parallel.sides[-1].errors

    def test_what_makes_the_objective_goes_to_another_process(self, config: DistillConfig) -> None:
        lessons = plan_distillation(config).lessons
        assert pickle.loads(pickle.dumps(lessons)) == lessons

    def test_another_teacher_or_way_of_learning_is_another_run(
        self, config: DistillConfig, tmp_path: Path
    ) -> None:
        here = with_training(config, out=Path("run"))
        distill(here)
        other = str(save_teacher(tmp_path / "other.safetensors"))
        with pytest.raises(OutputError, match=r"run holds a run with objective\.teacher .*, not other"):
            distill(replace(here, teachers=(other,)))
        with pytest.raises(OutputError, match=r"objective\.name distillation, not cross-entropy"):
            train(here.training)
        hotter = (*here.training.changes, ("--set", {"distillation.temperature": 9.0}))
        with pytest.raises(UsageError, match=r"distillation\.temperature=4\.0, not 9\.0"):
            distill(with_training(here, changes=hotter))

    def test_the_same_teacher_in_another_place_is_the_same_run(
        self, config: DistillConfig, checkpoint: Path
    ) -> None:
        distill(config)
        copy = Path("moved") / checkpoint.parent.name / checkpoint.name
        copy.parent.mkdir(parents=True)
        shutil.copy(checkpoint, copy)
        for spec in (str(copy), str(copy.parent)):
            assert not distill(replace(config, teachers=(spec,))).runs[0].trained
        # Of the same name, but another one.
        save_teacher(copy)
        with pytest.raises(OutputError, match=r"holds a run with objective\.teachers"):
            distill(replace(config, teachers=(str(copy),)))

    def test_a_recorded_run_brings_its_teachers(self, config: DistillConfig) -> None:
        (run,) = distill(replace(config, omitted="3")).runs
        bare = DistillConfig(replace(config.training, out=run.folder.path, resume=True))
        for asked, recipe in ((bare, None), (DistillConfig(), run.folder.recipe)):
            found = follow_recorded_lessons(asked, set(), recipe)
            assert (found.teachers, found.omitted, found.transfer) == (config.teachers, "3", None)
            given = follow_recorded_lessons(replace(asked, teachers=("x",)), {"teacher", "omit_class"}, recipe)
            assert (given.teachers, given.omitted) == (("x",), "")
        run.folder.recipe.write_text('[run.objective]\nteachers = [{name = "x"}]\n')
        with pytest.raises(UsageError, match="what it says of the teachers is damaged"):
            follow_recorded_lessons(bare, set())


class TestReport:
    def test_all_three_are_measured_on_the_same_images(self, result: DistillResult, digits_folder: Path) -> None:
        assert [side.role for side in result.sides] == ["teacher", "alone", "distilled"]
        assert (result.n, len(result.runs), len(result.alone)) == (200, 2, 2)
        for runs, role in ((result.runs, "distilled"), (result.alone, "alone")):
            side = result.side(role)
            assert side is not None
            assert side.errors == tuple(run.metrics["test"]["errors"] for run in runs)
            assert side.ece is not None and side.ece.mean == pytest.approx(
                np.mean([run.metrics["test"]["ece"] for run in runs])
            )
            assert (side.parameters, side.macs, side.seeds) == (61_706, 416_520, (0, 1))
            assert side.bytes == runs[0].checkpoint.stat().st_size
            assert side.images_per_second is not None and side.images_per_second > 0
        assert result.alone[0].metrics["objective"] == {"name": "cross-entropy"}

    def test_the_teachers_are_the_ensemble_that_evaluate_measures(
        self, result: DistillResult, digits_folder: Path
    ) -> None:
        paths = tuple(each["checkpoint"] for each in result.teachers)
        measured = evaluate(
            EvaluateConfig(checkpoints=paths, dataset=str(digits_folder), device="cpu", ensemble=True)
        )
        side = result.sides[0]
        assert measured.ensemble is not None
        assert side.errors == (measured.ensemble.metrics.errors,)
        assert side.ece is not None and side.ece.mean == pytest.approx(measured.ensemble.metrics.ece)
        assert side.parameters == 2 * 61_706 and " + " in side.name

    def test_agreement_and_pairs_are_those_of_the_answers(
        self, result: DistillResult, digits_folder: Path
    ) -> None:
        test = load_dataset(str(digits_folder)).test
        images, labels = torch.from_numpy(test.images.copy()).unsqueeze(1), torch.from_numpy(test.labels.copy())

        def probabilities(path: str | Path) -> torch.Tensor:
            found = FoundCheckpoint.read(Path(path))
            with torch.no_grad():
                inputs = (images / 255 - found.info.mean) / found.info.std
                return load_model(found)(inputs).double().softmax(dim=1)

        teacher = torch.stack([probabilities(each["checkpoint"]) for each in result.teachers]).mean(dim=0)
        students = [probabilities(run.checkpoint) for run in result.runs]
        side = result.distilled
        assert side.agreement is not None and side.divergence is not None
        agreed = [(each.argmax(dim=1) == teacher.argmax(dim=1)).double().mean().item() for each in students]
        assert side.agreement.mean == pytest.approx(np.mean(agreed))
        far = [(teacher * (teacher.log() - each.log())).sum(dim=1).mean().item() for each in students]
        assert side.divergence.mean == pytest.approx(np.mean(far), rel=1e-3)
        for pair, untaught, taught in zip(result.comparisons, result.alone, students, strict=True):
            right = [each.argmax(dim=1) == labels for each in (probabilities(untaught.checkpoint), taught)]
            assert pair.test == mcnemar(*right)

    def test_the_baseline_is_the_plain_training(self, result: DistillResult, config: DistillConfig) -> None:
        plain = train(replace(config.training, out=Path("plain")))
        assert plain.checkpoint.read_bytes() == result.alone[0].checkpoint.read_bytes()

    def test_settings_of_learning_from_a_teacher_are_not_the_baselines(self, config: DistillConfig) -> None:
        changes = (*config.training.changes, ("--set", {"distillation.temperature": 9.0}))
        plan = plan_distillation(replace(with_training(config, changes=changes), baseline=True))
        (alone,) = plan.alone
        assert alone.name == "lenet5 alone" and alone.objective is None
        assert alone.config.changes == (*config.training.changes, ("--set", {}))

    @pytest.mark.parametrize(("out", "beside"), [("a/b", "a/b-alone"), (".", "{cwd}-alone"), ("", "{cwd}-alone")])
    def test_the_baseline_goes_beside_the_folder_of_the_student(self, out: str, beside: str) -> None:
        assert alone(TrainConfig(out=Path(out))).out == Path(beside.format(cwd=Path.cwd()))

    def test_the_document_holds_it_all(self, result: DistillResult) -> None:
        document = result.to_json()
        assert result.schema == "mnistkit/distill/1"
        assert [model["role"] for model in document["models"]] == ["teacher", "alone", "distilled"]
        assert [pair["seed"] for pair in document["mcnemar"]] == [0, 1]
        assert len(document["runs"]) == len(document["alone"]) == 2
        assert "DistillResult(lenet5, 2 seeds: teacher " in repr(result)

    def test_a_measured_row_stands_in_for_the_baseline_if_it_was_trained_in_the_same_way(self) -> None:
        same = DistillConfig(TrainConfig("lenet5"), ("convnext",))
        row = plan_distillation(same).measured
        assert row in read_measured() and row is not None and (row.name, row.teacher) == ("lenet5", None)
        assert plan_distillation(with_training(same, changes=(("x", {"epochs": 3}),))).measured is None
        assert plan_distillation(with_training(same, full=True)).measured is None
        hotter = with_training(same, changes=(("x", {"distillation.temperature": 9.0}),))
        assert plan_distillation(hotter).measured == row

    def test_without_a_row_it_says_how_to_get_a_baseline(self, config: DistillConfig) -> None:
        found = distill(config)
        assert [side.role for side in found.sides] == ["teacher", "distilled"]
        assert found.advice[-1].startswith("lenet5 was not measured alone in this way: --baseline")


class TestOmittedClass:
    def test_the_student_never_sees_it_and_the_bias_comes_from_unlabelled_images(
        self, config: DistillConfig, digits_folder: Path
    ) -> None:
        longer = (*config.training.changes, ("test", {"epochs": 6}))
        found = distill(replace(with_training(config, changes=longer), omitted="3"))
        (run,), (omitted,) = found.runs, found.omitted
        assert run.folder.path.name.endswith("-without-3")
        labels = load_dataset(str(digits_folder)).split("train").labels
        assert run.metrics["images"]["train"] == int((labels != 3).sum())
        assert f"trained on {run.metrics['images']['train']} images" in read_info(run.checkpoint).split
        test = load_dataset(str(digits_folder)).test.labels
        assert (omitted.name, omitted.n) == ("3", int((test == 3).sum()))
        assert omitted.bias > 0 and omitted.top1_with_bias > omitted.top1

    def test_a_class_that_does_not_exist(self, config: DistillConfig) -> None:
        with pytest.raises(UsageError, match="unknown class 'three'"):
            distill(replace(config, omitted="three"))
        assert not Path("runs").exists()


class TestTransfer:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """Twenty digits as pictures, an empty page, and a file that is no picture."""
        place = tmp_path / "loose" / "below"
        place.mkdir(parents=True)
        for number, image in enumerate(load_dataset("mnist").train.images[2000:2020]):
            Image.fromarray(255 - np.pad(image, 10)).resize((96, 96)).save(place / f"{number}.png")
        Image.new("L", (96, 96), 255).save(place.parent / "empty.png")
        (place.parent / "notes.txt").write_text("not a picture")
        return place.parent

    def test_pictures_without_labels_are_learned_from(self, config: DistillConfig, folder: Path) -> None:
        said: list[str] = []
        with_more = replace(config, transfer=str(folder))

        class Listening:
            def __getattr__(self, name: str) -> Callable[..., None]:
                return said.append if name == "note" else lambda *_: None

        (run,) = distill(with_more, events=Listening()).runs  # type: ignore[arg-type]
        assert run.metrics["images"]["train"] == 1120
        assert run.metrics["objective"]["transfer"] == {"folder": str(folder), "pictures": 21}
        assert f"{folder}: left out 1 picture of 21 that do not show one digit" in said

    def test_one_that_cannot_be_read_stops_it_unless_it_is_to_be_left_out(
        self, config: DistillConfig, folder: Path
    ) -> None:
        (folder / "broken.png").write_bytes(b"\x89PNG\r\n")
        with_more = replace(config, transfer=str(folder))
        with pytest.raises(DataError, match=r"broken\.png"):
            distill(with_more)
        (run,) = distill(with_training(with_more, load=LoadOptions(skip_bad=True))).runs
        assert run.metrics["images"]["train"] == 1120

    @pytest.mark.parametrize("content", ["nothing", "empty pages", "no folder"])
    def test_a_folder_without_digits_is_refused(self, config: DistillConfig, content: str, tmp_path: Path) -> None:
        folder = tmp_path / "pages"
        if content != "no folder":
            folder.mkdir()
        if content == "empty pages":
            Image.new("L", (96, 96), 255).save(folder / "empty.png")
        words = {"nothing": "holds no pictures", "empty pages": "no picture in which one digit"}.get(
            content, "exist"
        )
        with pytest.raises(MnistkitError, match=words):
            distill(replace(config, transfer=str(folder)))


class TestAdvice:
    def test_a_teacher_with_label_smoothing(self, config: DistillConfig, tmp_path: Path) -> None:
        smoothed = {**Recipe().to_dict(), "label_smoothing": 0.1}
        path = save_teacher(tmp_path / "soft.safetensors", recipe=smoothed)
        assert "soft was trained with label smoothing 0.1" in advice(replace(config, teachers=(str(path),)))
        assert "label smoothing" not in advice(config)

    def test_a_teacher_of_other_data(self, config: DistillConfig, tmp_path: Path) -> None:
        path = save_teacher(tmp_path / "other.safetensors", dataset="qmnist")
        assert "other learnt from qmnist, not from " in advice(replace(config, teachers=(str(path),)))

    def test_a_student_that_is_larger(self, config: DistillConfig, tmp_path: Path) -> None:
        larger = with_training(config, architecture="convnext")
        assert "larger than what it learns from: 486,602 parameters, and 61,706" in advice(larger)
        assert "larger" not in advice(config)
        more = tuple(str(save_teacher(tmp_path / f"{i}.safetensors", seed=i)) for i in range(8))
        assert "larger" not in advice(replace(larger, teachers=more))

    def test_a_teacher_that_is_no_better_by_the_table(self, tmp_path: Path) -> None:
        usual = DistillConfig(TrainConfig("lenet5"))
        for accuracy, is_warned in ((0.98, True), (0.999, False)):
            path = save_teacher(tmp_path / f"{accuracy}.safetensors", metrics={"val_accuracy": accuracy})
            found = advice(replace(usual, teachers=(str(path),)))
            assert ("no better than lenet5 alone on the validation images: 98.00 %" in found) is is_warned

    def test_a_teacher_that_is_no_better_than_the_baseline(self, config: DistillConfig, tmp_path: Path) -> None:
        path = save_teacher(tmp_path / "poor.safetensors")
        found = distill(replace(config, teachers=(str(path),), baseline=True))
        assert any("no better than lenet5 alone" in line for line in found.advice)

    def test_warnings_come_before_the_training(self, config: DistillConfig) -> None:
        said: list[str] = []
        warned = with_training(config, architecture="convnext", load=LoadOptions(warn=said.append))
        with pytest.raises(InterruptedRunError):
            distill(warned, should_stop=lambda: True)
        assert any("larger" in line for line in said)


class TestRefusals:
    def test_other_classes(self, config: DistillConfig, tmp_path: Path) -> None:
        path = save_teacher(tmp_path / "t.safetensors", classes=("cat", "dog"), dataset="pets")
        with pytest.raises(CheckpointError, match=r"t cannot teach .*digits: it knows the classes cat, dog"):
            distill(replace(config, teachers=(str(path),)))
        assert not Path("runs").exists()

    def test_pictures_are_prepared_as_the_teacher_knows_them(self, config: DistillConfig, tmp_path: Path) -> None:
        folder = make_classes(tmp_path / "pets", {"cat": 20, "dog": 20}, paper=30)
        path = save_teacher(
            tmp_path / "t.safetensors", classes=("cat", "dog"), preparation=Preparation("whole"), dataset="pets"
        )
        own = with_training(replace(config, teachers=(str(path),)), dataset=str(folder))
        (run,) = distill(own).runs
        assert run.metrics["preparation"]["kind"] == "whole"
        asked = with_training(own, load=LoadOptions(preparation="tile"), out=Path("tile"))
        with pytest.raises(UsageError, match="prepared as 'whole', and these are prepared as 'tile'"):
            distill(asked)

    def test_no_seeds(self, config: DistillConfig) -> None:
        with pytest.raises(UsageError, match="--seeds must be at least 1"):
            distill(replace(config, seeds=0))


def test_the_best_bargain_is_the_smallest_that_is_nearly_the_best() -> None:
    (row,) = (row for row in read_measured() if row.title == "lenet5")
    rows = [
        replace(row, name="huge", parameters=10**6, mean=0.997),
        replace(row, name="good", parameters=10**4, mean=0.9951),
        replace(row, name="tiny", parameters=10**2, mean=0.98),
        replace(row, name="pupil", parameters=10, mean=0.997, teacher="huge"),
        replace(row, name="forest", kind="classical", parameters=None, mean=0.997),
        replace(row, name="fashion", parameters=10, dataset="fashion-mnist", mean=0.997),
    ]
    assert best_bargain(rows) == "good"
    assert best_bargain([]) == "convnext"
    assert best_bargain() in {row.name for row in read_measured()}


def test_one_by_one_trains_in_order(config: DistillConfig) -> None:
    plan = plan_distillation(replace(config, seeds=2))
    assert [run.metrics["seed"] for run in one_by_one(None, lambda: False)(plan.taught)] == [0, 1]
