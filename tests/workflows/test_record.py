"""Measured rows come from finished runs that differ only in their seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mnistkit.exceptions import MnistkitError, OutputError, UsageError
from mnistkit.models import get_architecture, model_names
from mnistkit.workflows.record import describe_architecture, record_runs, refresh_architectures
from mnistkit.zoo import read_architectures, read_measured
from tests.support.runs import measured_run

TABLE = Path("measured.json")
RECIPE = get_architecture("lenet5").recipe


def runs_of(*errors: int, **more: Any) -> list[Path]:
    return [measured_run(Path(f"runs/{seed}"), seed, wrong, **more) for seed, wrong in enumerate(errors)]


def test_runs_become_a_row_in_any_order() -> None:
    recorded = record_runs(runs_of(50, 60, 40)[::-1], TABLE)
    row = recorded.row
    assert read_measured(TABLE) == (row,)
    assert (row.kind, row.name, row.recipe, row.teacher, row.dataset) == (
        "network", "lenet5", "default", None, "mnist",
    )  # fmt: skip
    assert (row.parameters, row.bytes, row.macs, row.epochs, row.selection) == (
        61_706, 4 * 61_706, 416_520, RECIPE.epochs, "best",
    )  # fmt: skip
    assert (row.seeds, row.errors, row.top2_errors) == ([0, 1, 2], [50, 60, 40], [5, 6, 4])
    assert (row.n, row.images, row.mean, row.std, row.min, row.max) == (3, 10_000, 0.995, 0.001, 0.994, 0.996)
    assert row.interval[0] < row.mean < row.interval[1]
    assert (row.seconds_per_epoch, row.device, row.precision) == (5.0, "cpu (1 thread)", "fp32")
    assert row.command == "mnistkit train --arch lenet5 --seeds 3 --device cpu --precision fp32"


def test_a_precision_that_was_forced_is_not_another_recipe() -> None:
    row = record_runs(runs_of(1, 2, 3, settings={"precision": "bf16"}, figures={"precision": "bf16"}), TABLE).row
    assert row.recipe == "default" and row.command.endswith("--precision bf16")


def test_a_run_that_stopped_early_says_so() -> None:
    runs = [*runs_of(1, 2), measured_run(Path("early"), 2, 3, figures={"epochs": 4, "train_seconds": 28.0})]
    row = record_runs(runs, TABLE).row
    assert (row.epochs, row.epochs_run) == (RECIPE.epochs, [RECIPE.epochs, RECIPE.epochs, 4])
    assert row.seconds_per_epoch == 5.67


def taught(*teachers: str, **more: Any) -> dict[str, Any]:
    """Return the facts of a run that learnt from teachers."""
    known = [{"name": Path(name).name, "sha256": "0"} for name in teachers]
    names = " + ".join(each["name"] for each in known)
    return {
        "objective": {
            "name": "distillation",
            "teacher": names,
            "teachers": known,
            "checkpoints": list(teachers),
            **more,
        }
    }


def test_a_distilled_row_tells_its_teacher_and_the_command_that_distils_it_again() -> None:
    row = record_runs(runs_of(1, 2, 3, facts=taught("vgg")), TABLE).row
    assert row.title == "lenet5 from vgg"
    assert row.command == (
        "mnistkit distill --teacher vgg --student lenet5 --seeds 3 --device cpu --precision fp32"
    )
    alone = [measured_run(Path(f"alone/{seed}"), seed, seed) for seed in range(3)]
    assert record_runs(alone, TABLE).replaced is None
    assert [each.teacher for each in read_measured(TABLE)] == [None, "vgg"]


def test_several_teachers_and_folders_with_blanks_are_all_in_the_command() -> None:
    row = record_runs(runs_of(1, 2, 3, facts=taught("vgg", "my runs/convnext-mnist-seed0")), TABLE).row
    assert row.teacher == "vgg + convnext-mnist-seed0"
    assert "--teacher vgg --teacher 'my runs/convnext-mnist-seed0' --student lenet5" in row.command


def test_how_a_teacher_would_be_learned_from_counts_only_with_one() -> None:
    hotter = {"distillation.temperature": 9.0}
    assert record_runs(runs_of(1, 2, 3, settings=hotter), TABLE).row.recipe == "default"
    learnt = [
        measured_run(Path(f"taught/{seed}"), seed, 1, settings=hotter, facts=taught("vgg")) for seed in range(3)
    ]
    with pytest.raises(UsageError, match=r"other settings than lenet5's: distillation\.temperature=9\.0"):
        record_runs(learnt, TABLE)


@pytest.mark.parametrize("more", [{"omitted": "3"}, {"transfer": {"folder": "x", "pictures": 1}}])
def test_students_of_other_images_make_no_row(more: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=f"did not learn from the usual images: {next(iter(more))}"):
        record_runs(runs_of(1, 2, 3, facts=taught("vgg", **more)), TABLE)


OTHERS: dict[str, dict[str, Any]] = {
    "architecture lenet5 and convnext": {"facts": {"architecture": "convnext"}},
    "full False and True": {"facts": {"full": True}},
    "objective.name cross-entropy and other": {"facts": {"objective": {"name": "other"}}},
    f"epochs {RECIPE.epochs} and 97": {"settings": {"epochs": 97}, "figures": {"epochs": RECIPE.epochs}},
    f"augmentation.rotation {RECIPE.augmentation.rotation} and 97.0": {"settings": {"augmentation.rotation": 97}},
    "precision fp32 and bf16": {"figures": {"precision": "bf16"}},
    "versions.torch 2.15.0 and 2.16.0": {"figures": {"versions": {"torch": "2.16.0"}}},
    "images.train 55000 and 60000": {"figures": {"images": {"train": 60_000, "val": 5_000, "test": 10_000}}},
}


@pytest.mark.parametrize("difference", OTHERS)
def test_runs_that_differ_in_more_than_their_seed_are_refused(difference: str) -> None:
    runs = [*runs_of(1, 2), measured_run(Path("other"), 2, **OTHERS[difference])]
    with pytest.raises(UsageError, match=f"runs/0 and other differ in more than their seed: {difference}"):
        record_runs(runs, TABLE)
    assert not TABLE.exists()


ALIKE: dict[str, dict[str, Any]] = {
    "trained on kmnist; the rows are about mnist": {"facts": {"dataset": "kmnist"}},
    "held out no validation images": {"facts": {"full": True}},
    "started from trained weights": {"facts": {"init": {"name": "pictures", "sha256": "0"}}},
    "none of lenet5's recipes: learning_rate=0.5 differ": {"settings": {"learning_rate": 0.5}},
    "lenet5 has 61,706 parameters now, and had 5": {"figures": {"parameters": 5}},
}


@pytest.mark.parametrize("reason", ALIKE)
def test_runs_of_another_protocol_are_refused(reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        record_runs(runs_of(1, 2, 3, **ALIKE[reason]), TABLE)
    assert not TABLE.exists()


@pytest.mark.parametrize(
    ("seeds", "reason"),
    [
        ((0, 1), "a row needs 3 seeds at least, not 2"),
        ((0, 1, 3), "2 is missing"),
        ((1, 2, 3), "0 is missing"),
        ((0, 1, 1), "1 and 2 both have seed 1"),
    ],
)
def test_seeds_are_all_there_and_none_is_chosen(seeds: tuple[int, ...], reason: str) -> None:
    runs = [measured_run(Path(str(place)), seed) for place, seed in enumerate(seeds)]
    with pytest.raises(UsageError, match=reason):
        record_runs(runs, TABLE)


def test_only_finished_runs_count() -> None:
    runs = runs_of(1, 2, 3)
    (runs[1] / "metrics.json").unlink()
    with pytest.raises(OutputError, match="runs/1 holds an unfinished run"):
        record_runs(runs, TABLE)
    with pytest.raises(UsageError, match="no such run folder: nowhere"):
        record_runs([Path("nowhere")], TABLE)
    with pytest.raises(OutputError, match="runs is no run"):
        record_runs([Path("runs")], TABLE)
    (runs[1] / "metrics.json").write_text('{"schema": "mnistkit/metrics/1"}')
    with pytest.raises(MnistkitError, match=r"runs/1/metrics\.json cannot be read"):
        record_runs(runs, TABLE)


@pytest.mark.parametrize("name", model_names())
def test_what_is_recorded_of_an_architecture_is_true(name: str) -> None:
    assert read_architectures().get(name) == describe_architecture(name), "run: mnistkit models refresh"


def test_nothing_is_recorded_of_what_is_no_architecture() -> None:
    assert set(read_architectures()) == set(model_names()), "run: mnistkit models refresh"
    assert {row.name for row in read_measured() if row.kind == "network"} <= set(model_names())


def test_refreshing_tells_what_changed(tmp_path: Path) -> None:
    path = tmp_path / "architectures.json"
    assert refresh_architectures(path) == model_names()
    assert refresh_architectures(path) == ()
    path.write_text(path.read_text().replace("61706", "61707").replace('"name": "convnext"', '"name": "gone"'))
    assert refresh_architectures(path) == ("convnext", "gone", "lenet5")
    assert read_architectures(path) == read_architectures()
