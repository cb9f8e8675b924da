"""Recognised pictures in the terminal, fitted to its width."""

from __future__ import annotations

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from mnistkit.inference.answers import Answer, Verdict
from mnistkit.reporting.predict.terminal import print_answer, print_line
from mnistkit.reporting.predict.text import sentence
from tests.support.answers import answer
from tests.support.console import console_of, text_on


def shown(result: Answer, width: int = 80, top: int = 3, encoding: str = "utf-8") -> list[str]:
    console = console_of(width=width, encoding=encoding)
    print_answer(console, result, top)
    return text_on(console).splitlines()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_one_picture_stands_beside_its_bars(width: int) -> None:
    lines = shown(answer(), width)
    assert lines[0] == "x.png: 7 with 93.0 %"
    assert max(map(cell_len, lines)) <= width
    bars = [line for line in lines[1:] if "%" in line]
    assert [line.split()[-2] for line in bars] == ["93.00", "6.25", "0.75"]
    assert [line.count("█") > 10 for line in bars] == [True, False, False]
    assert len({line.rindex("%") for line in bars}) == 1, "the numbers are not in line"


def test_bars_without_the_characters_for_them() -> None:
    lines = shown(answer(), encoding="ascii")
    assert any("####" in line and "93.00 %" in line for line in lines)


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
    stream = io.StringIO()
    result = answer(notes=("first of 3 frames",), name="a\nb.png")
    print_line(Console(file=stream, width=200), result, top=2)
    assert stream.getvalue() == "7            93.0 %  a\\nb.png  (then 1 6.2 %; first of 3 frames)\n"


def test_a_line_without_a_digit_has_no_probability() -> None:
    stream = io.StringIO()
    print_line(Console(file=stream, width=200), answer(Verdict.NOT_A_DIGIT))
    assert stream.getvalue() == "not-a-digit          x.png\n"
