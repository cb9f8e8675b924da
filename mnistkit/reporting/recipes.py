"""Recipes in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from mnistkit.reporting.wrapping import print_text

if TYPE_CHECKING:
    from mnistkit.workflows.models import RecipeSetting


def print_recipe(console: Console, title: str, settings: Sequence[RecipeSetting]) -> None:
    """Print a recipe as TOML, with what its keys mean: copied to a file, it is a recipe file."""
    import tomli_w

    print_text(console, f"# {title}, in the form of a --recipe file", hang="# ")
    section = ""
    lines = []
    for setting in settings:
        table, _, key = setting.key.rpartition(".")
        if table != section:
            section = table
            lines.append(("", ""))
            lines.append((f"[{table}]", ""))
        lines.append((tomli_w.dumps({key: setting.value}).strip(), setting.meaning))
    width = max(len(text) for text, _ in lines)
    commented = [f"{text:<{width}}  # {meaning}" if meaning else text for text, meaning in lines]
    if max(map(len, commented)) > console.width:
        # Comments that do not fit beside the keys stand above them.
        commented = [f"# {meaning}\n{text}" if meaning else text for text, meaning in lines]
    for line in commented:
        print_text(console, line, hang="# ")
