"""The page in Chromium, as whoever opens it draws on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from mnistkit.data import load_dataset
from mnistkit.export.html import GalleryItem, page
from mnistkit.files import write_text
from mnistkit.inference.checkpoints import find_checkpoints
from mnistkit.workflows.export import ExportConfig, page_model
from tests.support.browser import Line, Visitor, lines_of, needs_chromium

pytestmark = needs_chromium

ONE: Line = [(140, 50), (140, 140), (140, 230)]
SEVEN: Line = [(80, 60), (200, 60), (160, 140), (120, 220)]
LEFT: Line = [(60, 60), (60, 220)]
RIGHT: Line = [(210, 60), (210, 220)]
SCRIBBLE: Line = [(20 + 240 * (n % 2), 20 + 24 * n) for n in range(11)]
DOWN, RIGHTWARDS = "\ue015", "\ue014"


@pytest.fixture(scope="module")
def visitor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """A browser with the page of 'pictures', and one misclassified image in its gallery."""
    folder = tmp_path_factory.mktemp("page")
    [found] = find_checkpoints(["pictures"])
    model, accuracy, images = page_model(found, ExportConfig(Path("unused.html"), gallery=0))
    assert (accuracy, images) == (None, 0)
    tile = load_dataset("mnist").test.images[0]
    write_text(folder / "page.html", page(replace(model, gallery=[GalleryItem(0, tile, "7", "<1>")])))
    browser = Visitor(folder / "profile")
    try:
        browser.open((folder / "page.html").as_uri())
        yield browser
        assert browser.complaints() == []
        assert [each for each in browser.requests() if not each.endswith("/page.html")] == []
    finally:
        browser.close()


def test_it_starts_with_an_empty_sheet(visitor: Visitor) -> None:
    assert visitor.text("answer") == "Nothing drawn yet"
    assert "trained on mnist" in visitor.run("return document.querySelector('header p').textContent")


@pytest.mark.parametrize("kind", ["mouse", "touch", "pen"])
def test_digits_are_named_whatever_draws_them(visitor: Visitor, kind: str) -> None:
    assert visitor.draw(SEVEN, kind=kind).startswith("7, ")
    assert visitor.run("return document.querySelector('.is-first .name').textContent") == "7"
    assert visitor.draw(ONE, kind=kind).startswith("1, ")
    visitor.wait(lambda: visitor.text("said") == visitor.text("answer"))


def test_strokes_of_test_digits_are_named(visitor: Visitor) -> None:
    test = load_dataset("mnist").test
    answers = [visitor.draw(*lines_of(tile))[:2] for tile in test.images[:6]]
    right = [answer == f"{label}," for answer, label in zip(answers, test.labels[:6], strict=True)]
    assert sum(right) >= 5, answers


@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        ([LEFT, RIGHT], "Several digits (2): draw one"),
        ([SCRIBBLE], "No digit"),
        ([[(140, 140)]], "Too small to read"),
    ],
)
def test_what_is_no_digit_is_refused(visitor: Visitor, lines: list[Line], answer: str) -> None:
    assert visitor.draw(*lines) == answer


def test_lines_are_taken_back(visitor: Visitor) -> None:
    visitor.draw(LEFT, RIGHT)
    visitor.click("undo")
    assert visitor.text("answer").startswith("1, ")
    visitor.click("undo")
    assert visitor.text("answer") == "Nothing drawn yet"


def test_a_cancelled_pointer_leaves_nothing(visitor: Visitor) -> None:
    visitor.draw(ONE)
    visitor.run(
        "const s = document.getElementById('sheet'); s.setPointerCapture = () => {};"
        "const at = (kind, clientX) =>"
        "  s.dispatchEvent(new PointerEvent(kind, {pointerId: 9, clientX, clientY: 99}));"
        "at('pointerdown', 60); at('pointermove', 90); at('pointercancel', 90); delete s.setPointerCapture;"
    )
    visitor.settle()
    assert visitor.text("answer").startswith("1, ")


def test_the_keyboard_draws(visitor: Visitor) -> None:
    visitor.click("clear")
    up, left = "\ue013", "\ue012"
    assert visitor.press(*[up] * 12, " ", *[DOWN] * 24, " ").startswith("1, ")
    assert visitor.press(*[left] * 12, *[up] * 24, " ", *[DOWN] * 24, " ").startswith("Several digits")
    assert visitor.press("z").startswith("1, ")
    assert visitor.press("\ue017") == "Nothing drawn yet"


def test_a_picture_is_prepared_simply(visitor: Visitor, tmp_path: Path) -> None:
    tile = load_dataset("mnist").test.images[0]
    paper = Image.new("L", (300, 200), 235)
    paper.paste(Image.fromarray(255 - tile).resize((120, 120)), (90, 40))
    paper.save(tmp_path / "seven.png")
    visitor.driver.find_element("id", "file").send_keys(str(tmp_path / "seven.png"))
    visitor.wait(lambda: visitor.text("answer").startswith("7, "))
    assert "mnistkit serve" in visitor.text("hint")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    visitor.driver.find_element("id", "file").send_keys(str(tmp_path / "broken.png"))
    visitor.wait(lambda: "no picture that this browser can read" in visitor.text("hint"))


def test_activations_and_an_explanation_are_shown(visitor: Visitor) -> None:
    visitor.run("document.getElementById('layers').open = true")
    visitor.draw(SEVEN)
    count = "return document.querySelectorAll('#activations canvas').length"
    visitor.wait(lambda: visitor.run(count) > 20)
    visitor.run("document.getElementById('layers').open = false")
    visitor.click("explain")
    is_painted = (
        "const map = document.getElementById('map'), copy = document.createElement('canvas');"
        "const context = copy.getContext('2d', {willReadFrequently: true}); context.drawImage(map, 0, 0);"
        "const levels = context.getImageData(0, 0, 28, 28).data;"
        "return !map.hidden && levels.some((level, i) => i % 4 === 0 && level > 150)"
    )
    visitor.wait(lambda: visitor.run(is_painted))
    visitor.click("explain")


def test_the_gallery_shows_an_error_with_its_name(visitor: Visitor) -> None:
    button = "document.querySelector('#gallery button')"
    label = visitor.run(f"return {button}.getAttribute('aria-label')")
    assert label == "Test image 0, a 7, taken for a <1>"
    visitor.run(f"{button}.click()")
    visitor.settle()
    assert visitor.text("answer").startswith("7, ")
    assert visitor.text("hint") == "Test image 0: a 7, taken for a <1>."


@pytest.mark.parametrize("width", [320, 1400])
def test_it_fits_the_screen(visitor: Visitor, width: int) -> None:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    visitor.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        visitor.settle()
        assert visitor.run("return document.documentElement.scrollWidth") <= width
        assert visitor.draw(SEVEN).startswith("7, ")
    finally:
        visitor.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
