"""The page, and the description of the interface."""

from __future__ import annotations

import html
import json
import re
from typing import Any

from mnistkit import __version__
from mnistkit.exceptions import LoweringError
from mnistkit.serving.app import make_app
from mnistkit.serving.limits import ServingLimits
from tests.support.brightness import recogniser
from tests.support.pictures import encoded, page
from tests.support.service import Client, running_app


def test_the_page_gives_its_photos_to_the_server(client: Client) -> None:
    reply = client.ask("GET", "/")
    text = html.unescape(reply.content.decode())
    assert (reply.status, reply.headers.get_content_type()) == (200, "text/html")
    assert "connect-src 'self'" in text and "connect-src 'self'" in reply.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in reply.headers["Content-Security-Policy"]
    (model,) = re.findall(r'<script id="model" type="application/json">(.*?)</script>', text, re.S)
    assert json.loads(model)["served"] is True
    assert 'capture="environment"' in text


def test_a_model_without_a_program_has_no_page() -> None:
    def fail() -> str:
        raise LoweringError("/home/secret: no such operation")

    limits = ServingLimits()
    with running_app(make_app(recogniser(), None, limits, fail), limits) as client:  # type: ignore[arg-type]
        reply = client.ask("GET", "/")
        assert (reply.status, reply.document["error"]) == (404, "there is no page for this model")
        assert client.ask("GET", "/health").document["checkpoint"] == "a"


def check(value: Any, schema: dict[str, Any], schemas: dict[str, Any]) -> None:
    """See that the names in a document are those that its description requires or allows."""
    if "$ref" in schema:
        check(value, schemas[schema["$ref"].rpartition("/")[2]], schemas)
    elif "properties" in schema:
        assert set(schema["required"]) <= set(value) <= set(schema["properties"])
        for name, item in value.items():
            check(item, schema["properties"][name], schemas)
    elif "items" in schema:
        for item in value:
            check(item, schema["items"], schemas)


def test_answers_are_as_described(client: Client) -> None:
    description = client.ask("GET", "/openapi.json").document
    assert description["openapi"].startswith("3.") and description["info"]["version"] == __version__
    schemas = description["components"]["schemas"]
    content = encoded(page(), "PNG")
    answers = {
        ("/predict", "post", "200"): client.predict(content, "?steps=1"),
        ("/predict", "post", "422"): client.predict(b""),
        ("/health", "get", "200"): client.ask("GET", "/health"),
    }
    for (path, method, status), reply in answers.items():
        assert str(reply.status) == status
        described = description["paths"][path][method]["responses"][status]["content"]["application/json"]
        check(reply.document, described["schema"], schemas)
