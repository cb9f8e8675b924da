"""Pictures over HTTP: the answers, and what is refused."""

from __future__ import annotations

import base64
import io
import json
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.benchmarks.fuzz import damaged
from tests.serving.conftest import LIMITS
from tests.support.cli import RunCli
from tests.support.pictures import encoded, page, two_digits
from tests.support.service import BYTES, Client, Reply, form


def check_refusal(reply: Reply, status: int) -> Any:
    """See that a reply is a refusal in the one form, and return it."""
    assert reply.status == status, reply.content
    document = reply.document
    assert set(document) - {"hint"} == {"schema", "error"}
    assert document["schema"] == "mnistkit/error/1"
    assert "\n" not in document["error"]
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in reply.headers["Content-Security-Policy"]
    assert reply.headers["Cache-Control"] == "no-store"
    return document


@pytest.mark.parametrize("draw", [page, two_digits, lambda: Image.new("L", (50, 40), 255)])
def test_answers_are_those_of_predict(draw: Callable[[], Image.Image], client: Client, run_cli: RunCli) -> None:
    content = encoded(draw(), "PNG")
    said = json.loads(run_cli("predict", "-", "--json", "--backend", "numpy", input=content).out)
    assert said.pop("checkpoint").endswith("pictures.safetensors")
    for kind in ("application/octet-stream", "image/png"):
        answered = client.predict(content, headers={"Content-Type": kind}).document
        assert answered.pop("checkpoint") == "pictures"
        assert answered == said
    body, headers = form((r"C:\photos\seven.png", content))
    (in_form,) = client.predict(body, headers=headers).document["pictures"]
    assert in_form == said["pictures"][0] | {"path": "seven.png"}


def test_as_many_classes_are_named_as_wanted(client: Client) -> None:
    (picture,) = client.predict(encoded(page(), "JPEG"), "?top=10").document["pictures"]
    assert sorted(each["guess"] for each in picture["top"]) == list("0123456789")
    assert sum(each["probability"] for each in picture["top"]) == pytest.approx(1)


def test_the_steps_are_pictures(client: Client) -> None:
    (picture,) = client.predict(encoded(page(size=900), "PNG"), "?steps=1").document["pictures"]
    steps = {each["name"]: each for each in picture["steps"]}
    assert steps["original"]["title"] == "the picture, 900x900"
    images = {name: Image.open(io.BytesIO(base64.b64decode(each["png"]))) for name, each in steps.items()}
    assert images["original"].size == (384, 384)
    assert images["tile"].size == (28, 28) and np.asarray(images["tile"]).max() == 255


def bomb() -> bytes:
    """A PNG of 20,000 x 20,000 pixels in a few bytes."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


UNREADABLE = {
    "nothing": (b"", "the picture is empty"),
    "text": (b"seven", "the picture is a text, not a picture, whatever its name says"),
    "cut off": (encoded(Image.effect_noise((60, 60), 50), "PNG")[:300], "the picture is damaged"),
    "too large": (bomb(), "the picture is too large: more than 100 million pixels"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_bad_picture_is_the_client_s_fault(name: str, client: Client) -> None:
    content, message = UNREADABLE[name]
    assert check_refusal(client.predict(content), 422)["error"].startswith(message)


TILE = encoded(Image.new("L", (28, 28)), "PNG")
REFUSED: dict[str, tuple[int, Any]] = {
    "nothing there": (404, ("GET", "/secret")),
    "another method": (405, ("GET", "/predict")),
    "too long": (413, ("POST", "/predict", bytes(LIMITS.bytes + 1), BYTES)),
    "too long, without saying so": (413, ("POST", "/predict", (bytes(100_000) for _ in range(9)), BYTES)),
    "another type": (415, ("POST", "/predict", TILE, {"Content-Type": "application/json"})),
    "too many classes": (400, ("POST", "/predict?top=11", TILE, BYTES)),
    "no number of classes": (400, ("POST", "/predict?top=%D9%A3", TILE, BYTES)),
    "steps of another kind": (400, ("POST", "/predict?steps=many", TILE, BYTES)),
    "something else": (400, ("POST", "/predict?path=/etc", TILE, BYTES)),
    "an empty form": (400, ("POST", "/predict", *form())),
    "two files": (400, ("POST", "/predict", *form(("a", TILE), ("b", TILE)))),
    "a form without boundary": (400, ("POST", "/predict", TILE, {"Content-Type": "multipart/form-data"})),
    "no form": (400, ("POST", "/predict", TILE, {"Content-Type": "multipart/form-data; boundary=x"})),
    "another name": (421, ("GET", "/health", None, {"Host": "evil.example"})),
    "another name, which begins as ours": (421, ("GET", "/", None, {"Host": "127.0.0.1.evil.example"})),
    "no name": (421, ("GET", "/", None, {"Host": ""})),
    "a page of another site": (403, ("POST", "/predict", TILE, BYTES | {"Origin": "https://evil.example"})),
    "a page without a site": (403, ("POST", "/predict", TILE, BYTES | {"Origin": "null"})),
    "a page at another port": (403, ("POST", "/predict", TILE, BYTES | {"Origin": "http://127.0.0.1:1"})),
    "another site, by the browser": (403, ("POST", "/predict", TILE, BYTES | {"Sec-Fetch-Site": "cross-site"})),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_have_one_form(name: str, client: Client) -> None:
    status, request = REFUSED[name]
    check_refusal(client.ask(*request), status)


def test_our_own_pages_and_names_are_answered(client: Client) -> None:
    own = [f"127.0.0.1:{client.port}", f"localhost:{client.port}", "[::1]", "digits.test"]
    for host in own:
        headers = BYTES | {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
        reply = client.predict(TILE, headers=headers)
        assert reply.status == 200, host
        assert not [name for name in reply.headers if name.lower().startswith("access-control")]


def test_damaged_uploads_are_answered_or_refused(client: Client) -> None:
    rng = np.random.default_rng(0)
    picture = page(size=120).convert("RGB")
    whole = [(kind.lower(), encoded(picture, kind)) for kind in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP")]
    replies = [client.predict(damaged(content, whole, rng)) for _ in range(6) for _, content in whole]
    for reply in replies:
        if reply.status != 200:
            check_refusal(reply, 422)
    assert {reply.status for reply in replies} == {200, 422}
    body, headers = form(("a.png", TILE))
    for _ in range(20):
        assert client.predict(damaged(body, [("form", body)], rng), headers=headers).status in (200, 400, 422)
