import json

from tests.support.cli import run_and_see_what_is_loaded


def test_a_page_is_written_and_described(run_cli, tmp_path):
    result = run_cli("export", "pictures", "--out", tmp_path / "digits.html", "--gallery", "0")
    assert result.code == 0
    assert result.out.splitlines()[0] == "model  pictures, 486,602 numbers in 8 bits"
    assert "test accuracy" not in result.out
    assert f"wrote {tmp_path / 'digits.html'}" in result.err
    assert (tmp_path / "digits.html").read_text().startswith("<!doctype html>")


def test_json(run_cli):
    result = run_cli("export", "--out", "digits.html", "--gallery", "0", "--json")
    document = json.loads(result.out)
    assert document["schema"] == "mnistkit/export/1"
    assert (document["checkpoint"], document["out"], document["bits"]) == ("pictures", "digits.html", 8)


def test_bad_input_is_one_line(run_cli):
    for options, code, said in (
        ((), 2, "missing option '--out'"),
        (("--out", "digits.onnx"), 2, "nothing is exported to '.onnx'"),
        (("--out", "digits.html", "--max-bytes", "1000", "--gallery", "0"), 1, "more than --max-bytes 1,000"),
        (("picturse", "--out", "digits.html"), 1, "did you mean 'pictures'?"),
    ):
        result = run_cli("export", *options)
        assert (result.code, result.out) == (code, "")
        assert said in result.err


def test_exporting_needs_no_torch():
    found = run_and_see_what_is_loaded(["export --out digits.html --gallery 0"], ["torch", "matplotlib"])
    assert found == {"export --out digits.html --gallery 0": (0, [])}
