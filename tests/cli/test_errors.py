import csv
import json
import re
import sys

import pytest
from PIL import Image

from mnistkit.workflows import suspect
from tests.support.cli import on_terminal
from tests.support.dataset_folders import make_bars

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="POSIX files only")


def test_a_pipe_gets_a_row_for_each_and_the_summary_goes_elsewhere(run_cli, toys, constants):
    result = run_cli("errors", constants[0], "--device", "cpu")
    wrong = int((toys.test.labels != 0).sum())
    assert result.code == 0
    assert len(re.findall(r"#\d+\t(middle|right)\tleft\t0\.576117\t\n", result.out)) == wrong
    assert result.out.count("\n") == wrong
    *_, first, second, third = result.err.splitlines()
    assert first == "always-0 on toys, test split: 120 images"
    assert second == f"accuracy {(120 - wrong) / 1.2:.2f} %, {wrong} errors"
    assert third == f"wrong: {wrong}, by loss"


@posix_only
def test_a_terminal_gets_pictures_and_the_summary_last(constants, tmp_path):
    make_bars(tmp_path / "own", {"left": 9, "middle": 9, "right": 9})
    shown = on_terminal(
        "errors", constants[0], "--dataset", "own", "--split", "all", "--device", "cpu", columns=80, lines=24
    ).splitlines()
    assert len(shown) < 24
    assert any("middle/" in line for line in shown)
    assert shown[-3:-1] == ["always-0 on own, all splits: 27 images", "accuracy 33.33 %, 18 errors"]
    assert shown[-1].startswith("--limit 18")


def test_json_and_csv_hold_all_errors_with_probabilities(run_cli, toys, constants, tmp_path):
    result = run_cli("errors", constants[0], "--device", "cpu", "--json", "-o", "e.json", "-o", "e.csv")
    document = json.loads(result.out)
    assert document["schema"] == "mnistkit/errors/3"
    assert document == json.loads((tmp_path / "e.json").read_text())
    (section,) = document["sections"]
    assert section["total"] == len(section["misclassifications"]) == (toys.test.labels != 0).sum()
    assert sum(section["misclassifications"][0]["probabilities"].values()) == pytest.approx(1)
    header, *lines = (tmp_path / "e.csv").read_text().splitlines()
    assert header.endswith("p(left),p(middle),p(right)")
    assert len(lines) == section["total"]


def test_json_and_csv_name_the_file_of_each_picture(run_cli, constants, tmp_path):
    make_bars(tmp_path / "own", {"left": 7, "middle": 7, "right": 7})
    (tmp_path / "own" / "right" / "3.png").rename(tmp_path / "own" / "right" / "3,\n.png")
    result = run_cli(
        "errors", constants[0], "--dataset", "own", "--split", "all", "--device", "cpu", "--json", "-o", "e.csv"
    )
    entries = json.loads(result.out)["sections"][0]["misclassifications"]
    assert entries and all((tmp_path / entry["path"]).is_file() for entry in entries)
    with (tmp_path / "e.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["path"] for row in rows] == [entry["path"].replace("\n", "\\n") for entry in entries]


def test_the_page_needs_nothing_else_and_holds_each_misclassification(run_cli, toys, constants, tmp_path):
    assert run_cli("errors", *constants[:2], "--device", "cpu", "-o", "e.html").code == 0
    page = (tmp_path / "e.html").read_text()
    assert not re.search(r'(src|href)="(?!data:)', page) and "http" not in page
    # Each model's misclassifications: those of both models have a card for each.
    assert page.count("<figure") == sum(int((toys.test.labels != i).sum()) for i in (0, 1))
    assert 'data-confidence="0.576117"' in page


def test_limit_counts_everywhere(run_cli, constants, tmp_path):
    result = run_cli("errors", constants[0], "--device", "cpu", "--limit", 2, "-o", "e.csv")
    assert ", the first 2 shown" in result.err and result.out.count("\tleft\t") == 2
    assert len((tmp_path / "e.csv").read_text().splitlines()) == 3


def test_explain_draws_a_second_picture(run_cli, constants, tmp_path):
    def width(*options):
        run_cli("errors", constants[0], "--device", "cpu", "--limit", 8, "-o", "e.png", *options)
        with Image.open(tmp_path / "e.png") as picture:
            return picture.width

    assert width("--explain") > 1.5 * width()


def test_several_checkpoints_are_told_apart_by_letters(run_cli, toys, constants):
    result = run_cli("errors", *constants[:2], "--device", "cpu", "--limit", 1)
    labels = toys.test.labels
    assert f"only A is wrong: {(labels == 1).sum()}" in result.err
    assert f"both are wrong: {(labels == 2).sum()}" in result.err
    assert "\tleft\t0.576117\talways-0\t" in result.out and "\tmiddle\t0.576117\talways-1\t" in result.out


def test_no_misclassification_of_the_kind_asked_for(run_cli, constants):
    result = run_cli("errors", constants[0], "--device", "cpu", "--true", "left", "--pred", "right")
    assert (result.code, result.out) == (0, "")
    assert "No misclassified image of class left taken for right." in result.err


def test_suspect_shows_labels_and_how_they_were_judged(run_cli, toys, monkeypatch):
    monkeypatch.setattr(suspect, "FOLDS", 2)
    monkeypatch.setattr(suspect, "_LEAST_STEPS", 1)
    result = run_cli("errors", "--suspect", "--dataset", "toys", "--device", "cpu", "--limit", 2)
    assert result.code == 0
    assert "disputed labels of toys, train split: 360 images" in result.err
    assert "each image is judged by a lenet5 that has not seen it: 2-fold cross-validation" in result.err


@pytest.mark.parametrize(
    "options, said",
    [
        (["--out", "e.jpq"], "it must be one of .png, .pdf, .svg, .html, .csv, .json"),
        (["--true", "up"], "unknown class 'up'; known: left, middle, right"),
        (["--pred", "rihgt"], "did you mean 'right'?"),
        (["--true", "left", "--pred", "left"], "is no error"),
        (["--limit", "0"], "at least 1"),
        (["--sort", "los"], "did you mean 'loss'?"),
        (["--suspect"], "takes no checkpoint"),
        (["--split", "tset"], "did you mean 'test'?"),
    ],
)
def test_wrong_usage_is_2_and_nothing_is_run(run_cli, constants, options, said):
    result = run_cli("errors", constants[0], *options)
    assert (result.code, result.out) == (2, "")
    assert said in result.err and "running" not in result.err


def test_suspect_refuses_the_test_split(run_cli):
    result = run_cli("errors", "--suspect", "--split", "test")
    assert (result.code, result.out) == (2, "") and "--split train or val" in result.err
