"""Misclassified images as tab-separated values: what a pipe gets."""

from __future__ import annotations

from collections.abc import Iterator

from mnistkit.evaluation.results.errors import ErrorsResult
from mnistkit.reporting.errors import text
from mnistkit.reporting.names import escaped


def rows(result: ErrorsResult) -> Iterator[str]:
    """Yield a line for each wrong prediction: image, label, predicted class, probability, of several models the
    model's name, and what is known about the label, which may be nothing.

    An image is called by the path of its file, else by "#" and its index.
    """
    for image in result.misclassifications:
        for each in image.predictions:
            model = [escaped(result.models[each.model].name)] if len(result.models) > 1 else []
            values = [
                escaped(image.path) if image.path is not None else text.image_name(result, image),
                text.class_name(result, image.label),
                text.class_name(result, each.predicted),
                f"{each.confidence:.6f}",
                *model,
                image.note,
            ]
            yield "\t".join(values)
