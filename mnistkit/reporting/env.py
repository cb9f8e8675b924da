"""What ``mnistkit env`` shows: a line for each fact about this machine and installation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from mnistkit.numbers import counted
from mnistkit.reporting.tables import print_named

if TYPE_CHECKING:
    from mnistkit.workflows.env import Environment


def print_environment(console: Console, report: Environment) -> None:
    """Print a line for each fact, their names in a column."""
    print_named(console, _rows(report))


def _rows(report: Environment) -> list[tuple[str, str]]:
    memory = f"{report.memory_bytes / 2**30:.1f} GiB" if report.memory_bytes else "unknown"
    cuda = f" (CUDA {report.cuda})" if report.cuda else ""
    rows = [
        ("mnistkit", f"{report.mnistkit} ({report.location})"),
        ("python", f"{report.python} ({report.executable})"),
        ("platform", report.platform),
        ("cpu", report.cpu),
        ("cores", f"{report.cores}; {_computing(report.threads)} on the CPU"),
        ("memory", memory),
        *((name, version + (cuda if name == "torch" else "")) for name, version in report.versions.items()),
        ("devices", ", ".join(_titled(name, title) for name, title in report.devices.items())),
        ("device used", report.device),
        ("precision", f"{report.precision}: {report.precision_reason}"),
        ("cache", f"{report.cache} ({report.cache_bytes / 1e6:.1f} MB)"),
        ("runs", f"{report.runs} ({report.finished_runs} finished, {report.unfinished_runs} unfinished)"),
    ]
    return [*rows, *report.variables.items()]


def _titled(name: str, title: str) -> str:
    return title if title.startswith(name) else f"{name}: {title}"


def _computing(threads: int) -> str:
    return f"{counted(threads, 'thread')} {'computes' if threads == 1 else 'compute'}"
