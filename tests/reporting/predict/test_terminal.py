"""Recognised pictures in the terminal, fitted to its width."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from mnistkit.inference.answers import Answer, Verdict
from mnistkit.reporting.predict.terminal import print_answer, print_line
from mnistkit.reporting.predict.text import sentence
from tests.support.answers import answer
from tests.support.console import console_of, text_on


def shown(result: Answer, width: int = 80, top: int = 3, encoding: str = "utf-8") -> list[str]:
    console = console_of(width=width, encoding=encoding)
    print_answer(console, result, top)
    return text_on(console).splitlines()


def line_of(result: Answer, width: int, top: int = 1) -> list[str]:
    console = console_of(width=width)
    print_line(console, result, top)
    return text_on(console).splitlines()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_one_picture_stands_beside_its_bars(width: int) -> None:
    lines = shown(answer(), width)
    assert lines[0] == "x.png: 7 with 93.0 %"
    assert max(map(cell_len, lines)) <= width
    bars = [line for line in lines[1:] if "%" in line]
    assert [line.split()[-2] for line in bars] == ["93.0", "6.2", "0.8"]
    assert [line.count("█") > 10 for line in bars] == [True, False, False]
    assert len({line.rindex("%") for line in bars}) == 1, "the numbers are not in line"


def test_bars_without_the_characters_for_them() -> None:
    lines = shown(answer(), encoding="ascii")
    assert any("####" in line and "93.0 %" in line for line in lines)


def test_as_many_bars_as_wanted() -> None:
    assert sum(" %" in line for line in shown(answer(), top=1)[1:]) == 1


@pytest.mark.parametrize(
    ("verdict", "word", "start"),
    [
        (Verdict.DIGIT, "7", "7 with 93.0 %"),
        (Verdict.UNSURE, "unsure:7", "unsure: most probably 7 with 93.0 %, below 73.0 %"),
        (Verdict.NOTHING, "nothing", "nothing: no digit is found"),
        (Verdict.SEVERAL, "several:3", "several: 3 digits are found"),
        (Verdict.NOT_A_DIGIT, "not-a-digit", "not-a-digit: what is found does not look like one"),
    ],
)
def test_every_verdict_has_its_words(verdict: Verdict, word: str, start: str) -> None:
    result = answer(verdict)
    assert result.word == word
    assert sentence(result).startswith(start)
    lines = shown(result)
    assert lines[0].startswith(f"x.png: {start[:20]}")
    assert any("--explain" in line for line in lines) is (verdict is not Verdict.DIGIT)


def test_lines_tell_notes_and_other_classes() -> None:
    result = answer(notes=("first of 3 frames",), name="a\nb.png")
    assert line_of(result, 80, top=2) == ["7            93.0 %  a\\nb.png  (then 1 with 6.2 %; first of 3 frames)"]


def test_a_long_path_is_shortened_in_its_middle_and_the_rest_stands_below() -> None:
    result = answer(notes=("first of 3 frames",), name="pictures/of/a/long/name/IMG_20261125_201530.png")
    for width in (40, 60, 80):
        first, *rest = line_of(result, width, top=3)
        assert len(first) <= width and first.startswith("7            93.0 %  pict") and first.endswith(".png")
        assert all(len(line) <= width for line in rest)
        assert " ".join(" ".join(rest).split()) == "(then 1 with 6.2 %, 9 with 0.8 %; first of 3 frames)"


def test_only_the_digit_is_bold() -> None:
    console = console_of(colours="truecolor")
    print_line(console, answer(notes=("a note",)))
    assert text_on(console) == "\x1b[1m7          \x1b[0m  93.0 %  x.png\x1b[2m  (a note)\x1b[0m\n"


def test_below_the_picture_where_there_is_no_room_beside_it() -> None:
    lines = shown(answer(), 40)
    assert max(map(cell_len, lines)) <= 40
    bars = [line for line in lines[1:] if "%" in line]
    assert [line.split()[0] for line in bars] == ["7", "1", "9"]
    assert [line.split()[-2] for line in bars] == ["93.0", "6.2", "0.8"]
    assert bars[0].count("█") > 20


def test_a_line_without_a_digit_has_no_probability() -> None:
    assert line_of(answer(Verdict.NOT_A_DIGIT), 80) == ["not-a-digit          x.png"]
