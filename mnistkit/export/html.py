"""A model as a web page to draw on: one file that loads nothing from anywhere.

What the page does stands in ``page/``: a template, a style and our own JavaScript, which computes the program.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from pathlib import Path
from typing import Any

from mnistkit import __version__
from mnistkit.export.exported import Exported, WrongExample
from mnistkit.export.ink_limits import ink_limits
from mnistkit.export.packing import Packed, pack
from mnistkit.export.scripts import one_script

ASSETS = Path(__file__).parent / "page"

_MAIN = {False: "main.js", True: "served.js"}


def page(model: Exported, *, bits: int = 16, served: bool = False) -> str:
    """Return the page of a model.

    Args:
        model: What it computes.
        bits: How many each weight gets, as :func:`mnistkit.export.packing.pack` takes them.
        served: Whether it comes from ``mnistkit serve``: it then sends pictures to ``./predict`` there.

    Raises:
        OverflowError: a weight is too large for 16 bits.
    """
    packed = pack(model.tensors, bits)
    style = (ASSETS / "style.css").read_text(encoding="utf-8")
    script = one_script(ASSETS / _MAIN[served])
    parts = {
        "policy": _policy(style, script, served),
        "title": html.escape(f"{model.name}: draw, and see what the network makes of it"),
        "style": style,
        "data": _harmless(json.dumps(_data(model, packed, bits), ensure_ascii=False, separators=(",", ":"))),
        "weights": base64.b64encode(packed.content).decode("ascii"),
        "script": script,
    }
    text = (ASSETS / "page.html").read_text(encoding="utf-8")
    before, *pieces = text.split("{{")
    filled = (parts[name] + rest for name, _, rest in (piece.partition("}}") for piece in pieces))
    return before + "".join(filled)


def _policy(style: str, script: str, served: bool) -> str:
    """Return the content security policy: nothing is loaded, and nothing runs but what stands in the page."""
    rules = {
        "default-src": "'none'",
        "script-src": f"'sha256-{_hash(script)}'",
        "style-src": f"'sha256-{_hash(style)}'",
        "img-src": "data: blob:",
        "worker-src": "blob:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    if served:
        rules["connect-src"] = "'self'"
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def _harmless(text: str) -> str:
    """Return JSON that cannot end the element that it stands in."""
    return text.replace("<", "\\u003c")


def _data(model: Exported, packed: Packed, bits: int) -> dict[str, Any]:
    """Return what the page's scripts know of the model; ``page/types.js`` describes it for them."""
    info = model.info
    return {
        "version": __version__,
        "name": model.name,
        "architecture": info.architecture,
        "dataset": info.dataset,
        "classes": list(info.classes),
        "mean": info.mean,
        "std": info.std,
        "temperature": model.temperature,
        "threshold": model.threshold,
        "preparation": info.preparation.kind,
        "limits": ink_limits(),
        "parameters": model.parameters,
        "bits": bits,
        "accuracy": info.metrics.get("test_accuracy"),
        "program": model.program.to_dict(),
        "tensors": {name: dict(place) for name, place in packed.places.items()},
        "wrong": {"count": model.wrong_in_all, "of": model.tested, "examples": list(map(_example, model.wrong))},
    }


def _example(example: WrongExample) -> dict[str, Any]:
    pixels = base64.b64encode(_in_4_bits(example)).decode("ascii")
    return {"label": example.label, "index": example.index, "pixels": pixels}


def _in_4_bits(example: WrongExample) -> bytes:
    """Return a tile in 16 grey levels, two pixels a byte, which are enough to see it and to read it."""
    levels = (example.tile.reshape(-1, 2).astype(int) + 8) // 17
    return bytes((levels[:, 0] * 16 + levels[:, 1]).tolist())
