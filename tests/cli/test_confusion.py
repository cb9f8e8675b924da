import json

import pytest


def test_prints_a_table_and_the_pairs(run_cli, toys, constants):
    result = run_cli("confusion", constants[0], "--device", "cpu")
    middle = int((toys.test.labels == 1).sum())
    assert result.code == 0
    assert result.out.startswith("always-0 on toys, test split: 120 images\n")
    assert f"middle read as left: {middle} times" in result.out
    assert "\x1b" not in result.out and "running" not in result.out
    assert "running always-0 on 120 images" in result.err


def test_json_is_one_document_the_same_as_in_the_file(run_cli, constants, tmp_path):
    result = run_cli("confusion", *constants[:2], "--device", "cpu", "--json", "-o", tmp_path / "d.json")
    document = json.loads(result.out)
    assert document["schema"] == "mnistkit/confusion/2"
    assert document == json.loads((tmp_path / "d.json").read_text())
    assert document["difference"][0] == [-document["models"][0]["matrix"][0][0], *document["difference"][0][1:]]


def test_the_difference_in_words(run_cli, constants):
    result = run_cli("confusion", *constants[:2], "--device", "cpu")
    assert "A  always-0: accuracy" in result.out and "B  always-1: accuracy" in result.out
    assert "most changed, from A to B" in result.out and "cells: B minus A" in result.out


@pytest.mark.parametrize(
    "options, said",
    [
        (["--out", "m.jpq"], "it must be one of .png, .pdf, .svg, .html, .csv, .json"),
        (["--out", "matrix"], "it has no suffix"),
        (["--out", "a.png", "--out", "a.png"], "more than once"),
        (["--normalize", "rows"], "unknown normalisation 'rows'; known: true, pred, all, none"),
        (["--split", "tset"], "did you mean 'test'?"),
        (["--dataset", "mnits"], "did you mean 'mnist'?"),
        (["--device", "gpus"], "unknown device 'gpus'"),
    ],
)
def test_wrong_usage_is_2_and_nothing_is_run(run_cli, constants, options, said):
    result = run_cli("confusion", constants[0], *options)
    assert (result.code, result.out) == (2, "")
    assert said in result.err and "running" not in result.err


def test_three_checkpoints_are_wrong_usage(run_cli, constants):
    result = run_cli("confusion", *constants)
    assert (result.code, result.out) == (2, "") and "not 3" in result.err
