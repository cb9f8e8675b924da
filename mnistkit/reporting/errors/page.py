"""Misclassified images as a web page of its own, which can be sorted and filtered."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.evaluation.results.errors import ErrorsResult, Misclassification, WrongPrediction
from mnistkit.numbers import percentage, probability
from mnistkit.reporting.errors import text
from mnistkit.reporting.errors.images import overlaid
from mnistkit.reporting.names import escaped
from mnistkit.reporting.pages import render

_SORTS = {
    "loss": "loss, largest first",
    "confidence": "confidence, largest first",
    "margin": "margin, largest first",
    "index": "index",
}


def to_html(result: ErrorsResult) -> str:
    """Return the page: a card for each wrong prediction with all classes' probabilities; it loads nothing."""
    predictions = [each for image in result.misclassifications for each in image.predictions]
    return render(
        "errors",
        title=text.headline(result),
        facts=list(_facts(result)),
        cards=list(_cards(result)),
        nothing=text.nothing(result),
        sorts=_SORTS,
        sort=result.selection.sort,
        labels=_names(result, (image.label for image in result.misclassifications)),
        predicted=_names(result, (each.predicted for each in predictions)),
        sections={place: text.heading(result, section) for place, section in enumerate(result.sections)},
    )


def _facts(result: ErrorsResult) -> Iterator[str]:
    yield from text.accuracies(result)
    for section in result.sections:
        yield text.heading(result, section) + text.shown(section, len(section.misclassifications))
    if result.cross_validation is not None:
        yield text.method(result)
    if result.explained:
        yield f"{text.legend(coloured=True)}; by {result.explained}"
    yield from text.footnotes(list(result.misclassifications))


def _names(result: ErrorsResult, classes: Iterable[int]) -> dict[int, str]:
    return {number: text.class_name(result, number) for number in sorted(set(classes))}


def _cards(result: ErrorsResult) -> Iterator[dict[str, Any]]:
    for place, section in enumerate(result.sections):
        for image in section.misclassifications:
            pixels = _image(image.pixels, text.image_name(result, image))
            for prediction in image.predictions:
                yield _card(result, place, image, prediction, pixels)


def _card(
    result: ErrorsResult,
    section: int,
    image: Misclassification,
    prediction: WrongPrediction,
    pixels: dict[str, str],
) -> dict[str, Any]:
    images = [pixels]
    if prediction.attribution_map is not None:
        explained = overlaid(image.pixels, prediction.attribution_map)
        images.append(_image(explained, f"attribution map of {text.image_name(result, image)}"))
    return {
        # What the page sorts and filters by.
        "data": {
            "index": image.index,
            "true": image.label,
            "predicted": prediction.predicted,
            "section": section,
            "confidence": f"{prediction.confidence:.6f}",
            "margin": f"{prediction.margin:.6f}",
            "loss": f"{prediction.loss:.6f}",
        },
        "images": images,
        "label": text.class_name(result, image.label),
        "predicted": text.class_name(result, prediction.predicted),
        "confidence": probability(prediction.confidence),
        "note": image.note,
        "model": escaped(result.models[prediction.model].name) if len(result.models) > 1 else "",
        "name": text.image_name(result, image),
        "figures": f"loss {prediction.loss:.2f}, margin {prediction.margin:.2f}",
        "probabilities": [
            {"name": escaped(name), "width": f"{100 * share:.1f}%", "share": percentage(share)}
            for name, share in zip(result.classes, prediction.probabilities.tolist(), strict=True)
        ],
    }


def _image(pixels: NDArray[np.uint8], title: str) -> dict[str, str]:
    """Return an image, grey or RGB, as a PNG file in base64, and its title."""
    from PIL import Image

    png = io.BytesIO()
    Image.fromarray(pixels).save(png, format="PNG", optimize=True)
    return {"title": title, "png": base64.b64encode(png.getvalue()).decode("ascii")}
