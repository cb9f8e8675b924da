"""``mnistkit models`` and ``mnistkit models show``."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len

from mnistkit import locate
from mnistkit.checkpoint import CheckpointInfo, load_tensors, read_info, save_checkpoint
from mnistkit.models import build_model, get_architecture, model_names
from mnistkit.recipe import Recipe, flatten, recipe_keys
from mnistkit.recipe_sources import read_recipe_file
from mnistkit.zoo import MEASURED
from tests.support.cli import HEAVY, RunCli, run_and_see_what_is_loaded
from tests.support.runs import measured_run
from tests.support.toys import register, save_trained, toy_dataset


@pytest.mark.usefixtures("nothing_bundled")
def test_the_list_has_a_line_per_architecture_that_is_never_cut(run_cli: RunCli) -> None:
    result = run_cli("models")
    assert (result.code, result.err) == (0, "")
    for name in model_names():
        (line,) = (line for line in result.out.splitlines() if line.startswith(f"{name} "))
        assert line.rstrip().endswith(get_architecture(name).description)
        assert f" {get_architecture(name).recipe.epochs} " in line
    assert re.search(r"lenet5 +61,706 +416,520 ", result.out)


@pytest.mark.usefixtures("nothing_bundled")
def test_the_list_as_json(run_cli: RunCli) -> None:
    result = run_cli("models", "--json")
    document = json.loads(result.out)
    assert document["schema"] == "mnistkit/models/1"
    assert [entry["name"] for entry in document["models"]] == list(model_names())
    lenet5 = next(entry for entry in document["models"] if entry["name"] == "lenet5")
    assert (lenet5["parameters"], lenet5["macs"], lenet5["epochs"]) == (
        61_706,
        416_520,
        get_architecture("lenet5").recipe.epochs,
    )
    assert lenet5["bundled"] == []
    assert document["bundled"] == []


def test_the_list_is_made_without_torch() -> None:
    lines = ("models", "models list", "models --json")
    # The descriptions of bundled checkpoints are read with numpy, which is quick.
    heavy = [name for name in HEAVY if name != "numpy"]
    assert run_and_see_what_is_loaded(lines, heavy) == {line: (0, []) for line in lines}


def test_every_measured_row_is_in_the_list_with_all_its_fields(run_cli: RunCli) -> None:
    document = json.loads(run_cli("models", "--json").out)
    shown = [row["measured"] for entry in document["models"] for row in entry["recipes"] if row["measured"]]
    shown += [row for entry in document["models"] for row in entry["taught"]] + document["classical"]
    rows = json.loads(MEASURED.read_text())["rows"]
    assert sorted(shown, key=str) == sorted(rows, key=str)


def test_what_is_new_or_was_not_measured_is_in_the_list(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mnistkit.workflows.models.read_measured", tuple)
    monkeypatch.setattr("mnistkit.workflows.models.read_architectures", dict)
    out = run_cli("models").out
    for name in model_names():
        assert re.search(rf"^{name} +[\d,]+ +[\d,]+ +\d+ +not measured ", out, re.M)


def test_runs_are_recorded_once(run_cli: RunCli) -> None:
    line = [
        "models",
        "record",
        *(measured_run(Path(f"runs/{seed}"), seed) for seed in range(3)),
        "--table",
        "rows",
    ]
    first = run_cli(*line)
    assert (first.code, first.err) == (0, "")
    assert first.out.startswith(
        "lenet5: 99.50 ± 0.00 % over 3 seeds, 150 errors in 30,000; 95 % interval 99.41 % to"
    )
    again = run_cli(*line)
    assert again.code == 1 and again.err.startswith("error: rows has a row of it: lenet5: 99.50 ± 0.00 %")
    assert "in the place of lenet5: 99.50" in run_cli(*line, "--replace").out


@pytest.fixture
def bundled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    info = CheckpointInfo("lenet5", tuple("0123456789"), 0.1, 0.3, "mnist", "train", {}, 0, 1)
    measured = replace(info, metrics={"val_accuracy": 0.9912, "test_accuracy": 0.9934})
    for name, each in (("tiny", info), (locate.DEFAULT_BUNDLED, measured)):
        save_checkpoint(tmp_path / f"{name}.safetensors", build_model("lenet5", 10).state_dict(), each)
    monkeypatch.setattr(locate, "WEIGHTS", tmp_path)
    return tmp_path


def test_bundled_models_are_listed_with_their_accuracies(bundled: Path, run_cli: RunCli) -> None:
    out = run_cli("models").out
    assert re.search(rf"{locate.DEFAULT_BUNDLED} +lenet5 +mnist +99\.34 % +99\.12 % +default", out)
    assert re.search(r"tiny +lenet5 +mnist +- +-", out)


def test_bundled_models_as_json(bundled: Path, run_cli: RunCli) -> None:
    document = json.loads(run_cli("models", "--json").out)
    first, second = document["bundled"]
    assert (first["name"], first["default"], first["metrics"]["test_accuracy"]) == (
        locate.DEFAULT_BUNDLED,
        True,
        0.9934,
    )
    assert (second["name"], second["default"], second["metrics"]) == ("tiny", False, {})
    assert first["size"] == (bundled / f"{locate.DEFAULT_BUNDLED}.safetensors").stat().st_size
    lenet5 = next(entry for entry in document["models"] if entry["name"] == "lenet5")
    assert lenet5["bundled"] == [locate.DEFAULT_BUNDLED, "tiny"]


def test_a_run_is_bundled(run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locate, "WEIGHTS", tmp_path / "weights")
    toys = register(monkeypatch, toy_dataset("toys", ("left", "right")))
    path = save_trained(tmp_path / "model.safetensors", toys, steps=5)
    info = replace(read_info(path), metrics={"val_accuracy": 0.9, "test_accuracy": 0.8})
    save_checkpoint(path, load_tensors(path), info)
    result = run_cli("models", "bundle", path, "small", "--half")
    assert result.code == 0
    assert "bytes, " in result.out and "which refuses 0.00 % of 40 validation images" in result.out
    assert re.search(r"small +lenet5 +toys +80\.00 % +90\.00 %", run_cli("models").out)


@pytest.mark.parametrize("name", model_names())
def test_the_details_hold_every_layer_and_recipe_key(name: str, run_cli: RunCli) -> None:
    result = run_cli("models", "show", name)
    assert (result.code, result.err) == (0, "")
    model = build_model(name, 10, plain=True)
    total = f"{sum(p.numel() for p in model.parameters()):,}"
    assert f"{total} parameters" in result.out.splitlines()[1]
    for layer, module in model.named_modules():
        if any(True for _ in module.parameters(recurse=False)):
            assert re.search(rf"^{re.escape(layer or '(itself)')} +{type(module).__name__} ", result.out, re.M), (
                layer
            )
    for key, (_, limits) in recipe_keys().items():
        assert re.search(rf"^{key.rpartition('.')[2]} = .+# {re.escape(limits['help'])}$", result.out, re.M)
    # What is shown is a recipe file.
    Path("mine.toml").write_text("# " + result.out.partition("\n# ")[2], encoding="utf-8")
    assert read_recipe_file(Path("mine.toml")) == flatten(get_architecture(name).recipe.to_dict())


@pytest.mark.parametrize(("name", "columns"), [*((name, 80) for name in model_names()), ("convnext-large", 120)])
def test_the_details_fit_a_terminal(
    name: str, columns: int, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    out = run_cli("models", "show", name).out
    assert max(map(cell_len, (line.rstrip() for line in out.splitlines()))) <= columns


@pytest.mark.parametrize(
    "arguments", [("models", "show", "lenet5", "--json"), ("models", "--json", "show", "lenet5")]
)
def test_the_details_as_json(arguments: tuple[str, ...], run_cli: RunCli) -> None:
    document = json.loads(run_cli(*arguments).out)
    assert document["schema"] == "mnistkit/model/1"
    assert document["summary"]["parameters"] == 61_706
    assert sum(layer["parameters"] for layer in document["summary"]["layers"]) == 61_706
    assert document["summary"]["layers"][0]["output_shape"] == [6, 28, 28]
    shown = {setting["key"]: setting["value"] for setting in document["recipe"]}
    assert Recipe().merged(shown, "x") == get_architecture("lenet5").recipe
    assert all(setting["meaning"] for setting in document["recipe"])


def test_a_trained_model_is_shown_with_what_its_checkpoint_says(
    run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toys = register(monkeypatch, toy_dataset("toys", ("left", "right")))
    path = save_trained(tmp_path / "model.safetensors", toys, steps=5)
    info = replace(read_info(path), metrics={"val_accuracy": 0.9, "test_accuracy": 0.8})
    save_checkpoint(path, load_tensors(path), info)
    result = run_cli("models", "show", path)
    assert (result.code, result.err) == (0, "")
    facts = {name: fact for name, _, fact in (line.partition("  ") for line in result.out.splitlines())}
    expected = {
        "file": str(path),
        "architecture": "lenet5",
        "classes": "left, right",
        "measured": "test accuracy 80.00 %, validation accuracy 90.00 %",
    }
    assert {name: facts[name].strip() for name in expected} == expected
    trained = json.loads(run_cli("models", "show", path, "--json").out)["trained"]
    assert (trained["dataset"], trained["classes"]) == ("toys", ["left", "right"])
    assert trained["metrics"] == {"val_accuracy": 0.9, "test_accuracy": 0.8}


def test_a_bundled_model_is_shown_by_its_name(run_cli: RunCli) -> None:
    result = run_cli("models", "show", "pictures")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("pictures: ")
    recipe = read_info(locate.bundled_path("pictures")).recipe
    Path("mine.toml").write_text("# " + result.out.partition("\n# ")[2], encoding="utf-8")
    assert read_recipe_file(Path("mine.toml")) == flatten(recipe)


def test_a_checkpoint_that_is_not_there(run_cli: RunCli) -> None:
    Path("empty").mkdir()
    result = run_cli("models", "show", "runs/nowhere")
    assert result.code == 1 and "error: checkpoint 'runs/nowhere' does not exist" in result.err
    assert "error: empty holds no model.safetensors" in run_cli("models", "show", "empty").err


def test_the_list_is_drawn_beside_what_is_printed(run_cli: RunCli) -> None:
    result = run_cli("models", "--plot", "frontier.png")
    assert result.code == 0 and "wrote frontier.png" in result.err and "lenet5" in result.out
    assert Path("frontier.png").read_bytes().startswith(b"\x89PNG")
    assert run_cli("models", "list", "--plot", "frontier.gif").code == 2
    refused = run_cli("models", "--plot", "frontier.png", "show", "lenet5")
    assert refused.code == 2 and "--plot draws the list of all models" in refused.err


def test_another_recipe_is_shown_by_its_name(run_cli: RunCli) -> None:
    asked = ("models", "show", "vgg", "--recipe", "authors")
    result = run_cli(*asked)
    assert "The recipe of vgg, 'authors'" in result.out and "other recipes: default" in result.out
    assert json.loads(run_cli(*asked, "--json").out)["recipe_name"] == "authors"
    refused = run_cli("models", "show", "vgg", "--recipe", "author")
    assert refused.code == 2 and "did you mean 'authors'" in refused.err
    refused = run_cli("models", "show", "pictures", "--recipe", "authors")
    assert refused.code == 2 and "a trained model has the one recipe" in refused.err
