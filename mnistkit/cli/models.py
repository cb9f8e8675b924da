"""``mnistkit models``: the architectures, and one of them in detail."""

from __future__ import annotations

import typer

app = typer.Typer(help="List the architectures, or show one.", invoke_without_command=True)


@app.callback()
def list_models() -> None:
    """List the architectures."""
