"""The served page in Chromium: photos go to the server, and its answer is shown."""

from __future__ import annotations

from pathlib import Path

from tests.support.browser import Visitor, needs_chromium
from tests.support.pictures import encoded, page
from tests.support.service import Client

TAKE = (
    "const input = document.querySelectorAll('input[type=file]')[arguments[0]]; input.hidden = false; return input"
)


@needs_chromium
def test_photos_are_read_by_the_server(client: Client, tmp_path: Path) -> None:
    photo, text = tmp_path / "photo.png", tmp_path / "text.png"
    photo.write_bytes(encoded(page(size=400), "PNG"))
    text.write_text("seven")
    visitor = Visitor(tmp_path / "profile")
    try:
        visitor.open(f"http://localhost:{client.port}/")
        visitor.run(TAKE, 1).send_keys(str(photo))
        visitor.wait(lambda: visitor.text("answer").startswith("7, "))
        titles = visitor.run(
            "return [...document.querySelectorAll('#steps figcaption')].map((e) => e.textContent)"
        )
        assert titles[0] == "the picture, 400x400" and len(titles) > 4
        assert visitor.run("return document.querySelector('.is-first .name').textContent") == "7"
        visitor.click("clear")
        assert visitor.run("return document.getElementById('preparation').hidden")
        assert visitor.complaints() == []
        visitor.run(TAKE, 0).send_keys(str(text))
        visitor.wait(lambda: visitor.text("answer") == "The photo was not read")
        assert visitor.text("hint").startswith("the picture is a text")
        assert {each.rpartition("/")[2] for each in visitor.requests()} == {"", "predict?steps=1&top=10"}
    finally:
        visitor.close()
