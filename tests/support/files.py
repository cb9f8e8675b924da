"""Opening the files that commands write, to see that they hold what their suffix says."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from xml.etree import ElementTree

from PIL import Image

from tests.support.html import read_page


def check_file(path: Path) -> None:
    """Open or parse a file as what its suffix says, and fail if that cannot be done or nothing stands in it."""
    _CHECKS[path.suffix](path)


def _check_png(path: Path) -> None:
    with Image.open(path) as picture:
        assert picture.format == "PNG" and min(picture.size) >= 100
        # More than an empty page.
        assert len(picture.convert("L").getcolors() or ()) > 5


def _check_pdf(path: Path) -> None:
    content = path.read_bytes()
    assert content.startswith(b"%PDF-") and content.rstrip().endswith(b"%%EOF")
    assert b"/Type /Page" in content


def _check_svg(path: Path) -> None:
    root = ElementTree.parse(path).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert len(list(root.iter("{http://www.w3.org/2000/svg}path"))) > 5


def _check_html(path: Path) -> None:
    page = read_page(path.read_text(encoding="utf-8"))
    assert page.count("h1") == 1 and len(page.texts) > 2


def _check_csv(path: Path) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert len(header) > 1 and all(len(row) == len(header) for row in rows)


def _check_json(path: Path) -> None:
    assert json.loads(path.read_text(encoding="utf-8"))["schema"].startswith("mnistkit/")


_CHECKS = {
    ".png": _check_png,
    ".pdf": _check_pdf,
    ".svg": _check_svg,
    ".html": _check_html,
    ".csv": _check_csv,
    ".json": _check_json,
}
