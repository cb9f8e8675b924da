"""Web pages of results: one file that needs no other, on light and dark screens."""

from __future__ import annotations

from html import escape

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; padding: 0 1rem; max-width: max-content; }
h1 { font-size: 1.3rem; margin: 0 0 1rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
"""


def html_page(title: str, body: str, *, style: str = "", script: str = "") -> str:
    """Return a whole page that loads nothing from anywhere.

    Args:
        title: Plain text, for the window and the heading.
        body: HTML below the heading; names in it must be escaped already.
        style: More CSS.
        script: JavaScript that runs after the body was read.
    """
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title>",
        f"<style>{_STYLE}{style}</style>\n</head>\n<body>",
        f"<h1>{escape(title)}</h1>",
        body,
    ]
    if script:
        parts.append(f"<script>\n{script}\n</script>")
    return "\n".join([*parts, "</body>\n</html>\n"])
