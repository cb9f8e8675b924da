"""Plain values as JSON documents, each with the name and version of its form in front."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


def json_text(values: Mapping[str, Any], schema: str) -> str:
    """Return plain values as one JSON document, the schema first, with a line break at the end.

    NaN and infinities, which JSON does not know, become null.
    """
    return _json({"schema": schema, **values}, indent=2)


def json_line(values: Mapping[str, Any], schema: str) -> str:
    """Return one JSON document as :func:`json_text` does, but in one line."""
    return _json({"schema": schema, **values}, indent=None)


def _json(document: Mapping[str, Any], indent: int | None) -> str:
    text = json.dumps(_plain(document), indent=indent, ensure_ascii=False, allow_nan=False)
    # Bytes of a file's name that are no UTF-8 stand in it as lone surrogates; only JSON's own escapes carry those.
    return text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
