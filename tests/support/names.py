"""Reading back the names of files as ``mnistkit predict`` writes them."""

from __future__ import annotations

import os
import re


def unescaped(text: str) -> bytes:
    """Read a name back as the documentation of :func:`mnistkit.reporting.predict.text.escaped` says."""

    def read(found: re.Match[str]) -> str:
        kind, digits = found[1][0], found[1][1:]
        if kind == "x":
            return os.fsdecode(bytes([int(digits, 16)]))
        return chr(int(digits, 16)) if kind in "uU" else {"t": "\t", "n": "\n", "r": "\r", "\\": "\\"}[kind]

    text = re.sub(r"\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|[tnr\\])", read, text)
    return text.encode("utf-8", "surrogateescape")
