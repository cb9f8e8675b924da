"""Work that several threads share."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from collections.abc import Iterator

import pytest
import torch

from mnistkit import threads
from mnistkit.exceptions import UsageError
from mnistkit.threads import (
    VARIABLE,
    choose_threads,
    in_threads,
    one_thread_an_operation,
    thread_count,
    thread_pool,
)


@pytest.fixture(autouse=True)
def three_threads() -> Iterator[None]:
    choose_threads(3)
    yield
    choose_threads(None)


def test_results_come_in_the_order_of_the_items_whoever_is_done_first() -> None:
    first_is_done = threading.Event()

    def work(number: int) -> int:
        if number == 0:
            assert first_is_done.wait(30)
        if number == 4:
            first_is_done.set()
        return 10 * number

    assert in_threads(work, range(5)) == [0, 10, 20, 30, 40]


def test_as_many_threads_as_chosen_work_at_the_same_time() -> None:
    together = threading.Barrier(3)

    def work(number: int) -> int:
        together.wait(30)
        return threading.get_ident()

    assert len(set(in_threads(work, range(3)))) == 3


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_torch_has_one_thread_in_each_of_them_and_afterwards_as_many_as_before(count: int) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    try:
        assert in_threads(lambda _: torch.get_num_threads(), range(count)) == [1] * count
        assert torch.get_num_threads() == 4
        with one_thread_an_operation():
            assert torch.get_num_threads() == 1
            choose_threads(None)
            assert thread_count() == 4
            with one_thread_an_operation():
                assert thread_count() == 4
            assert thread_count() == 4
    finally:
        torch.set_num_threads(before)


def test_work_within_work_is_done_by_the_thread_that_has_it() -> None:
    def outer(number: int) -> bool:
        return set(in_threads(lambda _: threading.get_ident(), range(4))) == {threading.get_ident()}

    assert in_threads(outer, range(6)) == [True] * 6
    with thread_pool(2) as pool:
        assert pool.submit(outer, 0).result()


@pytest.mark.parametrize("count", [1, 3])
def test_the_first_items_error_is_raised_and_the_threads_work_on(count: int) -> None:
    choose_threads(count)

    def fail(number: int) -> int:
        if number in (2, 4):
            raise KeyError(number)
        return number

    with pytest.raises(KeyError, match="2"):
        in_threads(fail, range(6))
    assert in_threads(lambda number: number, range(3)) == [0, 1, 2]


def test_the_choice_counts_before_the_environment_and_that_before_torchs_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(VARIABLE, "5")
    assert thread_count() == 3
    choose_threads(None)
    assert thread_count() == 5
    monkeypatch.delenv(VARIABLE)
    assert thread_count() == torch.get_num_threads()


@pytest.mark.parametrize(("text", "message"), [("0", "at least 1, not 0"), ("two", "a whole number, not 'two'")])
def test_an_environment_that_makes_no_sense_is_a_usage_error(
    text: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose_threads(None)
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(UsageError, match=f"{VARIABLE} must be {message}"):
        thread_count()
    with pytest.raises(UsageError, match="--threads must be at least 1, not -1"):
        choose_threads(-1)


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_a_forked_process_starts_its_own_threads() -> None:
    assert in_threads(lambda number: number, range(3)) == [0, 1, 2]
    assert threads._helpers
    child = multiprocessing.get_context("fork").Process(target=_work_in_a_child)
    child.start()
    child.join(60)
    assert child.exitcode == 7


def _work_in_a_child() -> None:
    os._exit(7 if in_threads(lambda number: number + 1, range(5)) == [1, 2, 3, 4, 5] else 1)
