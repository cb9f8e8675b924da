"""By what the figures that mnistkit draws are known again, so that none is read as a picture of digits."""

from __future__ import annotations

from pathlib import Path

METADATA = {".png": {"Software": "mnistkit"}, ".pdf": {"Creator": "mnistkit"}, ".svg": {"Creator": "mnistkit"}}
"""What a figure says of its origin, by its suffix, as matplotlib takes it."""

EXPLAINED = ".explained"
"""What stands before the suffix of a picture's explanation in a folder."""

# What comes of it in the file, and within how many bytes: metadata are the first thing in all but PDFs.
_MARKS = {
    ".png": (b"tEXtSoftware\0mnistkit", 500),
    ".svg": (b"<dc:title>mnistkit</dc:title>", 5000),
    ".pdf": (b"/Creator (mnistkit)", -1),
}
# Explanations were not marked at first.
_UNMARKED = b"tEXtSoftware\0Matplotlib"


def is_own_figure(path: Path) -> bool:
    """Say whether mnistkit drew a file; not if it cannot be read."""
    suffix = path.suffix.lower()
    if suffix not in _MARKS:
        return False
    mark, length = _MARKS[suffix]
    try:
        with path.open("rb") as file:
            start = file.read(length)
    except (OSError, ValueError):  # a name that no file can have
        return False
    return mark in start or (path.name.endswith(f"{EXPLAINED}.png") and _UNMARKED in start)
