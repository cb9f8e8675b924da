"""Misclassified images as a figure: grids of the images with captions."""

from __future__ import annotations

import textwrap
from pathlib import Path

import numpy as np

from mnistkit.evaluation.results.errors import ErrorsResult, Section
from mnistkit.reporting.errors import text
from mnistkit.reporting.errors.images import entries, first_of, picture
from mnistkit.reporting.figures import PictureGroup, caption_columns, result_title, write_picture_groups
from mnistkit.reporting.letters import letter

UNASKED_LIMIT = 200
"""How many images of each section are drawn where no limit was asked for: a page that can still be looked at."""
_TITLE_COLUMNS = 90
_NAME_COLUMNS = 24


def write_errors_figure(result: ErrorsResult, path: Path) -> None:
    """Draw the misclassified images, each section as a grid.

    Args:
        result: What to draw.
        path: The file; its suffix chooses the format.

    Raises:
        UsageError: a suffix of no known format.
        OutputError: the file cannot be written.
    """
    groups = [_group(result, section) for section in result.sections]
    drawn = [image for section in result.sections for image in first_of(result, section, UNASKED_LIMIT)]
    notes = [*([text.method(result)] if result.cross_validation is not None else []), *text.footnotes(drawn)]
    if result.explained:
        notes.append(f"{text.legend(coloured=True)}; by {result.explained}")
    if not drawn:
        notes.append(text.nothing(result))
    write_picture_groups(path, groups, _title(result), notes=notes)


def _title(result: ErrorsResult) -> str:
    if result.cross_validation is not None:
        lines = [text.headline(result), *text.accuracies(result)]
    else:
        names = [model.name for model in result.models]
        if len(names) > 1:
            names = [f"{name} ({letter(place)})" for place, name in enumerate(names)]
        accuracies = [1 - model.errors / result.n for model in result.models]
        lines = result_title(names, result.dataset, result.split, result.n, accuracies).splitlines()
    return "\n".join(textwrap.fill(line, _TITLE_COLUMNS) for line in lines)


def _group(result: ErrorsResult, section: Section) -> PictureGroup:
    chosen = first_of(result, section, UNASKED_LIMIT)
    heading = text.heading(result, section) + text.shown(section, len(chosen))
    shown = list(entries(result, chosen))
    images = [picture(*entry) for entry in shown] or [np.zeros((0, 28, 28), dtype=np.uint8)]
    stacked = np.stack(images) if shown else images[0]
    # Names of files need more room than the image is wide; those that would need much more are shortened.
    longest = max((len(text.image_name(result, image)) for image in chosen if image.path is not None), default=0)
    columns = max(caption_columns(stacked.shape[2]), min(longest, _NAME_COLUMNS))
    captions = [text.caption(result, *entry, columns) for entry in shown]
    return PictureGroup(stacked, captions, heading, columns if longest else 0)
