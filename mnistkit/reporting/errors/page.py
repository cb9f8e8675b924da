"""Misclassified images as a web page of its own, which can be sorted and filtered."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from html import escape

import numpy as np
from numpy.typing import NDArray

from mnistkit.evaluation.results.errors import ErrorsResult, Misclassification, Section, WrongPrediction
from mnistkit.reporting.errors import text
from mnistkit.reporting.errors.images import overlaid
from mnistkit.reporting.numbers import percentage
from mnistkit.reporting.pages import html_page

_STYLE = """
form { position: sticky; top: 0; background: Canvas; padding: .6rem 0; display: flex; gap: 1rem; flex-wrap: wrap; }
label { white-space: nowrap; }
#cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 1rem; width: 80vw;
  max-width: 75rem; align-items: start; }
figure { margin: 0; padding: .6rem; border: 1px solid color-mix(in srgb, currentColor 25%, transparent);
  border-radius: .4rem; }
figure[hidden] { display: none; }
img { width: 6.5rem; image-rendering: pixelated; margin-right: .3rem; }
strong { font-size: 1.3rem; }
.quiet { opacity: .75; }
.mark { font-weight: 600; }
summary { cursor: pointer; }
td { padding: 0 .5rem 0 0; }
td.bar { width: 7rem; padding: 0; }
td.bar i { display: block; height: .7rem; background: #2b6ca3; }
"""
_SCRIPT = """
const form = document.querySelector("form"), cards = document.querySelector("#cards");
const all = [...cards.children], count = document.querySelector("#count");
function update() {
  const get = (name) => form.elements[name].value;
  const order = get("sort"), least = Number(get("least"));
  form.elements.leastShown.value = least + " %";
  const fits = (card) => ["true", "predicted", "section"].every((key) =>
    get(key) === "" || card.dataset[key] === get(key)) && Number(card.dataset.confidence) * 100 >= least;
  const direction = order === "index" ? 1 : -1;
  all.sort((a, b) => direction * (Number(a.dataset[order]) - Number(b.dataset[order])));
  for (const card of all) { card.hidden = !fits(card); cards.append(card); }
  count.textContent = all.filter((card) => !card.hidden).length + " of " + all.length + " shown";
}
form.addEventListener("input", update);
form.addEventListener("submit", (event) => event.preventDefault());
update();
"""
_SORTS = {
    "loss": "loss, largest first",
    "confidence": "confidence, largest first",
    "margin": "margin, largest first",
    "index": "index",
}


def to_html(result: ErrorsResult) -> str:
    """Return the page: a card for each wrong prediction with all classes' probabilities; it loads nothing."""
    lines = [f"<p>{'<br>'.join(map(escape, _facts(result)))}</p>"]
    cards = list(_cards(result))
    if not cards:
        lines.append(f"<p><strong>{escape(text.nothing(result))}</strong></p>")
        return html_page(text.headline(result), "\n".join(lines), style=_STYLE)
    lines.append(_form(result))
    lines.append(f'<div id="cards">\n{chr(10).join(cards)}\n</div>')
    return html_page(text.headline(result), "\n".join(lines), style=_STYLE, script=_SCRIPT)


def _facts(result: ErrorsResult) -> Iterator[str]:
    yield from text.accuracies(result)
    for section in result.sections:
        yield text.heading(result, section) + text.shown(section, len(section.misclassifications))
    if result.cross_validation is not None:
        yield text.method(result)
    if result.explained:
        yield f"{text.legend(coloured=True)}; by {result.explained}"
    yield from text.footnotes(list(result.misclassifications))


def _form(result: ErrorsResult) -> str:
    sorts = "".join(
        f'<option value="{name}"{" selected" if name == result.selection.sort else ""}>{label}</option>'
        for name, label in _SORTS.items()
    )
    fields = [f'<label>sort by <select name="sort">{sorts}</select></label>']
    pairs = [(image, each) for image in result.misclassifications for each in image.predictions]
    fields.append(_select("true", "label", result, {image.label for image, _ in pairs}))
    fields.append(_select("predicted", "predicted", result, {each.predicted for _, each in pairs}))
    options = "".join(
        f'<option value="{place}">{escape(text.heading(result, section))}</option>'
        for place, section in enumerate(result.sections)
    )
    hidden = " hidden" if len(result.sections) == 1 else ""
    fields.append(
        f'<label{hidden}>who <select name="section"><option value="">anyone</option>{options}</select></label>'
    )
    fields.append(
        '<label>confidence at least <input name="least" type="range" min="0" max="100" value="0">'
        ' <output name="leastShown"></output></label>'
    )
    return f'<form autocomplete="off">{"".join(fields)}<span id="count"></span></form>'


def _select(name: str, label: str, result: ErrorsResult, classes: set[int]) -> str:
    options = "".join(
        f'<option value="{each}">{escape(result.classes[each])}</option>' for each in sorted(classes)
    )
    return f'<label>{label} <select name="{name}"><option value="">any</option>{options}</select></label>'


def _cards(result: ErrorsResult) -> Iterator[str]:
    for place, section in enumerate(result.sections):
        for image in section.misclassifications:
            pixels = _image(image.pixels, f"image {image.index}")
            for prediction in image.predictions:
                yield _card(result, (place, section), image, prediction, pixels)


def _card(
    result: ErrorsResult,
    place: tuple[int, Section],
    image: Misclassification,
    prediction: WrongPrediction,
    pixels: str,
) -> str:
    data = {
        "index": image.index,
        "true": image.label,
        "predicted": prediction.predicted,
        "section": place[0],
        "confidence": f"{prediction.confidence:.6f}",
        "margin": f"{prediction.margin:.6f}",
        "loss": f"{prediction.loss:.6f}",
    }
    attributes = "".join(f' data-{name}="{value}"' for name, value in data.items())
    overlay = ""
    if prediction.attribution_map is not None:
        overlay = _image(
            overlaid(image.pixels, prediction.attribution_map), f"attribution map of image {image.index}"
        )
    model = f"{escape(result.models[prediction.model].name)}<br>" if len(result.models) > 1 else ""
    note = f'<span class="mark">{escape(image.note)}</span><br>' if image.note else ""
    names = f"{escape(result.classes[image.label])} → {escape(result.classes[prediction.predicted])}"
    return (
        f"<figure{attributes}>{pixels}{overlay}<figcaption><strong>{names}</strong> "
        f"{percentage(prediction.confidence, 1)}<br>{note}{model}"
        f'<span class="quiet">#{image.index}, loss {prediction.loss:.2f}, margin {prediction.margin:.2f}</span>'
        f"<details><summary>all probabilities</summary>{_probabilities(result, prediction)}</details>"
        "</figcaption></figure>"
    )


def _probabilities(result: ErrorsResult, prediction: WrongPrediction) -> str:
    rows = "".join(
        f'<tr><td>{escape(name)}</td><td class="bar"><i style="width:{100 * share:.1f}%"></i></td>'
        f"<td>{percentage(share)}</td></tr>"
        for name, share in zip(result.classes, prediction.probabilities.tolist(), strict=True)
    )
    return f"<table>{rows}</table>"


def _image(pixels: NDArray[np.uint8], title: str) -> str:
    """Return an image, grey or RGB, as an element that holds it whole."""
    from PIL import Image

    png = io.BytesIO()
    Image.fromarray(pixels).save(png, format="PNG", optimize=True)
    data = base64.b64encode(png.getvalue()).decode("ascii")
    return f'<img alt="{title}" src="data:image/png;base64,{data}">'
