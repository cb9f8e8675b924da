"""Names of files and classes, which may hold anything, so that they break no line, terminal, page or file."""

from __future__ import annotations

import os

_ESCAPES = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}


def escaped(name: str) -> str:
    """Return a file's name in one line without tabs, control characters and bytes that are no text.

    They are written as ``\\t``, ``\\n``, ``\\r``, ``\\xNN`` (a byte), ``\\uNNNN`` or ``\\UNNNNNNNN`` (a
    character), which ``printf %b`` reads; a backslash is doubled, except on Windows, where it only separates
    folders.
    """
    if name.isprintable() and "\\" not in name:
        return name
    return "".join(map(_escaped_character, name))


def _escaped_character(character: str) -> str:
    if character == "\\":
        return character if os.sep == "\\" else "\\\\"
    if character.isprintable():
        return character
    code = ord(character)
    # Python reads a byte that is no UTF-8 as a lone surrogate, U+DC80 to U+DCFF.
    byte = code - 0xDC00 if 0xDC80 <= code <= 0xDCFF else code
    if byte < 0x80 or byte != code:
        return _ESCAPES.get(character, f"\\x{byte:02x}")
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
