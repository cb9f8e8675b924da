"""Pictures read before they are asked for: in order, as far ahead as asked for, and whatever happens to one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from mnistkit.exceptions import MnistkitError, PictureError
from mnistkit.imaging.prepared import Finding, Prepared
from mnistkit.inference import read_ahead
from mnistkit.inference.answers import Failure
from mnistkit.inference.read_ahead import PictureInput, ReadAhead
from mnistkit.preparation import INK
from mnistkit.workflows.picture_files import find_pictures


def test_small_files_are_read_by_the_chunk_and_photos_alone() -> None:
    for number in range(80):
        Path(f"{number:02d}.png").write_bytes(b"x" * 300)
    Path("40.png").write_bytes(b"x" * 100_000)
    inputs: list[PictureInput | Failure] = list(find_pictures(["."]))
    inputs.insert(50, Failure("gone.png", PictureError("gone.png does not exist")))
    chunks = list(read_ahead._chunks(inputs))
    flat = [each for chunk in chunks for each in ([chunk] if isinstance(chunk, Failure) else chunk)]
    assert flat == inputs
    lengths = [1 if isinstance(chunk, Failure) else len(chunk) for chunk in chunks]
    assert lengths == [32, 8, 1, 9, 1, 30]
    assert [len(chunk) for chunk in read_ahead._chunks(inputs[:5])] == [1] * 5


TILE = np.zeros((28, 28), np.uint8)


def inputs_of(count: int) -> list[PictureInput | Failure]:
    return [PictureInput(f"{number:02d}.png", f"{number:02d}.png") for number in range(count)]


def read(
    inputs: Sequence[PictureInput | Failure], ahead: int = 4, stdin: Callable[[], bytes] = lambda: b"picture"
) -> ReadAhead:
    return ReadAhead(inputs, INK, ahead=ahead, keep_steps=False, workers=1, read_stdin=stdin)


@pytest.fixture
def sources(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What was read so far; the content of files and the preparation do not matter here."""
    seen: list[object] = []

    def instead(names: Sequence[object], *_: object, **__: object) -> list[Prepared | MnistkitError]:
        seen.extend(names)
        good = Prepared(TILE, Finding.DIGIT, 1, (28, 28))
        return [PictureError(f"{name!r} is bad") if "bad" in str(name) else good for name in names]

    monkeypatch.setattr(read_ahead, "read_chunk", instead)
    return seen


def test_everything_comes_in_the_order_of_the_inputs(sources: list[object]) -> None:
    error = PictureError("gone.png does not exist")
    inputs = [*inputs_of(3), Failure("gone.png", error), PictureInput("bad.png", "bad.png"), *inputs_of(2)]
    with read(inputs) as pictures:
        results = list(pictures)
    assert [name for name, _ in results] == [each.name for each in inputs]
    assert [isinstance(each, Prepared) for _, each in results] == [True, True, True, False, False, True, True]
    assert results[3][1] is error


@pytest.mark.parametrize("ahead", [1, 4, 50])
def test_no_more_is_read_ahead_than_asked_for(ahead: int, sources: list[object]) -> None:
    with read(inputs_of(20), ahead) as pictures:
        waiting = iter(pictures)
        for taken in range(1, 6):
            next(waiting)
            assert len(sources) <= taken + ahead
    assert len(sources) <= 5 + ahead


def test_what_was_begun_but_not_asked_for_is_given_up(sources: list[object]) -> None:
    before = threading.active_count()
    with read(inputs_of(30), 10) as pictures:
        next(iter(pictures))
    assert threading.active_count() == before
    assert len(sources) < 30


def test_standard_input_is_read_here_once_it_is_due(sources: list[object]) -> None:
    asked: list[str] = []

    def stdin() -> bytes:
        asked.append(threading.current_thread().name)
        return b"picture"

    with read([*inputs_of(6), PictureInput("-", None)], 2, stdin) as pictures:
        waiting = iter(pictures)
        for _ in range(3):
            next(waiting)
        assert asked == []
        assert [name for name, _ in waiting][-1] == "-"
    assert asked == [threading.current_thread().name]
    assert sources[-1] == b"picture"


def refuse() -> bytes:
    raise PictureError("the picture is too large", hint="reduce it")


@pytest.mark.parametrize("stdin", [refuse, lambda: b"bad"], ids=["not readable", "no picture"])
def test_what_is_wrong_on_standard_input_is_said_of_it(stdin: Callable[[], bytes], sources: list[object]) -> None:
    with read([PictureInput("-", None)], stdin=stdin) as pictures:
        ((name, error),) = pictures
    assert name == "-"
    assert isinstance(error, PictureError)
    assert error.message.startswith("standard input: ")
    assert (error.hint == "reduce it") is (stdin is refuse)


def test_nothing_to_read() -> None:
    with read([]) as pictures:
        assert list(pictures) == []


@pytest.mark.parametrize("size", [2047, 2048, 2049])
def test_a_chunk_holds_at_most_64_kib_and_32_files(size: int) -> None:
    for number in range(70):
        Path(f"{number:02d}.png").write_bytes(b"x" * size)
    lengths = [len(chunk) for chunk in read_ahead._chunks(inputs_of(70)) if not isinstance(chunk, Failure)]
    full = 31 if size == 2049 else 32
    assert lengths == [full, full, 70 - 2 * full]
