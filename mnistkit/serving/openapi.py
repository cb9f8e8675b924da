"""``GET /openapi.json``: the interface as a description that programs read (OpenAPI 3.1)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from mnistkit import __version__
from mnistkit.inference.answers import DEFAULT_TOP, ERROR, VERDICTS
from mnistkit.serving.limits import ServingLimits
from mnistkit.serving.uploads import ACCEPTED, FORM

_REFUSALS = {
    HTTPStatus.BAD_REQUEST: "The address or the form asks for something that there is not.",
    HTTPStatus.FORBIDDEN: "The request comes from a page of another site.",
    HTTPStatus.REQUEST_TIMEOUT: "The request comes too slowly.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The request is too long.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The content is of a type that holds no picture.",
    HTTPStatus.MISDIRECTED_REQUEST: "The request is for a name that is not the server's.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "The picture cannot be read.",
    HTTPStatus.SERVICE_UNAVAILABLE: "Too much is asked at the same time; try again.",
}
_NUMBER, _WHOLE, _TEXT = {"type": "number"}, {"type": "integer"}, {"type": "string"}
_OR_NULL = ["string", "null"]


def description(classes: int, limits: ServingLimits) -> dict[str, Any]:
    """Return the description.

    Args:
        classes: How many the model knows.
        limits: Those that requests must keep.
    """
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mnistkit serve",
            "version": __version__,
            "description": "Recognises the digit in a picture, or says that there is none, or several.",
        },
        "paths": {
            "/predict": {"post": _predict(classes, limits)},
            "/health": {"get": _get("Whether the server is up, and how much it has to do.", "Health")},
            "/openapi.json": {"get": _get("This description.", None)},
            "/": {"get": {"summary": "A page to draw on.", "responses": {"200": {"description": "HTML."}}}},
        },
        "components": {"schemas": _schemas()},
    }


def _predict(classes: int, limits: ServingLimits) -> dict[str, Any]:
    file = {"type": "object", "properties": {"picture": {"type": "string", "format": "binary"}}}
    return {
        "summary": "Say what a picture shows.",
        "description": f"The body has at most {limits.bytes:,} bytes; a form holds one file.",
        "parameters": [
            _parameter("top", f"Classes to name, {DEFAULT_TOP} unless said.", _from_one_to(classes)),
            _parameter("steps", "1 for the steps of the preparation as pictures.", {"enum": ["0", "1"]}),
        ],
        "requestBody": {
            "required": True,
            "content": {kind: {"schema": file} if kind == FORM else {} for kind in ACCEPTED},
        },
        "responses": {
            "200": _response("What predict --json prints, with the checkpoint's name for its path.", "Answers"),
            **{str(status.value): _response(text, "Error") for status, text in _REFUSALS.items()},
        },
    }


def _get(summary: str, schema: str | None) -> dict[str, Any]:
    return {"summary": summary, "responses": {"200": _response(summary, schema)}}


def _parameter(name: str, text: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": text, "schema": schema}


def _response(text: str, schema: str | None) -> dict[str, Any]:
    content = {"schema": {"$ref": f"#/components/schemas/{schema}"}} if schema else {}
    return {"description": text, "content": {"application/json": content}}


def _schemas() -> dict[str, Any]:
    share = {"guess": _TEXT, "probability": _NUMBER}
    picture = {
        "path": _TEXT | {"description": 'The file\'s name as it was sent; "-" for bytes without one.'},
        "verdict": {"enum": [word for word in VERDICTS if word != ERROR]},
        "digit": {"type": _OR_NULL},
        "guess": {"type": _OR_NULL},
        "probability": {"type": ["number", "null"]},
        "count": _WHOLE,
        "width": _WHOLE,
        "height": _WHOLE,
        "notes": _list_of(_TEXT),
        "top": _list_of(_object(share)),
    }
    step = {"name": _TEXT, "title": _TEXT, "png": {"type": "string", "contentEncoding": "base64"}}
    return {
        "Answers": _object(
            {
                "schema": _TEXT,
                "checkpoint": _TEXT,
                "architecture": _TEXT,
                "classes": _list_of(_TEXT),
                "calibration": {"type": "object"},
                "n": _WHOLE,
                "verdicts": {"type": "object", "additionalProperties": _WHOLE},
                "pictures": _list_of(_object(picture, steps=_list_of(_object(step)))),
            }
        ),
        "Health": _object(
            {
                "schema": _TEXT,
                "status": _TEXT,
                "version": _TEXT,
                "checkpoint": _TEXT,
                "busy": _WHOLE,
            }
        ),
        "Error": _object({"schema": _TEXT, "error": _TEXT}, hint=_TEXT),
    }


def _object(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": {**required, **optional}}


def _from_one_to(highest: int) -> dict[str, Any]:
    return _WHOLE | {"minimum": 1, "maximum": highest}


def _list_of(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}
