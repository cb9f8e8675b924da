"""What a model can be exported to: a suffix for each target."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mnistkit.exceptions import UsageError

TARGETS: Mapping[str, str] = {".html": "a page to draw on, which needs nothing else"}
"""What the file of each suffix is."""


BITS = (8, 16)
"""In how many bits a weight may be kept."""


def check_target(path: Path) -> str:
    """Return the suffix of ``path`` in lower case, if there is a target of that name.

    Raises:
        UsageError: there is none, or ``path`` is a folder.
    """
    suffix = path.suffix.lower()
    if suffix not in TARGETS:
        what = f"nothing is exported to '{path.suffix}'" if suffix else "it has no suffix"
        known = ", ".join(f"{name} ({meaning})" for name, meaning in TARGETS.items())
        raise UsageError(f"cannot export to {path}: {what}", hint=f"known: {known}")
    if path.is_dir():
        raise UsageError(f"cannot write {path}: it is a folder")
    return suffix
