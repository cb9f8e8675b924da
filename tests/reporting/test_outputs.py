import json
from pathlib import Path

import pytest

from mnistkit.exceptions import OutputError, UsageError
from mnistkit.reporting.outputs import Output, OutputFormats, as_text, check_suffix


def fail(result, path):
    raise OutputError("cannot write")


FORMATS = OutputFormats({".txt": as_text(str), ".csv": as_text(lambda number: f"{number},"), ".bad": fail})


def test_the_suffix_chooses_the_format_in_any_case(tmp_path):
    paths = [tmp_path / "a.txt", tmp_path / "new" / "b.CSV"]
    assert list(FORMATS.write(7, paths)) == paths
    assert [path.read_text() for path in paths] == ["7", "7,"]


@pytest.mark.parametrize(
    "names, said",
    [
        (["a.png"], "'.png' names no known format; it must be one of .txt, .csv, .bad"),
        (["a"], "it has no suffix; it must be one of"),
        ([".txt"], "it has no suffix"),
        (["a.txt", "a.txt"], "a.txt is given as an output more than once"),
        (["folder.txt"], "it is a folder"),
    ],
)
def test_what_cannot_be_written_is_wrong_usage_before_anything_is(names, said, tmp_path):
    Path("folder.txt").mkdir()
    with pytest.raises(UsageError, match=said.replace(".", r"\.")):
        list(FORMATS.write(7, [Path("first.csv"), *map(Path, names)]))
    assert not Path("first.csv").exists()


def test_files_before_a_failure_are_told_and_old_ones_are_left(tmp_path):
    (tmp_path / "b.bad").write_text("old")
    written = FORMATS.write(7, [tmp_path / "a.txt", tmp_path / "b.bad"])
    assert next(written) == tmp_path / "a.txt"
    with pytest.raises(OutputError):
        next(written)
    assert (tmp_path / "b.bad").read_text() == "old"


def test_check_suffix_returns_it_in_lower_case():
    assert check_suffix(Path("A.PNG"), [".png"]) == ".png"


class Number:
    schema = "mnistkit/number/1"

    def __init__(self, value):
        self.value = value

    def __str__(self):
        return str(self.value)

    def to_json(self):
        return {"value": self.value}


def print_number(console, number):
    console.print(f"it is {number}")


class TestOutput:
    def test_people_get_text_and_files_are_announced_apart(self, capsys):
        Output(as_json=False, formats=FORMATS, files=[Path("a.txt")]).show(Number(7), print_number)
        captured = capsys.readouterr()
        assert (captured.out, captured.err) == ("it is 7\n", "wrote a.txt\n")
        assert Path("a.txt").read_text() == "7"

    def test_a_reader_who_stops_in_the_middle_does_not_cost_the_files(self):
        def stop(console, number):
            raise BrokenPipeError

        with pytest.raises(BrokenPipeError):
            Output(as_json=False, formats=FORMATS, files=[Path("a.txt")]).show(Number(7), stop)
        assert Path("a.txt").read_text() == "7"

    def test_programs_get_one_document(self, capsys):
        Output(as_json=True).show(Number(7), print_number)
        captured = capsys.readouterr()
        assert json.loads(captured.out) == {"schema": "mnistkit/number/1", "value": 7}
        assert captured.err == ""

    def test_files_are_checked_before_there_is_a_result(self):
        with pytest.raises(UsageError, match="no known format"):
            Output(as_json=False, formats=FORMATS, files=[Path("a.png")])

    def test_a_file_that_cannot_be_written_does_not_cost_the_result(self, capsys):
        with pytest.raises(OutputError):
            Output(as_json=False, formats=FORMATS, files=[Path("a.bad")]).show(Number(7), print_number)
        assert capsys.readouterr().out == "it is 7\n"
