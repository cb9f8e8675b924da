import json
from pathlib import Path

import pytest

from tests.support.toys import save_constant


def test_prints_a_table_and_keeps_progress_apart(run_cli, constants):
    result = run_cli("evaluate", constants[0], "--device", "cpu")
    assert result.code == 0
    assert result.out.startswith("toys, test split: 120 images\n")
    assert "\x1b" not in result.out
    assert "evaluating always-0" in result.err and "evaluating" not in result.out


def test_json_is_one_document_with_its_schema(run_cli, constants):
    options = ["--ensemble", "--perturbed", "--split", "val", "--device", "cpu", "--json"]
    result = run_cli("evaluate", *constants[:2], *options)
    assert result.code == 0
    document = json.loads(result.out)
    assert document["schema"] == "mnistkit/evaluate/3"
    assert (document["dataset"], document["split"], document["n"]) == ("toys", "val", 40)
    assert len(document["models"]) == 2 and len(document["mcnemar"]) == 3
    assert document["ensemble"]["perturbed"]["n"] == 40


@pytest.mark.usefixtures("nothing_bundled")
def test_without_a_checkpoint_it_takes_the_newest_run_and_says_so(run_cli, toys, tmp_path):
    save_constant(tmp_path / "runs" / "one" / "model.safetensors", toys, 0)
    (tmp_path / "runs" / "one" / "metrics.json").write_text("{}")
    result = run_cli("evaluate", "--device", "cpu")
    assert result.code == 0
    assert "checkpoint: runs/one/model.safetensors" in result.err.replace("\\", "/")


@pytest.mark.usefixtures("nothing_bundled")
def test_without_a_checkpoint_and_without_a_run(run_cli):
    result = run_cli("evaluate")
    assert (result.code, result.out) == (1, "")
    assert "no finished run" in result.err and "hint: mnistkit train" in result.err


class TestFailUnder:
    def test_not_met_is_3_with_one_line_and_the_results_still_there(self, run_cli, constants):
        result = run_cli("evaluate", constants[0], "--device", "cpu", "--fail-under", "99.0")
        assert result.code == 3
        assert "top-1 accuracy" in result.out
        errors = [line for line in result.err.splitlines() if line.startswith("error:")]
        assert len(errors) == 1 and "below 99 %: always-0" in errors[0]

    def test_not_met_with_json_leaves_one_document(self, run_cli, constants):
        result = run_cli("evaluate", constants[0], "--device", "cpu", "--fail-under", "99", "--json")
        assert result.code == 3
        assert json.loads(result.out)["n"] == 120

    def test_met_is_0(self, run_cli, constants):
        assert run_cli("evaluate", constants[0], "--device", "cpu", "--fail-under", "1").code == 0

    @pytest.mark.parametrize("value", ["-1", "101", "nan", "inf"])
    def test_must_be_a_percentage(self, run_cli, constants, value):
        result = run_cli("evaluate", constants[0], "--fail-under", value)
        assert (result.code, result.out) == (2, "")
        assert f"from 0 to 100, not {value}" in result.err


@pytest.mark.parametrize(
    "options, said",
    [
        (["--split", "tset"], "did you mean 'test'?"),
        (["--dataset", "mnits"], "did you mean 'mnist'?"),
        (["--device", "gpus"], "unknown device 'gpus'"),
        (["--precision", "fp23"], "unknown precision 'fp23'"),
        (["--batch-size", "0"], "at least 1"),
        (["--batch-size", "many"], "--batch-size takes a whole number, not 'many'"),
        (["--fail-under", "much"], "--fail-under takes a number, not 'much'"),
        (["--ensemble"], "at least two checkpoints"),
    ],
)
def test_wrong_usage_is_2(run_cli, constants, options, said):
    result = run_cli("evaluate", constants[0], *options)
    assert (result.code, result.out) == (2, "")
    assert said in result.err


def test_a_broken_checkpoint_is_1_in_one_line(run_cli, tmp_path, constants):
    (tmp_path / "half.safetensors").write_bytes(Path(constants[0]).read_bytes()[:1000])
    (tmp_path / "empty.safetensors").touch()
    for name in ("half", "empty", "missing"):
        result = run_cli("evaluate", tmp_path / f"{name}.safetensors")
        assert (result.code, result.out) == (1, "")
        assert result.err.startswith("error: ") and f"{name}.safetensors" in result.err


def test_mnist_itself(run_cli, checkpoint):
    result = run_cli("evaluate", checkpoint, "--device", "cpu", "--json")
    document = json.loads(result.out)
    row = document["models"][0]
    assert (document["n"], row["without_label_errors"]["n"]) == (10000, 9985)
    assert 0.7 < row["metrics"]["top1"] < row["metrics"]["top2"] < 1
    assert [each["support"] for each in row["per_class"]][:2] == [980, 1135]
