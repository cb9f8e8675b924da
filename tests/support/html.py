"""Reading a web page back, to see what a browser would see in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Page:
    """What stands in a page, everything unescaped.

    Attributes:
        elements: Name and attributes of each element, in their order.
        texts: The text between the tags, but styles and scripts.
    """

    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def count(self, name: str) -> int:
        """Return how many elements of this name there are."""
        return sum(name == each for each, _ in self.elements)

    def values(self, attribute: str) -> list[str]:
        """Return the values of an attribute wherever it stands."""
        return [attributes[attribute] for _, attributes in self.elements if attribute in attributes]


def read_page(page: str) -> Page:
    """Return what stands in a page."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader.page


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self._is_code = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.page.elements.append((tag, {name: value or "" for name, value in attrs}))
        self._is_code = tag in ("style", "script")

    def handle_endtag(self, tag: str) -> None:
        self._is_code = False

    def handle_data(self, data: str) -> None:
        if not self._is_code and data.strip():
            self.page.texts.append(data.strip())
