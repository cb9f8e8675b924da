"""What is said about the machine and the installation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mnistkit.reporting.env import print_environment
from mnistkit.workflows.env import Environment
from tests.support.console import console_of, text_on

REPORT = Environment(
    mnistkit="1.2",
    location="/lib/mnistkit",
    python="3.11 CPython",
    executable="/bin/python",
    platform="Linux",
    cpu="a processor",
    cores=8,
    memory_bytes=3 * 2**30 + 2**29,
    threads=4,
    versions={"torch": "2.11", "numpy": "not installed"},
    cuda="12.8",
    devices={"cpu": "cpu (4 threads)", "cuda": "NVIDIA H200"},
    device="cuda",
    precision="bf16",
    precision_reason="it is quick",
    cache="/cache",
    cache_bytes=12_340_000,
    runs="/work/runs",
    finished_runs=2,
    unfinished_runs=1,
    variables={"MNISTKIT_CACHE": "/cache"},
)


def shown(report: Environment, width: int) -> list[str]:
    console = console_of(width=width)
    print_environment(console, report)
    return text_on(console).splitlines()


def facts(report: Environment) -> dict[str, str]:
    lines = shown(report, 200)
    width = max(len(line.split("  ")[0]) for line in lines)
    assert {line[width : width + 2] for line in lines} == {"  "}, "the facts do not stand in a column"
    return {line[:width].rstrip(): line[width + 2 :] for line in lines}


def test_every_fact_has_its_line() -> None:
    assert facts(REPORT) == {
        "mnistkit": "1.2 (/lib/mnistkit)",
        "python": "3.11 CPython (/bin/python)",
        "platform": "Linux",
        "cpu": "a processor",
        "cores": "8; 4 threads compute on the CPU",
        "memory": "3.5 GiB",
        "torch": "2.11 (CUDA 12.8)",
        "numpy": "not installed",
        "devices": "cpu (4 threads), cuda: NVIDIA H200",
        "device used": "cuda",
        "precision": "bf16: it is quick",
        "cache": "/cache (12.3 MB)",
        "runs": "/work/runs (2 finished, 1 unfinished)",
        "MNISTKIT_CACHE": "/cache",
    }


def test_one_thread_computes() -> None:
    assert facts(replace(REPORT, threads=1))["cores"] == "8; 1 thread computes on the CPU"


def test_what_the_system_does_not_say() -> None:
    shown = facts(replace(REPORT, memory_bytes=None, cuda=None))
    assert (shown["memory"], shown["torch"]) == ("unknown", "2.11")


@pytest.mark.parametrize("width", [40, 80, 120])
def test_facts_fit_the_screen_and_no_word_of_them_is_broken(width: int) -> None:
    lines = shown(REPORT, width)
    assert max(map(len, lines)) <= width
    assert " ".join(" ".join(lines).split()) == " ".join(" ".join(shown(REPORT, 200)).split())
