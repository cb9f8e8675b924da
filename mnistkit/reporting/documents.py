"""Results as JSON documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from mnistkit.json_text import json_text


class Document(Protocol):
    """A result that has a form as JSON.

    Attributes:
        schema: Name and version of this form, e.g. "mnistkit/models/1".
    """

    schema: ClassVar[str]

    def to_json(self) -> Mapping[str, Any]:
        """Return plain values; NaN and infinities, which JSON does not know, become null."""


def document_text(result: Document) -> str:
    """Return a result as one JSON document, the schema first, with a line break at the end."""
    return json_text(result.to_json(), result.schema)
