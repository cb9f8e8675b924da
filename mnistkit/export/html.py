"""The target .html: one page to draw on, which computes the program in the browser and asks nobody."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.export.encode import Encoded, as_text
from mnistkit.export.program import Program

if TYPE_CHECKING:
    from jinja2 import Environment

_FOLDER = Path(__file__).parent / "page"
ENGINE = ("kernels.js", "program.js")
"""The scripts that compute a program, in order; they need no page."""
PREPARATION = ("tile.js", "judge.js")
"""The scripts from strokes to tiles, in order; they need no page."""
_SCRIPTS = (*ENGINE, *PREPARATION, "picture.js", "occlusion.js", "app.js")
_SERVED = "served.js"
# Comments that share their lines with nothing else.
_COMMENT = re.compile(r"^\s*(//[^\n]*|/\*\*.*?\*/)\n", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, eq=False)
class GalleryItem:
    """A test image that the model gets wrong.

    Attributes:
        index: Its number in the test set.
        tile: uint8 of shape (28, 28).
        label: What it is.
        answer: What the model takes it for.
    """

    index: int
    tile: NDArray[np.uint8]
    label: str
    answer: str


@dataclass(frozen=True)
class PageModel:
    """What a page is made of.

    Attributes:
        name: What the model is called.
        program: Without batch normalisations.
        weights: Its tensors.
        classes: The names of the outputs.
        mean: The normalisation's, of levels from 0 to 1.
        std: Likewise.
        temperature: The logits are divided by it.
        threshold: The probability below which no class is named.
        limits: When strokes are no digit, or several (:func:`mnistkit.imaging.finding.stroke_limits`).
        subtitle: A line about the model.
        footer: A line about where it comes from.
        gallery: What it gets wrong.
    """

    name: str
    program: Program
    weights: Encoded
    classes: Sequence[str]
    mean: float
    std: float
    temperature: float
    threshold: float
    limits: Mapping[str, float]
    subtitle: str
    footer: str
    gallery: Sequence[GalleryItem] = ()


def page(model: PageModel, *, served: bool = False) -> str:
    """Return the page, a whole HTML document that requests nothing.

    Args:
        model: What it shows.
        served: Whether ``mnistkit serve`` stands behind it, which is then given the pictures.
    """
    scripts = (_SERVED, *_SCRIPTS) if served else _SCRIPTS
    style, script = read_page_file("style.css"), "\n".join(_shortened(read_page_file(name)) for name in scripts)
    script = f'"use strict";\n(() => {{\n{script}\n}})();\n'
    connection = "connect-src 'self'; " if served else ""
    policy = (
        f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; "
        f"img-src data: blob:; {connection}base-uri 'none'; form-action 'none'"
    )
    return (
        _environment()
        .get_template("page.html.jinja")
        .render(
            title=f"{model.name} · mnistkit",
            subtitle=model.subtitle,
            footer=model.footer,
            policy=policy,
            served=served,
            style=style,
            script=script,
            model=_description(model, served),
            weights=as_text(model.weights.data + b"".join(each.tile.tobytes() for each in model.gallery)),
            gallery=len(model.gallery),
        )
    )


def read_page_file(name: str) -> str:
    """Return the text of a file of the page."""
    return (_FOLDER / name).read_text(encoding="utf-8")


def _shortened(script: str) -> str:
    """Return a script without indentation and without the lines that are comments, a fifth of its bytes."""
    lines = (line.strip() for line in _COMMENT.sub("", script).splitlines())
    return "\n".join(line for line in lines if line)


def _description(model: PageModel, served: bool) -> str:
    """Return what the scripts read, as JSON that may stand in a page: no "<" ends its element."""
    first, size = len(model.weights.data), 28 * 28
    description: dict[str, Any] = {
        "name": model.name,
        "program": model.program.to_dict(),
        "tensors": [dict(each) for each in model.weights.index],
        "classes": list(model.classes),
        "mean": model.mean,
        "std": model.std,
        "temperature": model.temperature,
        "threshold": model.threshold,
        "limits": dict(model.limits),
        "served": served,
        "gallery": [
            {"index": each.index, "label": each.label, "answer": each.answer, "start": first + place * size}
            for place, each in enumerate(model.gallery)
        ],
    }
    return json.dumps(description, separators=(",", ":")).replace("<", "\\u003c")


def _digest(text: str) -> str:
    """Return the source of a content security policy that allows a text and no other."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

    # Scripts, styles and JSON stand in it as they are; what is text is escaped where it stands.
    return Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=select_autoescape(default=False, enabled_extensions=()),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
