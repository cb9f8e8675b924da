"""The Python API: the answers, figures, files and errors of the commands, and nothing printed."""

from __future__ import annotations

import importlib
import inspect
import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pytest
import torch
from PIL import Image

import mnistkit
from mnistkit import api
from mnistkit.data import dataset_names
from mnistkit.exceptions import MnistkitError, OutputError, PictureError
from mnistkit.inference.answers import Answer, Failure
from mnistkit.models import model_names
from mnistkit.recipe import recipe_keys
from mnistkit.training.events import EpochRecord
from mnistkit.workflows.train import SeedsResult, TrainResult
from tests.support.cli import HEAVY, RunCli
from tests.support.files import check_file
from tests.support.pictures import encoded, page, two_digits

README = Path(__file__).parents[1] / "README.md"
ON_CPU: dict[str, Any] = {"device": "cpu"}
QUICK: dict[str, Any] = {**ON_CPU, "epochs": 2, "batch_size": 64}


ONLY_COMMANDS = ("checkpoint", "json", "out", "quiet", "fail_under", "threads")
"""Options of where the result goes, of the exit code, and of the process; checkpoints are plain arguments."""

OTHERWISE_IN_TRAIN = ("arch", "lr", "set", "seeds", "jobs", "dry_run")
"""The first argument, recipe keys, :func:`mnistkit.summarise`, processes, and a training that is only told."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, digits_folder: Path) -> TrainResult:
    out = tmp_path_factory.mktemp("api") / "run"
    return mnistkit.train("lenet5", digits_folder, out=out, **QUICK)


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """Return what was written to both streams since the last call."""
    return lambda: "".join(capsys.readouterr())


def document(result: Any) -> dict[str, Any]:
    """Return a result as a program reads it from ``--json``, without what is timed."""
    from mnistkit.reporting.documents import document_text

    return without_times(json.loads(document_text(result)))


def without_times(document: dict[str, Any]) -> dict[str, Any]:
    for model in document["models"]:
        model.pop("images_per_second", None)
    return document


class TestNames:
    def test_the_example_in_the_readme_runs(self) -> None:
        blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)
        code = "\n".join(blocks)
        assert 'read("photo.jpg")' in code
        shutil.copy(README.parent / "docs" / "digit.jpg", "photo.jpg")
        quick = code.replace('train("lenet5")', 'train("lenet5", epochs=1, batch_size=1000)')
        assert quick != code
        command = [sys.executable, "-W", "error", "-c", quick]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        lines = done.stdout.splitlines()
        assert lines[0] == "Answer('photo.jpg': 5, >99.9 %)" and lines[1].startswith("5 0.99")
        assert lines[2].startswith("EvaluateResult(mnist, test split of 10,000 images: lenet5-mnist-seed0 9")
        assert len(lines[3:]) == 10 and all(line.startswith("Misclassification(") for line in lines[3:])

    def test_importing_is_light(self) -> None:
        code = f"import mnistkit, sys; sys.exit(any(name in sys.modules for name in {(*HEAVY, 'typer', 'rich')}))"
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

    @pytest.mark.parametrize("name", ["evaluate", "confusion", "errors", "train", "distill"])
    def test_functions_take_the_options_of_their_commands(self, name: str) -> None:
        command = getattr(importlib.import_module(f"mnistkit.cli.{name}"), name)
        options = {
            declared.lstrip("-").replace("-", "_")
            for hint in get_type_hints(command, include_extras=True).values()
            for option in getattr(hint, "__metadata__", ())
            # Typer takes the first name of an annotated option for its default, until it makes the command.
            for declared in (getattr(option, "default", None), *(getattr(option, "param_decls", None) or ()))
            if str(declared).startswith("--")
        }
        taken = {*inspect.signature(getattr(mnistkit, name)).parameters, *ONLY_COMMANDS}
        if name in ("train", "distill"):
            taken |= {*recipe_keys(), *OTHERWISE_IN_TRAIN}
        if name == "distill":
            taken |= {"teacher"}
        assert "device" in options and options <= taken, options - taken

    def test_lists_are_the_registries(self) -> None:
        assert mnistkit.list_models() == model_names()
        assert mnistkit.list_datasets() == dataset_names()

    def test_every_public_name_exists_and_is_known_to_editors(self) -> None:
        assert mnistkit.__all__ == api.__all__
        for name in mnistkit.__all__:
            assert getattr(mnistkit, name) is getattr(api, name)
        assert set(mnistkit.__all__) <= set(dir(mnistkit))
        source = Path(mnistkit.__file__).read_text(encoding="utf-8")
        (imported,) = re.findall(r"from mnistkit.api import \((.*?)\)", source, flags=re.DOTALL)
        assert re.findall(r"\w+", imported) == mnistkit.__all__
        assert (Path(mnistkit.__file__).parent / "py.typed").is_file()
        with pytest.raises(AttributeError, match="no attribute 'nothing'"):
            mnistkit.nothing  # type: ignore[attr-defined]  # noqa: B018


class TestDistilling:
    def test_it_gives_what_the_command_shows(
        self, run: TrainResult, run_cli: RunCli, digits_folder: Path, printed: Callable[[], str]
    ) -> None:
        said: list[str] = []
        found = mnistkit.distill(
            run, student="lenet5", dataset=digits_folder, seeds=2, announce=said.append, **QUICK
        )
        assert printed() == ""
        assert any(line.startswith("learning from run: its answers to ") for line in said)
        assert repr(found).startswith("DistillResult(lenet5, 2 seeds: teacher ")
        line = f"distill --teacher {run.checkpoint} --student lenet5 --dataset {digits_folder} --seeds 2 --json"
        shown = json.loads(run_cli(*line.split(), "--device", "cpu", "--epochs", "2", "--batch-size", "64").out)
        own = document(found)
        for each in (own, shown):
            each.pop("runs"), without_times(each)
        assert own == shown

    def test_a_recipe_of_a_run_brings_teacher_and_student(self, run: TrainResult, digits_folder: Path) -> None:
        settings: dict[str, Any] = {"distillation": {"temperature": 2.0}, **QUICK}
        (first,) = mnistkit.distill(run, student="lenet5", dataset=digits_folder, **settings).runs
        (again,) = mnistkit.distill(recipe=first.folder.recipe, out="again", device="cpu").runs
        assert again.checkpoint.read_bytes() == first.checkpoint.read_bytes()

    def test_what_goes_wrong_is_raised(self) -> None:
        with pytest.raises(MnistkitError, match="there is no teacher"):
            mnistkit.distill(student="lenet5")


class TestReading:
    def test_answers_agree_with_the_reported_accuracy(self, run: TrainResult) -> None:
        test = mnistkit.load_dataset(run.metrics["dataset"]).test
        answers = mnistkit.load(run.checkpoint, **ON_CPU).read_all(test.images)
        best = [answer.guess for answer in answers if isinstance(answer, Answer)]
        right = np.mean([name == str(label) for name, label in zip(best, test.labels, strict=True)])
        assert right == run.metrics["test"]["top1"]

    def test_every_form_of_the_same_picture_gets_the_same_answer(self, run: TrainResult) -> None:
        recogniser = mnistkit.load(run.folder.path, **ON_CPU)
        tile = np.array(mnistkit.load_dataset("mnist").test.images[0])
        expected = recogniser.read(tile)
        tensor = torch.from_numpy(tile)
        forms = [
            *(255 - tile, tile / 255, (1 - tile / 255).astype(np.float16), np.stack([tile] * 3, axis=2)),
            *(tensor, tensor / 255, (tensor / 255)[None], torch.stack([255 - tensor] * 3), tensor.double() / 255),
            *(Image.fromarray(tile), encoded(Image.fromarray(tile), "PNG")),
        ]
        for form in forms:
            answer = recogniser.read(form)
            np.testing.assert_array_equal(answer.picture.tile, tile)
            assert answer.ranking == expected.ranking
        two_valued = tile > 100
        assert (
            recogniser.read(two_valued).ranking
            == recogniser.read(~two_valued).ranking
            == recogniser.read(torch.from_numpy(two_valued)).ranking
        )

    def test_pictures_of_any_size(self, run: TrainResult) -> None:
        recogniser = mnistkit.load(run.folder.path, **ON_CPU)
        large = np.asarray(page())
        forms = [large, Image.fromarray(large), encoded(page(), "PNG"), torch.from_numpy(large.copy())]
        first, *others = [recogniser.read(form) for form in forms]
        assert all(each.ranking == first.ranking for each in others)

    def test_answers_are_those_of_the_command(self, run: TrainResult, run_cli: RunCli) -> None:
        pictures = {"page.png": page(), "two.png": two_digits(), "blank.png": Image.new("L", (90, 60), 255)}
        for name, picture in pictures.items():
            picture.save(name)
        recogniser = mnistkit.load(run.folder.path, **ON_CPU)
        found = run_cli("predict", *pictures, "-c", run.folder.path, "--json", "--device", "cpu")
        shown = json.loads(found.out)["pictures"]
        answers = recogniser.read_all(pictures)
        for answer, line in zip(answers, shown, strict=True):
            assert isinstance(answer, Answer)
            # The last bits of a sum depend on how many pictures are computed together.
            assert answer.probability == line["probability"] or answer.probability == pytest.approx(
                line["probability"], rel=1e-6
            )
            assert {**answer.to_json(3), "top": 0, "probability": 0} == {**line, "top": 0, "probability": 0}
        assert [recogniser.read(name).word for name in pictures] == [each.word for each in answers]
        assert [each.verdict.value for each in answers] == ["digit", "several", "nothing"]

    def test_what_has_no_path_is_called_the_picture(self, run: TrainResult) -> None:
        page().save("page.png")
        recogniser = mnistkit.load(run.folder.path, **ON_CPU)
        sources = ["page.png", Path("page.png"), Path("page.png").read_bytes()]
        assert [recogniser.read(each).name for each in sources] == ["page.png", "page.png", "the picture"]

    def test_what_cannot_be_read_is_raised_for_one_and_stands_in_its_place_among_several(
        self, run: TrainResult
    ) -> None:
        recogniser = mnistkit.load(run.folder.path, **ON_CPU)
        with pytest.raises(PictureError, match=r"gone\.png does not exist"):
            recogniser.read("gone.png")
        with pytest.raises(PictureError, match="an array of shape"):
            recogniser.read(np.zeros((2, 28, 28), np.uint8))
        first, second = recogniser.read_all(["gone.png", encoded(page(), "PNG")])
        assert isinstance(first, Failure) and isinstance(second, Answer)
        assert repr(first) == "Failure(gone.png does not exist)"
        assert recogniser.read_all([]) == []

    def test_limits(self, run: TrainResult) -> None:
        strict = mnistkit.load(run.checkpoint, limits=mnistkit.Limits(pixels=28 * 28), **ON_CPU)
        with pytest.raises(PictureError, match="is too large"):
            strict.read(page())
        assert strict.read(mnistkit.load_dataset("mnist").test.images[0]).verdict

    def test_precision(self, run: TrainResult) -> None:
        tiles = mnistkit.load_dataset("mnist").test.images[:8]
        full, half = (mnistkit.load(run, precision=name, **ON_CPU).logits(tiles) for name in ("fp32", "bf16"))
        assert not np.array_equal(full, half)
        np.testing.assert_allclose(full, half, atol=0.2)

    def test_the_choice_is_announced_to_whoever_asks(self, printed: Callable[[], str]) -> None:
        lines: list[str] = []
        mnistkit.load(announce=lines.append, **ON_CPU)
        assert lines == ["checkpoint: pictures, which ships with mnistkit"]
        assert printed() == ""


class TestResults:
    def test_they_are_those_of_the_commands(
        self, checkpoint: Path, digits_folder: Path, run_cli: RunCli, printed: Callable[[], str]
    ) -> None:
        data = {"dataset": digits_folder, **ON_CPU}
        common = [checkpoint, "--dataset", digits_folder, "--device", "cpu", "--json"]
        for result, command in (
            (lambda: mnistkit.evaluate(checkpoint, perturbed=True, **data), ["evaluate", "--perturbed"]),
            (
                lambda: mnistkit.confusion(checkpoint, split="val", normalize="true", **data),
                ["confusion", "--split", "val", "--normalize", "true"],
            ),
            (
                lambda: mnistkit.errors(checkpoint, sort="index", limit=3, explain=True, **data),
                ["errors", "--sort", "index", "-n", "3", "--explain"],
            ),
        ):
            printed()
            found = document(result())
            assert printed() == ""
            assert found == without_times(json.loads(run_cli(*command, *common).out))

    def test_suspects_have_their_own_defaults_and_tell_of_the_trainings(
        self, digits_folder: Path, printed: Callable[[], str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("mnistkit.workflows.suspect._LEAST_STEPS", 1)
        monkeypatch.setattr("mnistkit.workflows.suspect.EPOCHS", 1)
        told: list[tuple[int, int, str]] = []
        result = mnistkit.errors(
            dataset=digits_folder, suspect=True, progress=lambda *now: told.append(now), limit=2, **ON_CPU
        )
        assert printed() == ""
        assert result.selection.sort == "margin"
        assert result.cross_validation is not None and result.cross_validation.folds == 4
        found = f"{result.models[0].name}: {result.models[0].errors} disputed labels)"
        assert repr(result).startswith("ErrorsResult(") and repr(result).endswith(found)
        done = [now for now, _, unit in told if unit == "steps"]
        assert done == sorted(done) and done[-1] == told[-1][1]

    def test_a_notebook_shows_the_figure_that_the_command_writes(
        self, checkpoint: Path, digits_folder: Path, run_cli: RunCli
    ) -> None:
        page().save("page.png")
        common = [checkpoint, "--dataset", digits_folder, "--device", "cpu", "--out", "x.png"]
        data = {"dataset": digits_folder, **ON_CPU}
        pairs: list[tuple[Any, list[Any]]] = [
            (mnistkit.confusion(checkpoint, **data), ["confusion", *common]),
            (
                mnistkit.errors(checkpoint, limit=4, explain=True, **data),
                ["errors", "-n", 4, "--explain", *common],
            ),
            (
                mnistkit.load(checkpoint, **ON_CPU).read("page.png", keep_steps=True),
                ["predict", "page.png", "-c", checkpoint, "--device", "cpu", "--explain", "x.png"],
            ),
        ]
        for result, command in pairs:
            Path("x.png").unlink(missing_ok=True)
            assert run_cli(*command).code == 0
            assert result._repr_png_() == Path("x.png").read_bytes()

    @pytest.mark.parametrize("picture", [page(), two_digits(), Image.new("L", (90, 60), 255)])
    def test_every_answer_can_be_shown_without_its_steps(self, checkpoint: Path, picture: Image.Image) -> None:
        shown = mnistkit.load(checkpoint, **ON_CPU).read(picture)._repr_png_()
        assert shown is not None
        with Image.open(io.BytesIO(shown)) as figure:
            assert figure.format == "PNG" and figure.width > 400

    def test_each_prints_itself_in_a_line(self, run: TrainResult, checkpoint: Path, digits_folder: Path) -> None:
        data = {"dataset": digits_folder, **ON_CPU}
        recogniser = mnistkit.load(run.checkpoint, **ON_CPU)
        dataset = mnistkit.load_dataset("mnist")
        errors = mnistkit.errors(checkpoint, **data)
        evaluation = mnistkit.evaluate(checkpoint, run.checkpoint, ensemble=True, **data)
        confusion = mnistkit.confusion(checkpoint, **data)
        answer = recogniser.read(dataset.test.images[0], keep_steps=True)
        nested = [errors.sections[0], *errors.sections[0].misclassifications[:1], confusion.models[0]]
        every = [run, errors, evaluation, *evaluation.models, confusion, answer, answer.picture, *nested]
        for each in [*every, *answer.picture.steps, recogniser, dataset, dataset.test, SeedsResult.of([run])]:
            text = repr(each)
            assert text.startswith(f"{type(each).__name__}(") and text == str(each)
            assert "\n" not in text and "array" not in text and len(text) < 400, text
        assert repr(recogniser) == "Recogniser(run: lenet5, 10 classes)"
        assert repr(dataset) == "Dataset(mnist: 60,000 training and 10,000 test images, 10 classes)"
        assert repr(dataset.test) == "LabelledImages(10,000 images of 28x28)"
        count = errors.models[0].errors
        model = f"{checkpoint.parent.name} {(200 - count) / 2:.2f} %, {count} errors"
        found = f"({digits_folder}, test split of 200 images: {model}"
        assert repr(errors) == f"ErrorsResult{found})"
        assert repr(confusion) == f"ConfusionResult{found})"
        assert re.match(re.escape(f"EvaluateResult{found}; run ") + ".*; ensemble ", repr(evaluation))


class TestTraining:
    def test_weights_and_figures_are_those_of_the_command(
        self, run: TrainResult, digits_folder: Path, run_cli: RunCli
    ) -> None:
        options = ["--device", "cpu", "--epochs", "2", "--batch-size", "64", "--out", "command", "--json"]
        found = json.loads(run_cli("train", "-a", "lenet5", "-d", digits_folder, *options).out)
        assert Path("command/model.safetensors").read_bytes() == run.checkpoint.read_bytes()
        assert found["test"] == run.metrics["test"]
        assert {file.name for file in run.folder.path.iterdir()} == {
            file.name for file in Path("command").iterdir()
        }
        check_file(run.folder.curves)
        assert run._repr_png_() == Path("command/curves.png").read_bytes()

    def test_progress_and_epochs_are_told_and_nothing_is_printed(
        self, digits_folder: Path, printed: Callable[[], str]
    ) -> None:
        class Epochs(mnistkit.TrainingEvents):
            def __init__(self) -> None:
                self.seen: list[int] = []

            def epoch_ended(self, record: EpochRecord, is_best: bool) -> None:
                self.seen.append(record.epoch)

        told: list[tuple[int, int, str]] = []
        lines: list[str] = []
        epochs = Epochs()
        again: dict[str, Any] = {"out": "a", "announce": lines.append, **QUICK}
        result = mnistkit.train(
            "lenet5", digits_folder, events=epochs, progress=lambda *now: told.append(now), **again
        )
        assert printed() == ""
        steps = [(done, total) for done, total, unit in told if unit == "steps"]
        assert steps == sorted(steps) and steps[0][0] == 0 and steps[-1][0] == steps[-1][1]
        assert epochs.seen == [record.epoch for record in result.history] == [1, 2]
        assert not mnistkit.train("lenet5", digits_folder, **again).trained
        assert lines[-1].startswith("a is already finished")

    def test_the_recipe_is_resolved_as_for_the_command(
        self, digits_folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Path("own.toml").write_text("epochs = 9\nseed = 5\nbatch_size = 100\n")
        monkeypatch.setenv("MNISTKIT_EPOCHS", "1")
        monkeypatch.setenv("MNISTKIT_DEVICE", "cpu")
        result = mnistkit.train("lenet5", digits_folder, recipe="own.toml", batch_size=200, out="a")
        written = result.folder.recipe.read_text()
        assert "epochs = 1\n" in written and "seed = 5\n" in written and "batch_size = 200\n" in written

    def test_a_recorded_recipe_brings_its_architecture_and_dataset(self, run: TrainResult) -> None:
        again = mnistkit.train(recipe=run.folder.recipe, out="again", **ON_CPU)
        assert again.checkpoint.read_bytes() == run.checkpoint.read_bytes()

    def test_trained_weights_to_start_from_bring_their_architecture(
        self, run: TrainResult, digits_folder: Path
    ) -> None:
        lines: list[str] = []
        result = mnistkit.train(
            dataset=digits_folder, init=run.folder.path, out="a", announce=lines.append, **ON_CPU, epochs=1
        )
        assert result.metrics["architecture"] == "lenet5"
        assert "starting from run, architecture lenet5" in lines

    def test_one_can_stop_and_go_on(self, run: TrainResult, digits_folder: Path) -> None:
        steps = iter([False] * 5)
        with pytest.raises(mnistkit.MnistkitError, match="stopped after step 6"):
            mnistkit.train("lenet5", digits_folder, out="a", should_stop=lambda: next(steps, True), **QUICK)
        with pytest.raises(OutputError, match="unfinished run"):
            mnistkit.train("lenet5", digits_folder, out="a", **QUICK)
        resumed = mnistkit.train(out="a", resume=True, **ON_CPU)
        assert resumed.checkpoint.read_bytes() == run.checkpoint.read_bytes()

    def test_a_run_and_a_recogniser_stand_for_their_checkpoint(
        self, run: TrainResult, digits_folder: Path
    ) -> None:
        recogniser = mnistkit.load(run, **ON_CPU)
        assert recogniser.checkpoint.path == run.checkpoint
        found = mnistkit.evaluate(recogniser, dataset=digits_folder, **ON_CPU).models[0].metrics
        assert (found.errors, found.n) == (run.metrics["test"]["errors"], run.metrics["test"]["n"])

    def test_runs_are_summarised_as_by_seeds(self, run: TrainResult) -> None:
        result = mnistkit.summarise(iter([run, run]))
        assert result.summary["top1"]["mean"] == run.metrics["test"]["top1"]
        assert (result.summary["top1"]["std"], len(result.runs)) == (0, 2)
        other = TrainResult(run.folder, {**run.metrics, "dataset": "other"}, trained=True)
        with pytest.raises(MnistkitError, match="have no common mean"):
            mnistkit.summarise([run, other])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mnistkit.load("none.safetensors"), "'none.safetensors' does not exist"),
        (lambda: mnistkit.load(5), "cannot be of type int"),  # type: ignore[arg-type]
        (lambda: mnistkit.load(precision="fp31"), "did you mean 'fp32'"),
        (lambda: mnistkit.load(device="quantum"), "unknown device 'quantum'"),
        (lambda: mnistkit.load().read_all("photo.jpg"), "takes several pictures"),  # type: ignore[arg-type]
        (lambda: mnistkit.load().read(28), "of type int"),  # type: ignore[arg-type]
        (lambda: mnistkit.evaluate(split="tset"), "did you mean 'test'"),
        (lambda: mnistkit.evaluate(dataset="minst"), "did you mean 'mnist'"),
        (lambda: mnistkit.evaluate(precision="fp31"), "did you mean 'fp32'"),
        (lambda: mnistkit.evaluate(ensemble=True), "at least two checkpoints"),
        (lambda: mnistkit.confusion(normalize="treu"), "did you mean 'true'"),
        (lambda: mnistkit.errors(sort="lost"), "did you mean 'loss'"),
        (lambda: mnistkit.errors("pictures", suspect=True), "takes no checkpoint"),
        (lambda: mnistkit.train("lenet"), "did you mean 'lenet5'"),
        (lambda: mnistkit.train(epoch=3), "did you mean 'epochs'"),
        (lambda: mnistkit.train(epochs="many"), "epochs"),
        (lambda: mnistkit.train(seed=-1), "seed"),
        (lambda: mnistkit.train(preparation="inc"), "did you mean 'ink'"),
        (lambda: mnistkit.train(split_shares="80/10/10"), "the splits of mnist are fixed"),
        (lambda: mnistkit.train(recipe="gone.toml"), "cannot read recipe gone.toml"),
        (lambda: mnistkit.summarise([]), "no run to summarise"),
    ],
)
def test_what_goes_wrong_is_an_error_of_one_line(
    call: Callable[[], object], message: str, printed: Callable[[], str]
) -> None:
    with pytest.raises(mnistkit.MnistkitError, match=message) as caught:
        call()
    assert caught.value.message == str(caught.value) and "\n" not in caught.value.message
    assert caught.value.hint or "did you mean" in caught.value.message or message in HINTLESS
    assert printed() == "" and not list(Path().iterdir())


HINTLESS = ("epochs", "seed", "cannot read recipe gone.toml", "no run to summarise", "of type int")
