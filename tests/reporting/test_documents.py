from __future__ import annotations

import json
from typing import Any, ClassVar

from mnistkit.json_text import json_line, json_text
from mnistkit.reporting.documents import document_text


class Result:
    schema: ClassVar[str] = "mnistkit/test/1"

    def to_json(self) -> dict[str, Any]:
        return {"shares": (0.5, float("nan"), float("inf")), "by_number": {1: "ü"}}


def test_a_result_is_one_document_with_its_schema_first() -> None:
    text = document_text(Result())
    assert text.startswith('{\n  "schema": "mnistkit/test/1",\n') and text.endswith("}\n")
    assert json.loads(text) == {"schema": "mnistkit/test/1", "shares": [0.5, None, None], "by_number": {"1": "ü"}}


def test_a_line_holds_the_same_without_a_break() -> None:
    values = {"path": "a\nb"}
    line = json_line(values, "x/1")
    assert line.index("\n") == len(line) - 1
    assert json.loads(line) == json.loads(json_text(values, "x/1"))


def test_bytes_of_a_name_that_are_no_utf_8_come_through() -> None:
    text = json_text({"path": "\udcff.png"}, "x/1")
    assert text.isascii() and json.loads(text)["path"] == "\udcff.png"
