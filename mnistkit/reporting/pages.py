"""Web pages of results: one file that needs no other, on light and dark screens.

The templates lie in ``templates/``. Whatever is put into them is escaped: a class or a file may have any name.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from mnistkit.reporting.wrapping import tied

if TYPE_CHECKING:
    from jinja2 import Environment

_NO_BREAK_SPACE = "\u00a0"


def render(template: str, **values: Any) -> str:
    """Return a whole page that loads nothing from anywhere.

    Args:
        template: Name of a file in ``templates/``, without ".html.jinja".
        values: What it needs; all text in them is plain text.
    """
    return _environment().get_template(f"{template}.html.jinja").render(values)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("mnistkit.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["tied"] = lambda text: tied(text, _NO_BREAK_SPACE)
    return environment
