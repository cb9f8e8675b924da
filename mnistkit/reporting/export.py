"""What ``mnistkit export`` says about the file that it wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from mnistkit.numbers import percentage
from mnistkit.reporting.tables import print_named

if TYPE_CHECKING:
    from mnistkit.workflows.export import Exported


def print_exported(console: Console, exported: Exported) -> None:
    """Print what the file holds, a line for each fact."""
    rows = [
        ("model", f"{exported.checkpoint}, {exported.parameters:,} numbers in {exported.bits} bits"),
        ("size", f"{exported.bytes / 1000:,.0f} kB"),
    ]
    if exported.test_accuracy is not None:
        share = percentage(exported.test_accuracy)
        rows.append(("test accuracy", f"{share} of {exported.test_images:,} images, with these weights"))
        rows.append(("gallery", f"{exported.gallery} of what it gets wrong"))
    print_named(console, rows)
