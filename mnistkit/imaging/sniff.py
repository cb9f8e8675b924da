"""What a file is that Pillow cannot open, told from its first bytes."""

from __future__ import annotations

_CONVERT = "save it as PNG or JPEG first"
_SAMPLE = 4096
# The brands of the ISO base media format that hold HEVC pictures, as phones write them.
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")
_MAGIC = (
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"\xc5\xd0\xd3\xc6", "a PostScript document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x1aE\xdf\xa3", "a video"),
    (b"RIFF", "a video or sound"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\x00\x00\x00\x0cJXL ", "a JPEG XL picture"),
)


def describe(content: bytes) -> tuple[str, str]:
    """Return what the content of an unreadable file is, to follow "is", and a hint."""
    head = content[:_SAMPLE]
    text = _text(head)
    if text is not None and "<svg" in text.lower():
        return "an SVG drawing, which holds shapes instead of pixels", _CONVERT
    if head[4:8] == b"ftyp":
        if head[8:12] in _HEIF_BRANDS:
            return "a HEIC picture, a format that is not supported", _CONVERT
        return "a video or a picture of an unsupported kind", _CONVERT
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return f"{name}, not a picture that can be read", _CONVERT
    if text is not None:
        return "a text, not a picture, whatever its name says", "give a PNG or JPEG file"
    return "no picture of a known format, or its beginning is damaged", "give a PNG or JPEG file"


def _text(head: bytes) -> str | None:
    """Return the bytes as text if they are some."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", errors="replace")
    if b"\0" in head:
        return None
    text = head.decode("utf-8-sig", errors="replace")
    odd = sum(1 for character in text if not (character.isprintable() or character.isspace()))
    # The sample may end within a character, and old texts are not UTF-8.
    return text if odd + text.count("�") <= 0.02 * len(text) + 1 else None
